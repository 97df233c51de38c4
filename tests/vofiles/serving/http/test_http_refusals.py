"""What no server should let pass: the corpus of requests that two readers could understand differently, and of sizes.

Each is answered with its status and the connection closed, and what was smuggled behind it is never served.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.rawclient import RawClient
from tests.support.serving import Served, running_site
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


BEHIND = b"GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"

CORPUS: dict[str, tuple[int, bytes]] = {
    "no host": (400, b"GET / HTTP/1.1\r\n\r\n"),
    "empty host": (400, b"GET / HTTP/1.1\r\nHost:\r\n\r\n"),
    "two hosts": (400, b"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n"),
    "two equal hosts": (400, b"GET / HTTP/1.1\r\nHost: x\r\nhost: x\r\n\r\n"),
    "two hosts in 1.0": (400, b"GET / HTTP/1.0\r\nHost: x\r\nHost: y\r\n\r\n"),
    "host with a path": (400, b"GET / HTTP/1.1\r\nHost: x/y\r\n\r\n"),
    "host with a user": (400, b"GET / HTTP/1.1\r\nHost: a@b\r\n\r\n"),
    "hosts in a list": (400, b"GET / HTTP/1.1\r\nHost: a, b\r\n\r\n"),
    "length and chunks": (
        400,
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ),
    "chunks and length": (
        400,
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
    ),
    "two lengths": (400, b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\na"),
    "two equal lengths": (400, b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na"),
    "lengths in a list": (400, b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1, 1\r\n\r\na"),
    "negative length": (400, b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n"),
    "signed length": (400, b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: +1\r\n\r\na"),
    "hexadecimal length": (400, b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0x1\r\n\r\na"),
    "length with a gap": (400, b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1 1\r\n\r\na"),
    "empty length": (400, b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length:\r\n\r\n"),
    "length beyond 64 bits": (400, b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999999\r\n\r\n"),
    "length beyond any disk": (413, b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9999999999999999999\r\n\r\n"),
    "two codings": (501, b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
    "chunked not last": (400, b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n"),
    "unknown coding": (400, b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"),
    "identity": (400, b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: identity\r\n\r\n"),
    "coding twice": (
        400,
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ),
    "coding with a tab": (400, b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n"),
    "chunked in 1.0": (400, b"POST / HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    "space before the colon": (400, b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length : 1\r\n\r\na"),
    "bare line feeds": (400, b"GET / HTTP/1.1\nHost: x\n\n"),
    "one bare line feed": (400, b"GET / HTTP/1.1\r\nHost: x\nX: y\r\n\r\n"),
    "bare carriage return": (400, b"GET / HTTP/1.1\r\nHost: x\rX: y\r\n\r\n"),
    "folded header": (400, b"GET / HTTP/1.1\r\nHost: x\r\nX: a\r\n b\r\n\r\n"),
    "header folded with a tab": (400, b"GET / HTTP/1.1\r\nHost: x\r\nX: a\r\n\tb\r\n\r\n"),
    "first header folded": (400, b"GET / HTTP/1.1\r\n Host: x\r\nHost: x\r\n\r\n"),
    "NUL in a value": (400, b"GET / HTTP/1.1\r\nHost: x\r\nX: a\0b\r\n\r\n"),
    "NUL in the target": (400, b"GET /\0 HTTP/1.1\r\nHost: x\r\n\r\n"),
    "escaped NUL in the target": (400, b"GET /%00 HTTP/1.1\r\nHost: x\r\n\r\n"),
    "control in a value": (400, b"GET / HTTP/1.1\r\nHost: x\r\nX: a\x01b\r\n\r\n"),
    "no name": (400, b"GET / HTTP/1.1\r\nHost: x\r\n: a\r\n\r\n"),
    "no colon": (400, b"GET / HTTP/1.1\r\nHost: x\r\nX\r\n\r\n"),
    "a name that is none": (400, b"GET / HTTP/1.1\r\nHost: x\r\nX[]: a\r\n\r\n"),
    "no version": (400, b"GET /\r\nHost: x\r\n\r\n"),
    "two spaces": (400, b"GET  / HTTP/1.1\r\nHost: x\r\n\r\n"),
    "space in the target": (400, b"GET /a b HTTP/1.1\r\nHost: x\r\n\r\n"),
    "tab in the request line": (400, b"GET\t/ HTTP/1.1\r\nHost: x\r\n\r\n"),
    "fragment": (400, b"GET /#a HTTP/1.1\r\nHost: x\r\n\r\n"),
    "not ASCII": (400, b"GET /\xe9 HTTP/1.1\r\nHost: x\r\n\r\n"),
    "broken escape": (400, b"GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n"),
    "half an escape": (400, b"GET /%4 HTTP/1.1\r\nHost: x\r\n\r\n"),
    "not UTF-8": (400, b"GET /%ff HTTP/1.1\r\nHost: x\r\n\r\n"),
    "relative target": (400, b"GET a HTTP/1.1\r\nHost: x\r\n\r\n"),
    "other scheme": (400, b"GET ftp://x/ HTTP/1.1\r\nHost: x\r\n\r\n"),
    "user in the target": (400, b"GET http://a@b/ HTTP/1.1\r\nHost: x\r\n\r\n"),
    "star": (400, b"GET * HTTP/1.1\r\nHost: x\r\n\r\n"),
    "tunnel": (501, b"CONNECT x:80 HTTP/1.1\r\nHost: x\r\n\r\n"),
    "trace": (501, b"TRACE / HTTP/1.1\r\nHost: x\r\n\r\n"),
    "unknown method": (501, b"FROBNICATE / HTTP/1.1\r\nHost: x\r\n\r\n"),
    "method that is none": (400, b"G(T / HTTP/1.1\r\nHost: x\r\n\r\n"),
    "HTTP/2": (505, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    "HTTP/1.2": (505, b"GET / HTTP/1.2\r\nHost: x\r\n\r\n"),
    "HTTP/0.9": (505, b"GET / HTTP/0.9\r\nHost: x\r\n\r\n"),
    "no HTTP": (400, b"GET / HTPP/1.1\r\nHost: x\r\n\r\n"),
    "lower-case HTTP": (400, b"GET / http/1.1\r\nHost: x\r\n\r\n"),
    "TLS to a plain port": (400, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\n\r\n\r\n"),
    "other expectation": (417, b"GET / HTTP/1.1\r\nHost: x\r\nExpect: tea\r\n\r\n"),
    "long target": (414, b"GET /" + b"a" * 8192 + b" HTTP/1.1\r\nHost: x\r\n\r\n"),
    "endless target": (414, b"GET /" + b"a" * 9000),
    "long header": (431, b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 8192 + b"\r\n\r\n"),
    "many headers": (431, b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X: a\r\n" * 100 + b"\r\n"),
    "300 KB of headers": (431, b"GET / HTTP/1.1\r\nHost: x\r\n" + (b"X: " + b"a" * 3000 + b"\r\n") * 100 + b"\r\n"),
    "chunk size that is none": (400, b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"),
    "negative chunk": (400, b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n"),
    "chunk with 0x": (400, b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0x1\r\na\r\n0\r\n\r\n"),
    "chunk longer than said": (
        400,
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n",
    ),
    "chunk with bare line feed": (
        400,
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\na\r\n0\r\n\r\n",
    ),
    "chunk ended by a bare line feed": (
        400,
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\n0\r\n\r\n",
    ),
    "chunk size beyond 60 bits": (
        400,
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + b"f" * 17 + b"\r\n",
    ),
    "endless extension": (
        400,
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1;" + b"a" * 2000,
    ),
    "malformed trailer": (
        400,
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nno colon\r\n\r\n",
    ),
    "endless trailers": (
        431,
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + (b"X: " + b"a" * 900 + b"\r\n") * 40,
    ),
}


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
