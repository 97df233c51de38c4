"""Pulls: no store is asked too often, an answer that comes late takes no later one's place, memory has an end."""

from dataclasses import replace

from filemanager.services.pulls import FEW, KEPT, Pulls
from vofiles.contract import Direction, Endpoint, Transfer, TransferState


def told(done: int) -> Transfer:
    return Transfer("a" * 26, Direction.IMPORT_DATA, TransferState.RECEIVING, bytes_done=done)


def test_asked_once_an_interval_each() -> None:
    pulls = Pulls(1.0)
    assert [pulls.take("a", now) for now in (0.0, 0.9, 1.0, 1.5, 2.0)] == [True, False, True, False, True]
    assert pulls.take("b", 2.0)


def test_the_answer_to_the_latest_question_is_kept() -> None:
    pulls = Pulls(1.0)
    assert pulls.find_told("a") is None
    pulls.note("a", 0.0, told(1))
    assert pulls.find_told("a") is None, "nobody has asked"
    assert pulls.take("a", 0.0)
    assert pulls.take("a", 1.0)
    pulls.note("a", 1.0, told(500))
    pulls.note("a", 0.0, told(100))
    assert pulls.find_told("a") == told(500)
    assert pulls.take("a", 2.0)
    assert pulls.find_told("a") == told(500)


def test_those_asked_longest_ago_are_forgotten() -> None:
    pulls = Pulls(1.0)
    for number in range(KEPT):
        assert pulls.take(str(number), number / KEPT)
        pulls.note(str(number), number / KEPT, told(number))
    assert pulls.take("0", 1.0)
    assert pulls.take("one more", 1.5)
    assert pulls.find_told("0") == told(0)
    assert pulls.find_told("1") is None
    assert pulls.find_told("2") == told(2)
    assert not pulls.take("9999", 1.5)


def test_few_addresses_are_remembered_and_many_are_not() -> None:
    pulls, endpoint = Pulls(1.0), Endpoint("http://127.0.0.1/", "HTTP", "PUT")
    for number, kept in ((FEW, FEW), (FEW + 1, 0)):
        assert pulls.take(str(number), 0.0)
        pulls.note(str(number), 0.0, replace(told(1), endpoints=(endpoint,) * number))
        found = pulls.find_told(str(number))
        assert found is not None
        assert len(found.endpoints) == kept
