"""Bodies that are handled while they arrive: whole or told to be broken, never faster than the consumer, answerable
early.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.support.rawclient import RawClient
from tests.support.serving import Served, on_reactor, running_site, wait_until
from vofiles.serving.http import Abort, Exchange, Limits, Response, Route, Stream, text

MiB = 1024 * 1024


class Recorder:
    """A consumer that keeps what it is told, and answers at the end."""

    def __init__(self, exchange: Exchange, *, hold: bool = False) -> None:
        self.exchange = exchange
        self.hold = hold
        self.chunks: list[bytes] = []
        self.outcome: list[object] = []
        self.closed = threading.Event()
        exchange.on_closed(self.closed.set)

    def data(self, chunk: bytes) -> None:
        assert chunk
        self.chunks.append(chunk)
        if self.hold:
            self.exchange.pause()

    def end(self) -> None:
        self.outcome.append("end")
        self.exchange.respond(text(201, str(self.size)))

    def aborted(self, reason: Abort) -> None:
        self.outcome.append(reason)

    @property
    def size(self) -> int:
        return sum(map(len, self.chunks))


@contextmanager
def uploading(
    start: Callable[[Exchange, list[Recorder]], None], *, body_limit: int | None = None, limits: Limits | None = None
) -> Iterator[tuple[Served, list[Recorder]]]:
    recorders: list[Recorder] = []
    route = Route("/", frozenset({"PUT"}), Stream(lambda e: start(e, recorders), body_limit), prefix=True)
    with running_site([route], limits=limits) as served:
        yield served, recorders


def record(exchange: Exchange, recorders: list[Recorder]) -> None:
    recorder = Recorder(exchange)
    recorders.append(recorder)
    exchange.accept(recorder)


def put(length: int | None, *headers: str) -> str:
    framing = "Transfer-Encoding: chunked" if length is None else f"Content-Length: {length}"
    return "\n".join(["PUT /x HTTP/1.1", "Host: x", framing, *headers, "", ""])


def test_a_body_of_known_length_arrives_whole() -> None:
    body = bytes(range(256)) * 20_000
    with uploading(record) as (served, recorders), RawClient(served.port) as client:
        client.send(put(len(body)))
        client.send(body)
        assert client.reply().body == f"{len(body)}\n".encode()
        assert b"".join(recorders[0].chunks) == body
        assert recorders[0].outcome == ["end"]
        assert recorders[0].exchange.content_length == len(body)
        assert client.ask(put(1) + "x").status == 201  # the connection goes on


def test_a_chunked_body_arrives_whole() -> None:
    body = bytes(range(256)) * 2_000
    with uploading(record) as (served, recorders), RawClient(served.port) as client:
        client.send(put(None))
        for at in range(0, len(body), 7_777):
            piece = body[at : at + 7_777]
            client.send(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
        client.send(b"0\r\n\r\n")
        assert client.reply().body == f"{len(body)}\n".encode()
        assert b"".join(recorders[0].chunks) == body
        assert recorders[0].exchange.content_length is None


@pytest.mark.parametrize("framing", ["Content-Length: 0", "X: y"])
def test_an_empty_body_ends_at_once(framing: str) -> None:
    with uploading(record) as (served, recorders), RawClient(served.port) as client:
        assert client.ask(f"PUT /x HTTP/1.1\nHost: x\n{framing}\n\n").status == 201
        assert recorders[0].outcome == ["end"]
        assert recorders[0].exchange.content_length == 0


def test_the_consumer_is_not_called_before_accept_returns() -> None:
    order: list[str] = []

    def start(exchange: Exchange, recorders: list[Recorder]) -> None:
        record(exchange, recorders)
        order.append("accepted")
        assert recorders[-1].chunks == []
        assert recorders[-1].outcome == []

    with uploading(start) as (served, _), RawClient(served.port) as client:
        assert client.ask(put(5) + "hello").status == 201
        assert client.ask(put(0)).status == 201
    assert order == ["accepted", "accepted"]


@pytest.mark.parametrize("begin", [put(10) + "12345", put(None) + "5\n12345\n", put(None) + "5\n123"])
@pytest.mark.parametrize("how", ["close", "half-close", "reset"])
def test_a_lost_connection_is_told_from_a_complete_body(begin: str, how: str) -> None:
    with uploading(record) as (served, recorders), RawClient(served.port) as client:
        client.send(begin)
        wait_until(lambda: recorders and recorders[0].size, "the first bytes")
        if how == "half-close":
            client.socket.shutdown(socket.SHUT_WR)
        else:
            if how == "reset":
                client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            client.close()
        wait_until(lambda: recorders[0].outcome, "the abort")
        assert recorders[0].outcome == [Abort.LOST]
        assert recorders[0].closed.wait(30)
        wait_until(lambda: served.accesses, "the record")
        assert (served.accesses[0].status, served.accesses[0].complete) == (0, False)


def test_broken_framing_is_told_from_a_complete_body() -> None:
    with uploading(record) as (served, recorders), RawClient(served.port) as client:
        reply = client.ask(put(None) + "5\nhello\nnonsense\n")
        assert reply.status == 400
        assert client.is_closed()
        assert recorders[0].outcome == [Abort.FRAMING]


def test_a_body_over_the_limit_is_told_and_refused() -> None:
    with uploading(record, body_limit=10) as (served, recorders):
        with RawClient(served.port) as client:
            assert client.ask(put(11)).status == 413
        assert recorders == []  # refused from the head alone
        with RawClient(served.port) as client:
            assert client.ask(put(None) + "5\n12345\n6\n123456\n").status == 413
        assert recorders[0].outcome == [Abort.TOO_LARGE]


def test_a_consumer_that_fails_is_a_500() -> None:
    def start(exchange: Exchange, _recorders: list[Recorder]) -> None:
        class Failing(Recorder):
            def data(self, chunk: bytes) -> None:
                raise OSError("the disk is full of eels")

        exchange.accept(Failing(exchange))

    with uploading(start) as (served, _), RawClient(served.port) as client:
        reply = client.ask(put(5) + "hello")
        assert reply.status == 500
        assert b"eels" not in reply.body


def test_a_paused_consumer_blocks_its_sender() -> None:
    """The engine holds one read at most: the rest stays with the kernel, and finally with the sender."""

    def start(exchange: Exchange, recorders: list[Recorder]) -> None:
        recorders.append(Recorder(exchange, hold=True))
        exchange.accept(recorders[-1])

    body = b"x" * (64 * MiB)
    with uploading(start) as (served, recorders), RawClient(served.port) as client:
        client.send(put(len(body)))
        client.socket.settimeout(None)
        client.socket.setblocking(False)
        sent = 0
        full = 0
        while full < 20:  # the kernel's buffers grow for a moment
            try:
                sent += client.socket.send(body[sent : sent + MiB])
                full = 0
            except BlockingIOError:
                full += 1
                threading.Event().wait(0.01)
        assert sent < 32 * MiB
        assert len(recorders[0].chunks) == 1
        assert recorders[0].size <= 256 * 1024
        client.socket.settimeout(30)
        recorders[0].hold = False
        on_reactor(recorders[0].exchange.resume)
        client.send(body[sent:])
        assert client.reply().body == f"{len(body)}\n".encode()


def test_a_consumer_may_pause_and_resume_at_every_chunk() -> None:
    class Hesitant(Recorder):
        def data(self, chunk: bytes) -> None:
            super().data(chunk)
            self.exchange.pause()
            threading.Thread(target=lambda: self.exchange.call_from_thread(self.exchange.resume)).start()

    def start(exchange: Exchange, recorders: list[Recorder]) -> None:
        recorders.append(Hesitant(exchange))
        exchange.accept(recorders[-1])

    body = bytes(range(256)) * 8_000
    with uploading(start) as (served, recorders), RawClient(served.port) as client:
        client.send(put(len(body)).replace("\n", "\r\n").encode() + body)
        assert client.reply().status == 201
        assert b"".join(recorders[0].chunks) == body


# 100-continue


def test_continue_is_said_when_the_body_is_accepted() -> None:
    with uploading(record) as (served, _), RawClient(served.port) as client:
        client.send(put(5, "Expect: 100-continue"))
        assert client.reply().status == 100
        assert client.ask("hello").status == 201
        assert client.ask(put(1) + "x").status == 201


def test_continue_is_not_said_to_http_1_0() -> None:
    with uploading(record) as (served, _), RawClient(served.port) as client:
        ask = put(5, "Expect: 100-continue").replace("HTTP/1.1", "HTTP/1.0")
        assert client.ask(ask + "hello").status == 201


def refuse(exchange: Exchange, _recorders: list[Recorder]) -> None:
    exchange.respond(text(403, "no"))


def test_a_final_status_is_said_instead_of_continue() -> None:
    with uploading(refuse) as (served, _), RawClient(served.port) as client:
        reply = client.ask(put(1_000_000, "Expect: 100-continue"))
        assert (reply.status, reply.headers["connection"]) == (403, "close")
        assert client.is_closed()


# Early answers


def test_an_early_answer_reaches_a_client_that_is_still_sending() -> None:
    with uploading(refuse) as (served, _), RawClient(served.port) as client:
        client.send(put(40 * MiB))
        for _ in range(40):
            client.send(b"x" * MiB)  # reads nothing before all is sent, as many clients do
        reply = client.reply()
        assert (reply.status, reply.headers["connection"]) == (403, "close")
        assert client.is_closed()


def test_a_short_rest_is_read_and_the_connection_kept() -> None:
    with uploading(refuse) as (served, _), RawClient(served.port) as client:
        for _ in range(3):
            client.send(put(200_000).replace("\n", "\r\n").encode())
            reply = client.reply()
            assert reply.status == 403
            assert "connection" not in reply.headers
            client.send(b"x" * 200_000)


def test_what_is_dropped_is_bounded() -> None:
    with uploading(refuse, limits=Limits(linger_bytes=MiB)) as (served, _), RawClient(served.port) as client:
        client.send(put(10_000 * MiB))
        with pytest.raises(ConnectionError):
            client.send(b"x" * (200 * MiB))


def test_an_early_answer_in_the_middle_of_a_body() -> None:
    class Picky(Recorder):
        def data(self, chunk: bytes) -> None:
            super().data(chunk)
            self.exchange.respond(text(415, "not this"))

    def start(exchange: Exchange, recorders: list[Recorder]) -> None:
        recorders.append(Picky(exchange))
        exchange.accept(recorders[-1])

    with uploading(start) as (served, recorders), RawClient(served.port) as client:
        client.send(put(None) + "5\nhello\n")
        assert client.reply().status == 415
        client.send("5\nagain\n0\n\n")
        assert client.is_closed()
        assert (recorders[0].chunks, recorders[0].outcome) == ([b"hello"], [])


# Answers


def test_an_answer_from_a_thread() -> None:
    def start(exchange: Exchange, _recorders: list[Recorder]) -> None:
        threading.Thread(target=lambda: exchange.respond_from_thread(text(200, "from afar"))).start()

    with uploading(start) as (served, _), RawClient(served.port) as client:
        assert client.ask(put(0)).body == b"from afar\n"


def test_an_exchange_is_answered_once_and_accepted_once() -> None:
    errors: list[str] = []

    def start(exchange: Exchange, recorders: list[Recorder]) -> None:
        record(exchange, recorders)
        try:
            exchange.accept(recorders[0])
        except RuntimeError as error:
            errors.append(str(error))
        exchange.respond(Response(200))
        try:
            exchange.respond(Response(200))
        except RuntimeError as error:
            errors.append(str(error))

    with uploading(start) as (served, _), RawClient(served.port) as client:
        assert client.ask(put(0)).status == 200
    assert errors == ["a body is accepted once, before answering", "an exchange is answered once"]


def test_a_client_that_leaves_is_told_of_once_and_an_answer_to_it_is_dropped() -> None:
    def start(exchange: Exchange, recorders: list[Recorder]) -> None:
        recorders.append(Recorder(exchange))

    with uploading(start) as (served, recorders):
        client = RawClient(served.port)
        client.send(put(0))
        wait_until(lambda: recorders, "the exchange")
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        client.close()
        assert recorders[0].closed.wait(30)
        on_reactor(lambda: recorders[0].exchange.respond(text(200, "nobody hears it")))
        calls: list[int] = []
        on_reactor(lambda: recorders[0].exchange.on_closed(lambda: calls.append(1)))
        assert calls == [1]
