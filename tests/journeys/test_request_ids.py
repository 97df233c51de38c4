"""`--debug`: the id under which a command is found in the log files of FileManager and stores, and where an error
comes from.
"""

import json
import re

from tests.support.journey import STORES, Shell, Up
from tests.support.serving import wait_until

SHOWN = re.compile(r"X-Request-Id: ([0-9a-f]{24})\n")


def logged(running: Up, service: str, number: str) -> list[dict[str, object]]:
    """What a service's log file has under an id."""
    lines = (running.folder / "logs" / f"{service}.log").read_text().splitlines()
    return [line for line in map(json.loads, lines) if line.get("request_id") == number]


def requests_of(running: Up, service: str, number: str) -> set[tuple[object, object]]:
    """The same, as path and operation."""
    return {(line["path"], line.get("operation")) for line in logged(running, service, number) if "path" in line}


def shown(said: str) -> str:
    """The id in what a command has said."""
    found = SHOWN.match(said)
    assert found is not None, said
    return found[1]


def test_one_id_is_in_three_logs(running: Up, shell: Shell) -> None:
    """What the client shows is in the FileManager's log and in the store's, there and back."""
    (shell.folder / "traced.vot").write_bytes(b"<VOTABLE/>")
    done = shell.run("--debug", "put", "traced.vot", "home:traced.vot")
    assert (done.code, done.out) == (0, "")
    number = shown(done.err)
    assert done.err == f"X-Request-Id: {number}\n", "nothing else is said of what goes well"

    in_one_store = {("/filestore", "importInit"), ("/content/…", None)}
    in_filemanager = {("/filemanager", "importInit"), ("/callback", "transferCompleted")}
    wait_until(lambda: in_filemanager <= requests_of(running, "filemanager", number), "there, and back")
    wait_until(lambda: [store for store in STORES if requests_of(running, store, number) == in_one_store], "one store")

    other = shown(shell.run("--debug", "get", "home:traced.vot", "back.vot").err)
    assert other != number
    both = {("/filestore", "exportInit"), ("/content/…", None)}
    wait_until(lambda: [store for store in STORES if requests_of(running, store, other) == both], "the get's own id")


def test_an_error_and_where_it_comes_from(running: Up, shell: Shell) -> None:
    plain = shell.run("info", "home:no-such-thing")
    assert (plain.code, len(plain.err.splitlines())) == (3, 1)
    done = shell.run("--debug", "info", "home:no-such-thing")
    assert (done.code, done.out) == (3, "")
    number = shown(done.err)
    assert "Traceback (most recent call last):\n" in done.err
    assert re.search(r"^vofiles\.errors\.NodeNotFound: .*home:no-such-thing", done.err, re.MULTILINE)
    (fault,) = [line for line in logged(running, "filemanager", number) if line["event"] == "fault"]
    assert (fault["name"], fault["operation"]) == ("NodeNotFound", "getNode")
