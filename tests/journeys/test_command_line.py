"""The command line as people use it: every verb a process, its exit code, its lines, and what it says when it fails."""

import json
import os
import pty
import re
import signal
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.journey import PATIENCE, PROGRAM, Shell, Up
from tests.support.serving import wait_until

FITS = b"SIMPLE  =                    T" + bytes(50_000)


@pytest.fixture
def place(shell: Shell, request: pytest.FixtureRequest) -> str:
    """A folder at home that no other test uses."""
    place = f"home:{re.sub(r'[^a-z0-9]+', '-', request.node.name)}"
    shell.require("mkdir", place)
    return place


def test_login_and_logout(running: Up, tmp_path: Path) -> None:
    shell = Shell(tmp_path / "new")
    done = shell.run("ls")
    assert (done.code, done.out) == (4, "")
    assert done.err.startswith("vofiles: ")
    assert "vofiles login" in done.err
    assert len(done.err.splitlines()) == 1

    done = shell.run("login", running.address, "--user", "dave", "--password-stdin", input="wrong\n")
    assert (done.code, done.out) == (4, "")
    assert "the name or the password is wrong" in done.err
    assert len(done.err.splitlines()) == 1
    assert not list(shell.settings.rglob("*.json"))

    said = shell.require("login", running.address, "-u", "dave", "--password-stdin", input=running.password + "\n")
    assert said.startswith(f"Logged in to {running.address} as dave until ")
    (kept,) = [path for path in shell.settings.rglob("*") if path.is_file()]
    assert kept.stat().st_mode & 0o777 == 0o600
    assert running.password not in kept.read_text()
    shell.require("ls")
    shell.require("login", "--password-stdin", input=running.password + "\n")

    token = json.loads(kept.read_text())
    assert shell.require("logout") == f"Logged out of {running.address}.\n"
    assert shell.run("ls").code == 4
    kept.write_text(json.dumps(token))
    assert shell.run("ls").code == 4, "the token is worth nothing any more"
    kept.unlink()
    assert shell.require("logout") == "Nobody is logged in.\n"


def test_login_asks_on_a_terminal(running: Up, tmp_path: Path) -> None:
    shell = Shell(tmp_path / "new")
    code, shown = on_terminal(shell, "login", running.address, "--user", "dave", answer=running.password)
    assert (code, "Password of dave:" in shown, "Logged in to" in shown) == (0, True, True)
    assert running.password not in shown


def test_the_main_job(shell: Shell, place: str) -> None:
    (shell.folder / "m13.fits").write_bytes(FITS)
    assert shell.require("mkdir", "-p", f"{place}/solar-project/results") == ""
    assert shell.require("put", "m13.fits", f"{place}/solar-project/results/") == ""
    assert shell.require("ls", place) == "solar-project/\n"
    assert shell.require("ls", f"{place}/solar-project/results") == "m13.fits\n"
    long = shell.require("ls", "-l", f"{place}/solar-project/results")
    assert re.fullmatch(
        rf"{len(FITS)}  \d{{4}}-\d\d-\d\d \d\d:\d\d  ivo://vofiles.local/filestore-[12]  m13.fits\n", long
    )
    assert shell.require("get", f"{place}/solar-project/results/m13.fits", "back.fits") == ""
    assert (shell.folder / "back.fits").read_bytes() == FITS
    said = shell.require("rm", f"{place}/solar-project/results/m13.fits")
    assert said.endswith(f"back with: vofiles restore {place}/solar-project/results/m13.fits\n")
    assert shell.require("ls", f"{place}/solar-project/results") == ""


