"""Slow clients, on a clock that only the test moves."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.rawclient import RawClient
from tests.support.serving import Served, running_site, wait_until
from vofiles.serving.http import Abort, Control, Exchange, Limits, Response, Route, Stream, text

LIMITS = Limits(head_seconds=20, idle_seconds=60, body_rate=1000, body_window=10, send_seconds=30, linger_seconds=5)


class Keeper:
    """A consumer that keeps what it is told; the last one made is at `Keeper.last`."""

    last: Keeper

    def __init__(self, exchange: Exchange) -> None:
        Keeper.last = self
        self.exchange = exchange
        self.size = 0
        self.outcome: list[Abort] = []

    def data(self, chunk: bytes) -> None:
        self.size += len(chunk)
        if chunk.endswith(b"P"):
            self.exchange.pause()

    def end(self) -> None:
        self.exchange.respond(text(201, str(self.size)))

    def aborted(self, reason: Abort) -> None:
        self.outcome.append(reason)


ROUTES = (
    Route("/", frozenset({"GET"}), Control(lambda _: text(200, "hello"))),
    Route("/post", frozenset({"POST"}), Control(lambda r: text(200, str(len(r.body))))),
    Route("/put", frozenset({"PUT"}), Stream(lambda e: e.accept(Keeper(e)))),
    Route("/refuse", frozenset({"PUT"}), Stream(lambda e: e.respond(text(403, "no")))),
    Route("/large", frozenset({"GET"}), Control(lambda _: Response(200, body=b"x" * 50_000_000))),
)


@pytest.fixture
def served() -> Iterator[Served]:
    with running_site(ROUTES, limits=LIMITS, clock="frozen") as served:
        yield served


def begin(client: RawClient, served: Served, data: str) -> None:
    """Send `data` and wait until the server must have read it: another connection has been served since."""
    client.send(data)
    for _ in range(2):
        with RawClient(served.port) as other:
            other.ask("GET / HTTP/1.1\nHost: x\n\n")


def test_a_head_has_an_absolute_deadline_however_it_trickles(served: Served) -> None:
    with RawClient(served.port) as client:
        begin(client, served, "GET / HT")
        for byte in "TP/1.1\nX":
            served.advance(2)
            begin(client, served, byte)
        served.advance(6)
        reply = client.reply()
        assert (reply.status, reply.headers["connection"]) == (408, "close")
        assert client.is_closed()


def test_the_deadline_of_a_later_head_counts_from_its_first_byte(served: Served) -> None:
    with RawClient(served.port) as client:
        client.ask("GET / HTTP/1.1\nHost: x\n\n")
        served.advance(50)
        begin(client, served, "GET / HTTP/1.1\n")
        served.advance(15)
        assert client.ask("Host: x\n\n").status == 200


def test_a_connection_that_never_says_anything_is_closed_without_a_word(served: Served) -> None:
    with RawClient(served.port) as client:
        begin(client, served, "")
        served.advance(22)
        assert client.is_closed()


def test_an_idle_connection_is_closed_without_a_word(served: Served) -> None:
    with RawClient(served.port) as client:
        client.ask("GET / HTTP/1.1\nHost: x\n\n")
        served.advance(55)
        client.ask("GET / HTTP/1.1\nHost: x\n\n")
        served.advance(55)
        client.ask("GET / HTTP/1.1\nHost: x\n\n")
        served.advance(62)
        assert client.is_closed()


@pytest.mark.parametrize("path", ["POST /post", "PUT /put"])
def test_a_body_below_the_minimum_rate_is_refused(served: Served, path: str) -> None:
    with RawClient(served.port) as client:
        begin(client, served, f"{path} HTTP/1.1\nHost: x\nContent-Length: 100000\n\n" + "x" * 9_000)
        served.advance(12)
        reply = client.reply()
        assert (reply.status, reply.headers["connection"]) == (408, "close")
        if path == "PUT /put":
            assert Keeper.last.outcome == [Abort.SLOW]


def test_a_fast_beginning_does_not_excuse_a_standstill(served: Served) -> None:
    with RawClient(served.port) as client:
        begin(client, served, "PUT /put HTTP/1.1\nHost: x\nContent-Length: 1000000\n\n" + "x" * 900_000)
        wait_until(lambda: Keeper.last.size == 900_000, "the fast beginning")
        served.advance(11)
        assert Keeper.last.outcome == []
        served.advance(11)
        assert client.reply().status == 408


def test_a_body_at_the_minimum_rate_is_taken(served: Served) -> None:
    with RawClient(served.port) as client:
        begin(client, served, "PUT /put HTTP/1.1\nHost: x\nContent-Length: 60000\n\n")
        for n in range(1, 6):
            begin(client, served, "x" * 11_000)
            wait_until(lambda n=n: Keeper.last.size == n * 11_000, "what was sent")  # type: ignore[misc]
            served.advance(9)
        assert client.ask("x" * 5_000).status == 201


def test_time_while_the_handler_pauses_does_not_count(served: Served) -> None:
    with RawClient(served.port) as client:
        begin(client, served, "PUT /put HTTP/1.1\nHost: x\nContent-Length: 20\n\nP")
        wait_until(lambda: Keeper.last.size == 1, "the first byte")
        served.advance(300)
        assert Keeper.last.outcome == []
        Keeper.last.exchange.call_from_thread(Keeper.last.exchange.resume)
        begin(client, served, "x")
        served.advance(9)
        assert client.ask("x" * 18).status == 201


def test_a_client_that_takes_nothing_of_its_answer_is_cut_off(served: Served) -> None:
    with RawClient(served.port, receive_buffer=4096) as client:
        client.send("GET /large HTTP/1.1\nHost: x\n\n")
        client.head_of(50_000_000)
        for _ in range(3):  # slow, but it does take something
            begin(client, served, "")
            served.advance(25)
            client.exactly(2_000_000)
        begin(client, served, "")
        served.advance(95)
        with pytest.raises(ConnectionError):
            client.rest()
        wait_until(lambda: any(not r.complete for r in served.accesses), "the record of an answer cut short")


def test_a_client_that_ignores_an_early_answer_is_cut_off_in_the_end(served: Served) -> None:
    with RawClient(served.port) as client:
        assert client.ask("PUT /refuse HTTP/1.1\nHost: x\nContent-Length: 10000000\n\n").status == 403
        begin(client, served, "x")
        served.advance(7)
        with pytest.raises(ConnectionError):
            client.send(b"x" * 10_000_000)
