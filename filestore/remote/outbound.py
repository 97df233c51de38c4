"""The port Outbound: fetches from and sends to addresses that strangers wrote, over HTTP.

Rule: every connection goes through `_open`, which resolves the name once, has `AddressPolicy` judge what came out and
connects to exactly that; a redirect is a new target and is judged as the first was. Nothing of ours goes along: no
credentials, cookies, proxies or environment; headers are the caller's, within limits, and leave with the first change
of origin.
"""

import re
import socket
import ssl
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from typing import Final

from filestore.domain.transfer import Remote
from filestore.ports import Body, Halt
from filestore.remote.addresses import Address, AddressPolicy, Target, parse_target
from filestore.remote.connection import Connection, Deadline
from vofiles.contract import DigestAlgorithm, Header
from vofiles.errors import AddressRefused, Incomplete, InvalidArgument, SourceUnreachable, TooLarge

BLOCK: Final = 1 << 20
"""Bytes taken from a source at a time."""
MOST_HEADERS: Final = 20
LONGEST_HEADER: Final = 8192
REDIRECTS: Final = 3

_TYPE: Final = re.compile(r"[\x20-\x7e]{1,255}\Z")
_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+\Z")
_VALUE: Final = re.compile(r"[\t\x20-\x7e]*\Z")
# They frame or route the message, or ask for something other than the whole bytes as they are.
_OURS: Final = frozenset(
    (
        "accept-encoding",
        "connection",
        "content-encoding",
        "content-length",
        "date",
        "expect",
        "host",
        "http2-settings",
        "keep-alive",
        "range",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    )
)
_GET_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_PUSH_REDIRECTS: Final = frozenset({307, 308})  # the others would turn the method into GET

Resolver = Callable[[str, int], Sequence[str]]
"""The addresses of a host name. Raises OSError."""