def test_the_tree_at_its_full_size(shell: Shell, place: str) -> None:
    """Every verb of the tree once, as a process; what each can do is in tests/vofiles/cli."""
    (shell.folder / "m13.fits").write_bytes(FITS)
    (shell.folder / "m13.fits").chmod(0o640)
    shell.require("mkdir", "-p", f"{place}/night-1/raw")
    shell.require("put", "m13.fits", f"{place}/night-1/raw/")
    shell.require("props", "home:", "versions.keep=5")
    shell.require("append", "m13.fits", f"{place}/night-1/raw/m13.fits")
    assert (
        shell.require("cp", "-r", f"{place}/night-1", f"{place}/night-2", "--store", "ivo://vofiles.local/filestore-2")
        == ""
    )
    assert shell.require("mv", f"{place}/night-2/raw/m13.fits", f"{place}/night-2/m13-copy.fits") == ""
    shell.require("rm", "-r", f"{place}/night-1")
    assert f"{place}/night-1/" in shell.require("trash")
    assert shell.require("restore", f"{place}/night-1") == ""
    assert shell.require("tree", place).splitlines()[1:] == [
        "├── night-1/",
        "│   └── raw/",
        "│       └── m13.fits",
        "└── night-2/",
        "    ├── m13-copy.fits",
        "    └── raw/",
    ]
    found = shell.require("find", place, "--name", "*.fits", "--larger", "90k", "--newer", "1h")
    assert found.splitlines() == [f"{place}/night-2/m13-copy.fits", f"{place}/night-1/raw/m13.fits"]
    assert len(shell.require("versions", f"{place}/night-1/raw/m13.fits").splitlines()) == 2
    shell.require("get", "--preserve", "--version", "1", f"{place}/night-1/raw/m13.fits", "back.fits")
    assert (shell.folder / "back.fits").read_bytes() == FITS
    assert (shell.folder / "back.fits").stat().st_mode & 0o777 == 0o640
    shell.require("get", f"{place}/night-2/m13-copy.fits", "copy.fits")
    assert (shell.folder / "copy.fits").read_bytes() == FITS + FITS
    told = json.loads(shell.require("history", "--json", f"{place}/night-2/m13-copy.fits"))
    assert told["changes"][-1]["operation"] == "move"
    assert shell.require("du", place).startswith(f"{4 * len(FITS)}  2 files, ")
    assert "filestore-2" in shell.require("stores")
    shell.require("jobs")
    assert shell.require("rm", "-r", "--purge", f"{place}/night-2") == ""
    assert shell.require("ls", place) == "night-1/\n"


def test_info_and_json(shell: Shell, place: str) -> None:
    shell.require("put", "-", f"{place}/table.csv", "--type", "text/csv", input="a,b\n")
    (row,) = json.loads(shell.require("ls", "--json", place))
    assert (row["name"], row["size"], row["type"], row["version"]) == ("table.csv", 4, "text/csv", 1)
    told = json.loads(shell.require("info", "--json", f"{place}/table.csv"))
    assert told == row
    lines = shell.require("info", f"{place}/table.csv").splitlines()
    assert [line.split(":")[0] for line in lines][:4] == ["path", "kind", "size", "type"]
    assert any(line.endswith(told["digests"]["sha-256"]) for line in lines)
    assert "ivo://" not in "".join(line for line in lines if line.startswith(("path", "size")))
    assert shell.require("ls", f"{place}/table.csv") == "table.csv\n"
    assert json.loads(shell.require("ls", "--json", "home:"))


def test_folders_go_in_and_come_back_whole(shell: Shell, place: str) -> None:
    tree = shell.folder / "tree"
    files = {
        "plain.txt": b"plain",
        "empty": b"",
        "Größe & mehr/datei mit leerzeichen.csv": "größer".encode(),
        "Größe & mehr/tief/数据.vot": b"deep",
        "-rf": b"a name like an option",
        "%41": b"not A",
    }
    (tree / "nothing in it").mkdir(parents=True)
    for name, content in files.items():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_bytes(content)
    (tree / "link").symlink_to("plain.txt")
    assert shell.require("put", "-r", "tree", place) == ""
    assert shell.require("get", "-r", f"{place}/tree", "back") == ""
    back = shell.folder / "back"
    found = {str(path.relative_to(back)): path.read_bytes() for path in back.rglob("*") if path.is_file()}
    assert found == files | {"link": b"plain"}
    assert (back / "nothing in it").is_dir()

    # Again over what is there: nothing is doubled, nothing lost.
    (tree / "plain.txt").write_bytes(b"changed")
    assert shell.require("put", "-r", "tree", place) == ""
    assert shell.require("get", "-r", f"{place}/tree", "back/") == ""
    assert (back / "tree" / "plain.txt").read_bytes() == b"changed"
    done = shell.run("rm", f"{place}/tree")
    assert (done.code, "The folder is not empty: tree" in done.err) == (1, True)
    shell.require("rm", "-r", f"{place}/tree")
    assert shell.require("ls", place) == ""


def test_what_cannot_be_put_is_named_and_the_rest_is_done(shell: Shell, place: str) -> None:
    tree = shell.folder / "tree"
    tree.mkdir()
    (tree / "a").write_bytes(b"a")
    (tree / "circle").symlink_to(".")
    (tree / "dangling").symlink_to("nowhere")
    os.mkfifo(tree / "pipe")
    (tree / "new\nline").write_bytes(b"x")
    (tree / "z").write_bytes(b"z")
    done = shell.run("put", "-r", "tree", place)
    assert done.code in {1, 2}
    lines = done.err.splitlines()
    assert len(lines) == 4
    assert all(line.startswith("vofiles: ") for line in lines)
    for name in ("tree/circle", "tree/dangling", "tree/pipe", "new\\nline"):
        assert any(name in line for line in lines), name
    assert shell.require("ls", f"{place}/tree") == "a\nz\n"
    assert shell.run("put", "tree", place).err == "vofiles: tree is a folder: put it with -r\n"
    assert shell.run("get", f"{place}/tree", ".").err == f"vofiles: {place}/tree is a folder: get it with -r\n"
    done = shell.run("put", "missing", str(tree / "a"), f"{place}/")
    assert (done.code, done.err) == (1, "vofiles: missing: No such file or directory\n")
    assert "a\n" in shell.require("ls", place)


