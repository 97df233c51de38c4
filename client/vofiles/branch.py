"""An entry of a tree as one changes the tree: made, moved, copied, deleted, taken back, its properties edited.

Rule: one use of the services a method; what can be long waits for its end, or answers the job that is at work.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypedDict, Unpack, overload

from vofiles.contract import AddNode, Copy, Delete, GetNode, Move, NodeJobAnswer, NodeKind, SetProperties
from vofiles.entry import Entry
from vofiles.errors import DuplicateNode, InvalidArgument, NodeNotFound, ParentNotFound, PermissionDenied
from vofiles.info import NodeInfo, info_of
from vofiles.ivorn import Ivorn, LongIdentifier
from vofiles.jobs import Job, JobProgress, finished, first_wait
from vofiles.names import HomePath, parse_name
from vofiles.place import Target, path_of, properties_of, service_of
from vofiles.root import Root, shown
from vofiles.trash import Trash


@dataclass(frozen=True)
class _Destination:
    """Where something goes."""

    root: Root
    path: HomePath
    folder: LongIdentifier | None
    name: str | None


class MoveOptions(TypedDict, total=False):
    """What can be chosen for a move besides where to."""

    store: str | Ivorn | None
    """The store that its content, or that of all files below it, goes to."""
    replace: bool
    """Whether what has the name there now goes to the trash; else it is DuplicateNode."""
    if_generation: int | None
    """Only if the entry has this generation; else GenerationConflict."""
    progress: JobProgress | None
    """Told how it goes on while one waits."""


class CopyOptions(MoveOptions, total=False):
    """What can be chosen for a copy besides where to."""

    version: int | None
    """Number of an earlier content of the file to copy; the current one if not given."""


class Branch(Entry):
    """What can be done with an entry and all below it."""

    def mkdir(self, *, parents: bool = False, exist_ok: bool = False) -> None:
        """Make a folder. Raises DuplicateNode (unless `exist_ok` and it is a folder), ParentNotFound."""
        try:
            self._add(NodeKind.FOLDER, {})
        except (ParentNotFound, NodeNotFound):
            if not parents or self.path.parent == self.path:
                raise
            Branch(self._connection, self.path.parent).mkdir(parents=True, exist_ok=True)
            self.mkdir(exist_ok=exist_ok)
        except DuplicateNode:
            if not (exist_ok and self.is_folder()):
                raise

    def _add(self, kind: str, properties: Mapping[str, str]) -> None:
        if self.path.name is None:
            raise DuplicateNode(shown(self.path), reason="a root is there already")
        with self._root.own_words():
            parent = self._root.identify(self.path.parent)
            request = AddNode(parent, self.path.name, kind, properties_of(properties))
            self._root.change(self._root.port.add_node, request)

    def set(self, properties: Mapping[str, str | None], *, if_generation: int | None = None) -> NodeInfo:
        """Add and change properties, remove those given as None.

        Raises ReadOnlyProperty, NodeNotFound; GenerationConflict where the entry has another generation than asked for.
        """
        changed = {key: value for key, value in properties.items() if value is not None}
        removed = tuple(key for key, value in properties.items() if value is None)
        with self._root.own_words():
            node = self._root.identify(self.path)
            request = SetProperties(node, properties_of(changed), removed, if_generation)
            return info_of(self._root.change(self._root.port.set_properties, request).node, self.path)

    # --- elsewhere ---

    @overload
    def move_to(
        self,
        target: Target | None,
        name: str | None = None,
        *,
        wait: Literal[True] = True,
        **options: Unpack[MoveOptions],
    ) -> NodeInfo: ...
    @overload
    def move_to(
        self, target: Target | None, name: str | None = None, *, wait: Literal[False], **options: Unpack[MoveOptions]
    ) -> Job | None: ...
    def move_to(
        self, target: Target | None, name: str | None = None, *, wait: bool = True, **options: Unpack[MoveOptions]
    ) -> NodeInfo | Job | None:
        """Move it into a folder that is there, else to the path `target`; into the folder `target` where `name` says
        its new name. Without a target it stays where it is, and its content goes to another store.

        Options: `store`, `replace`, `if_generation`, `progress` (see MoveOptions). Answers what is known of it in its
        new place; with `wait=False` the job that is still at work, or None. Raises NodeNotFound, ParentNotFound,
        DuplicateNode, IntoItself, GenerationConflict; what a job failed by.
        """
        place = self._place(target, name)
        with self._root.own_words(), place.root.own_words():
            request = Move(
                self._root.identify(self.path),
                place.folder,
                place.name,
                store=service_of(options.get("store")),
                replace=options.get("replace") or None,
                if_generation=options.get("if_generation"),
                wait=first_wait(wait=wait, progress=options.get("progress")),
            )
            answer = self._root.change(self._root.port.move, request)
            return self._outcome(answer, place, wait=wait, progress=options.get("progress"))

    def rename(self, name: str, *, replace: bool = False, if_generation: int | None = None) -> NodeInfo:
        """Give it another name. Raises NodeNotFound, DuplicateNode, InvalidName, GenerationConflict."""
        return self.move_to(self.path.parent, name, replace=replace, if_generation=if_generation)

    @overload
    def copy_to(
        self, target: Target, name: str | None = None, *, wait: Literal[True] = True, **options: Unpack[CopyOptions]
    ) -> NodeInfo: ...
    @overload
    def copy_to(
        self, target: Target, name: str | None = None, *, wait: Literal[False], **options: Unpack[CopyOptions]
    ) -> Job | None: ...
    def copy_to(
        self, target: Target, name: str | None = None, *, wait: bool = True, **options: Unpack[CopyOptions]
    ) -> NodeInfo | Job | None:
        """Copy it, a folder with all below it, with its properties. Where to is said as for `move_to`.

        Options: `store`, `version`, `replace`, `if_generation`, `progress` (see CopyOptions). Answers what is known of
        the copy when it is complete; with `wait=False` the job that is still at work, or None. Raises NodeNotFound,
        VersionNotFound, ParentNotFound, DuplicateNode, IntoItself, GenerationConflict; what a job failed by.
        """
        place = self._place(target, name)
        with self._root.own_words(), place.root.own_words():
            request = Copy(
                self._root.identify(self.path),
                place.folder,
                place.name,
                store=service_of(options.get("store")),
                version=options.get("version"),
                replace=options.get("replace") or None,
                if_generation=options.get("if_generation"),
                wait=first_wait(wait=wait, progress=options.get("progress")),
            )
            answer = self._root.change(self._root.port.copy, request)
            return self._outcome(answer, place, wait=wait, progress=options.get("progress"))

    def _place(self, target: Target | None, name: str | None) -> _Destination:
        """Where something goes. Asks whether a target without a name is a folder."""
        if target is None:
            if name is not None:
                return self._place(self.path.parent, name)
            return _Destination(self._root, self.path, None, None)
        path = path_of(target)
        if name is not None:
            path = path.child(parse_name(name))
        elif self._entry(path).is_folder():
            path = path.child(self.path.name or "home")
        root = self._connection.root_of(path)
        if path.name is None:
            raise DuplicateNode(shown(path), reason="a root is there already")
        with self._root.own_words(), root.own_words():
            if root.service != self._root.service:
                reason = "it is in the care of another FileManager: get what you have there, and put it here"
                raise InvalidArgument(shown(path), reason=reason)
            return _Destination(root, path, root.identify(path.parent), path.name)

    def _entry(self, path: HomePath) -> Entry:
        return Entry(self._connection, path)

    def _outcome(
        self, answer: NodeJobAnswer, place: _Destination, *, wait: bool, progress: JobProgress | None
    ) -> NodeInfo | Job | None:
        job = finished(self._root, answer.job, wait=wait, progress=progress)
        if not wait:
            return job
        if answer.job is None:
            return info_of(answer.node, place.path)
        # What a job has changed meanwhile is not in its first answer; by its identifier, as others may have moved it.
        with place.root.own_words():
            (node, *_) = self._root.port.get_node(GetNode(LongIdentifier(answer.node.identifier))).nodes
            return info_of(node, place.path)

    # --- away, and back ---

    def remove(
        self,
        *,
        recursive: bool = False,
        purge: bool = False,
        if_generation: int | None = None,
        if_version: int | None = None,
        wait: bool = True,
        progress: JobProgress | None = None,
    ) -> Job | None:
        """Delete a file or an empty folder, with `recursive` a folder with all that is in it: it goes to the trash,
        from where `restore` takes it back; with `purge` it goes for good.

        With `wait=False` the job that is still at work, or None. Raises NodeNotFound, FolderNotEmpty,
        GenerationConflict, VersionConflict; PermissionDenied for a root.
        """
        if self.path.name is None:
            raise PermissionDenied(shown(self.path), reason="a root stays; remove the entries in it one by one")
        with self._root.own_words():
            request = Delete(
                self._root.identify(self.path),
                recursive=recursive or None,
                purge=purge or None,
                if_generation=if_generation,
                if_version=if_version,
                wait=first_wait(wait=wait, progress=progress),
            )
            answer = self._root.change(self._root.port.delete, request)
        return finished(self._root, answer.job, wait=wait, progress=progress)

    delete = remove

    def restore(self) -> NodeInfo:
        """Take back what was deleted from here last. Raises NodeNotFound where nothing of this path is in the trash,
        DuplicateNode where there is such an entry by now, ParentNotFound where its folder is gone.
        """
        entry = Trash(self._connection, self._root).find(self)
        if entry is None:
            raise NodeNotFound(shown(self.path), reason="nothing in the trash was there")
        return entry.restore()
