"""The contract in Python: every operation of the native services and every value on their wires.

Rule: pure, and the one place in code where a wire value or an operation is written down; `shape` reads it for spyne's
models, the encoders and the clients. The published texts in `wsdl/` are kept by hand; a test holds them against this
module, and another against their last kept copy: operations and optional elements of requests may be added, answers
and what stands in them stay as they are (tests/contracts/growth.py).

Vocabularies that will grow (kind, state, protocol, method, digest algorithm) are strings here and on the wire; the
classes that end in `Kind`, `State` … below list what is meant today.
"""

from dataclasses import dataclass, field
from typing import Final

from vofiles.instant import Instant
from vofiles.ivorn import Ivorn, LongIdentifier, NodeIdentifier
from vofiles.shape import many

FILEMANAGER_NAMESPACE: Final = "urn:vofiles:filemanager:1"
FILESTORE_NAMESPACE: Final = "urn:vofiles:filestore:1"


class NodeKind:
    """What a node is."""

    FILE: Final = "FILE"
    FOLDER: Final = "FOLDER"
    LINK: Final = "LINK"
    """Documented from the start; no operation makes one yet."""


class AccountKind:
    """What an account is."""

    PERSON: Final = "PERSON"
    GROUP: Final = "GROUP"
    SERVICE: Final = "SERVICE"


class ServiceKind:
    """What a service is."""

    FILEMANAGER: Final = "FILEMANAGER"
    FILESTORE: Final = "FILESTORE"


class TransferState:
    """How far a transfer is; design 2 has the table of transitions."""

    REQUESTED: Final = "REQUESTED"
    QUEUED: Final = "QUEUED"
    STAGING: Final = "STAGING"
    OFFERED: Final = "OFFERED"
    RECEIVING: Final = "RECEIVING"
    STORED: Final = "STORED"
    COMPLETED: Final = "COMPLETED"
    FAILED: Final = "FAILED"
    EXPIRED: Final = "EXPIRED"
    CANCELLED: Final = "CANCELLED"

    ENDED: Final = frozenset({COMPLETED, FAILED, EXPIRED, CANCELLED})


class Direction:
    """Which way a transfer's bytes go, and who moves them."""

    IMPORT_INIT: Final = "importInit"
    IMPORT_DATA: Final = "importData"
    EXPORT_INIT: Final = "exportInit"
    EXPORT_DATA: Final = "exportData"


class ContainerState:
    """What is in a container."""

    EMPTY: Final = "EMPTY"
    RECEIVING: Final = "RECEIVING"
    COMPLETE: Final = "COMPLETE"
    DELETED: Final = "DELETED"


class DigestAlgorithm:
    """How a digest is made; values are lower-case hexadecimal."""

    SHA256: Final = "sha-256"
    XXH3: Final = "xxh3-128"


HTTP: Final = "HTTP"
"""The one transfer protocol today."""


# --- values -----------------------------------------------------------------------------------------------------------


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
    properties: tuple[Property, ...] = many("property")


@dataclass(frozen=True, slots=True)
class Node:
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
class BundleHints:
    """How much more than the node itself getNode answers."""

    depth: int | None = None
    """Levels of children below the node; 0 if not given, negative: all."""
    maximum_extra_nodes: int | None = None
    """At most so many nodes besides the one asked for; negative or not given: the service's own limit."""
    parents: bool | None = None
    """Whether the folders above, up to the root, come too."""


@dataclass(frozen=True, slots=True)
class FaultDetail:
    """The typed detail of every fault."""

    name: str
    message: str
    properties: tuple[Property, ...] = many("property")


# --- operations of the FileManager ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class GetIdentifier:
    """Who is this?"""


@dataclass(frozen=True, slots=True)
class IdentifierAnswer:
    identifier: Ivorn


@dataclass(frozen=True, slots=True)
class GetServices:
    """The services that this one knows, itself among them; with an identifier that one alone, or none."""

    identifier: Ivorn | None = None


