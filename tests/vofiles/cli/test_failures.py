"""What fails is one line and a code, whatever it was; the same by processes is in journeys/test_command_line."""

import pytest

from tests.support.commands import Command


@pytest.fixture
def failing_place(vofiles: Command, place: str) -> str:
    """A folder at home with a file in it."""
    (vofiles.folder / "local").write_bytes(b"x")
    vofiles.require("put", "local", f"{place}/file")
    return place


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["ls", "{}/missing"], 3, "There is no node {}/missing"),
        (["get", "{}/missing"], 3, "There is no node {}/missing"),
        (["rm", "{}/missing"], 3, "There is no node {}/missing"),
        (["info", "{}/missing/x"], 3, "There is no node {}/missing/x"),
        (["put", "{}/x", "{}/y"], 2, "is a path at home, not on this machine"),
        (["mkdir", "{}"], 1, "There is already an entry of this name"),
        (["mkdir", "{}/a/b"], 3, "There is no parent folder {}/a"),
        (["mkdir", "results"], 2, "write home:results"),
        (["ls", "home:../x"], 2, "This is not a valid name"),
        (["rm", "-r", "home:"], 2, "a home itself cannot be deleted"),
        (["put", "x"], 2, "give what to put and where to"),
        (["get", "here"], 2, "give what to get first"),
        (["put", "local", "{}/missing/"], 2, "is not a folder that is there"),
        (["put", "local", "{}/a/b/c"], 3, "There is no parent folder {}/a/b"),
        (["put", "missing", "{}/x"], 1, "missing: No such file or directory"),
        (["get", "{}/file", "no/such/"], 2, "is not a folder on this machine"),
        (["get", "{}/file", "no/such"], 1, "No such file or directory"),
        (["frobnicate"], 2, "frobnicate"),
        (["ls", "--colour"], 2, "--colour"),
        (["up", "--port", "70000"], 2, "65535"),
        (["mv", "{}/file", "here"], 2, "to fetch it: vofiles get {}/file here"),
        (["cp", "local", "{}/x"], 2, "to bring it in: vofiles put local {}/x"),
        (["restore", "{}/never"], 3, "nothing in the trash was there"),
        (["jobs", "no-such-job"], 3, "There is no job no-such-job"),
        (["versions", "{}"], 1, "This is not a file"),
    ],
)
def test_failures_are_one_line_and_a_code(
    words: list[str], code: int, said: str, vofiles: Command, failing_place: str
) -> None:
    done = vofiles.run(*(word.replace("{}", failing_place) for word in words))
    assert (done.code, done.out) == (code, "")
    assert said.replace("{}", failing_place) in done.err.replace("\n", " ")
    assert "Traceback" not in done.err
    assert "ivo://" not in done.err
    if code != 2:
        assert len(done.err.splitlines()) == 1
