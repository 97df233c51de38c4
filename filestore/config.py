"""The FileStore's configuration: a TOML file as frozen values.

Rule: read once, in `__main__`, and passed down; every key is written down here, with its default, and nowhere else.
"""

import re
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path

from vofiles.configuration import Once, Table, database_url, read
from vofiles.contract import Durability
from vofiles.ivorn import Ivorn, parse_service
from vofiles.listen import Limits, Listen, Metrics, take_limits, take_listen, take_metrics
from vofiles.names import NodeName, parse_name
from vofiles.sharedkeys import Seen, SharedKey, take_keys

PORT = 8081
"""Where a store listens when nothing else is said."""


@dataclass(frozen=True, slots=True)
class Tickets:
    """Times of transfers, in seconds."""

    lifetime: int = 3600
    """How long after an offer bytes may begin to flow."""
    longest: int = 24 * 3600
    """The hard cap: how long bytes may flow once they have begun."""


@dataclass(frozen=True, slots=True)
class Content:
    """What may be kept."""

    maximum_size: int | None = None
    """Bytes of the largest content; None: as large as the disk allows."""
    reserve: int = 64 << 20
    """Bytes of free space that new content leaves alone."""
    sha256: bool = True
    """Whether every content gets a SHA-256 beside the fast digest."""
    grace: int = 7 * 24 * 3600
    """Seconds that ended transfers are remembered, and files that nobody knows are left alone."""
    durability: str = Durability.DISK
    """What has been done with bytes when they are acknowledged."""


@dataclass(frozen=True, slots=True)
class Scrubbing:
    """How all that is held is read again and again, so that rot is found before a reader meets it."""

    rate: int = 20 << 20
    """Bytes a second at most; 0: the store reads nothing of itself."""
    every: int = 30
    """Days from the beginning of one round to that of the next."""


@dataclass(frozen=True, slots=True)
class Outbound:
    """What importData and exportData may do."""

    allow: tuple[IPv4Network | IPv6Network, ...] = ()
    """Networks that they may reach although these are not public."""
    stores: tuple[IPv4Network | IPv6Network, ...] = ()
    """Networks besides, in which other stores are whose contents are copied here."""
    longest: int = 6 * 3600
    """Seconds that one movement of bytes may take."""
    idle: int = 30
    """Seconds between one byte and the next."""
    threads: int = 32
    """Movements at a time; each waits for the other side most of its life."""
    per_peer: int = 8
    """Movements at a time with one host."""
    authorities: Path | None = None
    """PEM file of certificate authorities to trust instead of the system's."""


@dataclass(frozen=True, slots=True)
class Manager:
    """A FileManager that this store serves."""

    identifier: Ivorn
    address: str
    """URL of its callback port, the only place that callbacks ever go to."""
    keys: tuple[SharedKey, ...]


@dataclass(frozen=True, slots=True)
class AdoptedDirectory:
    """A directory of others' files that become nodes where they lie."""

    name: str
    """What the catalogue calls it; the files stay the same ones when the directory is moved."""
    directory: Path
    manager: Ivorn
    """The FileManager in whose tree they are to be."""
    owner: Ivorn
    """The account in whose home they are to be."""
    path: tuple[NodeName, ...] = ()
    """The folder below that home; the home itself where none is named."""
    hidden: bool = False
    """Whether files and folders whose names begin with a dot count."""


@dataclass(frozen=True, slots=True)
class S3:
    """The bucket of an S3-compatible store that holds the contents."""

    bucket: str
    access_key: str
    secret_key: str = field(repr=False)
    endpoint: str | None = None
    """Its URL; None: Amazon's, in the region."""
    prefix: str = ""
    """What all keys begin with; empty, or with `/` at its end."""
    region: str = "us-east-1"
    addressing: str = "path"
    """Where a URL has the bucket: in its path, or in its host (`virtual`)."""
    authorities: Path | None = None
    """PEM file of certificate authorities to trust instead of the system's."""
    direct: bool = False
    """Whether clients send their bytes to the bucket itself, by addresses signed for them."""
    public_endpoint: str | None = None
    """URL by which clients reach it then; None: the same one."""
    trusted: bool = False
    """Whether clients that may send to it may read all that the store's account may."""


