"""How many connections there may be, and how they end."""

from __future__ import annotations

import socket
import threading

import pytest

from tests.support.rawclient import RawClient
from tests.support.serving import await_reactor, running_site, wait_until
from vofiles.serving.http import Abort, Control, Exchange, Limits, Request, Response, Route, Stream, text

HELLO = Route("/", frozenset({"GET"}), Control(lambda _: text(200, "hello")))
ASK = "GET / HTTP/1.1\nHost: x\n\n"


@pytest.mark.parametrize("limits", [Limits(connections=3), Limits(connections_per_address=3)])
def test_there_are_no_more_connections_than_may_be(limits: Limits) -> None:
    with running_site([HELLO], limits=limits) as served:
        clients = [RawClient(served.port) for _ in range(3)]
        assert [client.ask(ASK).status for client in clients] == [200, 200, 200]
        with RawClient(served.port) as fourth:
            reply = fourth.reply()
            assert (reply.status, reply.headers["connection"]) == (503, "close")
            assert fourth.is_closed()
        clients.pop().close()

        def is_admitted() -> bool:
            with RawClient(served.port) as again:
                try:
                    return again.ask(ASK).status == 200
                except ConnectionError:
                    return False

        wait_until(is_admitted, "a place freed by leaving")
        for client in clients:
            client.close()


def test_stopping_accepts_no_more_and_closes_the_idle() -> None:
    with running_site([HELLO]) as served, RawClient(served.port) as idle:
        idle.ask(ASK)
        served.stop()
        assert idle.is_closed()
        with pytest.raises(ConnectionRefusedError):
            RawClient(served.port)


def test_stopping_finishes_what_is_running() -> None:
    running, release = threading.Event(), threading.Event()

    def slow(_request: Request) -> Response:
        running.set()
        release.wait(30)
        return text(200, "done")

    with running_site([Route("/", frozenset({"GET"}), Control(slow))]) as served, RawClient(served.port) as client:
        client.send(ASK)
        assert running.wait(30)
        stopper = threading.Thread(target=served.stop, args=(30.0,))
        stopper.start()
        wait_until(lambda: not _accepts(served.port), "listening has ended")
        assert stopper.is_alive()
        release.set()
        reply = client.reply()
        assert (reply.body, reply.headers["connection"]) == (b"done\n", "close")
        assert client.is_closed()
        stopper.join(30)


def _accepts(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port)).close()
    except ConnectionError:
        return False
    return True


def test_stopping_cuts_what_outlasts_the_grace() -> None:
    outcomes: list[Abort] = []

    class Endless:
        def data(self, chunk: bytes) -> None:
            got.set()

        def end(self) -> None: ...

        def aborted(self, reason: Abort) -> None:
            outcomes.append(reason)

    def start(exchange: Exchange) -> None:
        exchange.accept(Endless())

    got = threading.Event()
    route = Route("/", frozenset({"PUT"}), Stream(start))
    with running_site([route], clock="frozen") as served, RawClient(served.port) as client:
        client.send("PUT / HTTP/1.1\nHost: x\nContent-Length: 10\n\nx")
        assert got.wait(30)
        stopper = threading.Thread(target=lambda: await_reactor(lambda: served.listening.stop(10.0)))
        stopper.start()
        wait_until(lambda: not _accepts(served.port), "listening has ended")
        assert outcomes == []
        served.advance(11)
        stopper.join(30)
        assert not stopper.is_alive()
        assert outcomes == [Abort.STOPPING]
        with pytest.raises(ConnectionError):
            client.rest()
