"""AstroGrid's contract in Python: every operation of its FileManager and every value on its wire.

    urn:astrogrid:schema:vo-space:FileManager:v0.2    as published (wsdl/astrogrid-filemanager-0.2.wsdl)
    urn:astrogrid:schema:filemanager:FileManager:v0.1  as spoken by the clients of AstroGrid

Rule: this is theirs: nothing is ever added. Identifiers are text here, in whatever old spelling they came. Whatever a
request is made of may be None, because clients leave out or send as nil what they have no value for, even where the
published text asks for it; `occurs` keeps what is published. Tests hold this against wsdl/.
"""

from dataclasses import dataclass
from typing import Annotated, Final

from vofiles.contract import Operation
from vofiles.instant import Instant, parse_instant, to_text
from vofiles.shape import Lasting, Simple, many, occurs

NAMESPACE: Final = "urn:astrogrid:schema:vo-space:FileManager:v0.2"
"""The contract as published."""
SPOKEN: Final = "urn:astrogrid:schema:filemanager:FileManager:v0.1"
"""The same as AstroGrid's own clients speak it."""
WSDL: Final = "astrogrid-filemanager-0.2.wsdl"

_IVORN: Final = "ivo://.*"


def _milliseconds(instant: Instant) -> str:
    return f"{to_text(instant)[:-4]}Z"


AnyUri = Annotated[str, Simple("anyURI", str.strip, str)]
Ivorn = Annotated[str, Simple("Ivorn", str.strip, str, base="anyURI", pattern=_IVORN)]
NodeIvorn = Annotated[str, Simple("NodeIvorn", str.strip, str, base="anyURI", pattern=_IVORN)]
"""A node's identifier, or a path below it after a `/`."""
AccountIdent = Annotated[str, Simple("AccountIdent", str.strip, str, base="anyURI", pattern=_IVORN)]
NodeName = Annotated[str, Simple("NodeName", str.strip, str, base="NMTOKEN")]
NodeTypes = Annotated[str, Simple("NodeTypes", str.strip, str, values=("FILE", "FOLDER"))]
Int = Annotated[int, Simple("int", int, str)]
Size = Annotated[int, Simple("long", int, str, marked=True)]
"""Axis reads it only where it says its type."""
Moment = Annotated[Instant, Simple("dateTime", parse_instant, _milliseconds)]
"""On the wire with three decimals, as there was no more in a java.util.Date."""

FILE: Final = "FILE"
FOLDER: Final = "FOLDER"


@dataclass(frozen=True, slots=True)
class Attribute:
    """A key and a value on a node."""

    key: str
    value: str


@dataclass(frozen=True, slots=True)
class Child:
    """The name and identifier of what is in a folder."""

    name: NodeName
    ivorn: NodeIvorn


@dataclass(frozen=True, slots=True)
class DataLocation:
    """Where a node's bytes lie, or will: the store, and the container in it if there is one."""

    uri: AnyUri
    ident: str | None = None


@dataclass(frozen=True, slots=True)
class TransferInfo:
    """Where and by which method of HTTP to send bytes or fetch them; both are always there in an answer."""

    uri: AnyUri | None = occurs(1)
    method: str | None = occurs(1)


