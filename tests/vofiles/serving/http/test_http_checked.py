"""Bodies that are looked at while they are sent, bodies that are opened by who sends them, answers given again."""

from __future__ import annotations

import os
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.certificate import make_pair
from tests.support.rawclient import Gone, RawClient
from tests.support.serving import Served, running_site, wait_until
from vofiles.serving.http import (
    Exchange,
    FileBody,
    LaterBody,
    Limits,
    Request,
    Response,
    Route,
    Stream,
    text,
)
from vofiles.serving.tls import server_tls

GONE = (Gone, ConnectionError, ssl.SSLError)
KiB = 1024
MiB = KiB * KiB
LARGE = os.urandom(MiB) * 3 + b"the end"


class Look:
    """Sees what goes out, and finds it right if it is what it should be."""

    def __init__(self, expected: bytes) -> None:
        self.expected = expected
        self.seen = b""
        self.broken = False
        self.threads: set[str] = set()

    def update(self, data: bytes | memoryview) -> None:
        self.threads.add(threading.current_thread().name)
        self.seen += data

    def require(self) -> None:
        if self.seen != self.expected:
            raise ValueError("that is something else")

    def unreadable(self, error: Exception) -> None:
        assert isinstance(error, OSError)
        self.broken = True


class Shop:
    """Serves files by name: what is announced is `length` bytes, what is expected `expected`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.looks: list[Look] = []
        self.closed = 0
        self.asked = 0
        self.good = True
        self.answer: Callable[[Request], Response] = lambda _request: text(200, "hello")

    def at_once(self, request: Request) -> Response:
        self.asked += 1
        return self.answer(request)

    def opening(self, content: bytes, expected: bytes, *, is_open: bool = False) -> LaterBody:
        path = self.folder / f"content-{self.asked}"
        path.write_bytes(content)

        def open_it() -> FileBody:
            descriptor = os.open(path, os.O_RDONLY)
            self.looks.append(Look(expected))

            def close() -> None:
                os.close(descriptor)
                self.closed += 1

            return FileBody(descriptor, 0, len(expected), close, self.looks[-1])

        if is_open:
            return LaterBody(len(expected), never_open, lambda error: text(404, str(error)), open_it)
        return LaterBody(len(expected), open_it, lambda error: text(404, str(error)))


def never_open() -> FileBody:
    raise AssertionError("it was open already")


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


def never(_exchange: Exchange) -> None:
    raise AssertionError("it was to be answered at once")


@pytest.fixture
def served(shop: Shop) -> Iterator[Served]:
    def by_and_by(exchange: Exchange) -> None:
        exchange.respond(shop.at_once(exchange.request))

    routes = [Route("/", frozenset({"GET"}), Stream(by_and_by, at_once=shop.at_once), prefix=True)]
    with running_site(routes) as served:
        yield served


@dataclass
class Way:
    """The same site in plain or over TLS."""

    served: Served
    tls: ssl.SSLContext | None

    def client(self) -> RawClient:
        return RawClient(self.served.port, tls=self.tls)


@pytest.fixture(params=["plain", "tls"])
def way(shop: Shop, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Way]:
    stream = Stream(never, at_once=shop.at_once)
    route = Route("/x", frozenset({"GET"}), stream)
    if request.param == "plain":
        with running_site([route]) as served:
            yield Way(served, None)
        return
    certificate, key = make_pair(tmp_path, "own")
    with running_site([route], tls=server_tls(certificate, key)) as served:
        yield Way(served, ssl.create_default_context(cafile=str(certificate)))


GET = "GET /x HTTP/1.1\nHost: x\n\n"


@pytest.mark.parametrize("content", [LARGE, LARGE[: 256 * KiB], LARGE[: 256 * KiB + 1], b"short"])
def test_all_is_seen_in_its_order_before_the_last_of_it_is_sent(way: Way, shop: Shop, content: bytes) -> None:
    shop.answer = lambda _request: Response(200, (), shop.opening(content, content))
    with way.client() as client:
        for _ in range(2):
            assert client.ask(GET).body == content
    assert [look.seen == content for look in shop.looks] == [True, True]
    wait_until(lambda: shop.closed == 2, "both closed")


@pytest.mark.parametrize("at", [0, len(LARGE) // 2, len(LARGE) - 1])
@pytest.mark.parametrize("version", ["1.1", "1.0"])
def test_what_is_not_right_never_comes_to_its_end(way: Way, shop: Shop, at: int, version: str) -> None:
    rotten = LARGE[:at] + bytes([LARGE[at] ^ 1]) + LARGE[at + 1 :]
    shop.answer = lambda _request: Response(200, (), shop.opening(rotten, LARGE))
    with way.client() as client:
        with pytest.raises(GONE):
            client.ask(f"GET /x HTTP/{version}\nHost: x\n\n")
    wait_until(lambda: way.served.accesses, "the record")
    assert not way.served.accesses[-1].complete
    wait_until(lambda: shop.closed == 1, "closed")


def test_what_ends_too_early_is_told(way: Way, shop: Shop) -> None:
    shop.answer = lambda _request: Response(200, (), shop.opening(LARGE[:-1], LARGE))
    with way.client() as client:
        with pytest.raises(GONE):
            client.ask(GET)
    assert shop.looks[0].broken


@pytest.mark.parametrize("content", [LARGE[:MiB], LARGE[: 256 * KiB + 1], b"short"])
def test_what_is_open_and_short_enough_is_sent_without_a_thread(way: Way, shop: Shop, content: bytes) -> None:
    shop.answer = lambda _request: Response(200, (), shop.opening(content, content, is_open=True))
    with way.client() as client:
        for _ in range(2):
            assert client.ask(GET).body == content
    assert [look.seen == content for look in shop.looks] == [True, True]
    assert shop.looks[0].threads == {"reactor"}
    wait_until(lambda: shop.closed == 2, "both closed")


def test_of_what_is_open_and_long_a_thread_sends_most(served: Served, shop: Shop) -> None:
    shop.answer = lambda _request: Response(200, (), shop.opening(LARGE, LARGE, is_open=True))
    with RawClient(served.port) as client:
        assert client.ask(GET).body == LARGE
    assert any(name.startswith("readers-") for name in shop.looks[0].threads)


@pytest.mark.parametrize("at", [0, MiB - 1])
def test_what_is_open_and_not_right_never_comes_to_its_end(way: Way, shop: Shop, at: int) -> None:
    right = LARGE[:MiB]
    rotten = right[:at] + bytes([right[at] ^ 1]) + right[at + 1 :]
    shop.answer = lambda _request: Response(200, (), shop.opening(rotten, right, is_open=True))
    with way.client() as client:
        with pytest.raises(GONE):
            client.ask(GET)
    wait_until(lambda: way.served.accesses, "the record")
    assert not way.served.accesses[-1].complete
    wait_until(lambda: shop.closed == 1, "closed")


def test_what_is_open_and_too_short_is_told(way: Way, shop: Shop) -> None:
    shop.answer = lambda _request: Response(200, (), shop.opening(LARGE[: MiB - 1], LARGE[:MiB], is_open=True))
    with way.client() as client:
        with pytest.raises(GONE):
            client.ask(GET)
    wait_until(lambda: shop.looks[0].broken, "it is told")


def test_of_what_is_open_a_client_gets_as_much_as_it_takes_and_at_last_all(served: Served, shop: Shop) -> None:
    content = LARGE[:MiB]
    shop.answer = lambda _request: Response(200, (), shop.opening(content, content, is_open=True))
    with RawClient(served.port, receive_buffer=4096) as slow, RawClient(served.port) as client:
        slow.send(GET)
        wait_until(lambda: shop.looks, "it is begun")
        assert client.ask(GET).body == content
        assert slow.reply().body == content
    assert [look.seen == content for look in shop.looks] == [True, True]
    wait_until(lambda: shop.closed == 2, "both closed")


def test_what_cannot_be_opened_is_answered_otherwise_and_the_connection_goes_on(way: Way, shop: Shop) -> None:
    def fail() -> bytes:
        raise LookupError("it is not there")

    shop.answer = lambda _request: Response(200, (), LaterBody(5, fail, lambda error: text(404, str(error))))
    with way.client() as client:
        reply = client.ask(GET)
        assert (reply.status, reply.body) == (404, b"it is not there\n")
        shop.answer = lambda _request: Response(200, (), LaterBody(5, lambda: b"there", lambda _: text(404, "")))
        assert client.ask(GET).body == b"there"
    wait_until(lambda: [record.status for record in way.served.accesses] == [404, 200], "both records")


def test_head_opens_nothing(way: Way, shop: Shop) -> None:
    shop.answer = lambda _request: Response(200, (), shop.opening(LARGE, LARGE))
    with way.client() as client:
        reply = client.ask("HEAD /x HTTP/1.1\nHost: x\n\n", head=True)
        assert (reply.status, reply.headers["content-length"]) == (200, str(len(LARGE)))
    assert not shop.looks


def test_clients_that_do_not_read_keep_no_thread(served: Served, shop: Shop) -> None:
    """There are two threads that read, and more who were given something and let it lie."""
    content = LARGE * 4
    shop.answer = lambda _request: Response(200, (), shop.opening(content, content))
    sleepers = [RawClient(served.port, receive_buffer=4096) for _ in range(6)]
    try:
        for sleeper in sleepers:
            sleeper.send(GET)
        wait_until(lambda: len(shop.looks) == len(sleepers), "all are being served")
        with RawClient(served.port) as client:
            assert client.ask(GET).body == content
        assert shop.closed < len(sleepers)
    finally:
        for sleeper in sleepers:
            sleeper.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            sleeper.close()
    wait_until(lambda: shop.closed == len(sleepers) + 1, "all closed")


def test_who_says_that_he_will_send_no_more_gets_all_of_it(served: Served, shop: Shop) -> None:
    shop.answer = lambda _request: Response(200, (), shop.opening(LARGE, LARGE))
    with RawClient(served.port) as client:
        client.send(GET)
        client.socket.shutdown(socket.SHUT_WR)
        assert client.reply().body == LARGE
        assert client.is_closed()


# --- answers that are given again ---


def again(shop: Shop, body: bytes = b"a body") -> Callable[[Request], Response]:
    return lambda _request: Response(200, (("X-Made", str(shop.asked)),), body, again=lambda: shop.good)


def test_an_answer_is_given_again_while_it_holds_and_each_is_counted(served: Served, shop: Shop) -> None:
    shop.answer = again(shop)
    with RawClient(served.port) as one, RawClient(served.port) as other:
        replies = [client.ask(GET) for client in (one, one, other)]
        assert [(reply.body, reply.headers["x-made"]) for reply in replies] == [(b"a body", "1")] * 3
        assert len({reply.headers["x-request-id"] for reply in replies}) == 3
        shop.good = False
        assert one.ask(GET).headers["x-made"] == "2"
    wait_until(lambda: len(served.accesses) == 4, "four records")
    assert {(record.path, record.status, record.size) for record in served.accesses} == {("/x", 200, 6)}


def test_of_an_answer_with_a_file_the_head_is_given_again_where_the_file_is_open(way: Way, shop: Shop) -> None:
    content, made = LARGE[:MiB], shop.opening(LARGE[:MiB], LARGE[:MiB], is_open=True)
    opened = True

    def find() -> FileBody | None:
        return made.find() if opened else None

    def open_it() -> FileBody:
        found = made.find()
        assert found is not None
        return found

    body = LaterBody(MiB, open_it, made.refuse, find)
    shop.answer = lambda _request: Response(200, (("X-Made", str(shop.asked)),), body, again=lambda: shop.good)
    with way.client() as client:
        for number, expected in enumerate(("1", "1", "1", "2", "2", "3")):
            if expected == "2":
                opened = not opened
            shop.good = expected != "3"
            reply = client.ask(GET)
            assert (reply.body == content, reply.headers["x-made"]) == (True, expected)
            # Until then the server is not ready for the next request, and reads it as any other.
            wait_until(lambda: len(way.served.accesses) == number + 1, "it is over")  # noqa: B023 - it waits here
        head = GET.replace("GET", "HEAD")
        assert [client.ask(head, head=True).headers["x-made"] for _ in range(2)] == ["4", "5"]
    assert all(look.seen == content for look in shop.looks)
    wait_until(lambda: shop.closed == len(shop.looks) == 6, "all closed")
    wait_until(lambda: len(way.served.accesses) == 8, "all in the log")
    assert {(record.size, record.complete) for record in way.served.accesses} == {(MiB, True), (0, True)}


@pytest.mark.parametrize(
    "other",
    [
        "GET /y HTTP/1.1\nHost: x\n\n",
        "HEAD /x HTTP/1.1\nHost: x\n\n",
        "GET /x HTTP/1.1\nHost: x\nRange: bytes=0-0\n\n",
        "GET /x HTTP/1.1\nHost: x\nConnection: close\n\n",
        "GET /x HTTP/1.0\nHost: x\n\n",
        "GET /x HTTP/1.1\nHost: x\nX-Request-Id: 0123456789\n\n",
    ],
)
def test_another_request_is_another_one(served: Served, shop: Shop, other: str) -> None:
    shop.answer = again(shop)
    head = other.startswith("HEAD")
    with RawClient(served.port) as client:
        assert client.ask(GET).headers["x-made"] == "1"
        assert client.ask(other, head=head).headers["x-made"] == "2"
    with RawClient(served.port) as client:
        assert client.ask(GET).headers["x-made"] == "1"


def test_requests_that_were_sent_ahead_are_answered_in_order_and_in_pieces(served: Served, shop: Shop) -> None:
    shop.answer = lambda request: Response(200, (), request.path.encode(), again=lambda: True)
    with RawClient(served.port) as client:
        first, second = GET, GET.replace("/x", "/y")
        assert client.ask(first).body + client.ask(second).body == b"/x/y"
        client.send(first + second + first)
        assert [client.reply().body for _ in range(3)] == [b"/x", b"/y", b"/x"]
        for character in first.replace("\n", "\r\n"):
            client.send(character.encode())
        assert client.reply().body == b"/x"


def test_an_answer_that_the_socket_does_not_take_at_once_is_sent_to_its_end(served: Served, shop: Shop) -> None:
    body = os.urandom(900 * KiB)
    shop.answer = again(shop, body)
    with RawClient(served.port, receive_buffer=16 * KiB) as client:
        for _ in range(3):
            assert client.ask(GET).body == body
    assert shop.asked == 1
    wait_until(lambda: len(served.accesses) == 3, "three records")
    assert {(record.size, record.complete) for record in served.accesses} == {(len(body), True)}


def test_what_is_kept_is_bounded(served: Served, shop: Shop) -> None:
    body = os.urandom(MiB)
    shop.answer = lambda _request: Response(200, (), body, again=lambda: True)
    with RawClient(served.port) as client:
        for number in range(40):
            assert len(client.ask(GET.replace("/x", f"/{number}")).body) == MiB
        assert len(client.ask(GET.replace("/x", "/0")).body) == MiB
    assert shop.asked == 41


def test_a_server_that_stops_begins_nothing_more(shop: Shop) -> None:
    shop.answer = again(shop)
    stream = Stream(never, at_once=shop.at_once)
    with running_site([Route("/x", frozenset({"GET"}), stream)], limits=Limits()) as served:
        with RawClient(served.port) as client:
            assert client.ask(GET).body == b"a body"
            served.stop()
            with pytest.raises((Gone, ConnectionError)):
                client.ask(GET)