def test_a_service_that_does_not_answer(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    done = shell.run("login", "http://127.0.0.1:1", "--user", "dave", "--password-stdin", input="x\n")
    assert (done.code, done.out) == (5, "")
    assert done.err == "vofiles: No answer from the service http://127.0.0.1:1: Connection refused\n"
    done = shell.run("--debug", "login", "http://127.0.0.1:1", "--user", "dave", "--password-stdin", input="x\n")
    assert done.code == 5
    assert "Traceback (most recent call last):" in done.err
    assert "ServiceUnreachable" in done.err


def test_standard_streams(shell: Shell, place: str) -> None:
    content = bytes(range(256)) * 5000
    shell.require("put", "-", f"{place}/stream", input=content)
    done = subprocess.run(
        [*PROGRAM, "get", f"{place}/stream", "-"],
        env=shell.environment,
        cwd=shell.folder,
        capture_output=True,
        timeout=PATIENCE,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, content, b"")
    assert shell.run("put", "-", place).code == 2


def test_a_reader_that_goes_away_is_no_traceback(shell: Shell, place: str) -> None:
    shell.require("put", "-", f"{place}/large", input=bytes(4_000_000))
    for words in (["ls", "--json", "home:"], ["get", f"{place}/large", "-"]):
        reading, writing = os.pipe()
        os.close(reading)
        process = shell.begin(*words, out=writing, err=subprocess.PIPE)
        os.close(writing)
        _, errors = process.communicate(timeout=PATIENCE)
        assert errors == b""
        assert process.returncode in {0, 1}


def test_ctrl_c_in_a_put(shell: Shell, place: str) -> None:
    os.mkfifo(shell.folder / "slow")
    process = shell.begin("put", "slow", f"{place}/slow", out=subprocess.PIPE, err=subprocess.PIPE)
    # It has come as far as opening what it is to read, and waits there for bytes that never come.
    with (shell.folder / "slow").open("wb", buffering=0) as pipe:
        pipe.write(b"the beginning")
        wait_until(lambda: "slow" in shell.require("ls", place), "the put has begun")
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert errors == b"vofiles: interrupted\n"
    assert json.loads(shell.require("info", "--json", f"{place}/slow"))["version"] == 0


def on_terminal(
    shell: Shell, *words: str, answer: str | None = None, seen: Callable[[str], None] = lambda _: None
) -> tuple[int, str]:
    """Run a command on a terminal; its exit code and what it showed. `seen` is told what has been shown so far."""
    pid, master = pty.fork()
    if pid == 0:
        os.chdir(shell.folder)
        os.execve(PROGRAM[0], [*PROGRAM, *words], shell.environment | {"TERM": "xterm"})
    shown = b""
    try:
        while piece := _read_terminal(master):
            shown += piece
            seen(shown.decode(errors="replace"))
            if answer is not None and b"Password" in shown:
                os.write(master, answer.encode() + b"\n")
                answer = None
    finally:
        os.close(master)
        _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status), shown.decode()


def _read_terminal(master: int) -> bytes:
    try:
        return os.read(master, 65536)
    except OSError:  # EIO: the terminal's other end is closed
        return b""


def test_a_progress_bar_is_for_terminals(shell: Shell, place: str) -> None:
    """Fed from a pipe until the bar shows, so that it takes as long as it takes."""
    os.mkfifo(shell.folder / "slow")
    enough = threading.Event()

    def feed() -> None:
        with (shell.folder / "slow").open("wb", buffering=0) as pipe:
            while not enough.wait(0.01):
                pipe.write(bytes(65536))

    def look(shown: str) -> None:
        if re.search(r"slow .*[KM]iB", shown):
            enough.set()

    feeder = threading.Thread(target=feed)
    feeder.start()
    try:
        code, shown = on_terminal(shell, "put", "slow", f"{place}/slow", seen=look)
        assert enough.is_set()
    finally:
        enough.set()
        feeder.join()
    assert code == 0
    assert "\x1b[" in shown
    assert on_terminal(shell, "ls", place) == (0, "slow\r\n")


def test_help_and_version(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    said = shell.require("--help")
    verbs = "ls tree info find du put get append mkdir mv cp props rm trash restore versions history jobs stores"
    for verb in ("login", "logout", "up", *verbs.split()):
        assert re.search(rf"^  {verb} ", said, re.MULTILINE)
    assert re.fullmatch(r"vofiles \S+\n", shell.require("--version"))
    assert "--demo-size" not in shell.require("up", "--help")
