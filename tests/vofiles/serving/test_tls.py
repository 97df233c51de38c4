"""Serving over TLS: what is spoken, and that all that holds for plain sockets holds there."""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.certificate import make_pair
from tests.support.rawclient import RawClient
from tests.support.serving import Served, running_site, wait_until
from vofiles.serving.http import Control, Exchange, FileBody, Response, Route, Stream, text
from vofiles.serving.tls import server_tls

CONTENT = os.urandom(1_000_000) * 5


class Counting:
    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        self.size = 0

    def data(self, chunk: bytes) -> None:
        self.size += len(chunk)

    def end(self) -> None:
        self.exchange.respond(text(201, str(self.size)))

    def aborted(self, reason: object) -> None: ...


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    return make_pair(tmp_path, "own")


@pytest.fixture
def served(tmp_path: Path, pair: tuple[Path, Path]) -> Iterator[Served]:
    (tmp_path / "content").write_bytes(CONTENT)

    def give(exchange: Exchange) -> None:
        descriptor = os.open(tmp_path / "content", os.O_RDONLY)
        exchange.respond(Response(200, (), FileBody(descriptor, 0, len(CONTENT), lambda: os.close(descriptor))))

    routes = (
        Route("/", frozenset({"GET"}), Control(lambda r: text(200, str(r.secure)))),
        Route("/put", frozenset({"PUT"}), Stream(lambda e: e.accept(Counting(e)))),
        Route("/no", frozenset({"PUT"}), Stream(lambda e: e.respond(text(403, "no")))),
        Route("/file", frozenset({"GET"}), Stream(give)),
    )
    with running_site(routes, tls=server_tls(*pair)) as served:
        yield served


@pytest.fixture
def trusting(pair: tuple[Path, Path]) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(pair[0]))


def test_requests_files_and_bodies_go_over_tls(served: Served, trusting: ssl.SSLContext) -> None:
    with RawClient(served.port, tls=trusting) as client:
        for _ in range(2):
            assert client.ask("GET / HTTP/1.1\nHost: x\n\n").body == b"True\n"
            assert client.ask("GET /file HTTP/1.1\nHost: x\n\n").body == CONTENT
            client.send(b"PUT /put HTTP/1.1\r\nHost: x\r\nContent-Length: 5000000\r\n\r\n" + CONTENT)
            assert client.reply().body == b"5000000\n"
        assert client.ask("GET / HTTP/1.1\nHost: x\nConnection: close\n\n").status == 200
        assert client.is_closed()
    wait_until(lambda: served.url.startswith("https://127.0.0.1:"), "an https address")


def test_an_early_answer_reaches_its_client(served: Served, trusting: ssl.SSLContext) -> None:
    with RawClient(served.port, tls=trusting) as client:
        client.send(b"PUT /no HTTP/1.1\r\nHost: x\r\nContent-Length: 50000000\r\n\r\n" + CONTENT * 2)
        assert client.reply().status == 403


def test_nothing_older_than_tls_1_2_is_spoken(served: Served, trusting: ssl.SSLContext) -> None:
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        trusting.minimum_version = trusting.maximum_version = version
        with RawClient(served.port, tls=trusting) as client:
            assert client.ask("GET / HTTP/1.1\nHost: x\n\n").status == 200
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        trusting.minimum_version = trusting.maximum_version = ssl.TLSVersion.TLSv1_1
    trusting.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.raises(ssl.SSLError):
        RawClient(served.port, tls=trusting)


def test_what_does_not_belong_together_is_refused(tmp_path: Path, pair: tuple[Path, Path]) -> None:
    other = make_pair(tmp_path, "other")
    with pytest.raises(ValueError, match="belong together"):
        server_tls(pair[0], other[1])
    with pytest.raises(ValueError, match="belong together"):
        server_tls(pair[1], pair[1])
    with pytest.raises(FileNotFoundError):
        server_tls(tmp_path / "none", pair[1])
