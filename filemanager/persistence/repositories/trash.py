"""The entries of the trash, on SQL."""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Update,
    and_,
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from filemanager.domain.node import TRASH_KIND, Node
from filemanager.domain.trash import UPKEEP, TrashEntry
from filemanager.persistence.repositories.accounts import KEY_OF_ACCOUNT
from filemanager.persistence.repositories.batches import batches
from filemanager.persistence.repositories.identifiers import ivorn
from filemanager.persistence.repositories.nodes import ANY_NODE, N, is_in_trash, node_of, way_up
from filemanager.persistence.repositories.violations import FOREIGN_KEY, refusal
from filemanager.persistence.schema import ACCOUNTS, TRASHED
from vofiles.errors import AccountNotFound, NodeNotFound
from vofiles.instant import Instant
from vofiles.ivorn import Ivorn
from vofiles.names import NodeName

_E = TRASHED.c
_ENTRY = select(
    _E.node,
    _E.number,
    ACCOUNTS.c.identifier,
    _E.parent_number,
    _E.name,
    _E.path,
    _E.deleted,
    _E.deleted_by,
    _E.purge_after,
    _E.files,
    _E.size,
    _E.purger,
).select_from(TRASHED.join(ACCOUNTS, ACCOUNTS.c.key == _E.owner))
_LIMIT: ColumnElement[int] = bindparam("limit")
_FREE = _E.purger.is_(None)

_ROOT = ANY_NODE.where(N.c.owner == KEY_OF_ACCOUNT, N.c.kind == TRASH_KIND, N.c.parent.is_(None))
_WRITTEN = ("node", "number", "parent_number", "name", "path", "deleted", "deleted_by", "purge_after")
_COUNTED = ("files", "size")
_ADD = insert(TRASHED).values(
    owner=KEY_OF_ACCOUNT,
    **{name: bindparam(name) for name in (*_WRITTEN, *_COUNTED, "purger")},
)
_FIND = _ENTRY.where(_E.number == bindparam("number"))
_DELETE = delete(TRASHED).where(_E.node == bindparam("of_node"))
_FIRST = _ENTRY.where(_E.owner == KEY_OF_ACCOUNT, _FREE).order_by(_E.deleted.desc(), _E.number.desc()).limit(_LIMIT)
_NEXT = _FIRST.where(
    _E.deleted <= bindparam("deleted"),
    or_(_E.deleted < bindparam("deleted"), and_(_E.deleted == bindparam("deleted"), _E.number < bindparam("number"))),
)
_COUNT = select(func.count()).select_from(TRASHED).where(_E.owner == KEY_OF_ACCOUNT, _FREE)
_AMONG = _ENTRY.where(_E.node.in_(bindparam("nodes", expanding=True)))
_CLAIM = update(TRASHED).where(_E.node == bindparam("of_node")).values(purger=bindparam("new_purger"))
_CLAIM_ALL = update(TRASHED).where(_E.owner == KEY_OF_ACCOUNT, _FREE).values(purger=bindparam("new_purger"))
_RELEASE = update(TRASHED).where(_E.purger == bindparam("of_purger")).values(purger=None)
_HAND_OVER = (
    update(TRASHED).where(_E.purger == bindparam("of_purger")).values(purger=UPKEEP, purge_after=bindparam("now"))
)
_CLAIMED = _ENTRY.where(_E.purger == bindparam("of_purger")).order_by(_E.node).limit(_LIMIT)
_DUE = (
    # Not `or`, which SQLite would look for by the index of purgers, and sort.
    _ENTRY.where(_E.purge_after <= bindparam("now"), func.coalesce(_E.purger, UPKEEP) == UPKEEP)
    .order_by(_E.purge_after, _E.node)
    .limit(_LIMIT)
)
_UNCOUNTED = _ENTRY.where(_E.files.is_(None), _FREE).order_by(_E.node).limit(_LIMIT)
_NOTE = (
    update(TRASHED)
    .where(_E.node == bindparam("of_node"))
    .values(files=bindparam("new_files"), size=bindparam("new_size"))
)


