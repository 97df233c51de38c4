"""Bodies that a thread reads from the socket itself: whole or known to be broken, wherever they break off, and the
reactor goes on where the thread stopped.
"""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.certificate import make_pair
from tests.support.rawclient import RawClient
from tests.support.serving import Served, await_reactor, running_site, wait_until
from vofiles.serving.http import Abort, Exchange, Limits, Loan, Pool, Route, Stream, text
from vofiles.serving.tls import ServerTls, server_tls

LUMP = 64 * 1024
ROOM = 256 * 1024


class Borrower:
    """A consumer that borrows as soon as something comes, and has a thread read until the loan is dry."""

    def __init__(self, exchange: Exchange, pool: Pool) -> None:
        self.exchange, self.pool = exchange, pool
        self.taken = bytearray()
        self.loans = 0
        self.lent: Loan | None = None
        self.outcome: list[object] = []
        self.ready = threading.Event()
        """Whether a thread may begin to read."""
        self.ready.set()
        self.reading = threading.Event()
        self.idle = threading.Event()
        """Whether all that was delivered has been dealt with, and nothing is lent."""
        exchange.accept(self)

    def data(self, chunk: bytes) -> None:
        assert self.lent is None, "delivered while lent"
        self.idle.clear()
        self.taken += chunk
        self.lent = self.exchange.lend()
        if self.lent is None:
            self.idle.set()
            return
        self.loans += 1
        assert self.pool.submit(self._read)

    def _read(self) -> None:
        loan = self.lent
        assert loan is not None
        self.reading.set()
        assert self.ready.wait(30)
        room = memoryview(bytearray(ROOM))
        while loan.left and not loan.dry:
            self.taken += room[: loan.fill(room)]
        self.exchange.call_from_thread(self._give_back)

    def _give_back(self) -> None:
        loan, self.lent = self.lent, None
        assert loan is not None
        self.exchange.take_back(loan)
        self.idle.set()

    def end(self) -> None:
        assert self.lent is None, "ended while lent"
        self.outcome.append("end")
        self.exchange.respond(text(201, str(len(self.taken))))

    def aborted(self, reason: Abort) -> None:
        self.outcome.append(reason)


Started = list[Borrower]


@contextmanager
def lending(
    *, tls: ServerTls | None = None, clock: str = "real", limits: Limits | None = None, held: bool = False
) -> Iterator[tuple[Served, Started]]:
    """A site whose bodies are read by four threads; `held`: once a test says so."""
    pool, borrowers = Pool("borrowers", 4), Started()

    def start(exchange: Exchange) -> None:
        borrower = Borrower(exchange, pool)
        if held:
            borrower.ready.clear()
        borrowers.append(borrower)

    route = Route("/", frozenset({"PUT"}), Stream(start), prefix=True)
    with running_site([route], tls=tls, clock=clock, limits=limits) as served:
        yield served, borrowers
    for borrower in borrowers:
        borrower.ready.set()
    pool.stop()


def put(length: int | None, *headers: str) -> str:
    framing = "Transfer-Encoding: chunked" if length is None else f"Content-Length: {length}"
    return "\n".join(["PUT /x HTTP/1.1", "Host: x", framing, *headers, "", ""])


def await_dry(borrowers: Started, length: int) -> None:
    """Return when so much of the first body was taken, and nothing is lent."""
    wait_until(lambda: borrowers and borrowers[0].idle.is_set() and len(borrowers[0].taken) == length, "a dry loan")


