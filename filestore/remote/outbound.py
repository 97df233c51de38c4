"""The port Outbound: fetches from and sends to addresses that strangers wrote, over HTTP.

Rule: every connection goes through `_open`, which resolves the name once, has `AddressPolicy` judge what came out and
connects to exactly that; a redirect is a new target and is judged as any stranger's, also where the first one was
another store's. Nothing of ours goes along: no credentials, cookies, proxies or environment; headers are the caller's,
within limits, and leave with the first change of origin.
"""

import re
import socket
import ssl
from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from filestore.domain.transfer import Remote
from filestore.ports import Body, Halt
from filestore.remote.addresses import Address, AddressPolicy, Target, parse_target
from filestore.remote.connection import Connection, Deadline
from filestore.remote.exchange import exchange, merged, redirected, require_status, why
from filestore.remote.fetching import PAUSES, REDIRECTS, Fetching
from vofiles.contract import DigestAlgorithm, Header
from vofiles.errors import InvalidArgument, SourceUnreachable

MOST_HEADERS: Final = 20
LONGEST_HEADER: Final = 8192

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
        "if-range",
        "keep-alive",
        "range",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    )
)
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
        stores: AddressPolicy | None = None,
        tls: ssl.SSLContext | None = None,
        resolver: Resolver = resolve,
        pauses: Sequence[float] = PAUSES,
    ) -> None:
        """`stores` judges where other stores offer their contents, `policy` (as without it) everybody else."""
        self._policy = policy
        self._stores = stores or policy
        self._limits = limits or OutboundLimits()
        self._tls = tls or ssl.create_default_context()
        self._resolver = resolver
        self._pauses = pauses

    def require_allowed(self, remote: Remote) -> None:
        """Refuse what can be refused without a look-up or a connection. Raises AddressRefused, InvalidArgument."""
        if remote.protocol.upper() != "HTTP":
            raise InvalidArgument("protocol", reason="only HTTP is spoken")
        if remote.method not in {"GET", "PUT", "POST"}:
            raise InvalidArgument("method", reason="bytes are fetched with GET and sent with PUT or POST")
        require_headers(remote.headers)
        target = parse_target(remote.url)
        self._policy_for(remote, target).require(target)

    def fetch(self, remote: Remote, halt: Halt) -> Fetching:
        """GET a body. Raises AddressRefused, InvalidArgument; what it raises in a `with` stands there."""
        self.require_allowed(remote)
        deadline = self._deadline()

        def connect(target: Target) -> Connection:
            return self._open(target, deadline, halt, self._policy_for(remote, target))

        limit = self._limits.maximum_size
        return Fetching(remote, connect, halt, deadline, maximum_size=limit, pauses=self._pauses)

    def push(self, remote: Remote, body: Body, halt: Halt) -> None:
        """PUT or POST a body. Raises AddressRefused, InvalidArgument, SourceUnreachable."""
        self.require_allowed(remote)
        target = parse_target(remote.url)
        deadline = self._deadline()
        headers = [(header.name, header.value) for header in remote.headers]
        for _ in range(REDIRECTS + 1):
            sent = merged(_describe(body), headers)
            with self._open(target, deadline, halt, self._policy) as connection:
                response = exchange(connection, target, remote.method, sent, body.chunks())
                if response.status not in _PUSH_REDIRECTS:
                    require_status(target, response, range(200, 300))
                    return
            target, headers = redirected(target, response, headers)
        raise SourceUnreachable(remote_name(remote), reason=f"it redirects more than {REDIRECTS} times")

    def _deadline(self) -> Deadline:
        return Deadline(self._limits.seconds, self._limits.idle)

    def _policy_for(self, remote: Remote, target: Target) -> AddressPolicy:
        """A store's own address is one that the operator vouches for; where it sends us on to is anybody's."""
        own = remote.source is not None and target.origin == parse_target(remote.url).origin
        return self._stores if own else self._policy

    def _open(self, target: Target, deadline: Deadline, halt: Halt, policy: AddressPolicy) -> Connection:
        reason: Exception = OSError("its host has no address")
        for address in self._addresses(target, policy):
            try:
                return Connection(target, address, deadline, self._tls, halt)
            except OSError as error:
                reason = error
        raise SourceUnreachable(target, reason=why(reason)) from reason

    def _addresses(self, target: Target, policy: AddressPolicy) -> tuple[Address, ...]:
        if target.address is not None:
            return policy.choose(target, (str(target.address),))
        try:
            found = self._resolver(target.host, target.port)
        except (OSError, UnicodeError) as error:
            raise SourceUnreachable(target, reason="its host is not known") from error
        return policy.choose(target, found)


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


def _describe(body: Body) -> list[tuple[str, str]]:
    headers = [("User-Agent", "vofiles-filestore"), ("Content-Length", str(body.size))]
    if body.content_type:
        headers.append(("Content-Type", body.content_type))
    for digest in body.digests:
        if digest.algorithm == DigestAlgorithm.SHA256:
            value = b64encode(bytes.fromhex(digest.value)).decode("ascii")
            headers.append(("Repr-Digest", f"sha-256=:{value}:"))
    return headers
