"""Operations of the FileStore, spoken by FileManagers.

Rule: a request's docstring says what its operation does; every one that moves bytes is idempotent on its transfer.
"""

from dataclasses import dataclass

from vofiles.contract.values import Container, Digest, Header, Holding, Property, Transfer
from vofiles.ivorn import Ivorn, LongIdentifier, NodeIdentifier
from vofiles.shape import many


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
    source: Ivorn | None = None
    """The container that the URL is an offer of, where it is another store's and not a stranger's address."""


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
class StoreAppendInit:
    """Make a container that begins with the bytes of another, and a ticket to PUT what comes behind them.

    The first container stays as it is. The receipt tells of the whole.
    """

    transfer: str
    callback: Ivorn
    container: Ivorn
    """The one to begin with."""
    node: LongIdentifier
    owner: Ivorn
    size: int | None = None
    """Announced bytes, of those to be added."""
    maximum_size: int | None = None
    """Of those to be added."""
    node_identifier: NodeIdentifier | None = None
    """The node's own identifier, which stays true when the node is moved or renamed; kept beside the bytes."""


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
    verify: bool | None = None
    """Whether the first one's bytes are read and compared with its digests before."""


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
class StoreCompleteTransfer:
    """Look whether all bytes of a transfer have come, where they are not sent to the store itself, and take them.

    The answer says how it stands: taking them goes on behind it, and its end is told by callback. A transfer that has
    all its bytes, or gets them by a ticket, is answered as it stands. Incomplete, where bytes are missing, leaves it
    open.
    """

    transfer: str
    digests: tuple[Digest, ...] = many("digest")
    """Digests of what was sent, besides those that were announced: the content must have them."""


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
    damaged: bool | None = None
    """Whether only those are wanted whose bytes are known not to be what came; their properties say what is wrong."""


@dataclass(frozen=True, slots=True)
class ListContainersAnswer:
    next: str | None = None
    """Where the next page starts; absent on the last."""
    holdings: tuple[Holding, ...] = many("holding")


@dataclass(frozen=True, slots=True)
class GetStatus:
    """How the store is, and how much the caller has in it."""


@dataclass(frozen=True, slots=True)
class GetStatusAnswer:
    state: str
    """ACTIVE, or READONLY where it takes no new content."""
    containers: int
    """Of the caller's, those with content."""
    size: int
    """Their bytes."""
    free: int | None = None
    """Bytes that it could still take, as far as it knows."""
    properties: tuple[Property, ...] = many("property")
