"""The movements of bytes, in memory."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from filemanager.domain.transfer import Transfer
from filemanager.persistence.memory.state import Repository
from vofiles.errors import Conflict, NodeNotFound
from vofiles.instant import Instant
from vofiles.ivorn import Ivorn


class MemoryTransfers(Repository):
    """The port `Transfers`."""

    def find_transfer(self, number: str) -> Transfer | None:
        return self._state.transfers.get(number)

    lock_transfer = find_transfer

    def add_transfer(self, transfer: Transfer) -> None:
        self._require_account(transfer.caller)
        self._require_store(transfer.store)
        if transfer.number in self._state.transfers:
            raise Conflict(transfer.number)
        if transfer.node is not None and transfer.node not in self._state.nodes:
            raise NodeNotFound(transfer.node_number)
        self._state.transfers[transfer.number] = transfer

    def save_transfer(self, transfer: Transfer) -> None:
        before = self._state.transfers.get(transfer.number)
        if before is not None:
            changing = ("state", "bytes_done", "container", "expiry", "due", "failure", "receipt")
            changes: dict[str, Any] = {name: getattr(transfer, name) for name in changing}
            self._state.transfers[transfer.number] = replace(before, **changes)

    def _open(self) -> list[Transfer]:
        """Those that have not ended, oldest first (sorting keeps the order of adding)."""
        return sorted((each for each in self._state.transfers.values() if not each.has_ended), key=lambda t: t.created)

    def open_transfers(self, node: int) -> list[Transfer]:
        return [transfer for transfer in self._open() if transfer.node == node]

    def open_among(self, nodes: Sequence[int]) -> list[Transfer]:
        return [transfer for transfer in self._open() if transfer.node in nodes]

    def open_imports(self, nodes: Sequence[int]) -> dict[int, Transfer]:
        imports = [each for each in self._open() if each.is_import and each.container is not None]
        return {each.node: each for each in imports if each.node is not None and each.node in nodes}

    def imports_into(self, owner: Ivorn) -> list[Transfer]:
        nodes = self._state.nodes
        imports = [each for each in self._open() if each.is_import and each.container is not None]
        found = [each for each in imports if each.node is not None and nodes[each.node].owner == owner]
        return sorted(found, key=lambda transfer: transfer.due)

    def prune(self, before: Instant, limit: int) -> int:
        old = [each for each in self._state.transfers.values() if each.has_ended and each.due < before]
        old = sorted(old, key=lambda transfer: transfer.due)[:limit]
        for each in old:
            del self._state.transfers[each.number]
        return len(old)

    def due_transfers(self, now: Instant, limit: int) -> list[Transfer]:
        due = [each for each in self._state.transfers.values() if not each.has_ended and each.due <= now]
        return sorted(due, key=lambda transfer: transfer.due)[:limit]
