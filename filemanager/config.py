"""The FileManager's configuration: a TOML file as frozen values.

Rule: read once, in `__main__`, and passed down; every key is written down here.
"""

from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Final

from vofiles.configuration import Once, Table, database_url, read
from vofiles.contract import ServiceKind
from vofiles.errors import InvalidIdentifier
from vofiles.ivorn import Ivorn, parse_service
from vofiles.listen import Limits, Listen, Metrics, take_limits, take_listen, take_metrics
from vofiles.sharedkeys import Seen, SharedKey, take_keys

PORT: Final = 8080

_LISTEN: Final = Listen("127.0.0.1", PORT, "")
_CLASSES: Final = ("ONLINE", "NEARLINE")
_KINDS: Final = (ServiceKind.FILEMANAGER, ServiceKind.FILESTORE)
_LONGEST_DAYS: Final = 36_500
_STATES: Final = ("ACTIVE", "READONLY", "DRAINING", "OFFLINE")


@dataclass(frozen=True, slots=True)
class Terms:
    """The numbers by which the service works. Times are seconds."""

    transfer_lifetime: int = 86_400
    """After how long a transfer that has not ended is looked after."""
    keep_transfers: int = 30 * 86_400
    """How long a transfer that has ended can be read."""
    maximum_wait: int = 50
    """How long importData and exportData wait at most before they answer as it stands; clients do longer."""
    store_timeout: float = 4.5
    """How long a store has to answer; with what else there is to do a caller hears of its silence within 5 s."""
    pull_timeout: float = 0.25
    """How long a reader waits for what a store says of an open transfer."""
    pull_interval: float = 1.0
    """How often a store is asked about one transfer."""
    keep_versions: int = 3
    """How many content versions of a file are kept, the current one included."""
    keep_days: int | None = 30
    """How many days a content version is kept after it was followed by the next; None: as long as the number allows."""
    grace: int = 7 * 86_400
    """How long the checker leaves alone what belongs to nothing."""
    maximum_page: int = 1000
    """How many children listChildren answers at most."""
    maximum_extra_nodes: int = 1000
    """How many nodes besides the one asked for getNode answers at most."""
    trash_days: int = 30
    """After how many days what was deleted goes for good; 0: never by itself."""
    token_lifetime: int = 30 * 86_400
    """How long a bearer token is good for."""
    keep_keys: int = 7 * 86_400
    """How long an idempotency key is known, and with it what its call was answered."""


@dataclass(frozen=True, slots=True)
class JobTerms:
    """The numbers by which jobs are done. Times are seconds."""

    per_store: int = 4
    """How many items of jobs have one store at work at a time."""
    workers: int = 4
    """How many items are begun or looked after at a time."""
    maximum_items: int = 1_000_000
    """How many items a job has at most."""
    wait: int = 5
    """How long a long verb waits for its job's end unless its caller says so."""
    keep: int = 30 * 86_400
    """How long a job that has ended can be read."""


@dataclass(frozen=True, slots=True)
class StoreEntry:
    """A store that this service uses."""

    identifier: Ivorn
    address: str
    """URL of its SOAP service."""
    keys: tuple[SharedKey, ...]
    site: str = ""
    storage_class: str = "ONLINE"
    state: str | None = None
    """What it is used for; None: as it was before, ACTIVE at first."""


@dataclass(frozen=True, slots=True)
class ServiceEntry:
    """Another service that callers are told of."""

    identifier: Ivorn
    kind: str
    address: str
    """URL of its SOAP service."""


@dataclass(frozen=True, slots=True)
class TrustedNetwork:
    """Clients of the AstroGrid API that can send no credentials, and the account as which they act."""

    network: IPv4Network | IPv6Network
    account: Ivorn


@dataclass(frozen=True, slots=True)
class Config:
    """Everything that the FileManager is told."""

    identifier: Ivorn
    communities: tuple[Ivorn, ...]
    """Whose accounts it serves; a user name without community is of the first."""
    database: str
    """sqlite:///path or postgresql+psycopg://…"""
    default_store: Ivorn | None = None
    listen: Listen = _LISTEN
    terms: Terms = Terms()
    jobs: JobTerms = JobTerms()
    stores: tuple[StoreEntry, ...] = ()
    services: tuple[ServiceEntry, ...] = ()
    """What getServices answers besides this service and its stores."""
    limits: Limits = field(default_factory=Limits)
    metrics: Metrics = field(default_factory=Metrics)
    trusted: tuple[TrustedNetwork, ...] = ()
    """Who may call the AstroGrid API without saying who they are; nobody unless it is said."""
    authorities: Path | None = None
    """PEM file of certificate authorities to trust in stores instead of the system's."""


def load(path: Path) -> Config:
    """The configuration in a file. Raises ConfigurationError."""
    with read(path) as top:
        return take_config(top)


def take_config(top: Table) -> Config:
    """The configuration in the outermost table of a file. Raises ConfigurationError."""
    identifiers, addresses, seen, listen = Once(), Once(), Seen.nothing(), take_listen(top, PORT)
    config = Config(
        identifier=top.parse("identifier", parse_service),
        communities=top.parse_list("communities", parse_service),
        database=database_url(top, "database", top.take("database", str)),
        default_store=top.find_parsed("default_store", parse_service),
        listen=listen,
        terms=_terms(top),
        jobs=_jobs(top),
        stores=tuple(_store(table, identifiers, addresses, seen) for table in top.tables("stores")),
        services=tuple(_service(table, identifiers, addresses) for table in top.tables("services")),
        limits=take_limits(top),
        metrics=take_metrics(top),
        trusted=_trusted(top, behind_proxy=listen.behind_proxy),
        authorities=_authorities(top),
    )
    if not config.communities:
        raise top.error("communities", "there must be one at least")
    if config.identifier in {entry.identifier for entry in config.services}:
        raise top.error("services", f"{config.identifier} is this service itself")
    if len(set(config.communities)) < len(config.communities):
        raise top.error("communities", "one is given twice")
    _require_default_store(top, config)
    return config


