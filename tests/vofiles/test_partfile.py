"""Part files: gone on with only where there is no doubt, whole or not there at all, and nobody's but one program's."""

import fcntl
import os
import random
import stat
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vofiles.partfile import PartFile, part_path, remove_abandoned

CONTENT = bytes(range(256)) * 4
SIZE = len(CONTENT)
TAG = '"these"'


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "file"


def journal(path: Path) -> Path:
    return Path(f"{part_path(path)}.json")


def fill(part: PartFile, *stretches: tuple[int, int]) -> None:
    with part.opened() as descriptor:
        for start, end in stretches:
            part.write(descriptor, start, CONTENT[start:end])


def leave(path: Path, *stretches: tuple[int, int]) -> None:
    """What a program that was killed leaves."""
    with PartFile(path, TAG, SIZE) as part:
        fill(part, *stretches)
        part.keep()


def names(path: Path) -> list[str]:
    return sorted(each.name for each in path.parent.iterdir())


def test_it_is_filled_in_any_order_and_completed(path: Path) -> None:
    with PartFile(path, TAG, SIZE) as part:
        pieces = part.missing(100)
        random.Random(6).shuffle(pieces)
        for piece in pieces:
            fill(part, piece)
        assert (part.done, part.prefix, part.missing(100)) == (SIZE, SIZE, [])
        assert part.read(10, 5) == CONTENT[10:15]
        assert not path.exists()
        part.complete()
    assert path.read_bytes() == CONTENT
    assert names(path) == ["file"]


def test_only_what_was_kept_counts_for_the_next_one(path: Path) -> None:
    with PartFile(path, TAG, SIZE) as part:
        fill(part, (0, 100), (300, 400))
        part.keep()
        fill(part, (100, 300))
        assert part.unkept == 200
    assert names(path) == ["file.vofiles-part", "file.vofiles-part.json"]
    with PartFile(path, TAG, SIZE) as part:
        assert (part.done, part.prefix, part.unkept) == (200, 100, 0)
        fill(part, *part.missing(1000))
        part.complete()
    assert path.read_bytes() == CONTENT
    assert names(path) == ["file"]


@pytest.mark.parametrize(("tag", "size"), [('"others"', SIZE), (TAG, SIZE + 1)])
def test_another_content_begins_anew(tag: str, size: int, path: Path) -> None:
    leave(path, (0, 100))
    with PartFile(path, tag, size) as part:
        assert part.done == 0
        assert part_path(path).stat().st_size == 0


@given(st.binary(max_size=60), st.integers(0, 200))
@settings(max_examples=50)
def test_a_journal_that_was_torn_or_scribbled_on_never_says_too_much(
    tmp_path_factory: pytest.TempPathFactory, scribble: bytes, cut: int
) -> None:
    path = tmp_path_factory.mktemp("torn") / "file"
    leave(path, (0, 100), (300, 400))
    whole = journal(path).read_bytes()
    journal(path).write_bytes(whole[: max(0, len(whole) - cut)] + scribble)
    with PartFile(path, TAG, SIZE) as part:
        assert part.done in {0, 200}
        for start in range(0, part.prefix, 10):
            assert part.read(start, 10) == CONTENT[start : start + 10]


def test_a_part_that_is_shorter_than_its_journal_says_begins_anew(path: Path) -> None:
    leave(path, (0, 100), (300, 400))
    os.truncate(part_path(path), 399)
    with PartFile(path, TAG, SIZE) as part:
        assert part.done == 0


def test_a_journal_alone_and_a_part_alone_begin_anew(path: Path) -> None:
    leave(path, (0, 100))
    part_path(path).unlink()
    with PartFile(path, TAG, SIZE) as part:
        assert part.done == 0
    leave(path, (0, 100))
    journal(path).unlink()
    with PartFile(path, TAG, SIZE) as part:
        assert part.done == 0


def test_what_brought_nothing_leaves_nothing(path: Path) -> None:
    with PartFile(path, TAG, SIZE):
        pass
    assert names(path) == []


def test_what_is_discarded_leaves_nothing(path: Path) -> None:
    with PartFile(path, TAG, SIZE) as part:
        fill(part, (0, 100))
        part.keep()
        part.discard()
    assert names(path) == []


def test_one_that_is_in_use_is_left_in_peace(path: Path) -> None:
    leave(path, (0, 100))
    with PartFile(path, TAG, SIZE) as first:
        with PartFile(path, TAG, SIZE) as second:
            assert (first.stays, second.stays, second.done) == (True, False, 0)
            fill(second, *second.missing(1000))
            second.complete()
        remove_abandoned(path)
        assert names(path) == ["file", "file.vofiles-part", "file.vofiles-part.json"]
        assert first.done == 100
    remove_abandoned(path)
    assert names(path) == ["file"]
    assert path.read_bytes() == CONTENT


def test_without_resume_nothing_stays(path: Path) -> None:
    leave(path, (0, 100))
    with PartFile(path, TAG, SIZE, resume=False) as part:
        assert (part.stays, part.done) == (False, 0)
        fill(part, (0, 100))
        part.keep()
    assert names(path) == []


@pytest.mark.parametrize("plant", ["link", "second name", "folder"])
def test_what_others_have_put_in_its_place_is_not_followed(plant: str, path: Path, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    if plant == "link":
        part_path(path).symlink_to(victim)
    elif plant == "second name":
        os.link(victim, part_path(path))
    else:
        part_path(path).mkdir()
    with PartFile(path, TAG, SIZE) as part:
        assert not part.stays
        fill(part, *part.missing(1000))
        part.complete()
    assert path.read_bytes() == CONTENT
    assert victim.read_bytes() == b"precious"


def test_a_file_that_is_replaced_keeps_its_mode(path: Path) -> None:
    path.write_bytes(b"before")
    path.chmod(0o604)
    with PartFile(path, TAG, SIZE) as part:
        fill(part, (0, SIZE))
        part.complete()
    assert stat.S_IMODE(path.stat().st_mode) == 0o604


def test_a_name_that_is_as_long_as_names_can_be(tmp_path: Path) -> None:
    longest, other = tmp_path / ("ü" * 127), tmp_path / ("ü" * 126 + "a")
    assert part_path(longest) != part_path(other)
    with PartFile(longest, TAG, SIZE) as part:
        assert part.stays
        fill(part, (0, SIZE))
        part.complete()
    assert longest.read_bytes() == CONTENT
    assert names(longest) == [longest.name]


def test_one_that_is_completed_while_another_waits_for_its_name(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between opening and locking, who had it has given it its final name: that is no part any more."""
    leave(path, (0, SIZE))
    lock, times = fcntl.flock, list[int]()

    def late(file: int, how: int) -> None:
        if not times:
            times.append(1)
            part_path(path).replace(path)
        lock(file, how)

    monkeypatch.setattr(fcntl, "flock", late)
    with PartFile(path, TAG, SIZE + 1) as part:
        assert part.stays
        fill(part, (0, 10))
    assert path.read_bytes() == CONTENT


def test_a_disk_without_room_is_told_with_the_file(path: Path) -> None:
    with PartFile(path, TAG, SIZE) as part:
        full = os.open("/dev/full", os.O_WRONLY)
        try:
            with pytest.raises(OSError, match="No space left") as told:
                part.write(full, 0, CONTENT)
        finally:
            os.close(full)
    assert told.value.filename.startswith(str(path))
