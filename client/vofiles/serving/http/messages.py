"""What a handler is given and what it gives back: requests, responses, and answers that are parked until something
happens.

The rule that keeps it so: values only. Nothing here does I/O, knows a socket, or imports twisted.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol
from urllib.parse import unquote_to_bytes

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_UNSAFE_VALUE = re.compile(r"[^\t\x20-\x7e\x80-\xff]")
#: Headers that only the engine may write, because it alone knows how the message is framed and when.
ENGINE_HEADERS = frozenset(
    (
        "connection",
        "content-length",
        "date",
        "keep-alive",
        "server",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "x-request-id",
    )
)


class Headers:
    """The headers of one request, in the order sent; names are compared without regard to case, and may occur many
    times.
    """

    __slots__ = ("_pairs",)

    def __init__(self, pairs: Iterable[tuple[str, str]] = ()) -> None:
        self._pairs = tuple([(name.lower(), value) for name, value in pairs])

    @classmethod
    def from_lowered(cls, pairs: tuple[tuple[str, str], ...]) -> Headers:
        """Wrap pairs whose names are in lower case already, without copying them."""
        headers = cls.__new__(cls)
        headers._pairs = pairs
        return headers

    def get(self, name: str, default: str | None = None) -> str | None:
        """The first value of header `name`, or `default`."""
        lowered = name.lower()
        for key, value in self._pairs:
            if key == lowered:
                return value
        return default

    def get_all(self, name: str) -> tuple[str, ...]:
        """Every value of header `name`, in the order sent."""
        lowered = name.lower()
        return tuple([value for key, value in self._pairs if key == lowered])

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self.get(name) is not None

    def __iter__(self) -> Iterator[tuple[str, str]]:
        """(name in lower case, value) pairs in the order sent."""
        return iter(self._pairs)

    def __len__(self) -> int:
        return len(self._pairs)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Headers) and self._pairs == other._pairs

    def __hash__(self) -> int:
        return hash(self._pairs)

    def __repr__(self) -> str:
        return f"Headers({', '.join(name for name, _ in self._pairs)})"  # values may be credentials


class Request(NamedTuple):
    """One request as it came in.

    `target` is what the request line had, `path` and `query` are its parts, not decoded (`query` without the `?`).
    `host` is the authority asked for; never build an announced address from it. `peer` is the IP address of the other
    end. `request_id` is the client's well-formed `X-Request-Id`, else one of our own. `body` is complete for control
    handlers and empty for stream handlers.
    """

    method: str
    target: str
    path: str
    query: str
    headers: Headers
    version: str
    host: str
    peer: str
    request_id: str
    secure: bool = False
    body: bytes = b""

    @property
    def segments(self) -> tuple[str, ...]:
        """The path's segments, each percent-decoded (UTF-8) after splitting; `/a/b%2Fc` gives `("a", "b/c")`.

        The engine has refused paths that do not decode.
        """
        parts = self.path.split("/")[1:]
        if "%" in self.path:
            return tuple([unquote_to_bytes(part).decode("utf-8") for part in parts])
        return tuple(parts)

    def with_body(self, body: bytes) -> Request:
        return self._replace(body=body)


class Preadable(Protocol):
    """Something that bytes can be read from at a position, by a thread that is allowed to wait."""

    def pread(self, length: int, offset: int, /) -> bytes | memoryview:
        """At most `length` bytes from `offset`; empty only past the end. OSError when they cannot be read."""


class Check(Protocol):
    """Sees the bytes of a body while they are sent, in their order; the last of them are not sent before it is content.

    Used by one thread at a time, which may be the reactor's: it must not wait.
    """

    def update(self, data: bytes | memoryview, /) -> None:
        """The next bytes; the buffer is used again after return."""

    def require(self) -> None:
        """All bytes have been seen. Whatever it raises cuts the answer short, so that no client takes it for whole."""

    def unreadable(self, error: Exception, /) -> None:
        """There are fewer than announced, or they cannot be read (`error` says why): no more will be seen."""


def _keep_open() -> None:
    """The default of `FileBody.close`: whoever opened it closes it."""


def _find_nothing() -> None:
    """The default of `LaterBody.find`: nothing is open."""


@dataclass(frozen=True, slots=True)
class FileBody:
    """A body read from a file while it is sent, in bounded blocks.

    `source` is a file descriptor (sent by the kernel where it can be) or a `Preadable` (read in a thread). `close` is
    called exactly once, on the reactor, whatever becomes of the answer; it must not block or raise. `check` looks at
    what is sent.
    """

    source: int | Preadable
    offset: int
    length: int
    close: Callable[[], None] = _keep_open
    check: Check | None = None


@dataclass(frozen=True, slots=True)
class LaterBody:
    """A body of `length` bytes that is opened only by the thread that sends it, before any of the answer is sent.

    `open` may wait; it answers as many bytes as were announced, or where they are. What it raises `refuse` puts into
    another answer, which is sent instead. `find` is asked before, on the reactor: it must neither wait nor raise, and
    answers where they are if they are open already. All may be called any number of times, for as many answers.
    """

    length: int
    open: Callable[[], bytes | FileBody]
    refuse: Callable[[Exception], Response]
    find: Callable[[], FileBody | None] = _find_nothing


@dataclass(frozen=True, slots=True)
class Response:
    """One answer. Raises ValueError for a status, header or body that could not be sent as it stands.

    The engine adds Date, Server, X-Request-Id, Content-Length and, where needed, Connection; handlers may not.
    A request with HEAD gets the Content-Length of `body` and not the body, so handlers answer HEAD as they answer GET.
    `close` asks that the connection be closed after this answer. `operation` is what was done, for log and metrics,
    where the path does not say it. `again` is asked, on the reactor, whether a request that is the same byte for byte
    may be given this answer at that moment; it must not wait for anything.
    """

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | FileBody | LaterBody = b""
    close: bool = False
    operation: str = ""
    again: Callable[[], bool] | None = None

    def __post_init__(self) -> None:
        if not 200 <= self.status <= 599:
            raise ValueError(f"{self.status} is not a final status")
        if self.status in (204, 304) and self.length:
            raise ValueError(f"a {self.status} has no body")
        for name, value in self.headers:
            if not _TOKEN.fullmatch(name) or name.lower() in ENGINE_HEADERS:
                raise ValueError(f"{name!r} is not a header that a handler may send")
            if _UNSAFE_VALUE.search(value):
                raise ValueError(f"the value of header {name} has characters that no header may have")

    @property
    def length(self) -> int:
        """The length of the body in bytes."""
        return len(self.body) if isinstance(self.body, bytes) else self.body.length


def text(status: int, message: str, *headers: tuple[str, str]) -> Response:
    """A short plain-text answer."""
    return Response(status, (("Content-Type", "text/plain; charset=utf-8"), *headers), f"{message}\n".encode())


@dataclass(frozen=True, slots=True)
class Later:
    """An answer that waits for something without holding a thread.

    `subscribe(wake)` is called once in the control pool and returns a function that unsubscribes. It must call `wake`
    at once if what is awaited has happened already. `wake` may be called from any thread and any number of times.
    After the first wake, or `timeout` seconds, or when the server stops, the engine unsubscribes and calls `finish` in
    the pool. When the client goes away it unsubscribes and calls nothing more. Unsubscribing happens on the reactor
    and must not block.
    """

    subscribe: Callable[[Callable[[], None]], Callable[[], None]]
    timeout: float
    finish: Callable[[], Response | Later]


ControlHandler = Callable[[Request], Response | Later]
"""Called in the control pool with the whole body; may wait for the database, never for bytes."""

Refuse = Callable[[Request, int, str], Response]
"""Makes the answer when the engine itself refuses a request of a route: (request, status, sentence)."""


def refuse_as_text(_request: Request, status: int, message: str) -> Response:
    """The `Refuse` of routes that name none."""
    return text(status, message)


@dataclass(frozen=True, slots=True)
class Control:
    """How a route is served by the control plane: body buffered up to `body_limit` bytes (413 above), then `handler`
    in the pool.

    `refuse` words what the engine refuses on this route once the head is known (413, 408, 500, 503), so that a SOAP
    route can answer a fault. `at_once` is asked before, on the reactor, and must not wait for anything: its None means
    that the handler is to answer.
    """

    handler: ControlHandler
    body_limit: int = 256 * 1024
    refuse: Refuse = field(default=refuse_as_text)
    at_once: Callable[[Request], Response | None] | None = None