def _authorities(top: Table) -> Path | None:
    with top.table("outbound") as table:
        return table.find_path("authorities")


def _require_default_store(top: Table, config: Config) -> None:
    if config.default_store is None:
        return
    states = {store.identifier: store.state for store in config.stores}
    if config.default_store not in states:
        raise top.error("default_store", f"{config.default_store} is not among the stores")
    if states[config.default_store] not in {None, "ACTIVE"}:
        raise top.error("default_store", f"its state is {states[config.default_store]}, so it takes no content")


def _terms(top: Table) -> Terms:
    plain = Terms()
    with (
        top.table("transfers") as transfers,
        top.table("content") as content,
        top.table("nodes") as nodes,
        top.table("tokens") as tokens,
        top.table("trash") as trash,
        top.table("repeats") as repeats,
    ):
        return Terms(
            transfer_lifetime=transfers.positive("lifetime", plain.transfer_lifetime),
            keep_transfers=transfers.positive("keep", plain.keep_transfers),
            maximum_wait=transfers.positive("maximum_wait", plain.maximum_wait),
            store_timeout=transfers.positive("store_timeout", plain.store_timeout),
            pull_timeout=transfers.positive("pull_timeout", plain.pull_timeout),
            pull_interval=transfers.positive("pull_interval", plain.pull_interval),
            keep_versions=content.positive("keep_versions", plain.keep_versions),
            keep_days=_keep_days(content, plain.keep_days or 0) or None,
            grace=content.positive("grace", plain.grace),
            maximum_page=nodes.positive("maximum_page", plain.maximum_page),
            maximum_extra_nodes=nodes.positive("maximum_extra_nodes", plain.maximum_extra_nodes),
            trash_days=_keep_days(trash, plain.trash_days),
            token_lifetime=tokens.positive("lifetime", plain.token_lifetime),
            keep_keys=repeats.positive("keep", plain.keep_keys),
        )


def _keep_days(table: Table, default: int) -> int:
    """Days; 0: no end. Raises ConfigurationError."""
    days = table.take("keep_days", int, default)
    if not 0 <= days <= _LONGEST_DAYS:
        raise table.error("keep_days", f"it is at least 0 and at most {_LONGEST_DAYS}")
    return days


def _jobs(top: Table) -> JobTerms:
    plain = JobTerms()
    with top.table("jobs") as jobs:
        return JobTerms(
            per_store=jobs.positive("per_store", plain.per_store),
            workers=jobs.positive("workers", plain.workers),
            maximum_items=jobs.positive("maximum_items", plain.maximum_items),
            wait=jobs.positive("wait", plain.wait),
            keep=jobs.positive("keep", plain.keep),
        )


def _store(table: Table, identifiers: Once, addresses: Once, seen: Seen) -> StoreEntry:
    with table:
        identifier, address = table.parse("identifier", parse_service), table.url("address")
        identifiers.require(table, "identifier", identifier)
        addresses.require(table, "address", address)
        return StoreEntry(
            identifier,
            address,
            keys=take_keys(table, seen),
            site=table.take("site", str, ""),
            storage_class=table.choice("class", _CLASSES, "ONLINE"),
            state=table.choice("state", (*_STATES, ""), "") or None,
        )


def _trusted(top: Table, *, behind_proxy: bool) -> tuple[TrustedNetwork, ...]:
    networks, found = Once(), []
    with top.table("astrogrid") as astrogrid:
        for table in astrogrid.tables("trusted"):
            with table:
                network = table.parse("network", _network)
                networks.require(table, "network", network)
                if behind_proxy and network.prefixlen:
                    # Some add nothing to what they hand on, so that the whole world would come from their address.
                    raise table.error("network", "behind a proxy (listen.behind_proxy) it is 0.0.0.0/0 or ::/0")
                found.append(TrustedNetwork(network, table.parse("account", _account)))
    return tuple(found)


def _network(text: str) -> IPv4Network | IPv6Network:
    """An address or a network. One of IPv4 in the clothes of IPv6 is the same network. Raises ValueError."""
    network = ip_network(text)
    plain = network.network_address.ipv4_mapped if isinstance(network, IPv6Network) else None
    return IPv4Network((plain, network.prefixlen - 96)) if plain is not None and network.prefixlen >= 96 else network


def _account(text: str) -> Ivorn:
    """Raises InvalidIdentifier."""
    account = parse_service(text)
    if account.user or not account.resource:
        raise InvalidIdentifier(repr(text[:200]), reason="an account is called ivo://authority/name here")
    return account


def _service(table: Table, identifiers: Once, addresses: Once) -> ServiceEntry:
    with table:
        identifier, address = table.parse("identifier", parse_service), table.url("address")
        identifiers.require(table, "identifier", identifier)
        addresses.require(table, "address", address)
        return ServiceEntry(identifier, table.choice("kind", _KINDS, ServiceKind.FILEMANAGER), address)