def resolve(host: str, port: int) -> list[str]:
    """What the system's resolver knows of a name."""
    return [str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


@dataclass(frozen=True, slots=True)
class OutboundLimits:
    """What one movement of bytes to or from elsewhere may take."""

    seconds: float = 6 * 3600
    """From the first connection to the last byte."""
    idle: float = 30
    """Between one byte and the next."""
    maximum_size: int | None = None
    """Bytes."""


class GuardedOutbound:
    """Outbound with the rules of design 5 on addresses; see the port."""

    def __init__(
        self,
        policy: AddressPolicy,
        limits: OutboundLimits | None = None,
        *,
        tls: ssl.SSLContext | None = None,
        resolver: Resolver = resolve,
    ) -> None:
        self._policy = policy
        self._limits = limits or OutboundLimits()
        self._tls = tls or ssl.create_default_context()
        self._resolver = resolver

    def require_allowed(self, remote: Remote) -> None:
        """Refuse what can be refused without a look-up or a connection. Raises AddressRefused, InvalidArgument."""
        if remote.protocol.upper() != "HTTP":
            raise InvalidArgument("protocol", reason="only HTTP is spoken")
        if remote.method not in {"GET", "PUT", "POST"}:
            raise InvalidArgument("method", reason="bytes are fetched with GET and sent with PUT or POST")
        require_headers(remote.headers)
        self._policy.require(parse_target(remote.url))

    @contextmanager
    def fetch(self, remote: Remote, halt: Halt) -> Iterator["FetchedBody"]:
        """GET a body. Raises AddressRefused, InvalidArgument, SourceUnreachable, TooLarge."""
        self.require_allowed(remote)
        target = parse_target(remote.url)
        deadline = self._deadline()
        headers = [(header.name, header.value) for header in remote.headers]
        for _ in range(REDIRECTS + 1):
            # No Accept-Encoding but identity: the bytes are wanted as they are kept there.
            own = [("User-Agent", "vofiles-filestore"), ("Accept", "*/*"), ("Accept-Encoding", "identity")]
            with self._open(target, deadline, halt) as connection:
                response = _exchange(connection, target, "GET", _merged(own, headers), ())
                if response.status not in _GET_REDIRECTS:
                    _require_status(target, response, {200})
                    yield FetchedBody(target, response, self._limits.maximum_size)
                    return
            target, headers = _redirected(target, response, headers)
        raise SourceUnreachable(remote_name(remote), reason=f"it redirects more than {REDIRECTS} times")

    def push(self, remote: Remote, body: Body, halt: Halt) -> None:
        """PUT or POST a body. Raises AddressRefused, InvalidArgument, SourceUnreachable."""
        self.require_allowed(remote)
        target = parse_target(remote.url)
        deadline = self._deadline()
        headers = [(header.name, header.value) for header in remote.headers]
        for _ in range(REDIRECTS + 1):
            with self._open(target, deadline, halt) as connection:
                sent = _merged(_describe(body), headers)
                response = _exchange(connection, target, remote.method, sent, body.chunks())
                if response.status not in _PUSH_REDIRECTS:
                    _require_status(target, response, range(200, 300))
                    return
            target, headers = _redirected(target, response, headers)
        raise SourceUnreachable(remote_name(remote), reason=f"it redirects more than {REDIRECTS} times")

    def _deadline(self) -> Deadline:
        return Deadline(self._limits.seconds, self._limits.idle)

    def _open(self, target: Target, deadline: Deadline, halt: Halt) -> Connection:
        reason: Exception = OSError("its host has no address")
        for address in self._addresses(target):
            try:
                return Connection(target, address, deadline, self._tls, halt)
            except OSError as error:
                reason = error
        raise SourceUnreachable(target, reason=_why(reason)) from reason

    def _addresses(self, target: Target) -> tuple[Address, ...]:
        if target.address is not None:
            return self._policy.choose(target, (str(target.address),))
        try:
            found = self._resolver(target.host, target.port)
        except (OSError, UnicodeError) as error:
            raise SourceUnreachable(target, reason="its host is not known") from error
        return self._policy.choose(target, found)


class FetchedBody:
    """A body that is being fetched; good inside the `with` of `fetch`."""

    def __init__(self, target: Target, response: HTTPResponse, maximum_size: int | None) -> None:
        self._target, self._response, self._maximum_size = target, response, maximum_size
        self.length: int | None = response.length
        announced = (response.getheader("Content-Type") or "").strip()
        self.content_type = announced if _TYPE.match(announced) else None
        if maximum_size is not None and self.length is not None and self.length > maximum_size:
            raise TooLarge(f"{self.length} bytes", reason=f"at most {maximum_size} are fetched")

    def chunks(self) -> Iterable[bytes]:
        """The bytes as they come, in pieces of at most BLOCK. Raises Incomplete, TooLarge."""
        got = 0
        while True:
            try:
                block = self._response.read1(BLOCK)
            except (OSError, HTTPException, ValueError) as error:
                raise Incomplete(self._target, reason=f"{_why(error)} after {got} bytes") from error
            if not block:
                break
            got += len(block)
            if self._maximum_size is not None and got > self._maximum_size:
                raise TooLarge(self._target, reason=f"at most {self._maximum_size} bytes are fetched")
            yield block
        if self.length is not None and got < self.length:
            raise Incomplete(self._target, reason=f"it announced {self.length} bytes and sent {got}")


def require_headers(headers: Sequence[Header]) -> None:
    """Refuse headers that a caller may not have sent along. Raises InvalidArgument."""
    if len(headers) > MOST_HEADERS:
        raise InvalidArgument("headers", reason=f"there are more than {MOST_HEADERS}")
    for header in headers:
        name = header.name.lower()
        if not _TOKEN.match(header.name) or not _VALUE.match(header.value) or len(header.value) > LONGEST_HEADER:
            raise InvalidArgument(f"header {header.name[:80]!a}", reason="its name or value is not a header's")
        if name in _OURS or name.startswith("proxy-"):
            raise InvalidArgument(f"header {header.name}", reason="the service sets it itself")


def remote_name(remote: Remote) -> str:
    """A remote as it may be shown."""
    return str(parse_target(remote.url))


def _merged(own: list[tuple[str, str]], callers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    given = {name.lower() for name, _ in callers}
    return [pair for pair in own if pair[0].lower() not in given] + callers


def _describe(body: Body) -> list[tuple[str, str]]:
    headers = [("User-Agent", "vofiles-filestore"), ("Content-Length", str(body.size))]
    if body.content_type:
        headers.append(("Content-Type", body.content_type))
    for digest in body.digests:
        if digest.algorithm == DigestAlgorithm.SHA256:
            value = b64encode(bytes.fromhex(digest.value)).decode("ascii")
            headers.append(("Repr-Digest", f"sha-256=:{value}:"))
    return headers


def _exchange(
    connection: Connection, target: Target, method: str, headers: list[tuple[str, str]], body: Iterable[bytes]
) -> HTTPResponse:
    try:
        return connection.exchange(method, headers, body)
    except (OSError, HTTPException, ValueError) as error:
        raise SourceUnreachable(target, reason=_why(error)) from error


def _require_status(target: Target, response: HTTPResponse, good: Iterable[int]) -> None:
    if response.status not in good:
        raise SourceUnreachable(
            target, reason=f"it answered {response.status}", properties=(("status", str(response.status)),)
        )


def _redirected(
    target: Target, response: HTTPResponse, headers: list[tuple[str, str]]
) -> tuple[Target, list[tuple[str, str]]]:
    location = response.getheader("Location")
    if not location:
        raise SourceUnreachable(target, reason=f"it answered {response.status} without saying where to")
    try:
        onward = parse_target(location, base=target)
    except InvalidArgument as error:
        raise AddressRefused(f"where {target} redirects to", reason="it is not a URL") from error
    # What the caller said to one origin is not another's to hear.
    return onward, headers if onward.origin == target.origin else []


def _why(error: Exception) -> str:
    """A reason in words that show nothing of the inside but what happened."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not accepted: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return "TLS failed"
    if isinstance(error, TimeoutError):
        return "it took too long"
    if isinstance(error, ConnectionRefusedError):
        return "it does not listen there"
    if isinstance(error, OSError):
        return "the connection broke"
    return "what it sent is not HTTP, or ended too early"
