"""The movements of bytes, on SQL."""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Connection, Select, bindparam, delete, false, insert, or_, select, true, update
from sqlalchemy.exc import IntegrityError

from filemanager.domain.transfer import IMPORTS, Transfer
from filemanager.persistence.repositories import documents
from filemanager.persistence.repositories.accounts import KEY_OF_ACCOUNT
from filemanager.persistence.repositories.batches import ByKeys, batches
from filemanager.persistence.repositories.identifiers import ivorn
from filemanager.persistence.repositories.stores import KEY_OF_STORE
from filemanager.persistence.repositories.violations import FOREIGN_KEY, refusal
from filemanager.persistence.schema import ACCOUNTS, NODES, STORES, TRANSFERS
from vofiles.contract import Digest, Failure, Receipt
from vofiles.errors import AccountNotFound, Conflict, NodeNotFound, StoreNotFound
from vofiles.instant import Instant
from vofiles.ivorn import Ivorn

_T = TRANSFERS
ANY_TRANSFER = select(
    _T.c.number,
    ACCOUNTS.c.identifier,
    _T.c.direction,
    STORES.c.identifier,
    _T.c.state,
    _T.c.created,
    _T.c.node,
    _T.c.node_number,
    _T.c.due,
    _T.c.bytes_done,
    _T.c.container,
    _T.c.expiry,
    _T.c.size,
    _T.c.content_type,
    _T.c.digests,
    _T.c.failure,
    _T.c.receipt,
    _T.c.if_version,
    _T.c.replica_of,
).select_from(_T.join(ACCOUNTS, ACCOUNTS.c.key == _T.c.caller).join(STORES, STORES.c.key == _T.c.store))

_IS_OPEN = _T.c.is_open == true()
_FIND = ANY_TRANSFER.where(_T.c.number == bindparam("transfer"))
_LOCK = _FIND.with_for_update(of=_T)
_OPEN = ANY_TRANSFER.where(_T.c.node == bindparam("of_node"), _IS_OPEN).order_by(_T.c.created, _T.c.key)
_OPEN_AMONG = ANY_TRANSFER.where(_T.c.node.in_(bindparam("nodes", expanding=True)), _IS_OPEN).order_by(_T.c.key)
_ANY_OPEN_IMPORT = ANY_TRANSFER.where(
    _IS_OPEN,
    or_(*(_T.c.direction == direction for direction in sorted(IMPORTS))),
    _T.c.container.is_not(None),
)
_OPEN_IMPORTS = ByKeys(_ANY_OPEN_IMPORT.order_by(_T.c.created, _T.c.key), _T.c.node)
# The owner by a subquery, not a join: what is open is little, and the nodes of an account may be millions.
_OWNER = select(NODES.c.owner).where(NODES.c.key == _T.c.node).scalar_subquery()
_INTO = _ANY_OPEN_IMPORT.where(_T.c.due > 0, _OWNER == KEY_OF_ACCOUNT).order_by(_T.c.due, _T.c.key)
_DUE = ANY_TRANSFER.where(_IS_OPEN, _T.c.due <= bindparam("now")).order_by(_T.c.due, _T.c.key).limit(bindparam("limit"))

_ENDED = select(_T.c.key).where(_T.c.is_open == false(), _T.c.due < bindparam("before")).order_by(_T.c.due)
_PRUNE = delete(_T).where(_T.c.key.in_(_ENDED.limit(bindparam("limit"))))

_CHANGING = ("state", "is_open", "bytes_done", "container", "expiry", "due", "failure", "receipt")
_DESCRIBING = ("number", "direction", "created", "node", "node_number", "size", "content_type", "digests")
_FIXED = (*_DESCRIBING, "if_version", "replica_of")
_ADD = insert(_T).values(
    caller=KEY_OF_ACCOUNT, store=KEY_OF_STORE, **{name: bindparam(name) for name in _FIXED + _CHANGING}
)
_SAVE = (
    update(_T)
    .where(_T.c.number == bindparam("transfer"))
    .values({name: bindparam(f"new_{name}") for name in _CHANGING})
)


