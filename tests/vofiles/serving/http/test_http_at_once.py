"""Control requests that are answered on the reactor, and those that are not after all."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from tests.support.rawclient import RawClient
from tests.support.serving import Served, running_site
from vofiles.serving.http import Control, Request, Response, Route, text


def at_once(request: Request) -> Response | None:
    if request.body == b"fail":
        raise OSError("no")
    if request.body.startswith(b"wait"):
        return None
    return text(200, f"at once, by {threading.current_thread().name}: {request.body.decode()}")


def by_and_by(request: Request) -> Response:
    return text(200, f"by and by, by {threading.current_thread().name}: {request.body.decode()}")


@pytest.fixture
def served() -> Iterator[Served]:
    control = Control(by_and_by, at_once=at_once)
    with running_site((Route("/", frozenset({"GET", "POST"}), control),)) as served:
        yield served


def post(body: str) -> str:
    return f"POST / HTTP/1.1\nHost: x\nContent-Length: {len(body)}\n\n{body}"


def test_what_can_be_is_answered_by_the_reactor_itself(served: Served) -> None:
    with RawClient(served.port) as client:
        for asked in (post("now"), "GET / HTTP/1.1\nHost: x\n\n"):
            answer = client.ask(asked).body
            assert answer.startswith(b"at once")
            assert b"control-" not in answer


def test_what_cannot_be_goes_to_the_pool(served: Served) -> None:
    with RawClient(served.port) as client:
        assert client.ask(post("wait")).body.startswith(b"by and by, by control-")
        assert client.ask(post("now")).body.startswith(b"at once")


def test_whatever_is_raised_is_answered_and_the_connection_goes_on(served: Served) -> None:
    with RawClient(served.port) as client:
        assert client.ask(post("fail")).status == 500
        assert client.ask(post("now")).status == 200


def test_many_that_were_sent_ahead_are_answered_in_their_order_and_leave_the_reactor_to_others(served: Served) -> None:
    bodies = [f"{'now' if number % 3 else 'wait'} {number}" for number in range(61)]
    with RawClient(served.port) as client:
        client.send("".join(map(post, bodies)))
        found = [client.reply().body.decode() for _ in bodies]
    assert [answer.rpartition(": ")[2].strip() for answer in found] == bodies
    assert all(answer.startswith("by and by") for answer in found[:-1])
    with RawClient(served.port) as client:
        assert client.ask(post("now 61")).body.startswith(b"at once")
