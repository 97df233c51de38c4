"""The values that answers and requests are made of.

Rule: each ends in repeated `property`, where there is room for what is not known yet: deployed clients refuse elements
that they do not know.
"""

from dataclasses import dataclass

from vofiles.instant import Instant
from vofiles.ivorn import Ivorn, LongIdentifier, NodeIdentifier
from vofiles.shape import Lasting, many


@dataclass(frozen=True, slots=True)
class Property:
    """A key and a value on a node, an account or another value."""

    key: str
    value: str


@dataclass(frozen=True, slots=True)
class Digest:
    """A digest of bytes: algorithm and lower-case hexadecimal value."""

    algorithm: str
    value: str


@dataclass(frozen=True, slots=True)
class Header:
    """An HTTP header to send with a transfer."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A URL with protocol, method and headers to send bytes to or fetch them from."""

    url: str
    protocol: str
    method: str
    headers: tuple[Header, ...] = many("header")


@dataclass(frozen=True, slots=True)
class Failure:
    """Why something failed: the error's name and sentence."""

    name: str
    message: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a store says it holds after a transfer."""

    transfer: str
    container: Ivorn
    size: int
    """Bytes."""
    created: Instant
    """When the bytes were complete and durable, by the store's clock."""
    content_type: str | None = None
    digests: tuple[Digest, ...] = many("digest")
    properties: tuple[Property, ...] = many("property")


@dataclass(frozen=True, slots=True)
class Transfer:
    """One movement of bytes, as it stands."""

    transfer: str
    """Its id, made by the FileManager."""
    direction: str
    state: str
    bytes_done: int
    container: Ivorn | None = None
    """For the FileManager."""
    expiry: Instant | None = None
    """Until when bytes may begin to flow, by the clock of the service that answers."""
    job: str | None = None
    """The job it belongs to, where there is one."""
    failure: Failure | None = None
    receipt: Receipt | None = None
    endpoints: tuple[Endpoint, ...] = many("endpoint")
    """Where several are to be PUT to, each takes a part of the content, one behind the other: as many bytes as its
    header Content-Length says.
    """
    properties: tuple[Property, ...] = many("property")
    """`transfer.complete` is `required` where completeTransfer has to be called when all bytes have been sent."""


@dataclass(frozen=True, slots=True)
class Node(Lasting):
    """An entry of the tree."""

    identifier: NodeIdentifier
    name: str
    type: str
    owner: Ivorn
    created: Instant
    modified: Instant
    generation: int
    """Counts every change of the node, from 1."""
    version: int
    """Number of the current content; 0 where nothing has been written."""
    parent: NodeIdentifier | None = None
    size: int | None = None
    """Bytes of the current content; absent for a folder."""
    content_type: str | None = None
    digests: tuple[Digest, ...] = many("digest")
    properties: tuple[Property, ...] = many("property")


@dataclass(frozen=True, slots=True)
class Account:
    """A community account, known to this FileManager."""

    identifier: Ivorn
    name: str
    """Its public name, unique in its community."""
    kind: str
    home: NodeIdentifier
    """Its root node."""
    created: Instant
    properties: tuple[Property, ...] = many("property")


@dataclass(frozen=True, slots=True)
class Service:
    """A service and where it is."""

    identifier: Ivorn
    kind: str
    address: str
    """URL of its SOAP service."""
    properties: tuple[Property, ...] = many("property")


@dataclass(frozen=True, slots=True)
class Container:
    """What a store knows of one container."""

    identifier: Ivorn
    state: str
    node: LongIdentifier
    """The node it was made for, as it was called then."""
    owner: Ivorn
    created: Instant
    size: int | None = None
    content_type: str | None = None
    digests: tuple[Digest, ...] = many("digest")
    properties: tuple[Property, ...] = many("property")


@dataclass(frozen=True, slots=True)
class Holding:
    """A container as its FileManager needs it to compare its tree with the store, or to rebuild the tree from it."""

    container: Ivorn
    state: str
    node: LongIdentifier
    """The node it was made for, as it was called then."""
    owner: Ivorn
    transfer: str
    """The transfer that made it."""
    created: Instant
    node_identifier: NodeIdentifier | None = None
    """The node's own identifier, if the store was told."""
    completed: Instant | None = None
    """When the bytes were complete and durable; absent while it is not COMPLETE."""
    size: int | None = None
    content_type: str | None = None
    digests: tuple[Digest, ...] = many("digest")
    properties: tuple[Property, ...] = many("property")


@dataclass(frozen=True, slots=True)
class FaultDetail:
    """The typed detail of every fault."""

    name: str
    message: str
    properties: tuple[Property, ...] = many("property")