class SqlTransfers:
    """The port `Transfers`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def _one(self, statement: Select[Any], values: dict[str, Any]) -> Transfer | None:
        row = self._connection.execute(statement, values).first()
        return None if row is None else transfer_of(row)

    def find_transfer(self, number: str) -> Transfer | None:
        return self._one(_FIND, {"transfer": number})

    def lock_transfer(self, number: str) -> Transfer | None:
        return self._one(_LOCK, {"transfer": number})

    def add_transfer(self, transfer: Transfer) -> None:
        values = {
            **_changing(transfer),
            "number": transfer.number,
            "account": str(transfer.caller),
            "of_store": str(transfer.store),
            "direction": transfer.direction,
            "created": transfer.created,
            "node": transfer.node,
            "node_number": transfer.node_number,
            "size": transfer.size,
            "content_type": transfer.content_type,
            "digests": documents.write_list(transfer.digests),
            "if_version": transfer.if_version,
            "replica_of": transfer.replica_of,
        }
        try:
            self._connection.execute(_ADD, values)
        except IntegrityError as error:
            known: dict[str, Callable[[], Exception]] = {
                "nn_transfers_caller": lambda: AccountNotFound(transfer.caller),
                "nn_transfers_store": lambda: StoreNotFound(transfer.store),
                "uq_transfers_number": lambda: Conflict(transfer.number),
                FOREIGN_KEY: lambda: NodeNotFound(transfer.node_number),
            }
            raise refusal(error, known) from error

    def save_transfer(self, transfer: Transfer) -> None:
        changing = {f"new_{name}": value for name, value in _changing(transfer).items()}
        self._connection.execute(_SAVE, {"transfer": transfer.number, **changing})

    def open_transfers(self, node: int) -> list[Transfer]:
        return [transfer_of(row) for row in self._connection.execute(_OPEN, {"of_node": node})]

    def open_among(self, nodes: Sequence[int]) -> list[Transfer]:
        return [
            transfer_of(row)
            for some in batches(nodes)
            for row in self._connection.execute(_OPEN_AMONG, {"nodes": some})
        ]

    def open_imports(self, nodes: Sequence[int]) -> dict[int, Transfer]:
        found: dict[int, Transfer] = {}
        for row in _OPEN_IMPORTS.rows(self._connection, nodes):
            transfer = transfer_of(row)
            assert transfer.node is not None  # it was found by its node
            found[transfer.node] = transfer
        return found

    def imports_into(self, owner: Ivorn) -> list[Transfer]:
        return [transfer_of(row) for row in self._connection.execute(_INTO, {"account": str(owner)})]

    def prune(self, before: Instant, limit: int) -> int:
        return self._connection.execute(_PRUNE, {"before": before, "limit": limit}).rowcount

    def due_transfers(self, now: Instant, limit: int) -> list[Transfer]:
        return [transfer_of(row) for row in self._connection.execute(_DUE, {"now": now, "limit": limit})]


def _changing(transfer: Transfer) -> dict[str, Any]:
    return {
        "state": transfer.state,
        "is_open": not transfer.has_ended,
        "bytes_done": transfer.bytes_done,
        "container": None if transfer.container is None else str(transfer.container),
        "expiry": transfer.expiry,
        "due": transfer.due,
        "failure": documents.write_value(transfer.failure),
        "receipt": documents.write_value(transfer.receipt),
    }


def transfer_of(row: Any) -> Transfer:
    """The transfer in a row of ANY_TRANSFER."""
    return Transfer(
        number=row[0],
        caller=ivorn(row[1]),
        direction=row[2],
        store=ivorn(row[3]),
        state=row[4],
        created=Instant(row[5]),
        node=row[6],
        node_number=row[7],
        due=Instant(row[8]),
        bytes_done=row[9],
        container=None if row[10] is None else Ivorn.parse(row[10]),
        expiry=None if row[11] is None else Instant(row[11]),
        size=row[12],
        content_type=row[13],
        digests=documents.read_list(Digest, row[14]),
        failure=documents.read_value(Failure, row[15]),
        receipt=documents.read_value(Receipt, row[16]),
        if_version=row[17],
        replica_of=row[18],
    )
