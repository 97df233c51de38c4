"""The trash of a home: what was deleted, and can be taken back.

Rule: an entry is what was deleted in one go, with all that was below it.
"""

from collections.abc import Iterator
from datetime import datetime

from vofiles import contract
from vofiles.contract import ListTrash, ListTrashAnswer, PurgeTrash, Restore
from vofiles.info import NodeInfo, info_of
from vofiles.instant import to_datetime
from vofiles.ivorn import LongIdentifier, NodeIdentifier
from vofiles.jobs import Job, JobProgress, finished, first_wait
from vofiles.names import HomePath, parse_name
from vofiles.place import Target, path_of
from vofiles.root import Connection, Root, shown


class TrashEntry:
    """A file or a folder with all below it, as it was when it was deleted."""

    def __init__(self, connection: Connection, root: Root, trashed: contract.Trashed) -> None:
        self._connection, self._root, self._trashed = connection, root, trashed
        self.path: HomePath = root.path_of(trashed.path)
        """Where it was."""

    @property
    def was_at(self) -> LongIdentifier:
        """The same by identifiers, which do not depend on how a root was named."""
        return self._trashed.path

    @property
    def identifier(self) -> str:
        """Tells it from others that were deleted from the same place."""
        return str(self._trashed.node.identifier)

    @property
    def info(self) -> NodeInfo:
        """What is known of it."""
        return info_of(self._trashed.node, self.path)

    @property
    def deleted(self) -> datetime:
        return to_datetime(self._trashed.deleted)

    @property
    def deleted_by(self) -> str:
        """The account that did it."""
        return str(self._trashed.deleted_by)

    @property
    def files(self) -> int:
        """How many files went with it, itself included."""
        return self._trashed.files

    @property
    def size(self) -> int:
        """Bytes of all their contents."""
        return self._trashed.size

    @property
    def purge_after(self) -> datetime | None:
        """When it goes for good; None: never by itself."""
        return to_datetime(self._trashed.purge_after) if self._trashed.purge_after is not None else None

    def __repr__(self) -> str:
        return f"<TrashEntry {shown(self.path)}>"

    def restore(self, parent: Target | None = None, name: str | None = None) -> NodeInfo:
        """Take it back to where it was, or into another folder, or under another name.

        Raises DuplicateNode where there is such an entry by now, ParentNotFound where the folder is gone.
        """
        root, folder = self._root, self.path.parent
        if parent is not None:
            folder = path_of(parent)
            root = self._connection.root_of(folder)
        target = folder.child(parse_name(name) if name is not None else self.path.name or "")
        with root.own_words():
            where = root.identify(folder) if parent is not None else None
            request = Restore(self._trashed.node.identifier, where, target.name if name is not None else None)
            return info_of(self._root.change(self._root.port.restore, request).node, target)

    def purge(self, *, wait: bool = True, progress: JobProgress | None = None) -> Job | None:
        """Remove it for good. With `wait=False` the job that is still at it, or None."""
        return _purge(self._root, self._trashed.node.identifier, wait=wait, progress=progress)


class Trash:
    """What is in a home's trash, the last deleted first; iterate over it as often as you like."""

    def __init__(self, connection: Connection, root: Root) -> None:
        self._connection, self._root = connection, root

    def __iter__(self) -> Iterator[TrashEntry]:
        for page in self._root.pages(self._ask):
            yield from (TrashEntry(self._connection, self._root, trashed) for trashed in page.trashed)

    def _ask(self, after: str | None) -> ListTrashAnswer:
        return self._root.port.list_trash(ListTrash(after))

    def find(self, place: Target) -> TrashEntry | None:
        """The last deleted of those that were at a path; None where there is none."""
        path = path_of(place)
        wanted = self._connection.root_of(path).identify(path)
        return next((entry for entry in self if entry.was_at == wanted), None)

    def purge(self, *, wait: bool = True, progress: JobProgress | None = None) -> Job | None:
        """Remove all that is in it for good. With `wait=False` the job that is still at it, or None."""
        return _purge(self._root, None, wait=wait, progress=progress)


def _purge(root: Root, node: NodeIdentifier | None, *, wait: bool, progress: JobProgress | None) -> Job | None:
    answer = root.change(root.port.purge_trash, PurgeTrash(node, wait=first_wait(wait=wait, progress=progress)))
    return finished(root, answer.job, wait=wait, progress=progress)
