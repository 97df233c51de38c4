"""The catalogue in memory: for tests, and for those of the users of this package.

Rule: it keeps every word of the port: a transaction is alone, and whatever is raised in it takes it back.
"""

import threading
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from typing import TypeVar

from filestore.domain.adopted import Adopted
from filestore.domain.backlog import Backlog
from filestore.domain.container import Container
from filestore.domain.round import Round
from filestore.domain.transfer import ACKNOWLEDGE, Transfer
from filestore.persistence.rows import due as due_of
from filestore.ports import Outgoing, Records
from vofiles.contract import ContainerState, TransferState
from vofiles.errors import Busy, ContainerNotFound, TransferNotFound
from vofiles.instant import Instant
from vofiles.ivorn import Ivorn

R = TypeVar("R")


@dataclass(slots=True)
class _Tables:
    """Everything; the values are frozen, so that a copy of the dictionaries is a copy of all."""

    born: Instant | None = None
    last_key: int = 0
    containers: dict[str, Container] = field(default_factory=dict)
    transfers: dict[str, Transfer] = field(default_factory=dict)
    outbox: dict[int, Outgoing] = field(default_factory=dict)
    orphans: dict[str, Instant] = field(default_factory=dict)
    adopted: dict[str, Adopted] = field(default_factory=dict)
    nonces: dict[tuple[str, str], int] = field(default_factory=dict)
    round: Round | None = None

    def copy(self) -> "_Tables":
        return _Tables(
            self.born, self.last_key, dict(self.containers), dict(self.transfers), dict(self.outbox),
            dict(self.orphans), dict(self.adopted), dict(self.nonces), self.round,
        )  # fmt: skip


class MemoryCatalogue:
    """A catalogue that is forgotten with the process."""

    def __init__(self) -> None:
        self._tables = _Tables()
        self._lock = threading.Lock()

    def read(self, fn: Callable[[Records], R]) -> R:
        with self._lock:
            return fn(_ReadOnlyRecords(self._tables.copy()))

    def write(self, fn: Callable[[Records], R]) -> R:
        with self._lock:
            tables = self._tables.copy()
            result = fn(MemoryRecords(tables))
            self._tables = tables
            return result

    def close(self) -> None:
        """There is nothing to let go of."""


