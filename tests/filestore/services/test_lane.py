"""The lane's bounds: in all, and for each peer."""

import threading

import pytest

from filestore.services.lane import Lane
from vofiles.errors import ServiceBusy


class Gate:
    """Work that waits to be let go, and counts who is in."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.inside: set[str] = set()
        self.seen: list[str] = []
        self.open = False

    def __call__(self, transfer: str) -> None:
        with self.changed:
            self.inside.add(transfer)
            self.seen.append(transfer)
            self.changed.notify_all()
            assert self.changed.wait_for(lambda: self.open or transfer not in self.inside, 30)
            self.inside.discard(transfer)
            self.changed.notify_all()

    def until(self, inside: set[str]) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: self.inside == inside, 30), self.inside

    def let_go(self, transfer: str) -> None:
        with self.changed:
            self.inside.discard(transfer)
            self.changed.notify_all()

    def let_all_go(self) -> None:
        with self.changed:
            self.open = True
            self.changed.notify_all()


def test_a_slow_peer_keeps_to_its_places() -> None:
    gate = Gate()
    lane = Lane(gate, threads=4, per_peer=2)
    for number in range(4):
        lane.put("slow", f"slow{number}")
    lane.put("quick", "quick")
    gate.until({"slow0", "slow1", "quick"})
    gate.let_go("slow1")
    gate.until({"slow0", "slow2", "quick"})
    gate.let_all_go()
    lane.drain()
    lane.close()
    assert len(gate.seen) == 5


def test_a_free_place_goes_to_who_has_the_fewest() -> None:
    """One host's crowd came first; the next free place is the other's all the same, and ties go in turn."""
    gate = Gate()
    lane = Lane(gate, threads=3, per_peer=3)
    for number in range(6):
        lane.put("crowd", f"crowd{number}")
    gate.until({"crowd0", "crowd1", "crowd2"})
    lane.put("late", "late0")
    lane.put("late", "late1")
    lane.put("other", "other0")
    gate.let_go("crowd0")
    gate.until({"crowd1", "crowd2", "late0"})
    gate.let_go("crowd1")
    gate.until({"crowd2", "late0", "other0"})
    gate.let_go("late0")
    gate.until({"crowd2", "other0", "late1"})
    gate.let_go("other0")
    gate.until({"crowd2", "late1", "crowd3"})
    gate.let_all_go()
    lane.drain()
    lane.close()


def test_there_is_a_bound_in_all() -> None:
    gate = Gate()
    lane = Lane(gate, threads=2, per_peer=9)
    for peer in "abc":
        lane.put(peer, peer)
    gate.until({"a", "b"})
    gate.let_go("a")
    gate.until({"b", "c"})
    gate.let_all_go()
    lane.close()


def test_what_is_there_is_not_put_again() -> None:
    gate = Gate()
    lane = Lane(gate, threads=1)
    for _ in range(3):
        lane.put("p", "one")
        lane.put("p", "two")
    gate.let_all_go()
    lane.drain()
    lane.close()
    assert gate.seen == ["one", "two"]


def test_too_many_are_refused_before_anything_is_kept_of_them() -> None:
    gate = Gate()
    lane = Lane(gate, threads=1, waiting=1)
    lane.put("p", "one")
    gate.until({"one"})
    lane.require_room()
    lane.put("p", "two")
    with pytest.raises(ServiceBusy):
        lane.require_room()
    gate.let_all_go()
    lane.close()


def test_what_waits_is_counted_not_who() -> None:
    gate = Gate()
    lane = Lane(gate, threads=1, per_peer=1)
    lane.put("p", "one")
    gate.until({"one"})
    for peer, transfer in (("p", "two"), ("p", "three"), ("q", "four")):
        lane.put(peer, transfer)
    assert (lane.waiting, lane.running) == (3, 1)
    gate.let_all_go()
    lane.drain()
    lane.close()
    assert (lane.waiting, lane.running) == (0, 0)


def test_closing_waits_for_what_runs_and_leaves_the_rest() -> None:
    gate = Gate()
    lane = Lane(gate, threads=1)
    lane.put("p", "one")
    lane.put("p", "two")
    gate.until({"one"})
    closing = threading.Thread(target=lane.close)
    closing.start()
    assert lane.closed.wait(30)
    with pytest.raises(ServiceBusy):
        lane.require_room()
    assert closing.is_alive()
    gate.let_all_go()
    closing.join()
    lane.close()
    assert gate.seen == ["one"]


def test_work_that_breaks_off_does_not_break_the_lane(caplog: pytest.LogCaptureFixture) -> None:
    done = list[str]()

    def work(transfer: str) -> None:
        if transfer == "bad":
            raise RuntimeError("a bug")
        done.append(transfer)

    lane = Lane(work, threads=1)
    lane.put("p", "bad")
    lane.put("p", "good")
    lane.drain()
    lane.close()
    assert done == ["good"]
    assert "bad broke off" in caplog.text
