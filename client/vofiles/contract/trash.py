"""Operations of the FileManager that delete, and take back.

Rule: a request's docstring says what its operation does. The trash is a hidden folder of each space: what is in it is
found by these operations alone.
"""

from dataclasses import dataclass

from vofiles.contract.jobs import Job
from vofiles.contract.values import Node, Property
from vofiles.instant import Instant
from vofiles.ivorn import Ivorn, LongIdentifier, NodeIdentifier
from vofiles.shape import many


@dataclass(frozen=True, slots=True)
class Delete:
    """Delete a file or a folder: it goes to the trash, from where it can be restored until it is purged."""

    node: LongIdentifier
    recursive: bool | None = None
    """Whether a folder goes with all that is in it; else one that is not empty is FolderNotEmpty."""
    purge: bool | None = None
    """Whether it goes for good, past the trash."""
    if_generation: int | None = None
    """Only if the node has this generation; else GenerationConflict."""
    if_version: int | None = None
    """Only if this is the number of the current content (0: none yet); else VersionConflict."""
    wait: int | None = None
    """Seconds to wait for the job's end before answering as it stands; a few if absent."""
    idempotency_key: str | None = None
    """A word of the caller's: a call that is made again with it is answered as the first one was."""


@dataclass(frozen=True, slots=True)
class DeleteAnswer:
    """The job, unless everything is done: it is at work, or something in it failed."""

    trashed: NodeIdentifier | None = None
    """By which it can be restored; absent where it goes for good."""
    job: Job | None = None


@dataclass(frozen=True, slots=True)
class ListTrash:
    """A page of what is in the caller's trash, the last deleted first."""

    after: str | None = None
    """The answer's `next` of the page before."""
    limit: int | None = None
    """At most so many (the service has a limit of its own)."""


@dataclass(frozen=True, slots=True)
class Trashed:
    """One entry of the trash: a file or a folder with all below it."""

    node: Node
    """As it was."""
    path: LongIdentifier
    """Where it was, from its root."""
    deleted: Instant
    deleted_by: Ivorn
    files: int
    """How many files went with it, itself included."""
    size: int
    """Bytes of all their contents."""
    purge_after: Instant | None = None
    """When it goes for good; absent: never by itself."""
    properties: tuple[Property, ...] = many("property")


@dataclass(frozen=True, slots=True)
class ListTrashAnswer:
    next: str | None = None
    """Where the next page starts; absent on the last."""
    trashed: tuple[Trashed, ...] = many("trashed")


@dataclass(frozen=True, slots=True)
class Restore:
    """Take an entry out of the trash, back to where it was or to another place."""

    node: NodeIdentifier
    """Its own identifier, as listTrash has it."""
    parent: LongIdentifier | None = None
    """The folder it goes into; where it was if not given, which is ParentNotFound if that is gone."""
    name: str | None = None
    """Its new name; the one it had if not given."""
    idempotency_key: str | None = None
    """A word of the caller's: a call that is made again with it is answered as the first one was."""


@dataclass(frozen=True, slots=True)
class PurgeTrash:
    """Remove an entry of the trash, or all of them, for good."""

    node: NodeIdentifier | None = None
    """The entry; all of them if not given."""
    wait: int | None = None
    """Seconds to wait for the job's end before answering as it stands; a few if absent."""
    idempotency_key: str | None = None
    """A word of the caller's: a call that is made again with it is answered as the first one was."""
