"""A peer's places and its pause: what one store may cost the FileManager."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from filemanager.remote.peer import FAILURES, LATE, PAUSE, Peer
from vofiles.errors import ContainerNotFound, InvalidArgument, ServiceBusy, ServiceUnreachable, StoreUnreachable
from vofiles.ivorn import Ivorn

STORE = Ivorn.parse("ivo://vofiles.test/filestore")


class Watch:
    """A clock that goes when told."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def silent() -> None:
    raise ServiceUnreachable("http://127.0.0.1:9/", reason="nobody is there")


def must_not_run() -> None:
    pytest.fail("the peer was called")


def fail(peer: Peer, times: int = FAILURES) -> None:
    for _ in range(times):
        with pytest.raises(StoreUnreachable, match="nobody is there"):
            peer.call(silent)


def test_a_silent_peer_is_left_alone_for_a_while() -> None:
    watch = Watch()
    peer = Peer(STORE, watch)
    fail(peer)
    assert peer.is_down()
    with pytest.raises(StoreUnreachable, match="left alone"):
        peer.call(must_not_run)
    watch.seconds += PAUSE
    assert not peer.is_down()
    assert peer.call(lambda: "here again") == "here again"
    fail(peer, FAILURES - 1)
    assert not peer.is_down()


def test_after_the_pause_one_call_tries_and_the_others_keep_away() -> None:
    watch = Watch()
    peer = Peer(STORE, watch)
    fail(peer)
    watch.seconds += PAUSE

    def others_meanwhile() -> str:
        with pytest.raises(StoreUnreachable, match="left alone"):
            peer.call(must_not_run)
        return "answered"

    assert peer.call(others_meanwhile) == "answered"
    assert peer.call(lambda: 7) == 7


def test_a_fault_is_an_answer() -> None:
    peer = Peer(STORE, Watch())

    def refuse() -> None:
        raise ContainerNotFound("x")

    fail(peer, FAILURES - 1)
    with pytest.raises(ContainerNotFound):
        peer.call(refuse)
    fail(peer, FAILURES - 1)
    assert not peer.is_down()


def test_a_request_that_could_not_be_written_says_nothing_of_the_peer() -> None:
    peer = Peer(STORE, Watch())

    def unwritable() -> None:
        raise InvalidArgument("x")

    fail(peer, FAILURES - 1)
    with pytest.raises(InvalidArgument):
        peer.call(unwritable)
    fail(peer, 1)
    assert peer.is_down()


def test_hasty_calls_do_not_condemn() -> None:
    peer = Peer(STORE, Watch())
    for _ in range(2 * FAILURES):
        with pytest.raises(StoreUnreachable):
            peer.call(silent, judged=False)
    assert not peer.is_down()


def test_a_peer_has_so_many_places_and_no_more() -> None:
    watch = Watch()
    peer = Peer(STORE, watch, calls=2)
    entered, leave = threading.Barrier(3), threading.Event()

    def hang() -> None:
        entered.wait(30)
        leave.wait(30)

    threads = [threading.Thread(target=peer.call, args=(hang,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    entered.wait(30)
    watch.seconds += LATE
    with pytest.raises(ServiceBusy, match="under way"):
        peer.call(lambda: None)
    leave.set()
    for thread in threads:
        thread.join()
    assert peer.call(lambda: "free") == "free"


def test_behind_quick_calls_everybodys_turn_comes() -> None:
    peer = Peer(STORE, Watch(), calls=2)
    entered, leave = threading.Barrier(3), threading.Event()

    def take_a_moment() -> str:
        entered.wait(30)
        leave.wait(30)
        return "answered"

    with ThreadPoolExecutor(4) as crowd:
        first = [crowd.submit(peer.call, take_a_moment) for _ in range(2)]
        entered.wait(30)
        # They have been under way for no time: who comes now waits, and is let in when they leave.
        later = [crowd.submit(peer.call, lambda: "answered too") for _ in range(2)]
        leave.set()
        assert [each.result(30) for each in (*first, *later)] == ["answered"] * 2 + ["answered too"] * 2
