"""Answers from files: ranges of any size, in bounded memory, closed exactly once whatever happens."""

from __future__ import annotations

import os
import resource
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.rawclient import Gone, RawClient
from tests.support.serving import Served, running_site, wait_until
from vofiles.serving.http import Exchange, FileBody, Preadable, Request, Response, Route, Stream

MiB = 1024 * 1024
CONTENT = os.urandom(MiB) * 5 + b"the end"


class Shelf:
    """Serves ranges of one file: /fd/OFFSET/LENGTH by descriptor, /pread/... and /broken/... through a Preadable."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.opened = 0
        self.closed = 0

    def serve(self, exchange: Exchange) -> None:
        exchange.respond(self.answer(exchange.request))

    def answer(self, request: Request) -> Response:
        _, kind, offset, length = request.segments
        descriptor = os.open(self.path, os.O_RDONLY)
        self.opened += 1
        sources: dict[str, int | Preadable] = {"fd": descriptor, "pread": Slow(descriptor), "broken": Broken()}

        def close() -> None:
            os.close(descriptor)
            self.closed += 1

        return Response(206, (), FileBody(sources[kind], int(offset), int(length), close))


class Slow:
    """What a store elsewhere looks like: it gives what it likes, and in its own time."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def pread(self, length: int, offset: int) -> bytes:
        assert threading.current_thread().name.startswith("readers-")
        return os.pread(self._descriptor, min(length, 100_001), offset)


class Broken:
    """A store that has gone."""

    def pread(self, length: int, offset: int) -> bytes:
        raise TimeoutError("the store does not answer")


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    path = tmp_path / "content"
    path.write_bytes(CONTENT)
    return Shelf(path)


@pytest.fixture
def served(shelf: Shelf) -> Iterator[Served]:
    with running_site([Route("/s/", frozenset({"GET"}), Stream(shelf.serve), prefix=True)]) as served:
        yield served


def get(kind: str, offset: int, length: int, method: str = "GET") -> str:
    return f"{method} /s/{kind}/{offset}/{length} HTTP/1.1\nHost: x\n\n"


RANGES = [(0, len(CONTENT)), (0, 0), (0, 1), (5, 65_536), (7, 65_537), (MiB - 3, 2 * MiB), (len(CONTENT) - 7, 7)]


@pytest.mark.parametrize("kind", ["fd", "pread"])
def test_every_range_comes_as_it_is_and_the_connection_goes_on(served: Served, shelf: Shelf, kind: str) -> None:
    with RawClient(served.port) as client:
        for offset, length in RANGES:
            reply = client.ask(get(kind, offset, length))
            assert reply.status == 206
            assert reply.body == CONTENT[offset : offset + length]
        wait_until(lambda: shelf.closed == len(RANGES), "all closed")


def test_pipelined_files_come_in_order(served: Served) -> None:
    with RawClient(served.port) as client:
        client.send("".join(get(kind, n, 300_000 + n) for n in range(20) for kind in ("fd", "pread")))
        for n in range(20):
            for _ in range(2):
                assert client.reply().body == CONTENT[n : 300_000 + 2 * n]


@pytest.mark.parametrize("kind", ["fd", "pread"])
def test_head_opens_and_closes_and_sends_nothing(served: Served, shelf: Shelf, kind: str) -> None:
    with RawClient(served.port) as client:
        reply = client.ask(get(kind, 0, 1000, "HEAD"), head=True)
        assert reply.headers["content-length"] == "1000"
        assert client.ask(get(kind, 0, 3)).body == CONTENT[:3]
    wait_until(lambda: shelf.closed == shelf.opened == 2, "both closed")


@pytest.mark.parametrize("kind", ["fd", "pread", "broken"])
@pytest.mark.parametrize("offset", [len(CONTENT) - 1000, len(CONTENT) * 3])
def test_a_file_shorter_than_announced_never_looks_complete(
    served: Served, shelf: Shelf, kind: str, offset: int
) -> None:
    with RawClient(served.port) as client:
        with pytest.raises((Gone, ConnectionError)):
            client.ask(get(kind, offset, 2000))
        wait_until(lambda: shelf.closed == 1, "closed")
        wait_until(lambda: served.accesses, "the record")
        assert served.accesses[0].complete is False


@pytest.mark.parametrize("kind", ["fd", "pread"])
def test_a_client_that_leaves_in_the_middle_closes_the_file(served: Served, shelf: Shelf, kind: str) -> None:
    with RawClient(served.port, receive_buffer=4096) as client:
        client.send(get(kind, 0, len(CONTENT)))
        client.exactly(100)
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    wait_until(lambda: shelf.closed == 1, "closed")


def test_memory_is_flat_whatever_the_size(tmp_path: Path) -> None:
    """256 MiB, not in the page cache at first: the peak of this process is watched, reader, engine and all."""
    path = tmp_path / "sparse"
    with path.open("wb") as file:
        file.truncate(256 * MiB)
    shelf = Shelf(path)
    buffer = bytearray(MiB)
    with running_site([Route("/s/", frozenset({"GET"}), Stream(shelf.serve), prefix=True)]) as served:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for kind in ("fd", "fd", "pread"):
            with RawClient(served.port) as client:
                client.send(get(kind, 0, 256 * MiB))
                left = client.head_of(256 * MiB)
                while left:
                    left -= client.socket.recv_into(buffer, min(MiB, left))
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 32 * 1024  # KiB