def _forget() -> Update:
    way = way_up(bindparam("of_node"))
    return update(TRASHED).where(_E.node.in_(select(way.c.key))).values(files=None, size=None)


_FORGET = _forget()


class SqlTrash:
    """The port `Trash`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def _entries(self, statement: Select[Any], **values: Any) -> list[TrashEntry]:
        return [_entry(row) for row in self._connection.execute(statement, values)]

    def find_root(self, owner: Ivorn) -> Node | None:
        row = self._connection.execute(_ROOT, {"account": str(owner)}).first()
        return None if row is None else node_of(row)

    def holds(self, key: int) -> bool:
        return is_in_trash(self._connection, key)

    def add_entry(self, entry: TrashEntry) -> None:
        values = {
            "account": str(entry.owner),
            "node": entry.node,
            "number": entry.number,
            "parent_number": entry.parent_number,
            "name": entry.name,
            "path": entry.path,
            "deleted": entry.deleted,
            "deleted_by": str(entry.deleted_by),
            "purge_after": entry.purge_after,
            "files": entry.files,
            "size": entry.size,
            "purger": entry.purger,
        }
        try:
            self._connection.execute(_ADD, values)
        except IntegrityError as error:
            known: dict[str, Callable[[], Exception]] = {
                "nn_trashed_owner": lambda: AccountNotFound(entry.owner),
                FOREIGN_KEY: lambda: NodeNotFound(entry.number),
            }
            raise refusal(error, known) from error

    def find_entry(self, number: str) -> TrashEntry | None:
        return next(iter(self._entries(_FIND, number=number)), None)

    def delete_entry(self, node: int) -> None:
        self._connection.execute(_DELETE, {"of_node": node})

    def list_entries(self, owner: Ivorn, before: tuple[Instant, str] | None, limit: int) -> list[TrashEntry]:
        if before is None:
            return self._entries(_FIRST, account=str(owner), limit=limit)
        deleted, number = before
        return self._entries(_NEXT, account=str(owner), deleted=deleted, number=number, limit=limit)

    def count_entries(self, owner: Ivorn) -> int:
        return int(self._connection.execute(_COUNT, {"account": str(owner)}).scalar_one())

    def entries_among(self, nodes: Sequence[int]) -> dict[int, TrashEntry]:
        return {entry.node: entry for some in batches(nodes) for entry in self._entries(_AMONG, nodes=some)}

    def claim(self, node: int, purger: str) -> None:
        self._connection.execute(_CLAIM, {"of_node": node, "new_purger": purger})

    def claim_all(self, owner: Ivorn, purger: str) -> int:
        return self._connection.execute(_CLAIM_ALL, {"account": str(owner), "new_purger": purger}).rowcount

    def release(self, purger: str) -> None:
        self._connection.execute(_RELEASE, {"of_purger": purger})

    def hand_over(self, purger: str, now: Instant) -> None:
        self._connection.execute(_HAND_OVER, {"of_purger": purger, "now": now})

    def claimed(self, purger: str, limit: int) -> list[TrashEntry]:
        return self._entries(_CLAIMED, of_purger=purger, limit=limit)

    def due_entries(self, now: Instant, limit: int) -> list[TrashEntry]:
        return self._entries(_DUE, now=now, limit=limit)

    def uncounted(self, limit: int) -> list[TrashEntry]:
        return self._entries(_UNCOUNTED, limit=limit)

    def note_count(self, node: int, files: int, size: int) -> None:
        self._connection.execute(_NOTE, {"of_node": node, "new_files": files, "new_size": size})

    def forget_count(self, node: int) -> None:
        self._connection.execute(_FORGET, {"of_node": node})


def _entry(row: Any) -> TrashEntry:
    node, number, owner, parent, name, path, deleted, deleted_by, purge_after, files, size, purger = row
    return TrashEntry(
        node=node,
        number=number,
        owner=ivorn(owner),
        parent_number=parent,
        name=NodeName(name),
        path=path,
        deleted=Instant(deleted),
        deleted_by=ivorn(deleted_by),
        purge_after=None if purge_after is None else Instant(purge_after),
        files=files,
        size=size,
        purger=purger,
    )
