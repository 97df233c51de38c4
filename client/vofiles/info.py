"""What is known of an entry: the values that a script reads.

Rule: frozen, with Python's own types (datetime, int, str); what comes from the wire is checked here, so that a name can
be used as a file's name without another look.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

from vofiles import contract
from vofiles.contract import NodeKind
from vofiles.instant import to_datetime
from vofiles.ivorn import Ivorn
from vofiles.names import HomePath

LOCATION = "filestore.location"
"""The standard key of the container that holds a file's content."""


@dataclass(frozen=True)
class NodeInfo:
    """An entry as it was when it was asked for."""

    path: HomePath
    kind: str
    """FILE or FOLDER."""
    size: int | None
    """Bytes of the content; None for a folder and for a file never written."""
    content_type: str | None
    created: datetime
    modified: datetime
    version: int
    """Number of the current content; 0 where nothing has been written."""
    owner: str
    digests: Mapping[str, str] = field(default_factory=dict)
    """Digest of the content by algorithm (`sha-256`), hexadecimal."""
    properties: Mapping[str, str] = field(default_factory=dict)
    generation: int = 0
    """Counts every change of the entry; for `if_generation`."""

    @property
    def name(self) -> str:
        """The last step of its path; empty for a root."""
        return self.path.name or ""

    @property
    def is_folder(self) -> bool:
        return self.kind == NodeKind.FOLDER

    @property
    def is_file(self) -> bool:
        return self.kind == NodeKind.FILE

    @property
    def location(self) -> str | None:
        """Identifier of the container that holds the content."""
        return self.properties.get(LOCATION)

    @property
    def store(self) -> str | None:
        """Identifier of the store that holds the content."""
        return str(Ivorn.parse(self.location).service) if self.location else None


def info_of(node: contract.Node, path: HomePath) -> NodeInfo:
    """What the wire says of the node that is at `path`."""
    return NodeInfo(
        path=path,
        kind=node.type,
        size=node.size if node.version else None,
        content_type=node.content_type,
        created=to_datetime(node.created),
        modified=to_datetime(node.modified),
        version=node.version,
        owner=str(node.owner),
        digests=_digests(node.digests),
        properties=MappingProxyType({row.key: row.value for row in node.properties}),
        generation=node.generation,
    )


def _digests(digests: Iterable[contract.Digest]) -> Mapping[str, str]:
    return MappingProxyType({digest.algorithm: digest.value for digest in digests})


@dataclass(frozen=True)
class TransferStatus:
    """A movement of bytes between a store and somewhere else, as it stood when it was asked for."""

    transfer: str
    """Its id."""
    state: str
    bytes_done: int
    done: bool
    """Whether it has completed."""


def status_of(transfer: contract.Transfer) -> TransferStatus:
    """What the wire says of a transfer."""
    done = transfer.state == contract.TransferState.COMPLETED
    return TransferStatus(transfer.transfer, transfer.state, transfer.bytes_done, done)


@dataclass(frozen=True)
class VersionInfo:
    """One content that a file has or had, and that is kept."""

    number: int
    size: int
    """Bytes."""
    created: datetime
    """When the bytes were complete and durable, by the store's clock."""
    current: bool
    """Whether it is what the file has now."""
    content_type: str | None
    location: str | None
    """Identifier of the container that holds it."""
    digests: Mapping[str, str] = field(default_factory=dict)
    """By algorithm, hexadecimal."""


def version_of(version: contract.Version) -> VersionInfo:
    """What the wire says of a content."""
    return VersionInfo(
        number=version.number,
        size=version.size,
        created=to_datetime(version.created),
        current=version.current,
        content_type=version.content_type,
        location=str(version.location) if version.location else None,
        digests=_digests(version.digests),
    )


@dataclass(frozen=True)
class Usage:
    """How much there is of an entry and all below it."""

    files: int
    folders: int
    size: int
    """Bytes of the current contents."""
    kept: int
    """Bytes of earlier contents that are still kept."""
    trash_nodes: int | None
    """How many entries are in the trash; of a root alone."""
    trash_size: int | None
    """Bytes of all contents in the trash; of a root alone."""


def usage_of(usage: contract.Usage) -> Usage:
    """What the wire says of how much there is."""
    return Usage(usage.files, usage.folders, usage.size, usage.kept, usage.trash_nodes, usage.trash_size)


@dataclass(frozen=True)
class StoreInfo:
    """A store, how it is, and what one has in it oneself."""

    identifier: str
    state: str
    """ACTIVE, READONLY, DRAINING or OFFLINE."""
    site: str
    storage_class: str
    """ONLINE or NEARLINE."""
    reachable: bool
    """Whether it has been answering."""
    files: int
    """Contents of one's own that it holds, earlier ones included."""
    size: int
    """Their bytes."""
    free: int | None
    """Bytes it had left when it last said so."""


def store_of(report: contract.StoreReport) -> StoreInfo:
    """What the wire says of a store."""
    return StoreInfo(
        identifier=str(report.identifier),
        state=report.state,
        site=report.site,
        storage_class=report.storage_class,
        reachable=report.reachable,
        files=report.files,
        size=report.size,
        free=report.free,
    )