@dataclass(frozen=True, slots=True)
class GetServicesAnswer:
    services: tuple[Service, ...] = many("service")


@dataclass(frozen=True, slots=True)
class AddAccount:
    """Make an account and its home. For administrators and communities' services."""

    account: Ivorn
    name: str | None = None
    """Public name; the last step of the identifier if not given."""
    kind: str | None = None
    properties: tuple[Property, ...] = many("property")


@dataclass(frozen=True, slots=True)
class GetAccount:
    """An account with its home; the caller's own if none is named."""

    account: Ivorn | None = None


@dataclass(frozen=True, slots=True)
class SetAccountProperties:
    """Add, change and remove properties of an account; the caller's own if none is named."""

    account: Ivorn | None = None
    properties: tuple[Property, ...] = many("property")
    remove_keys: tuple[str, ...] = many("removeKey")


@dataclass(frozen=True, slots=True)
class AccountAnswer:
    account: Account


@dataclass(frozen=True, slots=True)
class AddNode:
    """Make an empty node."""

    parent: LongIdentifier
    name: str
    type: str
    properties: tuple[Property, ...] = many("property")


@dataclass(frozen=True, slots=True)
class NodeAnswer:
    node: Node


@dataclass(frozen=True, slots=True)
class GetNode:
    """A node and, by the hints, nodes around it."""

    node: LongIdentifier
    hints: BundleHints | None = None


@dataclass(frozen=True, slots=True)
class GetNodeAnswer:
    """The node asked for, then the others: parents upwards, then children level by level."""

    nodes: tuple[Node, ...] = many("node")


@dataclass(frozen=True, slots=True)
class ListChildren:
    """A page of a folder's children in the order of their names."""

    node: LongIdentifier
    after: str | None = None
    """The answer's `next` of the page before."""
    limit: int | None = None
    """At most so many (the service has a limit of its own)."""


@dataclass(frozen=True, slots=True)
class ListChildrenAnswer:
    next: str | None = None
    """Where the next page starts; absent on the last."""
    nodes: tuple[Node, ...] = many("node")


@dataclass(frozen=True, slots=True)
class SetProperties:
    """Add, change and remove properties of a node."""

    node: LongIdentifier
    properties: tuple[Property, ...] = many("property")
    remove_keys: tuple[str, ...] = many("removeKey")


@dataclass(frozen=True, slots=True)
class Delete:
    """Delete a file or an empty folder."""

    node: LongIdentifier


@dataclass(frozen=True, slots=True)
class DeleteAnswer:
    pass


@dataclass(frozen=True, slots=True)
class ImportInit:
    """Ask where to PUT a file's next version."""

    node: LongIdentifier
    store: Ivorn | None = None
    """The store it must go to; chosen by the service if not given."""
    size: int | None = None
    """Announced bytes: exactly so many must come."""
    maximum_size: int | None = None
    content_type: str | None = None
    digests: tuple[Digest, ...] = many("digest")
    """Announced digests: the bytes must have them."""


@dataclass(frozen=True, slots=True)
class ImportData:
    """Have the store fetch a file's next version from a URL."""

    node: LongIdentifier
    url: str
    protocol: str | None = None
    method: str | None = None
    store: Ivorn | None = None
    size: int | None = None
    maximum_size: int | None = None
    content_type: str | None = None
    wait: int | None = None
    """Seconds to wait for the end before answering as it stands; as long as the service allows if absent."""
    headers: tuple[Header, ...] = many("header")
    digests: tuple[Digest, ...] = many("digest")


@dataclass(frozen=True, slots=True)
class ExportInit:
    """Ask where to GET a file's content."""

    node: LongIdentifier


@dataclass(frozen=True, slots=True)
class ExportData:
    """Have the store send a file's content to a URL."""

    node: LongIdentifier
    url: str
    protocol: str | None = None
    method: str | None = None
    wait: int | None = None
    headers: tuple[Header, ...] = many("header")


@dataclass(frozen=True, slots=True)
class TransferAnswer:
    transfer: Transfer
    node: Node | None = None
    """The node as it is now, where the operation waited for the end."""


