"""Answers that wait for something and hold no thread meanwhile."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.support.rawclient import RawClient
from tests.support.serving import Served, running_site, wait_until
from vofiles.serving.http import Control, Later, Request, Response, Route, text


class Bell:
    """Something to wait for."""

    def __init__(self) -> None:
        self.waiting: list[Callable[[], None]] = []
        self.rung = False

    def subscribe(self, wake: Callable[[], None]) -> Callable[[], None]:
        self.waiting.append(wake)
        if self.rung:
            wake()
        return lambda: self.waiting.remove(wake)

    def ring(self) -> None:
        self.rung = True
        for wake in tuple(self.waiting):
            wake()
            wake()  # any number of times


class Parking:
    def __init__(self) -> None:
        self.bell = Bell()
        self.finished: list[str] = []
        self.again = 0

    def handle(self, _request: Request) -> Response | Later:
        return Later(self.bell.subscribe, 100.0, self.finish)

    def finish(self) -> Response | Later:
        self.finished.append(threading.current_thread().name)
        if self.again:
            self.again -= 1
            return Later(self.bell.subscribe, 100.0, self.finish)
        return text(200, "rung" if self.bell.rung else "timed out")

    def failing(self, _request: Request) -> Response | Later:
        def finish() -> Response:
            raise OSError("no")

        return Later(self.bell.subscribe, 100.0, finish)

    def deaf(self, _request: Request) -> Response | Later:
        def subscribe(_wake: Any) -> Any:
            raise OSError("no")

        return Later(subscribe, 100.0, self.finish)


@pytest.fixture
def parking() -> Parking:
    return Parking()


@pytest.fixture
def served(parking: Parking) -> Iterator[Served]:
    routes = (
        Route("/wait", frozenset({"GET"}), Control(parking.handle)),
        Route("/failing", frozenset({"GET"}), Control(parking.failing)),
        Route("/deaf", frozenset({"GET"}), Control(parking.deaf)),
        Route("/", frozenset({"GET"}), Control(lambda _: text(200, "here"))),
    )
    with running_site(routes, threads=1, clock="frozen") as served:
        yield served


WAIT = "GET /wait HTTP/1.1\nHost: x\n\n"


def settle(served: Served) -> None:
    """Return when whatever the server had to do is done: it has served others since."""
    for _ in range(2):
        with RawClient(served.port) as other:
            assert other.ask("GET / HTTP/1.1\nHost: x\n\n").body == b"here\n"


def test_a_wake_finishes_it_in_the_pool(served: Served, parking: Parking) -> None:
    with RawClient(served.port) as client:
        client.send(WAIT)
        wait_until(lambda: parking.bell.waiting, "parked")
        parking.bell.ring()
        assert client.reply().body == b"rung\n"
        assert len(parking.finished) == 1
        assert parking.finished[0].startswith("control-")
        assert parking.bell.waiting == []
        assert client.ask("GET / HTTP/1.1\nHost: x\n\n").status == 200


def test_many_wait_and_one_thread_serves_others(served: Served, parking: Parking) -> None:
    clients = [RawClient(served.port) for _ in range(50)]
    try:
        for client in clients:
            client.send(WAIT)
        wait_until(lambda: len(parking.bell.waiting) == 50, "all parked")
        settle(served)
        parking.bell.ring()
        assert [client.reply().body for client in clients] == [b"rung\n"] * 50
    finally:
        for client in clients:
            client.close()


def test_time_finishes_it(served: Served, parking: Parking) -> None:
    with RawClient(served.port) as client:
        client.send(WAIT)
        wait_until(lambda: parking.bell.waiting, "parked")
        settle(served)
        served.advance(99)
        assert parking.finished == []
        served.advance(2)
        assert client.reply().body == b"timed out\n"
        assert parking.bell.waiting == []


def test_what_happened_already_finishes_it_at_once(served: Served, parking: Parking) -> None:
    parking.bell.rung = True
    with RawClient(served.port) as client:
        assert client.ask(WAIT).body == b"rung\n"


def test_it_may_be_parked_again(served: Served, parking: Parking) -> None:
    parking.again = 3
    parking.bell.rung = True
    with RawClient(served.port) as client:
        assert client.ask(WAIT).body == b"rung\n"
        assert len(parking.finished) == 4
        assert parking.bell.waiting == []


@pytest.mark.parametrize("how", ["close", "half-close", "reset"])
def test_whoever_leaves_is_not_waited_for(served: Served, parking: Parking, how: str) -> None:
    with RawClient(served.port) as client:
        client.send(WAIT)
        wait_until(lambda: parking.bell.waiting, "parked")
        settle(served)
        if how == "half-close":
            client.socket.shutdown(socket.SHUT_WR)
        else:
            if how == "reset":
                client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            client.close()
        wait_until(lambda: not parking.bell.waiting, "unsubscribed")
        served.advance(200)
        settle(served)
        assert parking.finished == []


@pytest.mark.parametrize("path", ["/failing", "/deaf"])
def test_what_fails_is_a_500(served: Served, parking: Parking, path: str) -> None:
    parking.bell.rung = True
    with RawClient(served.port) as client:
        assert client.ask(f"GET {path} HTTP/1.1\nHost: x\n\n").status == 500


def test_stopping_finishes_it_at_once(served: Served, parking: Parking) -> None:
    with RawClient(served.port) as client:
        client.send(WAIT)
        wait_until(lambda: parking.bell.waiting, "parked")
        settle(served)
        served.stop(grace=1000)
        reply = client.reply()
        assert (reply.body, reply.headers["connection"]) == (b"timed out\n", "close")


def test_what_is_sent_ahead_meanwhile_stays_with_its_sender(served: Served, parking: Parking) -> None:
    """Neither a parked answer nor a slow handler makes the server keep what a client pipelines."""
    with RawClient(served.port) as client:
        client.send(WAIT)
        wait_until(lambda: parking.bell.waiting, "parked")
        ahead = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 40_000
        client.socket.setblocking(False)
        sent = full = 0
        while full < 20 and sent < 64_000_000:
            try:
                sent += client.socket.send(ahead)
                full = 0
            except BlockingIOError:
                full += 1
                threading.Event().wait(0.01)
        assert sent < 32_000_000
        client.socket.setblocking(True)
        parking.bell.ring()
        assert client.reply().body == b"rung\n"
        assert client.reply().body == b"here\n"
