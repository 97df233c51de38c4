"""Lines for people and for programs: nothing that a name or a value holds can reach a terminal as a command."""

import json
from datetime import UTC, datetime

import pytest

from vofiles.cli import exits, lines, progress
from vofiles.errors import (
    AddressRefused,
    ChecksumMismatch,
    DuplicateNode,
    IntoItself,
    InvalidName,
    JobEnded,
    JobNotFound,
    NodeNotFound,
    NotAuthenticated,
    ServiceBusy,
    StoreUnreachable,
    Unexpected,
    VersionNotFound,
)
from vofiles.info import NodeInfo
from vofiles.names import HomePath, NodeName

AT = datetime(2004, 2, 5, 12, 30, tzinfo=UTC)
NASTY = "a\x1b[2J\x07b\nc\u202ed\x9b31m"
ESCAPED = "a\\x1b[2J\\x07b\\nc\\u202ed\\x9b31m"


def entry(name: str, kind: str = "FILE", **known: object) -> NodeInfo:
    """What a service that is not ours might say: no name of ours could be so."""
    path = HomePath((NodeName("results"), NodeName(name)))
    told = {"size": 7, "content_type": "text/plain", "version": 1, "owner": "ivo://ast.cam.ac.uk/dave"} | known
    return NodeInfo(path=path, kind=kind, created=AT, modified=AT, **told)  # type: ignore[arg-type]


def require_harmless(line: str) -> None:
    assert line.isprintable(), line


def test_names_and_values_are_escaped() -> None:
    row = entry(NASTY, content_type=NASTY, properties={NASTY: NASTY}, digests={NASTY: NASTY})
    assert lines.short(row) == ESCAPED
    for line in [*lines.table([row]), *lines.sheet(row)]:
        require_harmless(line)
        assert ESCAPED in line or NASTY[0] not in line or "[2J" not in line
    assert len(list(lines.table([row]))) == 1
    assert any(line.startswith(f"property {ESCAPED}:") for line in lines.sheet(row))
    require_harmless(lines.as_json(lines.facts(row)).replace("\n", ""))
    assert json.loads(lines.as_json(lines.facts(row)))["name"] == NASTY


def test_what_is_wrong_is_one_harmless_line(capsys: pytest.CaptureFixture[str]) -> None:
    for error in (NodeNotFound(NASTY), OSError(2, "No such\x1b[2J file", NASTY), ValueError(NASTY)):
        exits.complain(exits.sentence_of(error))
        out, err = capsys.readouterr()
        assert out == ""
        assert err.endswith("\n")
        require_harmless(err.removesuffix("\n"))


def test_a_listing_is_aligned() -> None:
    rows = [entry("a"), entry("folder", "FOLDER", size=None), entry("never", size=None), entry("big", size=123_456)]
    found = list(lines.table(rows))
    assert [line.split()[0] for line in found] == ["7", "-", "empty", "123456"]
    assert [line.split()[-1] for line in found] == ["a", "folder/", "never", "big"]
    assert len({line.index("  200") for line in found}) == 1
    assert list(lines.table([])) == []


def test_columns() -> None:
    assert list(lines.aligned([("a", "1", ""), ("bbb", "22", "x")], right=(1,))) == ["a     1", "bbb  22  x"]
    assert list(lines.aligned([])) == []
    (line,) = lines.aligned([(NASTY, NASTY)])
    require_harmless(line)
    for line in lines.listed({NASTY: NASTY, "empty": ""}):
        require_harmless(line)
    assert list(lines.listed({})) == []


@pytest.mark.parametrize(
    ("size", "said"),
    [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (1 << 30, "1.0 GiB"), (5000 << 40, "5000.0 TiB")],
)
def test_sizes_as_people_read_them(size: int, said: str) -> None:
    assert lines.measured(size) == said


def test_numbers_of_things() -> None:
    assert [lines.counted(number, "file") for number in (0, 1, 2)] == ["0 files", "1 file", "2 files"]
    assert lines.counted(2, "entry", "entries") == "2 entries"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (NodeNotFound("x"), 3),
        (NotAuthenticated(), 4),
        (AddressRefused("x"), 4),
        (StoreUnreachable("x"), 5),
        (ServiceBusy("x"), 5),
        (InvalidName("x"), 2),
        (DuplicateNode("x"), 1),
        (JobEnded("x"), 1),
        (JobNotFound("x"), 3),
        (VersionNotFound("x"), 3),
        (IntoItself("x"), 1),
        (ChecksumMismatch("x"), 1),
        (Unexpected("x"), 1),
        (FileNotFoundError(2, "No such file"), 1),
    ],
)
def test_codes(error: Exception, code: int) -> None:
    assert exits.code_of(error) == code


def test_nothing_is_drawn_where_nobody_watches(capsys: pytest.CaptureFixture[str]) -> None:
    with progress.bar("x") as watched:
        assert watched is None
    assert capsys.readouterr() == ("", "")
