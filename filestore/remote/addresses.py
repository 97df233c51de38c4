"""Where importData and exportData may connect to: the addresses of URLs that strangers wrote (SSRF).

Rule: pure; refuses by default. A URL is taken apart here once, and what is connected to is the address that was
judged, never a name that could mean something else a moment later. A host that looks like a number in any notation is
an IPv4 address in plain dotted decimals or nothing, so that no resolver's idea of `0177.1` or `2130706433` is asked.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final
from urllib.parse import quote, urljoin, urlsplit

from vofiles.errors import AddressRefused, InvalidArgument

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

LONGEST_URL: Final = 8192
"""Characters of the longest URL accepted."""
PORTS: Final = {"http": 80, "https": 443}

# IANA's special-purpose address registries (RFC 6890 and updates), multicast, and the forms that carry an IPv4 address
# inside; Python's own `is_global` differs between patch releases.
_NOT_GLOBAL: Final = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # shared by carriers
        "127.0.0.0/8",  # loopback
        "169.254.0.0/16",  # link-local, clouds' metadata
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments
        "192.0.2.0/24",  # documentation
        "192.31.196.0/24",  # AS112
        "192.52.193.0/24",  # AMT
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",  # private
        "192.175.48.0/24",  # AS112
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast
        "2001::/23",  # protocol assignments, Teredo among them
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4
        "2620:4f:8000::/48",  # AS112
        "3fff::/20",  # documentation
    )
)
_GLOBAL_UNICAST: Final = IPv6Network("2000::/3")
_NAT64: Final = IPv6Network("64:ff9b::/96")
_LABEL: Final = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\Z")
_NUMBER: Final = re.compile(r"(?:\d+|0x[0-9a-f]*)\Z")
_UNUSABLE: Final = re.compile(r"[\x00-\x20\x7f\\<>\"^`{|}]")


@dataclass(frozen=True, slots=True)
class Target:
    """A URL that may be asked for, in parts."""

    scheme: str
    host: str
    """In lower case; a name in ASCII, or an address in its plain notation without brackets."""
    port: int
    resource: str
    """Path and query, as they go into the request line."""
    address: Address | None
    """The host, where it is an address and no name."""

    @property
    def authority(self) -> str:
        """The value of the Host header."""
        host = f"[{self.host}]" if isinstance(self.address, IPv6Address) else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def origin(self) -> tuple[str, str, int]:
        return self.scheme, self.host, self.port

    def __str__(self) -> str:
        """The URL as it may be shown and logged: without its query, which is often a secret."""
        return f"{self.scheme}://{self.authority}{self.resource.partition('?')[0]}"


def parse_target(url: str, base: Target | None = None) -> Target:
    """The target that a URL names; relative to `base` for a redirect. Raises InvalidArgument, AddressRefused."""
    if len(url) > LONGEST_URL:
        raise InvalidArgument("url", reason=f"it is longer than {LONGEST_URL} characters")
    if base is not None:
        url = urljoin(f"{base.scheme}://{base.authority}{base.resource}", url)
    if _UNUSABLE.search(url):
        raise InvalidArgument("url", reason="it has blanks, controls or other characters that no URL has")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise InvalidArgument("url", reason="it is not a URL") from error
    scheme = parts.scheme.lower()
    if scheme not in PORTS:
        raise AddressRefused(f"{scheme or 'no'} scheme", reason="only http and https URLs are fetched from and sent to")
    if "@" in parts.netloc:
        raise AddressRefused("a URL with a user name in it", reason="send credentials in a header")
    if not host or port == 0:
        raise InvalidArgument("url", reason="it has no host, or port 0")
    resource = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~") + ("?" + _query(parts.query) if parts.query else "")
    name, address = _parse_host(host, bracketed="[" in parts.netloc)
    return Target(scheme, name, port or PORTS[scheme], resource, address)


def _query(text: str) -> str:
    return quote(text, safe="/%:@!$&'()*+,;=~?[]")


def _parse_host(host: str, *, bracketed: bool) -> tuple[str, Address | None]:
    if bracketed:
        try:
            # A zone (`fe80::1%eth0`) picks one of this machine's own links; Python would take it.
            address: Address = IPv6Address("" if "%" in host else host)
        except ValueError as error:
            raise AddressRefused("this address", reason="it is not a plain IPv6 address") from error
        return str(address), address
    try:
        # IDNA also folds full-width digits and dots, so every later check sees what a resolver would.
        name = host.encode("idna").decode("ascii").lower().removesuffix(".")
    except UnicodeError as error:
        raise InvalidArgument("url", reason="its host is not a host name") from error
    labels = name.split(".")
    if _NUMBER.match(labels[-1]):
        try:
            address = IPv4Address(name)  # refuses leading zeros, hexadecimals and fewer than four parts
        except ValueError as error:
            raise AddressRefused("this address", reason="an IPv4 address is four decimal numbers") from error
        return str(address), address
    if len(name) > 253 or not all(_LABEL.match(label) for label in labels):
        raise InvalidArgument("url", reason="its host is not a host name")
    return name, None


class AddressPolicy:
    """The addresses that may be connected to: global ones, and those in the networks that the operator allows."""

    def __init__(self, allowed: Iterable[Network] = ()) -> None:
        self._allowed = tuple(allowed)

    def permits(self, address: Address) -> bool:
        """Whether `address` may be connected to; one that carries an IPv4 address inside is judged by that."""
        if any(address in network for network in self._allowed if network.version == address.version):
            return True
        if isinstance(address, IPv4Address):
            return not any(address in network for network in _NOT_GLOBAL)
        inner = address.ipv4_mapped
        if inner is None and address in _NAT64:
            inner = IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return self.permits(inner)
        return address in _GLOBAL_UNICAST and not any(address in network for network in _NOT_GLOBAL)

    def choose(self, target: Target, resolved: Iterable[str]) -> tuple[Address, ...]:
        """Those of the resolved addresses that may be connected to, in order. Raises AddressRefused if none may."""
        # getaddrinfo shows a zone with link-local addresses only, and those are never permitted without it.
        addresses = dict.fromkeys(ip_address(text.partition("%")[0]) for text in resolved)
        permitted = tuple(address for address in addresses if self.permits(address))
        if not permitted:
            raise AddressRefused(target.authority, reason="it is not a public address")
        return permitted

    def require(self, target: Target) -> None:
        """Refuse a target that can be seen, without a look-up, to lead inside. Raises AddressRefused."""
        if target.address is not None:
            self.choose(target, (str(target.address),))
        elif target.host.rpartition(".")[2] == "localhost":  # RFC 6761, 6.3: loopback, whatever a resolver says
            self.choose(target, ("127.0.0.1", "::1"))
