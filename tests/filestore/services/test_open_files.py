"""Files that stay open for a while: bounded in number and in time, and closed when nobody needs them any more."""

from dataclasses import dataclass

from filestore.ports import Reader
from filestore.services.openfiles import SECONDS, OpenFiles


@dataclass
class Opened:
    """A reader that says whether it is open."""

    size: int = 7
    closed: int = 0

    def pread(self, length: int, offset: int) -> bytes:
        assert not self.closed
        return b"content"[offset : offset + length]

    def fileno(self) -> int | None:
        return None

    def close(self) -> None:
        self.closed += 1


class Seconds:
    """A clock that is set by hand."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def given(files: OpenFiles, number: str) -> Reader:
    found = files.find(number)
    assert found is not None
    return found


def test_whoever_asks_while_it_is_open_gets_the_same_file() -> None:
    files, opened = OpenFiles(), Opened()
    assert files.find("a") is None
    first = files.keep("a", opened)
    second = given(files, "a")
    assert (first.pread(3, 4), second.pread(3, 0), second.size) == (b"ent", b"con", 7)
    first.close()
    second.close()
    second.close()
    assert opened.closed == 0
    files.drop("a")
    files.drop("a")
    assert opened.closed == 1
    assert files.find("a") is None


def test_who_has_it_can_read_to_the_end_although_it_is_kept_no_longer() -> None:
    files, opened = OpenFiles(), Opened()
    reader = files.keep("a", opened)
    files.drop("a")
    assert files.find("a") is None
    assert reader.pread(7, 0) == b"content"
    reader.close()
    assert opened.closed == 1


def test_none_is_kept_for_longer_than_its_time() -> None:
    time = Seconds()
    files, old, young = OpenFiles(elapsed=time), Opened(), Opened()
    files.keep("old", old).close()
    time.now += SECONDS * 0.6
    files.keep("young", young).close()
    # That somebody asks for it does not make it younger.
    given(files, "old").close()
    time.now += SECONDS * 0.6
    assert files.find("old") is None
    files.drop_old()
    assert (old.closed, young.closed) == (1, 0)
    given(files, "young").close()


def test_of_many_the_oldest_are_closed() -> None:
    files, opened = OpenFiles(most=2), [Opened() for _ in range(3)]
    for number, each in enumerate(opened):
        files.keep(str(number), each).close()
    assert [each.closed for each in opened] == [1, 0, 0]


def test_closed_none_is_kept_and_who_has_one_can_read_to_the_end() -> None:
    files, opened, late = OpenFiles(), [Opened(), Opened()], Opened()
    files.keep("a", opened[0]).close()
    reader = files.keep("b", opened[1])
    files.close()
    assert [each.closed for each in opened] == [1, 0]
    assert reader.pread(7, 0) == b"content"
    reader.close()
    assert opened[1].closed == 1
    came = files.keep("c", late)
    assert (files.find("c"), came.pread(3, 0)) == (None, b"con")
    came.close()
    assert late.closed == 1


def test_of_two_who_opened_it_at_once_one_is_kept() -> None:
    files, opened = OpenFiles(), [Opened(), Opened()]
    first, second = (files.keep("a", each) for each in opened)
    first.close()
    second.close()
    assert [each.closed for each in opened] == [1, 0]
