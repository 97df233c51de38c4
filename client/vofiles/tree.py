"""Nodes and homes as a script holds them.

    with vofiles.connect() as home:
        results = home / "solar-project" / "results"
        results.mkdir(parents=True, exist_ok=True)
        (results / "query-7.vot").put("query-7.vot")

Rule: a path is arithmetic, a method with a verb is one use of the services; no identifier is needed for anything, and
all that can go wrong is an error of `vofiles.errors` (or an OSError of the local disk).
"""

from collections.abc import Iterator
from types import TracebackType
from typing import Self

from vofiles.contract import GetStores
from vofiles.info import StoreInfo, store_of
from vofiles.jobs import Job, get_job, list_jobs
from vofiles.movement import Movements
from vofiles.names import HomePath
from vofiles.place import Target, path_of
from vofiles.root import Connection
from vofiles.trash import Trash


class Node(Movements):
    """An entry of a tree by its path, whether there is one or not."""

    def __truediv__(self, steps: str) -> "Node":
        """The entry further down; `steps` may be several names with `/` between. Raises InvalidName."""
        path = self.path
        for step in steps.split("/"):
            path = path.child(step) if step else path
        return Node(self._connection, path)

    @property
    def parent(self) -> "Node":
        """The entry one step up; a root is its own parent."""
        return Node(self._connection, self.path.parent)

    def iterdir(self) -> "Iterator[Node]":
        """The entries in it, in the order of their names. Raises NodeNotFound, NotAFolder."""
        return (Node(self._connection, info.path) for info in self.children())


class Home(Node):
    """The root of one's own tree, and the way to the others. Close it, or use it in `with`."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection, HomePath())

    def at(self, path: Target) -> Node:
        """The entry at a path as people type it: `home:a/b`, `{ast.cam.ac.uk/dave}/a/b`. Raises InvalidName."""
        return Node(self._connection, path_of(path))

    def trash(self) -> Trash:
        """What one has deleted, and can take back."""
        return Trash(self._connection, self._root)

    def jobs(self, state: str | None = None) -> Iterator[Job]:
        """One's own jobs, the newest first; those in one state alone (`RUNNING`), if one is given."""
        return list_jobs(self._root, state)

    def job(self, number: str) -> Job:
        """The job of an id. Raises JobNotFound."""
        return get_job(self._root, number)

    def stores(self) -> list[StoreInfo]:
        """The stores that there are, and what one has in each."""
        with self._root.own_words():
            return [store_of(report) for report in self._root.port.get_stores(GetStores()).stores]

    def close(self) -> None:
        """Close what connections are open."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
