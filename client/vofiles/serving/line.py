"""One kept connection to another service, and the reading of what is answered on it.

Rule: knows neither what is asked nor when it is too late, but that nothing waits on its own: whoever has a line polls
it, so that one thread can have many. Nothing but the request given is sent: no proxies, cookies or credentials.
"""

import select
import socket
import ssl
import time
from dataclasses import dataclass
from typing import Final

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from vofiles.calls import Reply

MOST_HEAD: Final = 64 * 1024
"""Bytes of the longest head of an answer."""
PIECE: Final = 64 * 1024
"""Bytes read at a time."""

_PENDING: Final = (BlockingIOError, ssl.SSLWantReadError)


class BadAnswer(Exception):
    """What came is no answer; its text is the reason."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a service listens."""

    host: str
    port: int
    tls: ssl.SSLContext | None
    """None where it speaks plain HTTP."""


class Line:
    """A connection; used by one thread at a time."""

    def __init__(self, place: Place, until: float) -> None:
        """Connect until then, by `time.monotonic`; only the look-up of the host takes as long as the system lets it.

        Raises OSError: TimeoutError, and ssl.SSLError among them.
        """
        self.fresh = True
        """Whether nothing has been answered on it yet."""
        self.reusable = False
        """Whether another request may be sent, now that one has been answered."""
        self.kept = 0.0
        """Since when it has been idle, by `time.monotonic`."""
        self._reading: _Reading | None = None
        self._link = _connect(place, until)
        try:
            self._link.settimeout(0)
            self._link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if place.tls is not None:
                # An end that the other side has not said itself (close_notify) may be anybody's.
                self._link = place.tls.wrap_socket(
                    self._link, server_hostname=place.host, do_handshake_on_connect=False, suppress_ragged_eofs=False
                )
                self._shake_hands(self._link, until)
        except BaseException:
            self._link.close()
            raise

    def fileno(self) -> int:
        return self._link.fileno()

    def send(self, request: bytes, most: int, until: float) -> None:
        """Send a request, to which an answer of at most so many bytes may come. Raises OSError."""
        self._reading = _Reading(most)
        rest = memoryview(request)
        while rest:
            try:
                rest = rest[self._link.send(rest) :]
            except ssl.SSLWantReadError:
                wait_for(self, select.POLLIN, until)
            except (BlockingIOError, ssl.SSLWantWriteError):
                wait_for(self, select.POLLOUT, until)

    def receive(self) -> Reply | None:
        """Read what has come: the answer when all of it is there, else None. Raises OSError, BadAnswer."""
        reading = self._reading
        assert reading is not None, "nothing was asked"
        answer: Reply | None
        while True:
            try:
                data = self._link.recv(PIECE)
            except _PENDING:
                return None
            except ssl.SSLEOFError:
                answer = reading.end(said=False)
            else:
                answer = reading.feed(data) if data else reading.end()
            if answer is not None:
                self.fresh, self.reusable = False, reading.reusable
                self._reading = None
                return answer
            if not isinstance(self._link, ssl.SSLSocket):
                return None

    @property
    def untouched(self) -> bool:
        """Whether nothing of an answer has come since a request was sent."""
        return self._reading is not None and not self._reading.begun

    def is_quiet(self) -> bool:
        """Whether it is as it was left: not closed by the other end, and nothing came that nobody asked for."""
        return not _poll(self, select.POLLIN, 0)

    def close(self) -> None:
        self._link.close()

    def _shake_hands(self, secure: ssl.SSLSocket, until: float) -> None:
        while True:
            try:
                return secure.do_handshake()
            except ssl.SSLWantReadError:
                wait_for(self, select.POLLIN, until)
            except ssl.SSLWantWriteError:
                wait_for(self, select.POLLOUT, until)


def _connect(place: Place, until: float) -> socket.socket:
    """A connection to the first of the host's addresses that takes one. Raises OSError."""
    failure = OSError("its host has no address")
    for family, kind, protocol, _, address in socket.getaddrinfo(place.host, place.port, type=socket.SOCK_STREAM):
        try:
            link = socket.socket(family, kind, protocol)
        except OSError as error:
            # A system without IPv6 has names with such addresses all the same.
            failure = error
            continue
        try:
            # `socket.create_connection` would give each of them all the time.
            link.settimeout(max(0.001, until - time.monotonic()))
            link.connect(address)
        except OSError as error:
            link.close()
            failure = error
        except BaseException:
            link.close()
            raise
        else:
            return link
    raise failure


def wait_for(line: Line, event: int, until: float) -> None:
    """Return when the line is ready. Raises TimeoutError."""
    if not _poll(line, event, until - time.monotonic()):
        raise TimeoutError


def _poll(line: Line, event: int, seconds: float) -> bool:
    poll = select.poll()
    poll.register(line, event)
    return bool(poll.poll(max(0.0, seconds * 1000)))


class _Reading:
    """An answer as it comes; what the parser calls is below."""

    def __init__(self, most: int) -> None:
        self.begun = False
        self.reusable = False
        self._most = most
        self._parser = HttpResponseParser(self)
        self._head = self._size = 0
        self._type = ""
        self._body: list[bytes] = []
        self._in_body = self._delimited = self._complete = False

    def feed(self, data: bytes) -> Reply | None:
        """The answer, if that was the last of it. Raises BadAnswer."""
        self.begun = True
        if not self._in_body:
            self._head += len(data)
        try:
            self._parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade) as error:
            raise BadAnswer("what it answers is not HTTP") from error
        if self._size > self._most:
            raise BadAnswer(f"its answer is longer than {self._most} bytes")
        if self._head > MOST_HEAD and not self._in_body:
            raise BadAnswer(f"its answer has a head of more than {MOST_HEAD} bytes")
        return self._answer() if self._complete else None

    def end(self, *, said: bool = True) -> Reply:
        """The answer, now that nothing more comes; `said`: whether that is the other side's word. Raises BadAnswer, and
        ConnectionResetError where nothing came.
        """
        if not self.begun:
            raise ConnectionResetError("it closed the connection without an answer")
        if not said or not self._in_body or self._delimited:
            raise BadAnswer("its answer breaks off")
        return self._answer()

    def _answer(self) -> Reply:
        return Reply(self._parser.get_status_code(), self._type, b"".join(self._body))

    def on_message_begin(self) -> None:
        # Of a second answer, where the first one was not an interim one: nobody asked for it.
        self.reusable = False

    def on_header(self, name: bytes, value: bytes) -> None:
        known = name.lower()
        if known == b"content-type":
            self._type = value.decode("latin-1")
        elif known in {b"content-length", b"transfer-encoding"}:
            self._delimited = True

    def on_headers_complete(self) -> None:
        self._in_body = self._parser.get_status_code() >= 200

    def on_body(self, piece: bytes) -> None:
        self._size += len(piece)
        if self._size <= self._most:
            self._body.append(piece)

    def on_message_complete(self) -> None:
        # After an interim answer (1xx) the real one follows.
        self._complete = self._in_body
        self.reusable = self._complete and self._parser.should_keep_alive()
