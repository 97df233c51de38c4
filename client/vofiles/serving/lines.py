"""Requests to one service over kept connections: each alone, or many at once by one thread.

    idle lines ──► one for each request ──► all are sent ──► answers as they come ──► lines go back

Rule: every wait ends, each request's at its own time however the other end trickles. A request goes out a second time
only where a line that had been kept was closed before a byte of the answer came, and then as it stands: a signed one is
refused by who has had it already. Who has been started anew since may have forgotten that and do it twice, which is
harmless: a repeated operation between services changes nothing. Redirects are answers like others and not followed.
"""

import select
import socket
import ssl
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlsplit

from vofiles.calls import Reply
from vofiles.errors import ServiceUnreachable
from vofiles.serving.line import BadAnswer, Line, Place

MOST_KEPT: Final = 16
"""Idle connections kept to one service."""
KEPT: Final = 30.0
"""Seconds for which an idle connection is kept; our own services close theirs after 60."""
LATE: Final = 0.5
"""Seconds after which answers are handed on although others have not come yet."""

_PORTS: Final = {"http": 80, "https": 443}
_NO_ADDRESS: Final = "it is not the address of a service"

Outcome = Reply | ServiceUnreachable


@dataclass(frozen=True, slots=True)
class Limits:
    """What an exchange may take."""

    connect: float
    """Seconds until a connection is there."""
    seconds: float
    """In all, until the last byte of the answer."""
    answer: int
    """Bytes of the longest answer."""


@dataclass(slots=True)
class _Flight:
    """A request on its way."""

    number: int
    request: bytes
    line: Line
    again: bool = False


class Lines:
    """The connections to one service. For any number of threads."""

    def __init__(self, address: str, *, authorities: Path | None = None) -> None:
        """`authorities` is a PEM file of those to trust instead of the system's. Raises ServiceUnreachable where it
        cannot be read, or the address is no http or https URL.
        """
        self.address = address
        try:
            parts = urlsplit(address)
            port = parts.port or _PORTS[parts.scheme]
            # The brackets of an IPv6 address are gone here.
            host = (parts.hostname or "").encode("idna").decode("ascii")
            tls = ssl.create_default_context(cafile=authorities) if parts.scheme == "https" else None
        except (ValueError, KeyError) as error:
            raise self.unreachable(_NO_ADDRESS) from error
        except OSError as error:
            raise self.unreachable("the authorities to trust cannot be read") from error
        if not host:
            raise self.unreachable(_NO_ADDRESS)
        self.path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~")
        self.query = quote(parts.query, safe="/%:@!$&'()*+,;=~?[]")
        name = f"[{host}]" if ":" in host else host
        self.authority = name if port == _PORTS[parts.scheme] else f"{name}:{port}"
        """The value of the Host header."""
        self._place = Place(host, port, tls)
        self._idle: deque[Line] = deque()
        self._lock = threading.Lock()

    def exchange(self, request: bytes, limits: Limits) -> Reply:
        """The answer to a request. Raises ServiceUnreachable."""
        ((_, outcome),) = (pair for some in self.exchange_all([request], limits) for pair in some)
        if isinstance(outcome, ServiceUnreachable):
            raise outcome
        return outcome

    def exchange_all(self, requests: Sequence[bytes], limits: Limits) -> Iterator[list[tuple[int, Outcome]]]:
        """What became of each request, by its place in the sequence: of most in one list, of those that are LATE in
        further ones.
        """
        volley = _Volley(self, limits)
        try:
            for number, request in enumerate(requests):
                volley.send(number, request)
            while outcomes := volley.receive():
                yield outcomes
        finally:
            volley.close()

    def take(self) -> Line | None:
        """A kept line on which nothing has happened since."""
        oldest = time.monotonic() - KEPT
        while True:
            with self._lock:
                if not self._idle:
                    return None
                line = self._idle.pop()
            if line.kept >= oldest and line.is_quiet():
                return line
            line.close()

    def connect(self, until: float) -> Line:
        """A new line. Raises OSError."""
        return Line(self._place, until)

    def give_back(self, line: Line) -> None:
        """Keep a line for another request if it can be."""
        over: list[Line] = []
        with self._lock:
            line.kept = time.monotonic()
            # Those below are reached by `take` only when all above them are in use.
            while self._idle and self._idle[0].kept < line.kept - KEPT:
                over.append(self._idle.popleft())
            (self._idle if line.reusable and len(self._idle) < MOST_KEPT else over).append(line)
        for each in over:
            each.close()

    def unreachable(self, reason: str) -> ServiceUnreachable:
        return ServiceUnreachable(self.address, reason=reason)

    def close(self) -> None:
        """Close the idle connections. The lines may be used again."""
        with self._lock:
            idle, self._idle = self._idle, deque()
        for line in idle:
            line.close()


