"""Large pieces over TLS: all of them arrive, in order, whenever they were written and however little is taken."""

from __future__ import annotations

import os
import ssl
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

import pytest
from OpenSSL import SSL
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport

from tests.support.certificate import make_pair
from tests.support.rawclient import RawClient
from tests.support.serving import running_site
from vofiles.serving.http import Control, Response, Route
from vofiles.serving.http.tlswire import LARGE, ROOM, with_tls
from vofiles.serving.tls import server_tls

CONTENT = os.urandom(3 * ROOM + 7)
SIZES = (1, LARGE, LARGE + 1, ROOM, len(CONTENT))


class Talker(Protocol):
    """Says all that it has to say as soon as there is somebody, before he has said who he is."""

    def connectionMade(self) -> None:  # noqa: N802 - twisted's name
        for size in SIZES:
            cast(Any, self.transport).write(CONTENT[:size])


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    return make_pair(tmp_path, "own")


def test_what_is_written_before_there_is_a_key_comes_after_it(pair: tuple[Path, Path]) -> None:
    clock = Clock()
    wire = cast(Any, with_tls(server_tls(*pair), Factory.forProtocol(Talker), cast(Any, clock))).buildProtocol(None)
    transport = cast(Any, StringTransport)()
    wire.makeConnection(transport)
    clock.advance(0)
    client = SSL.Connection(SSL.Context(SSL.TLS_CLIENT_METHOD), None)
    client.set_connect_state()
    received = b""
    while len(received) < sum(SIZES):
        with suppress(SSL.WantReadError):
            client.do_handshake()
        with suppress(SSL.WantReadError):
            wire.dataReceived(client.bio_read(1 << 20))
        client.bio_write(transport.value())
        transport.clear()
        clock.advance(0)
        with suppress(SSL.WantReadError):
            while True:
                received += client.recv(1 << 20)
    assert received == b"".join(CONTENT[:size] for size in SIZES)


def test_answers_of_any_length_come_one_after_another(pair: tuple[Path, Path]) -> None:
    served_sizes = iter(SIZES)
    control = Control(lambda _request: Response(200, (), CONTENT[: next(served_sizes)]))
    with running_site([Route("/x", frozenset({"GET"}), control)], tls=server_tls(*pair)) as served:
        with RawClient(served.port, tls=ssl.create_default_context(cafile=str(pair[0])), receive_buffer=4096) as client:
            for size in SIZES:
                assert client.ask("GET /x HTTP/1.1\nHost: x\n\n").body == CONTENT[:size]
