"""The catalogue in a SQL database.

Rule: statements are built once, here at the top; a call binds values and turns rows into values. What is `held` is
locked until the transaction ends where the database has several writers (PostgreSQL); SQLite has one.
"""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, Executable, bindparam, delete, exists, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from filestore.domain.adopted import Adopted
from filestore.domain.backlog import Backlog
from filestore.domain.container import Container
from filestore.domain.round import Round
from filestore.domain.transfer import ENDED, Transfer
from filestore.persistence.rows import (
    adopted_of,
    adopted_row,
    container_of,
    container_row,
    filled_row,
    outgoing_of,
    outgoing_row,
    published_row,
    round_of,
    round_row,
    transfer_of,
    transfer_row,
)
from filestore.persistence.schema import ADOPTED, CONTAINERS, FACTS, ORPHANS, OUTBOX, ROUNDS, TRANSFERS
from filestore.ports import Outgoing, Records
from vofiles.contract import ContainerState
from vofiles.errors import Busy, ContainerNotFound, TransferNotFound
from vofiles.instant import Instant
from vofiles.ivorn import Ivorn
from vofiles.serving.database import Database
from vofiles.serving.migrations import SchemaCheck, upgrade
from vofiles.serving.nonces import SqlNonces

_PACKAGE = "filestore.persistence"
_ROUND = "all"
"""The name of the only round that there is."""

_FIND_CONTAINER = select(CONTAINERS).where(CONTAINERS.c.number == bindparam("one"))
_HOLD_CONTAINER = _FIND_CONTAINER.with_for_update()
_ADD_CONTAINER = insert(CONTAINERS)
_SET_CONTAINER = (
    update(CONTAINERS)
    .where(CONTAINERS.c.number == bindparam("one"))
    .values({name: bindparam(name) for name in CONTAINERS.c.keys() if name not in {"key", "number"}})  # noqa: SIM118
)
_DELETE_CONTAINER = delete(CONTAINERS).where(CONTAINERS.c.number == bindparam("one"))
_LIST_CONTAINERS = (
    select(CONTAINERS)
    .where(
        CONTAINERS.c.state == bindparam("state"),
        CONTAINERS.c.number > bindparam("after"),
        CONTAINERS.c.changed < bindparam("before"),
    )
    .order_by(CONTAINERS.c.number)
    .limit(bindparam("most"))
)
_LIST_NUMBERS = (
    select(CONTAINERS.c.number)
    .where(CONTAINERS.c.state == bindparam("state"), CONTAINERS.c.number > bindparam("after"))
    .order_by(CONTAINERS.c.number)
    .limit(bindparam("most"))
)
_STATES_OF = select(CONTAINERS.c.number, CONTAINERS.c.state).where(
    CONTAINERS.c.number.in_(bindparam("these", expanding=True))
)
_LIST_HELD = (
    select(CONTAINERS)
    .where(
        CONTAINERS.c.manager == bindparam("manager"),
        CONTAINERS.c.number > bindparam("after"),
        CONTAINERS.c.state != ContainerState.DELETED,
    )
    .order_by(CONTAINERS.c.number)
    .limit(bindparam("most"))
)
_MEASURE_HELD = select(func.count(), func.coalesce(func.sum(CONTAINERS.c.size), 0)).where(
    CONTAINERS.c.manager == bindparam("manager"), CONTAINERS.c.state == ContainerState.COMPLETE
)
_IS_DAMAGED = CONTAINERS.c.damaged.is_not(None) & (CONTAINERS.c.state == ContainerState.COMPLETE)
_OF_MANAGER = CONTAINERS.c.manager == bindparam("manager")
_COUNT_DAMAGED = select(func.count()).where(_IS_DAMAGED)
_COUNT_DAMAGED_OF = _COUNT_DAMAGED.where(_OF_MANAGER)
_LIST_DAMAGED = (
    select(CONTAINERS)
    .where(_IS_DAMAGED, CONTAINERS.c.number > bindparam("after"))
    .order_by(CONTAINERS.c.number)
    .limit(bindparam("most"))
)
_LIST_DAMAGED_OF = _LIST_DAMAGED.where(_OF_MANAGER)
_LIST_ALL = (
    select(CONTAINERS)
    .where(CONTAINERS.c.number > bindparam("after"))
    .order_by(CONTAINERS.c.number)
    .limit(bindparam("most"))
)

