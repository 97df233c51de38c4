"""One HTTP/1.1 exchange on a connection to an address that has been judged already.

Rule: no name is looked up here, and every wait ends: each for bytes after `idle` seconds, all of them together at the
deadline, however the other end trickles, and at once on a halt. The request head is written by hand, so that nothing
comes in by itself: no proxies and netrc of the environment, no cookies, no credentials.
"""

import contextlib
import io
import socket
import ssl
import struct
import threading
import time
from collections.abc import Iterable
from http.client import HTTPResponse
from ipaddress import IPv6Address
from types import TracebackType
from typing import TYPE_CHECKING, Final

from filestore.ports import Halt
from filestore.remote.addresses import Address, Target

if TYPE_CHECKING:
    from typing import Self

    from _typeshed import ReadableBuffer, WriteableBuffer

READ_AHEAD = 256 * 1024
"""Bytes read from a connection at a time."""


_RESET: Final = struct.pack("ii", 1, 0)


class Deadline:
    """An end that all waits share."""

    def __init__(self, seconds: float, idle: float) -> None:
        self._end = time.monotonic() + seconds
        self._idle = idle

    def left(self) -> float:
        """Seconds that the next wait may last. Raises TimeoutError when there are none."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError("it took longer than this service waits")
        return min(left, self._idle)


class _Receiver(io.RawIOBase):
    """The receiving half of a socket as a file."""

    def __init__(self, link: socket.socket, deadline: Deadline) -> None:
        self._link, self._deadline = link, deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        self._link.settimeout(self._deadline.left())
        return self._link.recv_into(buffer)


class Connection:
    """A connection to one address of a target; a context manager that closes it."""

    def __init__(self, target: Target, address: Address, deadline: Deadline, tls: ssl.SSLContext, halt: Halt) -> None:
        """Connect. Raises OSError, TimeoutError and ssl.SSLError among them."""
        self._target, self._deadline = target, deadline
        self._lock, self._halted = threading.Lock(), False
        family = socket.AF_INET6 if isinstance(address, IPv6Address) else socket.AF_INET
        self._link = socket.socket(family, socket.SOCK_STREAM)
        halt.on_halt(self._break)
        try:
            self._link.settimeout(deadline.left())
            self._link.connect((str(address), target.port))
            if target.scheme == "https":
                # The certificate must be the name's (SNI too), although the address was chosen by us.
                # An end that the other side has not said itself (close_notify) may be anybody's: a body that ends with
                # its connection would be taken for complete.
                secure = tls.wrap_socket(
                    self._link,
                    server_hostname=target.host,
                    do_handshake_on_connect=False,
                    suppress_ragged_eofs=False,
                )
                with self._lock:
                    self._link = secure
                secure.do_handshake()
            self._require_unbroken()
        except BaseException:
            self._close()
            raise

    def __enter__(self) -> "Self":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def _break(self) -> None:
        """Wake whoever waits for the other end; for any thread."""
        with self._lock, contextlib.suppress(OSError):
            self._halted = True
            # Closing resets it then: an end in good order would wait behind bytes that the other end does not take.
            self._link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            # The plain socket's: that of TLS would take the keys from under the reader.
            socket.socket.shutdown(self._link, socket.SHUT_RDWR)

    def _close(self) -> None:
        with self._lock:
            self._link.close()

    def _require_unbroken(self) -> None:
        # A socket that was not connected yet could not be shut down.
        if self._halted:
            raise ConnectionAbortedError("it was halted")

    def makefile(self, _mode: str) -> io.BufferedReader:
        """What HTTPResponse reads from."""
        return io.BufferedReader(_Receiver(self._link, self._deadline), READ_AHEAD)

    def exchange(self, method: str, headers: Iterable[tuple[str, str]], body: Iterable[bytes]) -> HTTPResponse:
        """Send a request and read the head of its answer. Raises OSError, http.client.HTTPException.

        When the other end stops reading the body, its answer counts, where there is one.
        """
        lines = [f"{method} {self._target.resource} HTTP/1.1", f"Host: {self._target.authority}"]
        lines += [f"{name}: {value}" for name, value in headers]
        self._send("\r\n".join([*lines, "Connection: close", "", ""]).encode("latin-1"))
        broken: OSError | None = None
        try:
            for block in body:
                self._send(block)
        except (BrokenPipeError, ConnectionResetError) as error:
            broken = error
        response = HTTPResponse(self, method=method)  # type: ignore[arg-type]  # only makefile is used
        try:
            response.begin()
        except OSError as error:
            raise broken or error from None
        return response

    def _send(self, data: "ReadableBuffer") -> None:
        rest = memoryview(data)
        while rest:
            self._link.settimeout(self._deadline.left())
            rest = rest[self._link.send(rest) :]
