"""Nodes and homes as a script holds them.

    with vofiles.connect() as home:
        results = home / "solar-project" / "results"
        results.mkdir(parents=True, exist_ok=True)
        (results / "query-7.vot").put("query-7.vot")

Rule: a path is arithmetic, a method with a verb is one use of the services; no identifier is needed for anything, and
all that can go wrong is an error of `vofiles.errors` (or an OSError of the local disk).
"""

import io
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Literal, Self, overload

from vofiles.contract import (
    AddNode,
    Delete,
    ExportData,
    GetNode,
    ImportData,
    ImportInit,
    ListChildren,
    NodeKind,
    Property,
    SetProperties,
    TransferAnswer,
)
from vofiles.data import Progress
from vofiles.errors import (
    DuplicateNode,
    InvalidArgument,
    NodeNotFound,
    NotAFile,
    NotAFolder,
    NotFound,
    ParentNotFound,
    PermissionDenied,
    Unexpected,
)
from vofiles.info import NodeInfo, TransferStatus, info_of, status_of
from vofiles.ivorn import Ivorn, parse_service
from vofiles.mediatypes import guess_type
from vofiles.names import HomePath, parse_home_path, parse_name
from vofiles.root import Connection, Root, shown
from vofiles.sources import Content, open_source
from vofiles.streams import Writer, open_reader
from vofiles.targets import NewFile, OpenFile, Target
from vofiles.transfers import require_not_failed

CALL_WAIT = 20
"""Seconds that one call waits for a store to move bytes; longer movements are asked about again and again."""