@dataclass(frozen=True, slots=True)
class Config:
    """Everything that the store is told."""

    identifier: Ivorn
    data: Path
    """The folder of the catalogue, the contents and the ticket secret; made at the first start."""
    listen: Listen
    database: str | None = None
    """URL of a database for the catalogue; None: a file in the folder."""
    tickets: Tickets = Tickets()
    content: Content = Content()
    scrub: Scrubbing = Scrubbing()
    outbound: Outbound = Outbound()
    managers: tuple[Manager, ...] = ()
    adopted: tuple[AdoptedDirectory, ...] = ()
    s3: S3 | None = None
    """Where the contents are; None: in the folder."""
    origins: tuple[str, ...] = ()
    """Web origins whose pages may PUT and GET contents from a browser; `*` for all."""
    limits: Limits = field(default_factory=Limits)
    metrics: Metrics = field(default_factory=Metrics)


def load(path: Path) -> Config:
    """The configuration in a file. Raises ConfigurationError."""
    with read(path) as top:
        return take_config(top)


def take_config(top: Table) -> Config:
    """The configuration in the outermost table of a file. Raises ConfigurationError."""
    identifiers, names, seen = Once(), Once(), Seen.nothing()
    identifier, data = top.parse("identifier", parse_service), top.path_of("data")
    return Config(
        identifier=identifier,
        data=data,
        listen=take_listen(top, PORT),
        database=_find_database(top),
        tickets=_tickets(top),
        content=_content(top),
        scrub=_scrub(top),
        outbound=_outbound(top),
        managers=tuple(_manager(table, identifiers, seen) for table in top.tables("managers")),
        adopted=tuple(_adopted(table, names, data) for table in top.tables("adopted")),
        s3=_s3(top) if top.has("s3") else None,
        origins=_origins(top),
        limits=take_limits(top),
        metrics=take_metrics(top),
    )


def _find_database(top: Table) -> str | None:
    url = top.find("database", str)
    return None if url is None else database_url(top, "database", url)


def _tickets(top: Table) -> Tickets:
    with top.table("tickets") as table:
        return Tickets(table.positive("lifetime", Tickets().lifetime), table.positive("longest", Tickets().longest))


def _content(top: Table) -> Content:
    plain = Content()
    with top.table("content") as table:
        maximum = table.find("maximum_size", int)
        if maximum is not None and maximum < 0:
            raise table.error("maximum_size", "it is negative")
        reserve = table.take("reserve", int, plain.reserve)
        sha256 = table.take("sha256", bool, plain.sha256)
        grace = table.positive("grace", plain.grace)
        durability = table.choice("durability", (Durability.DISK, Durability.MEMORY), plain.durability)
        return Content(maximum, max(0, reserve), sha256, grace, durability)


def _scrub(top: Table) -> Scrubbing:
    plain = Scrubbing()
    with top.table("scrub") as table:
        rate = table.take("rate", int, plain.rate)
        if rate < 0:
            raise table.error("rate", "it is negative")
        return Scrubbing(rate, table.positive("every", plain.every))


def _outbound(top: Table) -> Outbound:
    plain = Outbound()
    with top.table("outbound") as table:
        return Outbound(
            table.parse_list("allow", _network),
            table.parse_list("stores", _network),
            table.positive("longest", plain.longest),
            table.positive("idle", plain.idle),
            table.positive("threads", plain.threads),
            table.positive("per_peer", plain.per_peer),
            table.find_path("authorities"),
        )


def _s3(top: Table) -> S3:
    plain = S3("", "", "")
    with top.table("s3") as table:
        return S3(
            table.parse("bucket", _parse_bucket),
            _take_key(table, "access_key", secret=False),
            _take_key(table, "secret_key", secret=True),
            table.url("endpoint", "") or None,
            _parsed_prefix(table),
            table.take("region", str, plain.region),
            table.choice("addressing", ("path", "virtual"), plain.addressing),
            table.find_path("authorities"),
            table.take("direct", bool, default=False),
            table.url("public_endpoint", "") or None,
            table.take("trusted", bool, default=False),
        )