@dataclass(frozen=True, slots=True)
class GetTransfer:
    """A transfer as it stands."""

    transfer: str


@dataclass(frozen=True, slots=True)
class CancelTransfer:
    """End a transfer that has not ended."""

    transfer: str


# --- operations of the callback port, spoken by stores to the FileManager ---------------------------------------------


@dataclass(frozen=True, slots=True)
class TransferCompleted:
    """The transfer has ended well."""

    receipt: Receipt


@dataclass(frozen=True, slots=True)
class TransferFailed:
    """The transfer has ended badly."""

    transfer: str
    state: str
    """FAILED, EXPIRED or CANCELLED."""
    failure: Failure


@dataclass(frozen=True, slots=True)
class Acknowledged:
    pass


# --- operations of the FileStore, spoken by FileManagers --------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StoreImportInit:
    """Make an empty container and a ticket to PUT into it."""

    transfer: str
    callback: Ivorn
    """The FileManager to call back: the signer of this request, no other."""
    node: LongIdentifier
    owner: Ivorn
    size: int | None = None
    maximum_size: int | None = None
    content_type: str | None = None
    digests: tuple[Digest, ...] = many("digest")
    node_identifier: NodeIdentifier | None = None
    """The node's own identifier, which stays true when the node is moved or renamed; kept beside the bytes."""


@dataclass(frozen=True, slots=True)
class StoreImportData:
    """Make a container and fetch bytes into it from a URL."""

    transfer: str
    callback: Ivorn
    node: LongIdentifier
    owner: Ivorn
    url: str
    protocol: str | None = None
    method: str | None = None
    size: int | None = None
    maximum_size: int | None = None
    content_type: str | None = None
    headers: tuple[Header, ...] = many("header")
    digests: tuple[Digest, ...] = many("digest")
    node_identifier: NodeIdentifier | None = None
    """The node's own identifier, which stays true when the node is moved or renamed; kept beside the bytes."""


@dataclass(frozen=True, slots=True)
class StoreExportInit:
    """Make a ticket to GET a container's bytes."""

    transfer: str
    callback: Ivorn
    container: Ivorn
    name: str | None = None
    """What a browser should call the file."""
    content_type: str | None = None


@dataclass(frozen=True, slots=True)
class StoreExportData:
    """Send a container's bytes to a URL."""

    transfer: str
    callback: Ivorn
    container: Ivorn
    url: str
    protocol: str | None = None
    method: str | None = None
    content_type: str | None = None
    headers: tuple[Header, ...] = many("header")


@dataclass(frozen=True, slots=True)
class StoreTransferAnswer:
    transfer: Transfer


@dataclass(frozen=True, slots=True)
class Duplicate:
    """Make a second container with the bytes of the first; the transfer has ended when the answer comes."""

    transfer: str
    callback: Ivorn
    container: Ivorn
    node: LongIdentifier
    owner: Ivorn
    node_identifier: NodeIdentifier | None = None
    """The node's own identifier, which stays true when the node is moved or renamed; kept beside the bytes."""


@dataclass(frozen=True, slots=True)
class DeleteContainer:
    """Delete a container; deleting it twice is no error."""

    container: Ivorn


@dataclass(frozen=True, slots=True)
class DeleteContainerAnswer:
    pass


@dataclass(frozen=True, slots=True)
class StoreCancelTransfer:
    """End a transfer that has not ended; its ticket is worth nothing from then on."""

    transfer: str


@dataclass(frozen=True, slots=True)
class GetProperties:
    """What the store knows of a container, a transfer, or of the container of a transfer."""

    container: Ivorn | None = None
    transfer: str | None = None


@dataclass(frozen=True, slots=True)
class GetPropertiesAnswer:
    container: Container | None = None
    transfer: Transfer | None = None