class Node:
    """An entry of a tree by its path, whether there is one or not."""

    def __init__(self, connection: Connection, path: HomePath) -> None:
        self._connection = connection
        self.path = path

    # --- path arithmetic: no remote call --------------------------------------------------------------------------

    def __truediv__(self, steps: str) -> "Node":
        """The entry further down; `steps` may be several names with `/` between. Raises InvalidName."""
        path = self.path
        for step in steps.split("/"):
            path = path.child(step) if step else path
        return Node(self._connection, path)

    @property
    def name(self) -> str:
        """The last step of the path; empty for a root."""
        return self.path.name or ""

    @property
    def parent(self) -> "Node":
        """The entry one step up; a root is its own parent."""
        return Node(self._connection, self.path.parent)

    def __str__(self) -> str:
        return str(self.path)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {shown(self.path)}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Node) and (other._connection, other.path) == (self._connection, self.path)

    def __hash__(self) -> int:
        return hash(self.path)

    @property
    def _root(self) -> Root:
        return self._connection.root_of(self.path)

    # --- looking ---------------------------------------------------------------------------------------------------

    def info(self) -> NodeInfo:
        """What is known of it. Raises NodeNotFound."""
        with self._root.own_words():
            nodes = self._root.port.get_node(GetNode(self._root.identify(self.path))).nodes
            if not nodes:
                raise Unexpected(shown(self.path), reason="the service answered no node")
            return info_of(nodes[0], self.path)

    def exists(self) -> bool:
        """Whether there is such an entry."""
        try:
            self.info()
        except (NotFound, NotAFolder):
            return False
        return True

    def is_folder(self) -> bool:
        """Whether it is there and is a folder."""
        try:
            return self.info().is_folder
        except (NotFound, NotAFolder):
            return False

    def children(self) -> Iterator[NodeInfo]:
        """What is known of each entry in it, in the order of their names. Raises NodeNotFound, NotAFolder."""
        after: str | None = None
        while True:
            with self._root.own_words():
                page = self._root.port.list_children(ListChildren(self._root.identify(self.path), after))
                # A name becomes a local file's name in `get -r`: what no node can be called is refused here.
                yield from [info_of(node, self.path.child(parse_name(node.name))) for node in page.nodes]
            after = page.next
            if after is None:
                return

    def iterdir(self) -> "Iterator[Node]":
        """The entries in it, in the order of their names."""
        return (Node(self._connection, info.path) for info in self.children())

    def listdir(self) -> list[str]:
        """The names in it, sorted by the service."""
        return [info.name for info in self.children()]

    # --- the tree --------------------------------------------------------------------------------------------------

    def mkdir(self, *, parents: bool = False, exist_ok: bool = False) -> None:
        """Make a folder. Raises DuplicateNode (unless `exist_ok` and it is a folder), ParentNotFound."""
        try:
            self._add(NodeKind.FOLDER, {})
        except (ParentNotFound, NodeNotFound):
            if not parents or self.path.parent == self.path:
                raise
            self.parent.mkdir(parents=True, exist_ok=True)
            self.mkdir(exist_ok=exist_ok)
        except DuplicateNode:
            if not (exist_ok and self.is_folder()):
                raise

    def _add(self, kind: str, properties: Mapping[str, str]) -> None:
        if self.path.name is None:
            raise DuplicateNode(shown(self.path), reason="a root is there already")
        with self._root.own_words():
            parent = self._root.identify(self.path.parent)
            self._root.port.add_node(AddNode(parent, self.path.name, kind, _properties(properties)))

    def remove(self, *, recursive: bool = False) -> None:
        """Delete a file or an empty folder; with `recursive` all that is in it first.

        Raises NodeNotFound, FolderNotEmpty; PermissionDenied for a root, of which nothing is deleted then.
        """
        if self.path.name is None:
            raise PermissionDenied(shown(self.path), reason="a root stays; remove the entries in it one by one")
        if recursive and self.is_folder():
            for child in list(self.children()):
                Node(self._connection, child.path).remove(recursive=child.is_folder)
        with self._root.own_words():
            self._root.port.delete(Delete(self._root.identify(self.path)))

    def set(self, properties: Mapping[str, str | None]) -> NodeInfo:
        """Add and change properties, remove those given as None. Raises ReadOnlyProperty, NodeNotFound."""
        changed = {key: value for key, value in properties.items() if value is not None}
        removed = tuple(key for key, value in properties.items() if value is None)
        with self._root.own_words():
            request = SetProperties(self._root.identify(self.path), _properties(changed), removed)
            return info_of(self._root.port.set_properties(request).node, self.path)

    # --- content ---------------------------------------------------------------------------------------------------

    def put(
        self,
        content: Content,
        *,
        progress: Progress | None = None,
        store: str | Ivorn | None = None,
        content_type: str | None = None,
        properties: Mapping[str, str] | None = None,
    ) -> NodeInfo:
        """Write the content of a file, from a local path, bytes, or a file open for reading; make it if need be.

        Returns when the bytes are durable and the tree shows them, with size and digests compared. Raises NotAFile,
        ParentNotFound, StoreUnreachable and others; OSError where the local file cannot be read.
        """
        with open_source(content) as source:
            self._require_file_node(properties or {})
            with self._root.own_words():
                request = ImportInit(
                    self._root.identify(self.path),
                    store=_service(store),
                    size=source.size,
                    content_type=content_type or guess_type(self.name),
                )
                return self._info_after(self._root.transfers.put(request, source, progress))

    def _require_file_node(self, properties: Mapping[str, str]) -> None:
        """Make it where it is not yet; what it is otherwise, the service looks at."""
        try:
            self._add(NodeKind.FILE, properties)
        except DuplicateNode:
            if properties:
                # A folder's properties must not change by what is refused right afterwards.
                if self.info().is_folder:
                    raise NotAFile(shown(self.path)) from None
                self.set(properties)

    def _info_after(self, answer: TransferAnswer) -> NodeInfo:
        return info_of(answer.node, self.path) if answer.node else self.info()

    def get(self, target: str | os.PathLike[str] | BinaryIO, *, progress: Progress | None = None) -> Path | None:
        """Fetch the content into a local file (in a folder: under its own name) or a file open for writing.

        A local file appears when it is whole and verified, or not at all. Returns its path. Raises NotAFile,
        ContentNotFound, ChecksumMismatch, Incomplete and others; OSError where the local file cannot be written.
        """
        if not isinstance(target, str | os.PathLike):
            self._fetch(OpenFile(target), progress)
            return None
        path = Path(target)
        if path.is_dir():
            path /= self.name
        self._fetch(NewFile(path), progress)
        return path

    def _fetch(self, target: Target, progress: Progress | None) -> None:
        with self._root.own_words():
            transfers, identifier = self._root.transfers, self._root.identify(self.path)
            with target:
                transfers.get(identifier, target, shown(self.path), progress)
                target.complete()

    def read_bytes(self) -> bytes:
        """The content, verified. Raises as `get`."""
        buffer = io.BytesIO()
        self._fetch(OpenFile(buffer), None)
        return buffer.getvalue()

    @overload
    def open(self, mode: Literal["rb"] = "rb") -> BinaryIO: ...
    @overload
    def open(self, mode: Literal["wb"]) -> Writer: ...
    def open(self, mode: Literal["rb", "wb"] = "rb") -> BinaryIO | Writer:
        """A file object: `rb` has the verified content, `wb` is put when it is closed. Raises as `get` and `put`."""
        if mode == "rb":
            return open_reader(lambda file: self._fetch(OpenFile(file), None))
        if mode == "wb":
            return Writer(self.put)
        raise InvalidArgument("mode", reason="it is 'rb' or 'wb'")

    # --- movements between a store and somewhere else -----------------------------------------------------------------

    def import_from(
        self, url: str, *, wait: float | None = None, store: str | Ivorn | None = None, content_type: str | None = None
    ) -> TransferStatus:
        """Have a store fetch the content from a URL; make the file if need be.

        Waits for the end, or for `wait` seconds and returns the transfer as it stands. Raises SourceUnreachable,
        AddressRefused, ChecksumMismatch and others when it has failed.
        """
        self._require_file_node({})
        with self._root.own_words():
            answer = self._root.port.import_data(
                ImportData(
                    self._root.identify(self.path),
                    url,
                    store=_service(store),
                    content_type=content_type or guess_type(self.name),
                    wait=_call_wait(wait),
                )
            )
            return self._follow(answer, wait)

    def export_to(self, url: str, *, method: str | None = None, wait: float | None = None) -> TransferStatus:
        """Have the store send the content to a URL. Waits and raises as `import_from`."""
        with self._root.own_words():
            node = self._root.identify(self.path)
            request = ExportData(node, url, method=method, wait=_call_wait(wait))
            return self._follow(self._root.port.export_data(request), wait)

    def _follow(self, answer: TransferAnswer, wait: float | None) -> TransferStatus:
        require_not_failed(answer.transfer)
        status = status_of(answer.transfer)
        if status.done or wait is not None:
            return status
        ended = self._root.transfers.wait_for_end(answer.transfer.transfer, float("inf"))
        return status_of(ended.transfer)

    def transfer(self, transfer: str) -> TransferStatus:
        """A transfer begun by `import_from` or `export_to`, as it stands. Raises what it failed by."""
        with self._root.own_words():
            answer = self._root.transfers.get_transfer(transfer)
            require_not_failed(answer.transfer)
            return status_of(answer.transfer)


class Home(Node):
    """The root of one's own tree, and the way to the others. Close it, or use it in `with`."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection, HomePath())

    def at(self, path: str | HomePath) -> Node:
        """The entry at a path as people type it: `home:a/b`, `{ast.cam.ac.uk/dave}/a/b`. Raises InvalidName."""
        return Node(self._connection, parse_home_path(path) if isinstance(path, str) else path)

    def close(self) -> None:
        """Close what connections are open."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _properties(properties: Mapping[str, str]) -> tuple[Property, ...]:
    return tuple(Property(key, value) for key, value in properties.items())


def _service(store: str | Ivorn | None) -> Ivorn | None:
    return parse_service(store) if isinstance(store, str) else store


def _call_wait(wait: float | None) -> int:
    return CALL_WAIT if wait is None else max(0, min(int(wait), CALL_WAIT))