def content(length: int) -> bytes:
    return (bytes(range(251)) * (length // 251 + 1))[:length]


@pytest.mark.parametrize("length", [1, LUMP, LUMP + 1, 5_000_003])
def test_a_body_arrives_whole_and_the_connection_goes_on(length: int) -> None:
    body = content(length)
    with lending() as (served, borrowers), RawClient(served.port) as client:
        for _ in range(2):
            client.send(put(length))
            client.send(body)
            assert client.reply().body == f"{length}\n".encode()
        assert [borrower.taken for borrower in borrowers] == [body, body]
        assert [borrower.outcome for borrower in borrowers] == [["end"], ["end"]]
        assert served.accesses[0].received == length


def test_what_is_sent_behind_the_body_is_the_next_request() -> None:
    body = content(3_000_001)
    with lending() as (served, borrowers), RawClient(served.port) as client:
        request = put(len(body)).replace("\n", "\r\n").encode() + body
        client.send(request + request + put(3).replace("\n", "\r\n").encode() + b"end")
        assert [client.reply().body for _ in range(3)] == [b"3000001\n", b"3000001\n", b"3\n"]
        assert [bytes(borrower.taken) for borrower in borrowers] == [body, body, b"end"]
        assert borrowers[0].loans


def test_continue_is_said_before_the_loan() -> None:
    body = content(1_000_000)
    with lending() as (served, borrowers), RawClient(served.port) as client:
        assert client.ask(put(len(body), "Expect: 100-continue")).status == 100
        client.send(body)
        assert client.reply().status == 201
        assert borrowers[0].taken == body


def test_between_two_turns_the_reactor_waits_for_the_client() -> None:
    """Loans end dry, threads are free, and the body goes on with whatever comes."""
    body = content(10 * LUMP)
    with lending() as (served, borrowers), RawClient(served.port) as client:
        client.send(put(len(body)))
        for at in range(0, len(body), LUMP):
            client.send(body[at : at + LUMP])
            await_dry(borrowers, at + LUMP)
        assert client.reply().status == 201
        assert borrowers[0].taken == body
        assert borrowers[0].loans >= 9


def leave(client: RawClient, how: str) -> None:
    if how == "half-close":
        client.socket.shutdown(socket.SHUT_WR)
        return
    if how == "reset":
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    client.close()


@pytest.mark.parametrize("how", ["close", "half-close", "reset"])
@pytest.mark.parametrize("held", [True, False], ids=["within a turn", "between turns"])
def test_a_body_that_breaks_off_is_told_from_a_complete_one(how: str, held: bool) -> None:
    with lending(held=held) as (served, borrowers), RawClient(served.port) as client:
        client.send(put(10 * LUMP))
        client.send(content(3 * LUMP))
        wait_until(lambda: borrowers and (borrowers[0].loans if held else borrowers[0].taken), "the loan")
        if not held:
            await_dry(borrowers, 3 * LUMP)
        leave(client, how)
        borrowers[0].ready.set()
        wait_until(lambda: borrowers[0].outcome, "the abort")
        wait_until(lambda: served.listening.connections == 0, "the connection's end")
        assert borrowers[0].outcome == [Abort.LOST]
        assert borrowers[0].lent is None
        assert (served.accesses[0].status, served.accesses[0].complete) == (0, False)


def test_a_server_that_stops_ends_a_loan() -> None:
    with lending(held=True) as (served, borrowers), RawClient(served.port) as client:
        client.send(put(10 * LUMP))
        client.send(content(3 * LUMP))
        wait_until(lambda: borrowers and borrowers[0].reading.is_set(), "the loan")
        await_reactor(lambda: served.listening.stop(0.0))
        assert borrowers[0].outcome == [Abort.STOPPING]
        loan = borrowers[0].lent
        assert loan is not None
        assert loan.dry
        borrowers[0].ready.set()
        wait_until(lambda: borrowers[0].lent is None, "the end of the turn")
        assert len(borrowers[0].taken) <= 3 * LUMP


def test_the_time_of_a_loan_is_not_the_clients() -> None:
    limits = Limits(body_window=10, body_rate=1024)
    with lending(held=True, clock="frozen", limits=limits) as (served, borrowers), RawClient(served.port) as client:
        client.send(put(LUMP + 5))
        client.send(content(LUMP))
        wait_until(lambda: borrowers and borrowers[0].reading.is_set(), "the loan")
        served.advance(100)
        borrowers[0].ready.set()
        client.send(b"12345")
        assert client.reply().status == 201


def test_after_a_loan_the_client_has_to_send_again() -> None:
    limits = Limits(body_window=10, body_rate=1024)
    with lending(clock="frozen", limits=limits) as (served, borrowers), RawClient(served.port) as client:
        client.send(put(10 * LUMP))
        client.send(content(LUMP))
        await_dry(borrowers, LUMP)
        for _ in range(4):
            served.advance(10)
        assert client.reply().status == 408
        assert borrowers[0].outcome == [Abort.SLOW]


def test_only_a_plain_body_of_known_length_is_lent(tmp_path: Path) -> None:
    body = content(200_000)
    with lending() as (served, borrowers), RawClient(served.port) as client:
        client.send(put(None))
        client.send(f"{len(body):x}\r\n".encode() + body + b"\r\n0\r\n\r\n")
        assert client.reply().status == 201
        assert (bytes(borrowers[0].taken), borrowers[0].loans) == (body, 0)
    pair = make_pair(tmp_path, "store")
    trusting = ssl.create_default_context(cafile=pair[0])
    with lending(tls=server_tls(*pair)) as (served, borrowers), RawClient(served.port, tls=trusting) as client:
        client.send(put(len(body)))
        client.send(body)
        assert client.reply().status == 201
        assert (bytes(borrowers[0].taken), borrowers[0].loans) == (body, 0)


def test_an_answer_after_a_loan_reaches_who_is_still_sending() -> None:
    class Picky(Borrower):
        def _give_back(self) -> None:
            super()._give_back()
            self.exchange.respond(text(415, "not this"))

    pool = Pool("borrowers", 1)
    route = Route("/", frozenset({"PUT"}), Stream(lambda exchange: _keep(Picky(exchange, pool))), prefix=True)
    with running_site([route]) as served, RawClient(served.port) as client:
        client.send(put(1_000 * LUMP))
        client.send(content(LUMP))
        reply = client.reply()
        assert (reply.status, reply.headers["connection"]) == (415, "close")
        client.send(content(20 * LUMP))
        assert client.is_closed()
    pool.stop()


def _keep(_borrower: Borrower) -> None:
    """The engine holds it."""


def test_many_at_once() -> None:
    body = content(700_001)
    with lending() as (served, borrowers):
        failed: list[object] = []

        def send() -> None:
            with RawClient(served.port) as client:
                client.send(put(len(body)))
                client.send(body)
                if client.reply().body != f"{len(body)}\n".encode():
                    failed.append(client)

        each(40, send)
        assert not failed
        assert all(borrower.taken == body for borrower in borrowers)


def each(count: int, work: Callable[[], None]) -> None:
    """Do it in so many threads at once."""
    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