_FIND_TRANSFER = select(TRANSFERS).where(TRANSFERS.c.transfer == bindparam("one"))
_HOLD_TRANSFER = _FIND_TRANSFER.with_for_update()
_ADD_TRANSFER = insert(TRANSFERS)
_SET_TRANSFER = (
    update(TRANSFERS)
    .where(TRANSFERS.c.transfer == bindparam("one"))
    .values({name: bindparam(name) for name in TRANSFERS.c.keys() if name not in {"key", "transfer"}})  # noqa: SIM118
)
_PUBLISH_TRANSFER = (
    update(TRANSFERS)
    .where(
        TRANSFERS.c.transfer == bindparam("one"),
        TRANSFERS.c.state == bindparam("was"),
        TRANSFERS.c.epoch == bindparam("since"),
        TRANSFERS.c.bytes_done == bindparam("safe"),
        TRANSFERS.c.lease.is_(None),
    )
    .values(
        {
            name: bindparam(name)
            for name in ("state", "changed", "due", "deadline", "bytes_done", "receipt", "request_id", "partial")
        }
    )
)
_PUBLISH_CONTAINER = (
    update(CONTAINERS)
    .where(CONTAINERS.c.number == bindparam("one"), CONTAINERS.c.state == ContainerState.EMPTY)
    .values({name: bindparam(name) for name in ("state", "changed", "size", "content_type", "digests")})
)
_DELETE_TRANSFER = delete(TRANSFERS).where(TRANSFERS.c.transfer == bindparam("one"))
_LIST_TRANSFERS = (
    select(TRANSFERS)
    .where(TRANSFERS.c.state == bindparam("state"), TRANSFERS.c.transfer > bindparam("after"))
    .order_by(TRANSFERS.c.transfer)
    .limit(bindparam("most"))
)
_LIST_OVERDUE = (
    select(TRANSFERS)
    .where(TRANSFERS.c.state == bindparam("state"), TRANSFERS.c.due < bindparam("before"))
    .order_by(TRANSFERS.c.due)
    .limit(bindparam("most"))
)
_LIST_FORGETTABLE = (
    select(TRANSFERS)
    .where(
        or_(*(TRANSFERS.c.state == state for state in sorted(ENDED))),
        TRANSFERS.c.due < bindparam("before"),
        ~exists().where(OUTBOX.c.transfer == TRANSFERS.c.transfer),
    )
    .order_by(TRANSFERS.c.due)
    .limit(bindparam("most"))
)

_FIND_OUTGOING_OF = select(OUTBOX.c.key).where(OUTBOX.c.transfer == bindparam("one"))
_HOLD_OUTGOING = select(OUTBOX).where(OUTBOX.c.key == bindparam("one")).with_for_update()
_ADD_OUTGOING = insert(OUTBOX)
_SET_OUTGOING = (
    update(OUTBOX)
    .where(OUTBOX.c.key == bindparam("one"))
    .values({name: bindparam(name) for name in OUTBOX.c.keys() if name not in {"key", "transfer"}})  # noqa: SIM118
)
_DELETE_OUTGOING = delete(OUTBOX).where(OUTBOX.c.key == bindparam("one"))
_LIST_OUTGOING = (
    select(OUTBOX)
    .where(
        OUTBOX.c.due <= bindparam("due"),
        OUTBOX.c.manager.not_in(bindparam("without", expanding=True)),
    )
    .order_by(OUTBOX.c.due, OUTBOX.c.key)
    .limit(bindparam("most"))
)

