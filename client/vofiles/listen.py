"""What every server's configuration says of its sockets: where it is heard, what it puts up with, where it is measured.

Rule: passwords, tokens and tickets do not cross a network in the clear unless the operator has said that they may.
"""

import ipaddress
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from vofiles.configuration import Table

ALL_INTERFACES: Final = frozenset({"0.0.0.0", "::", ""})  # noqa: S104 - told apart, not bound to


@dataclass(frozen=True, slots=True)
class Listen:
    """Where a service is heard, and how it is called."""

    interface: str
    port: int
    """0: any free one."""
    address: str
    """Base URL as others reach it, without `/` at its end; empty: as the listening socket says."""
    certificate: Path | None = None
    """PEM file; with it and `key` the service speaks TLS."""
    key: Path | None = None
    behind_proxy: bool = False
    """Whether a proxy in front of it speaks TLS, so that it may speak plain HTTP itself."""
    trusted_network: bool = False
    """Whether plain HTTP may leave this machine, because nobody else hears it."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one server puts up with; see `vofiles.serving.http.Limits` for how each is meant. Times are seconds."""

    connections: int = 10_000
    """Connections at once."""
    connections_per_address: int = 1_000
    """Connections at once from one address; behind a proxy all of them are the proxy's."""
    head_seconds: float = 20.0
    """From the first byte of a request's head to its last, however they trickle."""
    idle_seconds: float = 60.0
    """Between two requests on one connection."""
    body_rate: int = 1024
    """Bytes a second that a body must bring …"""
    body_window: float = 20.0
    """… averaged over so many seconds."""
    send_seconds: float = 60.0
    """Within which a client must take something of its answer."""
    stop_seconds: float = 10.0
    """That requests under way are given when the service stops."""


@dataclass(frozen=True, slots=True)
class Metrics:
    """Where the service is measured; always on loopback."""

    interface: str = "127.0.0.1"
    port: int | None = None
    """None: nowhere; 0: any free one."""


def take_listen(top: Table, port: int) -> Listen:
    """The table `listen`, with the port that a service has where none is given."""
    with top.table("listen") as table:
        listen = Listen(
            table.take("interface", str, "127.0.0.1"),
            _port(table, port),
            table.url("address", ""),
            table.find_path("certificate"),
            table.find_path("key"),
            table.take("behind_proxy", bool, False),  # noqa: FBT003 - the default
            table.take("trusted_network", bool, False),  # noqa: FBT003 - likewise
        )
        if (listen.certificate is None) != (listen.key is None):
            raise table.error("key" if listen.key is None else "certificate", "TLS needs both certificate and key")
        if listen.key is not None and listen.key.exists():
            table.require_private("key", listen.key)
        _require_address_fits(table, listen)
        _require_secrecy(table, listen)
    return listen


def take_limits(top: Table) -> Limits:
    """The table `limits`."""
    plain = Limits()
    with top.table("limits") as table:
        limits = Limits(
            table.positive("connections", plain.connections),
            table.positive("connections_per_address", plain.connections_per_address),
            table.positive("head_seconds", plain.head_seconds),
            table.positive("idle_seconds", plain.idle_seconds),
            table.positive("body_rate", plain.body_rate),
            table.positive("body_window", plain.body_window),
            table.positive("send_seconds", plain.send_seconds),
            table.positive("stop_seconds", plain.stop_seconds),
        )
        if limits.connections_per_address > limits.connections:
            raise table.error("connections_per_address", "it is more than all connections together")
    return limits


def take_metrics(top: Table) -> Metrics:
    """The table `metrics`."""
    plain = Metrics()
    with top.table("metrics") as table:
        metrics = Metrics(table.take("interface", str, plain.interface), table.find("port", int))
        if metrics.port is not None and not 0 <= metrics.port <= 65535:
            raise table.error("port", "it is between 0 and 65535")
        if not is_loopback(metrics.interface):
            raise table.error("interface", "metrics are for this machine only: 127.0.0.1, ::1 or localhost")
    return metrics


def is_loopback(host: str) -> bool:
    """Whether a host's name or address is this machine's own loopback."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _port(table: Table, default: int) -> int:
    port = table.take("port", int, default)
    if not 0 <= port <= 65535:
        raise table.error("port", "it is between 0 and 65535")
    return port


def _require_address_fits(table: Table, listen: Listen) -> None:
    """Refuse an announced address that contradicts how the service is heard."""
    scheme = urlsplit(listen.address).scheme
    if listen.interface in ALL_INTERFACES and not listen.address:
        raise table.error("address", "say how others reach a service that listens on all interfaces")
    if listen.behind_proxy and listen.certificate is not None:
        raise table.error("behind_proxy", "either the proxy speaks TLS or the service does (certificate, key)")
    if listen.behind_proxy and scheme != "https":
        raise table.error("address", "behind a proxy it is the proxy's, and begins with https://")
    if scheme == "http" and listen.certificate is not None:
        raise table.error("address", "it begins with http://, but the service speaks TLS")
    if scheme == "https" and listen.certificate is None and not listen.behind_proxy:
        raise table.error("address", "it begins with https://, but there is neither certificate nor behind_proxy")


def _require_secrecy(table: Table, listen: Listen) -> None:
    """Refuse plain HTTP where others could hear it."""
    if listen.certificate is not None or listen.trusted_network:
        return
    excuse = "give certificate and key, or say trusted_network = true if nobody else hears it"
    if not is_loopback(listen.interface) and not listen.behind_proxy:
        raise table.error("interface", f"passwords and tickets would leave this machine in plain HTTP: {excuse}")
    host = urlsplit(listen.address).hostname
    if host is not None and not listen.behind_proxy and not is_loopback(host):
        raise table.error("address", f"passwords and tickets would come from elsewhere in plain HTTP: {excuse}")
