"""What is known of an entry: the values that a script reads.

Rule: frozen, with Python's own types (datetime, int, str); what comes from the wire is checked here, so that a name can
be used as a file's name without another look.
"""

from collections.abc import Mapping
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
        digests=MappingProxyType({digest.algorithm: digest.value for digest in node.digests}),
        properties=MappingProxyType({row.key: row.value for row in node.properties}),
    )


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
