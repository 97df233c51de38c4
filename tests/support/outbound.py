"""The guarded outbound port as tests use it: loopback allowed, bodies whole.

Rule: only what several tests of it share.
"""

from ipaddress import ip_network

from filestore.domain.transfer import Remote
from filestore.ports import Body
from filestore.remote.addresses import AddressPolicy
from filestore.remote.outbound import GuardedOutbound, OutboundLimits
from filestore.services.flows import Movement
from vofiles.contract import Digest, Header

LOOPBACK = AddressPolicy([ip_network("127.0.0.1/32")])
CONTENT = bytes(range(256)) * 4096
PAUSES = (0.0, 0.0, 0.0)
"""Connections are made anew at once."""


def outbound(policy: AddressPolicy = LOOPBACK, **limits: float) -> GuardedOutbound:
    return GuardedOutbound(policy, OutboundLimits(**limits), pauses=PAUSES)  # type: ignore[arg-type]


def fetched(url: str, port: GuardedOutbound | None = None, *headers: Header) -> bytes:
    with (port or outbound()).fetch(Remote(url, headers=headers), Movement()) as incoming:
        return b"".join(incoming.chunks())


def body(content: bytes = CONTENT) -> Body:
    digests = (Digest("sha-256", "00" * 32),)
    return Body(len(content), "application/fits", digests, lambda: iter([content[:1000], content[1000:]]))