@dataclass(frozen=True, slots=True)
class BundlePreferences:
    """What a caller would like to be told beside the node itself; negative is without limit."""

    prefetch_depth: Int = occurs(0, 1)
    max_extra_nodes: Int = occurs(0, -1)
    fetch_parents: bool = occurs(1, default=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Node(Lasting):
    """A folder or a file. What is optional is left out, never nil."""

    ivorn: NodeIvorn
    parent: NodeIvorn | None = None
    children: tuple[Child, ...] = many("child")
    name: NodeName
    type: NodeTypes
    create_date: Moment
    modify_date: Moment | None = None
    location: DataLocation
    size: Size | None = None
    attributes: tuple[Attribute, ...] = many("attributes")


@dataclass(frozen=True, slots=True)
class FaultMessage:
    """What the detail of a fault tells people."""

    message: str


@dataclass(frozen=True, slots=True)
class NodeBundle:
    """Nodes, the one that was asked about first."""

    nodes: tuple[Node, ...] = many("node", 1)


@dataclass(frozen=True, slots=True)
class InfoAnswer:
    """A transfer that has been prepared."""

    info: TransferInfo


@dataclass(frozen=True, slots=True)
class IvornAnswer:
    """The identifier of the service."""

    ivorn: Ivorn


@dataclass(frozen=True, slots=True)
class Done:
    """Nothing to tell."""


@dataclass(frozen=True, slots=True)
class DummyMessage:
    """Published so that Axis made classes of types that it would else have left out."""

    ignored: Ivorn | None = occurs(1)
    ignored_too: TransferInfo | None = occurs(1)


@dataclass(frozen=True, slots=True)
class GetIdentifier:
    """Which service is this?"""


@dataclass(frozen=True, slots=True)
class AddAccount:
    """Make an account and its home; answers the home."""

    ident: AccountIdent | None = occurs(1)
    hints: BundlePreferences | None = None


@dataclass(frozen=True, slots=True)
class GetAccount:
    """The home of an account."""

    ident: AccountIdent | None = occurs(1)
    hints: BundlePreferences | None = None


@dataclass(frozen=True, slots=True)
class GetNode:
    """A node."""

    node_ivorn: NodeIvorn | None = occurs(1)
    hints: BundlePreferences | None = None


@dataclass(frozen=True, slots=True)
class AddNode:
    """Make a node in a folder; answers the new one and the folder."""

    parent_ivorn: NodeIvorn | None = None
    new_node_name: NodeName | None = occurs(1)
    node_type: NodeTypes | None = occurs(1)


@dataclass(frozen=True, slots=True)
class Refresh:
    """Have a file's size and attributes asked for at its store; answers the node."""

    node_ivorn: NodeIvorn | None = occurs(1)
    hints: BundlePreferences | None = None


@dataclass(frozen=True, slots=True)
class Delete:
    """Delete a file or an empty folder; answers its former parent."""

    node_ivorn: NodeIvorn | None = occurs(1)


@dataclass(frozen=True, slots=True)
class Move:
    """Rename, move into another folder, move to another store; answers the node and its parents."""

    node_ivorn: NodeIvorn | None = None
    new_parent: NodeIvorn | None = None
    new_node_name: NodeName | None = occurs(1)
    new_location: AnyUri | None = None


@dataclass(frozen=True, slots=True)
class Copy:
    """Copy a node; answers the copy and its parent."""

    node_ivorn: NodeIvorn | None = None
    new_parent: NodeIvorn | None = None
    new_node_name: NodeName | None = occurs(1)
    new_location: AnyUri | None = None


@dataclass(frozen=True, slots=True)
class ReadContent:
    """Where to fetch a file's bytes."""

    node_ivorn: NodeIvorn | None = occurs(1)


@dataclass(frozen=True, slots=True)
class WriteContent:
    """Where to send a file's bytes."""

    node_ivorn: NodeIvorn | None = occurs(1)


@dataclass(frozen=True, slots=True)
class AppendContent:
    """Where to send bytes that go behind a file's."""

    node_ivorn: NodeIvorn | None = occurs(1)


@dataclass(frozen=True, slots=True)
class CopyURLToContent:
    """Have a file's bytes fetched from a URL; answers the node."""

    node_ivorn: NodeIvorn | None = occurs(1)
    url: AnyUri | None = occurs(1)


@dataclass(frozen=True, slots=True)
class CopyContentToURL:
    """Have a file's bytes sent to a URL."""

    node_ivorn: NodeIvorn | None = occurs(1)
    url: TransferInfo | None = occurs(1)


DUPLICATE_NODE: Final = "DuplicateNodeFault"
NODE_NOT_FOUND: Final = "NodeNotFoundFault"
FILE_MANAGER: Final = "FileManagerFault"

_FOUND: Final = (NODE_NOT_FOUND, FILE_MANAGER)
_MADE: Final = (DUPLICATE_NODE, NODE_NOT_FOUND, FILE_MANAGER)

OPERATIONS: Final = (
    Operation("dummyMessageWorkAroundForAxis", DummyMessage, Done),
    Operation("getIdentifier", GetIdentifier, IvornAnswer),
    Operation("addAccount", AddAccount, NodeBundle, (DUPLICATE_NODE, FILE_MANAGER)),
    Operation("getAccount", GetAccount, NodeBundle, _FOUND),
    Operation("getNode", GetNode, NodeBundle, _FOUND),
    Operation("addNode", AddNode, NodeBundle, _MADE),
    Operation("refresh", Refresh, NodeBundle, _FOUND),
    Operation("delete", Delete, NodeBundle, _FOUND),
    Operation("move", Move, NodeBundle, _MADE),
    Operation("copy", Copy, NodeBundle, _MADE),
    Operation("readContent", ReadContent, InfoAnswer, _FOUND),
    Operation("writeContent", WriteContent, InfoAnswer, _FOUND),
    Operation("appendContent", AppendContent, InfoAnswer, _FOUND),
    Operation("copyURLToContent", CopyURLToContent, NodeBundle, _FOUND),
    Operation("copyContentToURL", CopyContentToURL, Done, _FOUND),
)
"""Port type FileManagerPortType; the faults are the names of theirs."""
