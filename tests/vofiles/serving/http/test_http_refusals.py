"""What no server should let pass: the corpus of requests that two readers could understand differently, and of sizes.

Each is answered with its status and the connection closed, and what was smuggled behind it is never served.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.rawclient import RawClient
from tests.support.serving import Served, running_site
from tests.support.smuggling import BEHIND, CORPUS
from vofiles.serving.http import Control, Limits, Request, Response, Route, text

SMUGGLED: list[str] = []


def serve_any(request: Request) -> Response:
    SMUGGLED.append(request.target)
    return text(200, request.host)


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    routes = [Route("/", frozenset({"GET", "POST", "OPTIONS"}), Control(serve_any), prefix=True)]
    with running_site(routes, limits=Limits()) as served:
        yield served


@pytest.mark.parametrize("name", CORPUS)
def test_it_is_refused_and_the_connection_closed(served: Served, name: str) -> None:
    status, request = CORPUS[name]
    SMUGGLED.clear()
    with RawClient(served.port) as client:
        client.send(request + BEHIND)
        reply = client.reply()
        assert reply.status == status
        assert reply.headers["connection"] == "close"
        assert reply.headers["x-request-id"]
        assert client.is_closed()
    assert SMUGGLED == []
    with RawClient(served.port) as client:
        assert client.ask(BEHIND).status == 200  # the server is none the worse for it


FINE: dict[str, bytes] = {
    "host with a port": b"GET / HTTP/1.1\r\nHost: x:80\r\n\r\n",
    "IPv6 host": b"GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n",
    "no host in 1.0": b"GET / HTTP/1.0\r\n\r\n",
    "header of the longest": b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 8189 + b"\r\n\r\n",
    "as many headers as may be": b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X: a\r\n" * 99 + b"\r\n",
    "capitals": b"POST / HTTP/1.1\r\nHOST: x\r\nTRANSFER-ENCODING: Chunked\r\n\r\n0\r\n\r\n",
    "extension and trailer": (
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1;a=b\r\nx\r\n0\r\nX: y\r\n\r\n"
    ),
    "zero length": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
    "options of all": b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
    "Latin-1 in a value": b"GET / HTTP/1.1\r\nHost: x\r\nX: \xe9\r\n\r\n",
}


@pytest.mark.parametrize("name", FINE)
def test_it_is_served(served: Served, name: str) -> None:
    with RawClient(served.port) as client:
        assert client.ask(FINE[name]).status in (200, 204)


def test_a_refused_head_has_no_body_in_its_answer(served: Served) -> None:
    with RawClient(served.port) as client:
        client.send("HEAD / HTTP/1.1\n\n")
        assert client.reply(head=True).status == 400
        assert client.is_closed()
