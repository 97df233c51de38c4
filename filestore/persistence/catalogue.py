"""The catalogue in a SQL database.

Rule: statements are built once, in `sql`; a call binds values and turns rows into values. What is `held` is
locked until the transaction ends where the database has several writers (PostgreSQL); SQLite has one.
"""

from collections.abc import Collection
from contextlib import nullcontext
from typing import Any

from sqlalchemy import Connection, Executable
from sqlalchemy.exc import IntegrityError

from filestore.domain.adopted import Adopted
from filestore.domain.backlog import Backlog
from filestore.domain.container import Container
from filestore.domain.round import Round
from filestore.domain.transfer import Transfer
from filestore.persistence import sql
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
from filestore.ports import Outgoing, Records
from vofiles.errors import Busy, ContainerNotFound, TransferNotFound
from vofiles.instant import Instant
from vofiles.ivorn import Ivorn
from vofiles.serving.database import Database
from vofiles.serving.migrations import SchemaCheck, upgrade
from vofiles.serving.nonces import SqlNonces

_PACKAGE = "filestore.persistence"
_ROUND = "all"
"""The name of the only round that there is."""


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
        found = self._connection.scalar(sql.FIND_FACT, {"one": "born"})
        if found is None:
            self._connection.execute(sql.ADD_FACT, {"name": "born", "value": now})
        return Instant(now if found is None else found)

    # --- containers ---

    def add_container(self, container: Container) -> None:
        self._add(sql.ADD_CONTAINER, container_row(container), f"container {container.number}")

    def find_container(self, number: str) -> Container | None:
        row = self._one(sql.FIND_CONTAINER, number)
        return container_of(row) if row is not None else None

    def hold_container(self, number: str) -> Container | None:
        row = self._one(sql.HOLD_CONTAINER, number)
        return container_of(row) if row is not None else None

    def set_container(self, container: Container) -> None:
        row = container_row(container)
        number = row.pop("number")
        if self._connection.execute(sql.SET_CONTAINER, {**row, "one": number}).rowcount == 0:
            raise ContainerNotFound(number)

    def delete_container(self, number: str) -> None:
        self._connection.execute(sql.DELETE_CONTAINER, {"one": number})

    def list_containers(self, state: str, changed_before: Instant, after: str, limit: int) -> list[Container]:
        values = {"state": state, "before": changed_before, "after": after, "most": limit}
        return [container_of(row) for row in self._connection.execute(sql.LIST_CONTAINERS, values).mappings()]

    def list_numbers(self, state: str, after: str, limit: int) -> list[str]:
        values = {"state": state, "after": after, "most": limit}
        return list(self._connection.scalars(sql.LIST_NUMBERS, values))

    def states_of(self, numbers: Collection[str]) -> dict[str, str]:
        found = self._connection.execute(sql.STATES_OF, {"these": list(numbers)})
        return {row.number: row.state for row in found}

    def list_held(self, manager: Ivorn, after: str, limit: int) -> list[Container]:
        values = {"manager": str(manager), "after": after, "most": limit}
        return [container_of(row) for row in self._connection.execute(sql.LIST_HELD, values).mappings()]

    def measure_held(self, manager: Ivorn) -> tuple[int, int]:
        number, size = self._connection.execute(sql.MEASURE_HELD, {"manager": str(manager)}).one()
        return number, int(size)

    def list_damaged(self, manager: Ivorn | None, after: str, limit: int) -> list[Container]:
        values: dict[str, Any] = {"after": after, "most": limit}
        if manager is not None:
            values["manager"] = str(manager)
        found = self._connection.execute(sql.LIST_DAMAGED if manager is None else sql.LIST_DAMAGED_OF, values)
        return [container_of(row) for row in found.mappings()]

    def count_damaged(self, manager: Ivorn | None) -> int:
        if manager is None:
            return self._connection.scalar(sql.COUNT_DAMAGED) or 0
        return self._connection.scalar(sql.COUNT_DAMAGED_OF, {"manager": str(manager)}) or 0

    def list_all(self, after: str, limit: int) -> list[Container]:
        values = {"after": after, "most": limit}
        return [container_of(row) for row in self._connection.execute(sql.LIST_ALL, values).mappings()]

    # --- transfers ---

    def add_transfer(self, transfer: Transfer) -> None:
        self._add(sql.ADD_TRANSFER, transfer_row(transfer), f"transfer {transfer.transfer}")

    def find_transfer(self, transfer: str) -> Transfer | None:
        row = self._one(sql.FIND_TRANSFER, transfer)
        return transfer_of(row) if row is not None else None

    def hold_transfer(self, transfer: str) -> Transfer | None:
        row = self._one(sql.HOLD_TRANSFER, transfer)
        return transfer_of(row) if row is not None else None

    def set_transfer(self, transfer: Transfer) -> None:
        row = transfer_row(transfer)
        number = row.pop("transfer")
        if self._connection.execute(sql.SET_TRANSFER, {**row, "one": number}).rowcount == 0:
            raise TransferNotFound(number)

    def publish(self, before: Transfer, after: Transfer, container: Container) -> bool:
        values = {**published_row(after), "one": before.transfer, "was": before.state, "since": before.epoch}
        if self._connection.execute(sql.PUBLISH_TRANSFER, {**values, "safe": before.bytes_done}).rowcount == 0:
            return False
        if self._connection.execute(sql.PUBLISH_CONTAINER, filled_row(container)).rowcount == 0:
            raise ContainerNotFound(container.number)
        return True

    def delete_transfer(self, transfer: str) -> None:
        self._connection.execute(sql.DELETE_TRANSFER, {"one": transfer})

    def list_transfers(self, state: str, after: str, limit: int) -> list[Transfer]:
        return self._transfers(sql.LIST_TRANSFERS, {"state": state, "after": after, "most": limit})

    def list_overdue(self, state: str, before: Instant, limit: int) -> list[Transfer]:
        return self._transfers(sql.LIST_OVERDUE, {"state": state, "before": before, "most": limit})

    def list_forgettable(self, before: Instant, limit: int) -> list[Transfer]:
        return self._transfers(sql.LIST_FORGETTABLE, {"before": before, "most": limit})

    # --- callbacks ---

    def add_outgoing(self, outgoing: Outgoing) -> None:
        if not self.has_outgoing(outgoing.transfer):
            self._connection.execute(sql.ADD_OUTGOING, outgoing_row(outgoing))

    def count_transfers(self) -> dict[str, int]:
        return dict(self._connection.execute(sql.COUNT_TRANSFERS).all())

    def backlog(self) -> Backlog:
        number, oldest = self._connection.execute(sql.BACKLOG).one()
        return Backlog(number, None if oldest is None else Instant(oldest))

    def has_outgoing(self, transfer: str) -> bool:
        return self._connection.scalar(sql.FIND_OUTGOING_OF, {"one": transfer}) is not None

    def hold_outgoing(self, number: int) -> Outgoing | None:
        row = self._one(sql.HOLD_OUTGOING, number)
        return outgoing_of(row) if row is not None else None

    def set_outgoing(self, outgoing: Outgoing) -> None:
        row = outgoing_row(outgoing)
        del row["transfer"]
        self._connection.execute(sql.SET_OUTGOING, {**row, "one": outgoing.id})

    def delete_outgoing(self, number: int) -> None:
        self._connection.execute(sql.DELETE_OUTGOING, {"one": number})

    def list_outgoing(self, due: Instant, limit: int, without: Collection[Ivorn]) -> list[Outgoing]:
        values: dict[str, Any] = {"due": due, "most": limit}
        if not without:
            # A list that expands is written out anew each time.
            return [outgoing_of(row) for row in self._connection.execute(sql.LIST_OUTGOING, values).mappings()]
        values["without"] = [str(manager) for manager in without]
        return [outgoing_of(row) for row in self._connection.execute(sql.LIST_OTHERS_OUTGOING, values).mappings()]

    def acknowledge(self, numbers: Collection[int], now: Instant) -> None:
        if numbers:
            given = [{"one": number, "changed": now, "due": now} for number in numbers]
            self._connection.execute(sql.COMPLETE_TOLD, given)
            self._connection.execute(sql.DELETE_OUTGOING, [{"one": number} for number in numbers])

    # --- orphans ---

    def add_orphan(self, number: str, now: Instant) -> Instant:
        seen = self._connection.scalar(sql.FIND_ORPHAN, {"one": number})
        if seen is None:
            self._connection.execute(sql.ADD_ORPHAN, {"number": number, "seen": now})
        return Instant(now if seen is None else seen)

    def delete_orphan(self, number: str) -> None:
        self._connection.execute(sql.DELETE_ORPHAN, {"one": number})

    # --- reading all that is held ---

    def find_round(self) -> Round | None:
        row = self._one(sql.FIND_ROUND, _ROUND)
        return round_of(row) if row is not None else None

    def set_round(self, progress: Round) -> None:
        row = round_row(progress)
        if self._connection.execute(sql.SET_ROUND, {**row, "one": _ROUND}).rowcount == 0:
            self._connection.execute(sql.ADD_ROUND, {**row, "name": _ROUND})

    # --- nonces ---

    def add_nonce(self, key_id: str, nonce: str, created: int) -> bool:
        return SqlNonces(self._connection).add_nonce(key_id, nonce, created)

    def prune_nonces(self, before: int) -> int:
        return SqlNonces(self._connection).prune_nonces(before)

    # --- adopted files ---

    def add_adopted(self, adopted: Adopted) -> None:
        self._add(sql.ADD_ADOPTED, adopted_row(adopted), f"container {adopted.number}")

    def find_adopted(self, number: str) -> Adopted | None:
        row = self._one(sql.FIND_ADOPTED, number)
        return adopted_of(row) if row is not None else None

    def adopted_among(self, numbers: Collection[str]) -> dict[str, Adopted]:
        found = self._connection.execute(sql.ADOPTED_AMONG, {"these": list(numbers)}).mappings()
        return {row["number"]: adopted_of(row) for row in found}

    def adopted_at(self, directory: str, paths: Collection[str]) -> dict[str, list[Adopted]]:
        found: dict[str, list[Adopted]] = {}
        values = {"directory": directory, "these": list(paths)}
        for row in self._connection.execute(sql.ADOPTED_AT, values).mappings():
            found.setdefault(row["path"], []).append(adopted_of(row))
        return found

    def forget_adopted(self, number: str) -> None:
        self._connection.execute(sql.FORGET_ADOPTED, {"one": number})

    def _one(self, statement: Executable, key: object) -> Any:
        return self._connection.execute(statement, {"one": key}).mappings().one_or_none()

    def _transfers(self, statement: Executable, values: dict[str, Any]) -> list[Transfer]:
        return [transfer_of(row) for row in self._connection.execute(statement, values).mappings()]

    def _add(self, statement: Executable, row: dict[str, Any], about: str) -> None:
        # Two that begin the same at once both find nothing; only the constraint tells them apart. SQLite takes back the
        # row alone that is refused; PostgreSQL would give up the whole transaction, were it not for a savepoint.
        on_sqlite = self._connection.dialect.name == "sqlite"
        try:
            with nullcontext() if on_sqlite else self._connection.begin_nested():
                self._connection.execute(statement, row)
        except IntegrityError as error:
            raise Busy(about) from error