@dataclass(frozen=True, slots=True)
class ListContainers:
    """A page of the caller's containers that are not DELETED, in the order of their numbers."""

    after: str | None = None
    """The answer's `next` of the page before, or any container number."""
    limit: int | None = None
    """At most so many (the store has a limit of its own)."""


@dataclass(frozen=True, slots=True)
class ListContainersAnswer:
    next: str | None = None
    """Where the next page starts; absent on the last."""
    holdings: tuple[Holding, ...] = many("holding")


# --- the tables -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Operation:
    """One line of a contract: its name on the wire, what goes in, what comes out, which faults it may raise."""

    name: str
    request: type
    answer: type
    faults: tuple[str, ...] = field(default=())
    """Categories, by name (see `errors`); ALWAYS comes besides."""


ALWAYS: Final = ("Refused", "Invalid", "Unreachable", "Unexpected")
"""Faults that any operation may raise."""


def _operation(name: str, request: type, answer: type, *faults: str) -> Operation:
    return Operation(name, request, answer, (*faults, *ALWAYS))


_TREE: Final = ("NotFound", "WrongKind")

FILEMANAGER: Final = (
    _operation("getIdentifier", GetIdentifier, IdentifierAnswer),
    _operation("addAccount", AddAccount, AccountAnswer, "Conflict", "WrongKind"),
    _operation("getAccount", GetAccount, AccountAnswer, "NotFound"),
    _operation("setAccountProperties", SetAccountProperties, AccountAnswer, "NotFound", "WrongKind"),
    _operation("addNode", AddNode, NodeAnswer, *_TREE, "Conflict"),
    _operation("getNode", GetNode, GetNodeAnswer, *_TREE),
    _operation("listChildren", ListChildren, ListChildrenAnswer, *_TREE),
    _operation("setProperties", SetProperties, NodeAnswer, *_TREE),
    _operation("delete", Delete, DeleteAnswer, *_TREE, "Conflict"),
    _operation("importInit", ImportInit, TransferAnswer, *_TREE, "Conflict"),
    _operation("importData", ImportData, TransferAnswer, *_TREE, "Conflict", "Damaged"),
    _operation("exportInit", ExportInit, TransferAnswer, *_TREE),
    _operation("exportData", ExportData, TransferAnswer, *_TREE, "Damaged"),
    _operation("getTransfer", GetTransfer, TransferAnswer, "NotFound"),
    _operation("cancelTransfer", CancelTransfer, TransferAnswer, "NotFound", "Conflict"),
    _operation("getServices", GetServices, GetServicesAnswer),
)
"""Port type FileManager, in FILEMANAGER_NAMESPACE, for callers."""

CALLBACK: Final = (
    _operation("getIdentifier", GetIdentifier, IdentifierAnswer),
    _operation("transferCompleted", TransferCompleted, Acknowledged, "NotFound", "Conflict"),
    _operation("transferFailed", TransferFailed, Acknowledged, "NotFound", "Conflict"),
)
"""Port type FileManagerCallback, in FILEMANAGER_NAMESPACE, for stores."""

FILESTORE: Final = (
    _operation("getIdentifier", GetIdentifier, IdentifierAnswer),
    _operation("importInit", StoreImportInit, StoreTransferAnswer, "Conflict"),
    _operation("importData", StoreImportData, StoreTransferAnswer, "Conflict"),
    _operation("exportInit", StoreExportInit, StoreTransferAnswer, "NotFound", "Conflict"),
    _operation("exportData", StoreExportData, StoreTransferAnswer, "NotFound", "Conflict"),
    _operation("duplicate", Duplicate, StoreTransferAnswer, "NotFound", "Conflict", "Damaged"),
    _operation("delete", DeleteContainer, DeleteContainerAnswer),
    _operation("cancelTransfer", StoreCancelTransfer, StoreTransferAnswer, "NotFound", "Conflict"),
    _operation("getProperties", GetProperties, GetPropertiesAnswer, "NotFound"),
    _operation("listContainers", ListContainers, ListContainersAnswer),
)
"""Port type FileStore, in FILESTORE_NAMESPACE, for FileManagers."""