class MemoryRecords:
    """The rows, inside one transaction."""

    def __init__(self, tables: _Tables) -> None:
        self._tables = tables

    def born(self, now: Instant) -> Instant:
        if self._tables.born is None:
            self._tables.born = now
        return self._tables.born

    # --- containers ---

    def add_container(self, container: Container) -> None:
        if container.number in self._tables.containers:
            raise Busy(f"container {container.number}")
        self._tables.containers[container.number] = container

    def find_container(self, number: str) -> Container | None:
        return self._tables.containers.get(number)

    hold_container = find_container

    def set_container(self, container: Container) -> None:
        if container.number not in self._tables.containers:
            raise ContainerNotFound(container.number)
        self._tables.containers[container.number] = container

    def delete_container(self, number: str) -> None:
        self._tables.containers.pop(number, None)

    def list_containers(self, state: str, changed_before: Instant, after: str, limit: int) -> list[Container]:
        found = [
            row
            for number, row in sorted(self._tables.containers.items())
            if number > after and row.state == state and row.changed < changed_before
        ]
        return found[:limit]

    def list_numbers(self, state: str, after: str, limit: int) -> list[str]:
        return [row.number for row in self._above(after) if row.state == state][:limit]

    def states_of(self, numbers: Collection[str]) -> dict[str, str]:
        known = self._tables.containers
        return {number: known[number].state for number in numbers if number in known}

    def list_held(self, manager: Ivorn, after: str, limit: int) -> list[Container]:
        held = [row for row in self._above(after) if row.manager == manager and row.state != ContainerState.DELETED]
        return held[:limit]

    def measure_held(self, manager: Ivorn) -> tuple[int, int]:
        sizes = [
            row.content.size if row.content else 0
            for row in self._tables.containers.values()
            if row.manager == manager and row.state == ContainerState.COMPLETE
        ]
        return len(sizes), sum(sizes)

    def list_damaged(self, manager: Ivorn | None, after: str, limit: int) -> list[Container]:
        return [row for row in self._damaged(manager) if row.number > after][:limit]

    def count_damaged(self, manager: Ivorn | None) -> int:
        return len(self._damaged(manager))

    def _damaged(self, manager: Ivorn | None) -> list[Container]:
        return [
            row
            for row in self._above("")
            if row.damage is not None and row.state == ContainerState.COMPLETE and manager in {None, row.manager}
        ]

    def list_all(self, after: str, limit: int) -> list[Container]:
        return self._above(after)[:limit]

    def _above(self, after: str) -> list[Container]:
        return [row for number, row in sorted(self._tables.containers.items()) if number > after]

    # --- transfers ---

    def add_transfer(self, transfer: Transfer) -> None:
        if transfer.transfer in self._tables.transfers:
            raise Busy(f"transfer {transfer.transfer}")
        self._tables.transfers[transfer.transfer] = transfer

    def find_transfer(self, transfer: str) -> Transfer | None:
        return self._tables.transfers.get(transfer)

    hold_transfer = find_transfer

    def set_transfer(self, transfer: Transfer) -> None:
        if transfer.transfer not in self._tables.transfers:
            raise TransferNotFound(transfer.transfer)
        self._tables.transfers[transfer.transfer] = transfer

    def publish(self, before: Transfer, after: Transfer, container: Container) -> bool:
        held = self._tables.transfers.get(before.transfer)
        if held is None or held.lease is not None:
            return False
        if (held.state, held.epoch, held.bytes_done) != (before.state, before.epoch, before.bytes_done):
            return False
        empty = self._tables.containers.get(container.number)
        if empty is None or empty.state != ContainerState.EMPTY:
            raise ContainerNotFound(container.number)
        self._tables.transfers[after.transfer] = after
        self._tables.containers[container.number] = container
        return True

    def delete_transfer(self, transfer: str) -> None:
        self._tables.transfers.pop(transfer, None)

    def list_transfers(self, state: str, after: str, limit: int) -> list[Transfer]:
        found = [row for name, row in sorted(self._tables.transfers.items()) if name > after and row.state == state]
        return found[:limit]

    def list_overdue(self, state: str, before: Instant, limit: int) -> list[Transfer]:
        found = [row for row in self._tables.transfers.values() if row.state == state and due_of(row) < before]
        return sorted(found, key=due_of)[:limit]

    def list_forgettable(self, before: Instant, limit: int) -> list[Transfer]:
        told = {row.transfer for row in self._tables.outbox.values()}
        found = [
            row
            for row in self._tables.transfers.values()
            if row.ended and due_of(row) < before and row.transfer not in told
        ]
        return sorted(found, key=due_of)[:limit]

    # --- callbacks ---

    def add_outgoing(self, outgoing: Outgoing) -> None:
        if not self.has_outgoing(outgoing.transfer):
            self._tables.last_key += 1
            self._tables.outbox[self._tables.last_key] = replace(outgoing, id=self._tables.last_key)

    def count_transfers(self) -> dict[str, int]:
        return dict(Counter(transfer.state for transfer in self._tables.transfers.values()))

    def backlog(self) -> Backlog:
        created = [outgoing.created for outgoing in self._tables.outbox.values()]
        return Backlog(len(created), min(created, default=None))

    def has_outgoing(self, transfer: str) -> bool:
        return any(row.transfer == transfer for row in self._tables.outbox.values())

    def hold_outgoing(self, number: int) -> Outgoing | None:
        return self._tables.outbox.get(number)

    def set_outgoing(self, outgoing: Outgoing) -> None:
        if outgoing.id in self._tables.outbox:
            self._tables.outbox[outgoing.id] = outgoing

    def delete_outgoing(self, number: int) -> None:
        self._tables.outbox.pop(number, None)

    def list_outgoing(self, due: Instant, limit: int, without: Collection[Ivorn]) -> list[Outgoing]:
        found = [row for row in self._tables.outbox.values() if row.due <= due and row.manager not in without]
        return sorted(found, key=lambda row: (row.due, row.id))[:limit]

    def acknowledge(self, numbers: Collection[int], now: Instant) -> None:
        for number in numbers:
            outgoing = self._tables.outbox.pop(number, None)
            transfer = self._tables.transfers.get(outgoing.transfer) if outgoing is not None else None
            if transfer is not None and transfer.state == TransferState.STORED:
                self._tables.transfers[transfer.transfer] = transfer.step(ACKNOWLEDGE, now)

    # --- orphans ---

    def add_orphan(self, number: str, now: Instant) -> Instant:
        return self._tables.orphans.setdefault(number, now)

    def delete_orphan(self, number: str) -> None:
        self._tables.orphans.pop(number, None)

    # --- adopted files ---

    def add_adopted(self, adopted: Adopted) -> None:
        if adopted.number in self._tables.adopted:
            raise Busy(f"container {adopted.number}")
        self._tables.adopted[adopted.number] = adopted

    def find_adopted(self, number: str) -> Adopted | None:
        return self._tables.adopted.get(number)

    def adopted_among(self, numbers: Collection[str]) -> dict[str, Adopted]:
        return {number: self._tables.adopted[number] for number in numbers if number in self._tables.adopted}

    def adopted_at(self, directory: str, paths: Collection[str]) -> dict[str, list[Adopted]]:
        found: dict[str, list[Adopted]] = {}
        for row in self._tables.adopted.values():
            if row.directory == directory and row.path in paths:
                found.setdefault(row.path, []).append(row)
        return found

    def forget_adopted(self, number: str) -> None:
        if number in self._tables.adopted:
            self._tables.adopted[number] = replace(self._tables.adopted[number], forgotten=True)

    # --- reading all that is held ---

    def find_round(self) -> Round | None:
        return self._tables.round

    def set_round(self, progress: Round) -> None:
        self._tables.round = progress

    # --- nonces ---

    def add_nonce(self, key_id: str, nonce: str, created: int) -> bool:
        new = (key_id, nonce) not in self._tables.nonces
        if new:
            self._tables.nonces[key_id, nonce] = created
        return new

    def prune_nonces(self, before: int) -> int:
        old = [key for key, created in self._tables.nonces.items() if created < before]
        for key in old:
            del self._tables.nonces[key]
        return len(old)


class _ReadOnlyRecords(MemoryRecords):
    """The rows for a read, which holds none of them: PostgreSQL would refuse it."""

    def hold_container(self, number: str) -> Container | None:
        raise RuntimeError(f"a read cannot hold container {number}")

    def hold_transfer(self, transfer: str) -> Transfer | None:
        raise RuntimeError(f"a read cannot hold transfer {transfer}")

    def hold_outgoing(self, number: int) -> Outgoing | None:
        raise RuntimeError(f"a read cannot hold callback {number}")