_COUNT_TRANSFERS = select(TRANSFERS.c.state, func.count()).group_by(TRANSFERS.c.state)
_BACKLOG = select(func.count(), func.min(OUTBOX.c.created))

_FIND_ORPHAN = select(ORPHANS.c.seen).where(ORPHANS.c.number == bindparam("one"))
_ADD_ORPHAN = insert(ORPHANS)
_DELETE_ORPHAN = delete(ORPHANS).where(ORPHANS.c.number == bindparam("one"))
_FIND_ADOPTED = select(ADOPTED).where(ADOPTED.c.number == bindparam("one"))
_ADD_ADOPTED = insert(ADOPTED)
_ADOPTED_AMONG = select(ADOPTED).where(ADOPTED.c.number.in_(bindparam("these", expanding=True)))
_ADOPTED_AT = (
    select(ADOPTED)
    .where(ADOPTED.c.directory == bindparam("directory"), ADOPTED.c.path.in_(bindparam("these", expanding=True)))
    .order_by(ADOPTED.c.key)
)
_FORGET_ADOPTED = update(ADOPTED).where(ADOPTED.c.number == bindparam("one")).values(forgotten=True)
_FIND_ROUND = select(ROUNDS).where(ROUNDS.c.name == bindparam("one"))
_ADD_ROUND = insert(ROUNDS)
_SET_ROUND = (
    update(ROUNDS)
    .where(ROUNDS.c.name == bindparam("one"))
    .values({name: bindparam(name) for name in ROUNDS.c.keys() if name != "name"})  # noqa: SIM118
)
_FIND_FACT = select(FACTS.c.value).where(FACTS.c.name == bindparam("one"))
_ADD_FACT = insert(FACTS)


def open_catalogue(url: str, *, durable: bool = True) -> Database[Records]:
    """The catalogue at a database URL, its schema brought up to date. Close it at the end. `durable`: see Database.

    Raises SchemaRefused, ServiceBusy, ValueError for a URL that names no database.
    """
    upgrade(url, _PACKAGE)
    return Database[Records](url, SqlRecords, durable=durable)


def schema_check(url: str) -> SchemaCheck:
    """Tells whether the catalogue still has this release's schema."""
    return SchemaCheck(url, _PACKAGE)


