"""Operations of the FileManager on the tree.

Rule: a request's docstring says what its operation does; conditions and the idempotency key come last.
"""

from dataclasses import dataclass

from vofiles.contract.jobs import Job
from vofiles.contract.values import Node, Property
from vofiles.ivorn import Ivorn, LongIdentifier, NodeIdentifier
from vofiles.shape import many


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
class AddNode:
    """Make an empty node."""

    parent: LongIdentifier
    name: str
    type: str
    properties: tuple[Property, ...] = many("property")
    idempotency_key: str | None = None
    """A word of the caller's: a call that is made again with it is answered as the first one was."""


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
    if_generation: int | None = None
    """Only if the node has this generation; else GenerationConflict."""
    idempotency_key: str | None = None
    """A word of the caller's: a call that is made again with it is answered as the first one was."""


@dataclass(frozen=True, slots=True)
class Move:
    """Move a file or folder: to another parent, to another name, its content to another store, or all of these."""

    node: LongIdentifier
    parent: LongIdentifier | None = None
    """The folder it goes into; where it is if not given."""
    name: str | None = None
    """Its new name; the one it has if not given."""
    store: Ivorn | None = None
    """The store that its content, or that of all files below it, goes to."""
    replace: bool | None = None
    """Whether what has the name there now goes to the trash; else it is DuplicateNode."""
    if_generation: int | None = None
    """Only if the node has this generation; else GenerationConflict."""
    wait: int | None = None
    """Seconds to wait for the job's end before answering as it stands; a few if absent."""
    idempotency_key: str | None = None
    """A word of the caller's: a call that is made again with it is answered as the first one was."""


@dataclass(frozen=True, slots=True)
class Copy:
    """Copy a file, or a folder with all below it, with its properties."""

    node: LongIdentifier
    parent: LongIdentifier | None = None
    """The folder that the copy is made in; beside the original if not given."""
    name: str | None = None
    """The copy's name; the original's if not given."""
    store: Ivorn | None = None
    """The store that the copied content goes to; chosen by the service if not given."""
    version: int | None = None
    """Number of an earlier content of the file to copy; the current one if not given."""
    replace: bool | None = None
    """Whether what has the name there now goes to the trash; else it is DuplicateNode."""
    if_generation: int | None = None
    """Only if the node has this generation; else GenerationConflict."""
    wait: int | None = None
    """Seconds to wait for the job's end before answering as it stands; a few if absent."""
    idempotency_key: str | None = None
    """A word of the caller's: a call that is made again with it is answered as the first one was."""


@dataclass(frozen=True, slots=True)
class NodeJobAnswer:
    """The node as it is now, and its job unless everything is done: it is at work, or something in it failed.

    importTree and exportTree answer their job in any case.
    """

    node: Node
    job: Job | None = None


@dataclass(frozen=True, slots=True)
class GetUsage:
    """How much there is of a node and all below it."""

    node: LongIdentifier


@dataclass(frozen=True, slots=True)
class Usage:
    """How much there is below a node, itself included."""

    node: NodeIdentifier
    files: int
    folders: int
    size: int
    """Bytes of the current contents."""
    kept: int
    """Bytes of earlier contents that are still kept."""
    trash_nodes: int | None = None
    """How many entries are in the trash; of a root alone."""
    trash_size: int | None = None
    """Bytes of all contents in the trash; of a root alone."""
    properties: tuple[Property, ...] = many("property")


@dataclass(frozen=True, slots=True)
class GetUsageAnswer:
    usage: Usage
