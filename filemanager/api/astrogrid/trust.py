"""Trust: calls without any credentials, from networks of which the operator has said as whom they act.

AstroGrid's own clients send none. Rule: nothing is trusted unless the configuration says so, and the start of the
service warns of each network; what such a caller may do is what its account may, no more. Whoever sends credentials, in
HTTP or in the envelope, is who they prove, and where they are wrong nobody. The address is that of the other end of the
connection, and a request that says it was handed on by a proxy is of no network but the whole world; nor is one that a
browser sends for a page, whoever sits before it.
"""

from collections.abc import Callable, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address

import structlog

from filemanager.api.identity import FORWARDED
from filemanager.config import TrustedNetwork
from filemanager.domain.caller import Caller
from vofiles.ivorn import Ivorn
from vofiles.serving.entrance import Identify
from vofiles.serving.http import Request

_log = structlog.get_logger(__name__)


def trusting(
    identify: Identify[Caller], networks: Sequence[TrustedNetwork], act_as: Callable[[Ivorn], Caller]
) -> Identify[Caller]:
    """`identify`, but that who sends no Authorization from one of the networks acts as its account; of several
    networks the smallest counts. `act_as` raises NotAuthenticated.
    """
    smallest_first = sorted(networks, key=lambda each: each.network.prefixlen, reverse=True)

    def identify_or_trust(request: Request) -> Caller:
        account = _account_for(request, smallest_first)
        return identify(request) if account is None else act_as(account)

    return identify_or_trust


def warn_of(networks: Sequence[TrustedNetwork]) -> None:
    """Say in the log who is trusted."""
    for each in networks:
        _log.warning("calls without credentials are trusted", network=str(each.network), account=str(each.account))


def _account_for(request: Request, smallest_first: Sequence[TrustedNetwork]) -> Ivorn | None:
    headers, address = request.headers, _address_of(request.peer)
    if "authorization" in headers or "origin" in headers or address is None:
        return None
    handed_on = any(name in headers for name in FORWARDED)
    for each in smallest_first:
        if address in each.network and not (handed_on and each.network.prefixlen):
            return each.account
    return None


def _address_of(peer: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(peer)
    except ValueError:
        return None
    # What comes by IPv4 to a socket that hears both is of IPv4 all the same.
    return getattr(address, "ipv4_mapped", None) or address