class SqlRecords:
    """The rows, inside one transaction of a connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def born(self, now: Instant) -> Instant:
        found = self._connection.scalar(_FIND_FACT, {"one": "born"})
        if found is None:
            self._connection.execute(_ADD_FACT, {"name": "born", "value": now})
        return Instant(now if found is None else found)

    # --- containers ---

    def add_container(self, container: Container) -> None:
        self._add(_ADD_CONTAINER, container_row(container), f"container {container.number}")

    def find_container(self, number: str) -> Container | None:
        row = self._one(_FIND_CONTAINER, number)
        return container_of(row) if row is not None else None

    def hold_container(self, number: str) -> Container | None:
        row = self._one(_HOLD_CONTAINER, number)
        return container_of(row) if row is not None else None

    def set_container(self, container: Container) -> None:
        row = container_row(container)
        number = row.pop("number")
        if self._connection.execute(_SET_CONTAINER, {**row, "one": number}).rowcount == 0:
            raise ContainerNotFound(number)

    def delete_container(self, number: str) -> None:
        self._connection.execute(_DELETE_CONTAINER, {"one": number})

    def list_containers(self, state: str, changed_before: Instant, after: str, limit: int) -> list[Container]:
        values = {"state": state, "before": changed_before, "after": after, "most": limit}
        return [container_of(row) for row in self._connection.execute(_LIST_CONTAINERS, values).mappings()]

    def list_numbers(self, state: str, after: str, limit: int) -> list[str]:
        values = {"state": state, "after": after, "most": limit}
        return list(self._connection.scalars(_LIST_NUMBERS, values))

    def states_of(self, numbers: Collection[str]) -> dict[str, str]:
        found = self._connection.execute(_STATES_OF, {"these": list(numbers)})
        return {row.number: row.state for row in found}

    def list_held(self, manager: Ivorn, after: str, limit: int) -> list[Container]:
        values = {"manager": str(manager), "after": after, "most": limit}
        return [container_of(row) for row in self._connection.execute(_LIST_HELD, values).mappings()]

    def measure_held(self, manager: Ivorn) -> tuple[int, int]:
        number, size = self._connection.execute(_MEASURE_HELD, {"manager": str(manager)}).one()
        return number, int(size)

    def list_damaged(self, manager: Ivorn | None, after: str, limit: int) -> list[Container]:
        values: dict[str, Any] = {"after": after, "most": limit}
        if manager is not None:
            values["manager"] = str(manager)
        found = self._connection.execute(_LIST_DAMAGED if manager is None else _LIST_DAMAGED_OF, values)
        return [container_of(row) for row in found.mappings()]

    def count_damaged(self, manager: Ivorn | None) -> int:
        if manager is None:
            return self._connection.scalar(_COUNT_DAMAGED) or 0
        return self._connection.scalar(_COUNT_DAMAGED_OF, {"manager": str(manager)}) or 0

    def list_all(self, after: str, limit: int) -> list[Container]:
        values = {"after": after, "most": limit}
        return [container_of(row) for row in self._connection.execute(_LIST_ALL, values).mappings()]

    # --- transfers ---

    def add_transfer(self, transfer: Transfer) -> None:
        self._add(_ADD_TRANSFER, transfer_row(transfer), f"transfer {transfer.transfer}")

    def find_transfer(self, transfer: str) -> Transfer | None:
        row = self._one(_FIND_TRANSFER, transfer)
        return transfer_of(row) if row is not None else None

    def hold_transfer(self, transfer: str) -> Transfer | None:
        row = self._one(_HOLD_TRANSFER, transfer)
        return transfer_of(row) if row is not None else None

    def set_transfer(self, transfer: Transfer) -> None:
        row = transfer_row(transfer)
        number = row.pop("transfer")
        if self._connection.execute(_SET_TRANSFER, {**row, "one": number}).rowcount == 0:
            raise TransferNotFound(number)

    def publish(self, before: Transfer, after: Transfer, container: Container) -> bool:
        values = {**published_row(after), "one": before.transfer, "was": before.state, "since": before.epoch}
        if self._connection.execute(_PUBLISH_TRANSFER, {**values, "safe": before.bytes_done}).rowcount == 0:
            return False
        if self._connection.execute(_PUBLISH_CONTAINER, filled_row(container)).rowcount == 0:
            raise ContainerNotFound(container.number)
        return True

    def delete_transfer(self, transfer: str) -> None:
        self._connection.execute(_DELETE_TRANSFER, {"one": transfer})

    def list_transfers(self, state: str, after: str, limit: int) -> list[Transfer]:
        return self._transfers(_LIST_TRANSFERS, {"state": state, "after": after, "most": limit})

    def list_overdue(self, state: str, before: Instant, limit: int) -> list[Transfer]:
        return self._transfers(_LIST_OVERDUE, {"state": state, "before": before, "most": limit})

    def list_forgettable(self, before: Instant, limit: int) -> list[Transfer]:
        return self._transfers(_LIST_FORGETTABLE, {"before": before, "most": limit})

    # --- callbacks ---

    def add_outgoing(self, outgoing: Outgoing) -> None:
        if not self.has_outgoing(outgoing.transfer):
            self._connection.execute(_ADD_OUTGOING, outgoing_row(outgoing))

    def count_transfers(self) -> dict[str, int]:
        return dict(self._connection.execute(_COUNT_TRANSFERS).all())

    def backlog(self) -> Backlog:
        number, oldest = self._connection.execute(_BACKLOG).one()
        return Backlog(number, None if oldest is None else Instant(oldest))

    def has_outgoing(self, transfer: str) -> bool:
        return self._connection.scalar(_FIND_OUTGOING_OF, {"one": transfer}) is not None

    def hold_outgoing(self, number: int) -> Outgoing | None:
        row = self._one(_HOLD_OUTGOING, number)
        return outgoing_of(row) if row is not None else None

    def set_outgoing(self, outgoing: Outgoing) -> None:
        row = outgoing_row(outgoing)
        del row["transfer"]
        self._connection.execute(_SET_OUTGOING, {**row, "one": outgoing.id})

    def delete_outgoing(self, number: int) -> None:
        self._connection.execute(_DELETE_OUTGOING, {"one": number})

    def list_outgoing(self, due: Instant, limit: int, without: Collection[Ivorn]) -> list[Outgoing]:
        values = {"due": due, "most": limit, "without": [str(manager) for manager in without]}
        return [outgoing_of(row) for row in self._connection.execute(_LIST_OUTGOING, values).mappings()]

    # --- orphans ---

    def add_orphan(self, number: str, now: Instant) -> Instant:
        seen = self._connection.scalar(_FIND_ORPHAN, {"one": number})
        if seen is None:
            self._connection.execute(_ADD_ORPHAN, {"number": number, "seen": now})
        return Instant(now if seen is None else seen)

    def delete_orphan(self, number: str) -> None:
        self._connection.execute(_DELETE_ORPHAN, {"one": number})

    # --- reading all that is held ---

    def find_round(self) -> Round | None:
        row = self._one(_FIND_ROUND, _ROUND)
        return round_of(row) if row is not None else None

    def set_round(self, progress: Round) -> None:
        row = round_row(progress)
        if self._connection.execute(_SET_ROUND, {**row, "one": _ROUND}).rowcount == 0:
            self._connection.execute(_ADD_ROUND, {**row, "name": _ROUND})

    # --- nonces ---

    def add_nonce(self, key_id: str, nonce: str, created: int) -> bool:
        return SqlNonces(self._connection).add_nonce(key_id, nonce, created)

    def prune_nonces(self, before: int) -> int:
        return SqlNonces(self._connection).prune_nonces(before)

    # --- adopted files ---

    def add_adopted(self, adopted: Adopted) -> None:
        self._add(_ADD_ADOPTED, adopted_row(adopted), f"container {adopted.number}")

    def find_adopted(self, number: str) -> Adopted | None:
        row = self._one(_FIND_ADOPTED, number)
        return adopted_of(row) if row is not None else None

    def adopted_among(self, numbers: Collection[str]) -> dict[str, Adopted]:
        found = self._connection.execute(_ADOPTED_AMONG, {"these": list(numbers)}).mappings()
        return {row["number"]: adopted_of(row) for row in found}

    def adopted_at(self, directory: str, paths: Collection[str]) -> dict[str, list[Adopted]]:
        found: dict[str, list[Adopted]] = {}
        values = {"directory": directory, "these": list(paths)}
        for row in self._connection.execute(_ADOPTED_AT, values).mappings():
            found.setdefault(row["path"], []).append(adopted_of(row))
        return found

    def forget_adopted(self, number: str) -> None:
        self._connection.execute(_FORGET_ADOPTED, {"one": number})

    def _one(self, statement: Executable, key: object) -> Any:
        return self._connection.execute(statement, {"one": key}).mappings().one_or_none()

    def _transfers(self, statement: Executable, values: dict[str, Any]) -> list[Transfer]:
        return [transfer_of(row) for row in self._connection.execute(statement, values).mappings()]

    def _add(self, statement: Executable, row: dict[str, Any], about: str) -> None:
        # Two that begin the same at once both find nothing; only the constraint tells them apart.
        try:
            with self._connection.begin_nested():
                self._connection.execute(statement, row)
        except IntegrityError as error:
            raise Busy(about) from error