_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{2,254}")
_OWN = frozenset({"staging", "quarantine"})
"""Where a store has what clients send, and what is not what came, below its prefix."""
_PREFIX = re.compile(r"[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*")


def _parse_bucket(text: str) -> str:
    if not _BUCKET.fullmatch(text):
        raise ValueError("it is the name of a bucket: letters, digits, '.', '_' and '-'")
    return text


def _parsed_prefix(table: Table) -> str:
    text = table.take("prefix", str, "").strip("/")
    if text and (not _PREFIX.fullmatch(text) or not {".", ".."}.isdisjoint(text.split("/"))):
        raise table.error("prefix", "it is words of letters, digits, '.', '_' and '-' with '/' between them")
    if text.rpartition("/")[2] in _OWN:
        raise table.error("prefix", f"a store one step above would take it for its own {text.rpartition('/')[2]}")
    # A key is the prefix and a number, and no two prefixes shall make the same.
    return f"{text}/" if text else ""


def _take_key(table: Table, key: str, *, secret: bool) -> str:
    """One of the two keys of an account at the store of objects, or what its file holds. Nothing of it is told."""
    file = table.find_path(f"{key}_file")
    if file is not None and table.has(key):
        raise table.error(f"{key}_file", f"there is {key} beside it; give one of the two")
    source = key if file is None else f"{key}_file"
    try:
        text = (table.take(key, str) if file is None else file.read_text(encoding="ascii")).strip()
    except (OSError, ValueError):
        raise table.error(source, f"{file} cannot be read") from None
    if secret:
        table.require_private(source, file or table.path)
    if not text or not text.isascii() or not text.isprintable() or " " in text:
        raise table.error(source, "it is printable ASCII without spaces")
    return text


def _origins(top: Table) -> tuple[str, ...]:
    with top.table("browsers") as table:
        return table.parse_list("origins", _parse_origin)


_ORIGIN = re.compile(r"https?://[a-z0-9.-]+(:[0-9]{1,5})?|https?://\[[0-9a-f:]+\](:[0-9]{1,5})?")


def _parse_origin(text: str) -> str:
    # As browsers write it (RFC 6454, 6.2): anything else would never be equal to what they send.
    if text != "*" and not _ORIGIN.fullmatch(text):
        raise ValueError(
            "an origin is scheme, host in small letters and port, such as https://portal.example.org; or *"
        )
    return text


def _network(text: str) -> IPv4Network | IPv6Network:
    network = ip_network(text)
    if network.prefixlen == 0:
        raise ValueError(f"{network} is every address, this machine's and its neighbours' too; name the networks")
    return network


def _manager(table: Table, identifiers: Once, seen: Seen) -> Manager:
    with table:
        identifier = table.parse("identifier", parse_service)
        identifiers.require(table, "identifier", identifier)
        return Manager(identifier, table.url("address"), take_keys(table, seen))


_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}\Z")


def _adopted(table: Table, names: Once, data: Path) -> AdoptedDirectory:
    with table:
        name = table.parse("name", _parse_name)
        names.require(table, "name", name)
        directory = table.path_of("directory")
        # What the store writes itself is its own, and changes all the time.
        if directory.resolve().is_relative_to(data.resolve()) or data.resolve().is_relative_to(directory.resolve()):
            raise table.error("directory", "it and the store's own data are apart")
        return AdoptedDirectory(
            name,
            directory,
            table.parse("manager", parse_service),
            table.parse("owner", parse_service),
            table.find_parsed("path", _parse_path) or (),
            table.take("hidden", bool, default=False),
        )


def _parse_name(text: str) -> str:
    if not _NAME.match(text):
        raise ValueError("it is a word of small letters, digits, '.', '_' and '-'")
    return text


def _parse_path(text: str) -> tuple[NodeName, ...]:
    return tuple(parse_name(step) for step in text.split("/") if step)
