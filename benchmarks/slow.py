"""Others' slowness, as processes: clients that trickle their requests, and a source that trickles its bytes.

Rule: each says on its standard output when it is as slow as it is to be; it ends when its standard input does.
"""

import asyncio
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

PAUSE = 0.5
"""Seconds between two pieces."""
PIECE = 1024
"""Bytes of a body in each: twice the rate that the services insist on."""
LENGTH = 200_000


@contextmanager
def slow_clients(addresses: tuple[str, ...], number: int) -> Iterator[None]:
    """So many clients of these URLs while the block runs, shared evenly between the URLs.

    Raises RuntimeError where fewer than nine in ten were connected at its end: then nothing was measured.
    """
    with _running("clients", str(number), *addresses):
        yield
        ports = {urlsplit(address).port or 0 for address in addresses}
        held = {port: connected(port) for port in ports}
        if min(held.values()) < 0.9 * number / len(addresses):
            raise RuntimeError(f"of {number} slow clients only these were connected, by port: {held}")


def connected(port: int) -> int:
    """How many connections a server on a loopback port has (state 01 in /proc/net/tcp, its local end)."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(1 for row in rows if row[1].endswith(f":{port:04X}") and row[3] == "01")


@contextmanager
def slow_source() -> Iterator[str]:
    """The URL of something that takes an hour to fetch, while the block runs."""
    with _running("source") as port:
        yield f"http://127.0.0.1:{port}/survey.fits"


@contextmanager
def _running(*words: str) -> Iterator[str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.slow", *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip()
    finally:
        process.stdin.close()
        process.wait(30)
        process.stdout.close()


async def _client(number: int, address: str, begun: asyncio.Semaphore) -> None:
    url = urlsplit(address)
    first = True
    while True:
        with suppress(OSError, asyncio.IncompleteReadError):
            reader, writer = await asyncio.open_connection(url.hostname, url.port)
            try:
                pieces = _pieces(url.path, url.netloc, head=bool(number // 2 % 2))
                writer.write(next(pieces))
                if first:
                    first = False
                    begun.release()
                for piece in pieces:
                    if await _answered(reader):
                        break  # refused for its slowness; it comes again at once
                    writer.write(piece)
                    await writer.drain()
            finally:
                writer.close()


async def _answered(reader: asyncio.StreamReader) -> bool:
    """Whether an answer, or the end, comes within a pause."""
    try:
        await asyncio.wait_for(reader.read(1), PAUSE)
    except TimeoutError:
        return False
    return True


def _pieces(path: str, host: str, *, head: bool) -> Iterator[bytes]:
    """A request whose head trickles until its deadline, or else a body, at a rate that is just allowed."""
    yield f"POST {path} HTTP/1.1\r\nHost: {host}\r\n".encode()
    if head:
        yield from (b"x" for _ in range(200))
    else:
        yield f"Content-Type: text/xml\r\nContent-Length: {LENGTH}\r\n\r\n".encode()
        for _ in range(LENGTH // PIECE):
            yield b" " * PIECE


async def _clients(number: int, addresses: list[str]) -> None:
    begun = asyncio.Semaphore(0)
    tasks = [asyncio.create_task(_client(n, addresses[n % len(addresses)], begun)) for n in range(number)]
    for _ in tasks:
        await begun.acquire()
    print("slow", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    for task in tasks:
        task.cancel()


async def _serve_slowly(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError, asyncio.CancelledError):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 3600000\r\n\r\n")
        while True:
            writer.write(b"x" * 1000)
            await writer.drain()
            await asyncio.sleep(1)


async def _source() -> None:
    server = await asyncio.start_server(_serve_slowly, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    done = asyncio.Event()
    loop = asyncio.get_running_loop()
    threading.Thread(target=lambda: (sys.stdin.read(), loop.call_soon_threadsafe(done.set)), daemon=True).start()
    await done.wait()


def main() -> None:
    """What the arguments say: `clients NUMBER ADDRESS…` or `source`."""
    if sys.argv[1] == "source":
        asyncio.run(_source())
    else:
        asyncio.run(_clients(int(sys.argv[2]), sys.argv[3:]))


if __name__ == "__main__":
    main()