class _Volley:
    """Requests that are on their way together; one thread's."""

    def __init__(self, lines: Lines, limits: Limits) -> None:
        self._lines, self._limits = lines, limits
        now = time.monotonic()
        self._until = now + limits.seconds
        self._connecting = now + min(limits.connect, limits.seconds)
        self._late = now + LATE
        self._poll = select.poll()
        self._flights: dict[int, _Flight] = {}
        self._outcomes: list[tuple[int, Outcome]] = []
        self._refused: str | None = None

    def send(self, number: int, request: bytes) -> None:
        line = self._lines.take()
        if line is None:
            self._send_fresh(number, request)
            return
        flight = _Flight(number, request, line)
        try:
            self._launch(flight)
        except OSError as error:
            self._lost(flight, error)

    def receive(self) -> list[tuple[int, Outcome]]:
        """What has become of some; nothing when all is told."""
        while self._flights:
            now = time.monotonic()
            if now >= self._until:
                # Whoever asked may have been busy with other answers while these came.
                self._hear_those_ready(0)
                for flight in list(self._flights.values()):
                    self._fail(flight, "it did not answer in time")
                break
            if now >= self._late and self._outcomes:
                break
            until = self._late if self._outcomes else self._until
            self._hear_those_ready(max(1.0, (until - now) * 1000))
        outcomes, self._outcomes = self._outcomes, []
        return outcomes

    def close(self) -> None:
        for flight in self._flights.values():
            flight.line.close()

    def _send_fresh(self, number: int, request: bytes, *, again: bool = False) -> None:
        if self._refused is None:
            try:
                line = self._lines.connect(self._connecting)
            except OSError as error:
                # The others would wait as long for the same answer, one after the other.
                self._refused = _why_not(error)
            else:
                flight = _Flight(number, request, line, again)
                try:
                    self._launch(flight)
                except OSError as error:
                    self._fail(flight, _why_broken(error))
                return
        self._outcomes.append((number, self._lines.unreachable(self._refused)))

    def _launch(self, flight: _Flight) -> None:
        descriptor = flight.line.fileno()
        self._flights[descriptor] = flight
        self._poll.register(descriptor, select.POLLIN)
        flight.line.send(flight.request, self._limits.answer, self._until)

    def _hear_those_ready(self, milliseconds: float) -> None:
        for descriptor, _ in self._poll.poll(milliseconds):
            self._hear(self._flights[descriptor])

    def _hear(self, flight: _Flight) -> None:
        try:
            answer = flight.line.receive()
        except OSError as error:
            self._lost(flight, error)
        except BadAnswer as error:
            self._fail(flight, str(error))
        else:
            if answer is not None:
                self._land(flight)
                self._lines.give_back(flight.line)
                self._outcomes.append((flight.number, replace(answer, again=True) if flight.again else answer))

    def _lost(self, flight: _Flight, error: OSError) -> None:
        """Send what the other end cannot have begun to answer once more; the rest has failed."""
        if flight.line.fresh or not flight.line.untouched or isinstance(error, TimeoutError):
            self._fail(flight, _why_broken(error))
            return
        self._land(flight)
        flight.line.close()
        self._connecting = min(time.monotonic() + self._limits.connect, self._until)
        self._send_fresh(flight.number, flight.request, again=True)

    def _fail(self, flight: _Flight, reason: str) -> None:
        self._land(flight)
        flight.line.close()
        self._outcomes.append((flight.number, self._lines.unreachable(reason)))

    def _land(self, flight: _Flight) -> None:
        descriptor = flight.line.fileno()
        del self._flights[descriptor]
        self._poll.unregister(descriptor)


def _why_not(error: OSError) -> str:
    """Why there is no connection."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not accepted: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return "TLS failed"
    if isinstance(error, TimeoutError):
        return "it did not accept the connection in time"
    if isinstance(error, socket.gaierror):
        return "its host is not known"
    return error.strerror or "the connection broke"


def _why_broken(error: OSError) -> str:
    """Why there is no answer."""
    if isinstance(error, TimeoutError):
        return "it did not take the request in time"
    # Ours have no number.
    return (error.strerror if error.errno else str(error)) or "the connection broke"
