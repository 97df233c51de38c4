"""Stores' small contents on a stage: each statement and each commit of the pack is an effect of its store.

Rule: what is not small is on the disk, as ever; what is kept is read past the store, from both.
"""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from filestore.backends.pack import Pack
from filestore.backends.packed import PackedBackend
from filestore.ports import Backend
from tests.support.faultworld import DiskShelves, Kept, StoreProcess
from tests.support.staged_sql import Staged, StagedDatabase
from vofiles.serving.database import Database


@dataclass(frozen=True, slots=True)
class Row:
    """What one column of a row holds."""

    data: bytes

    def read_bytes(self) -> bytes:
        return self.data

    def read_text(self) -> str:
        return self.data.decode("utf-8")


class PackShelves:
    """Each store has a pack and files in its folder."""

    def __init__(self, staged: Staged, *, durable: bool = True) -> None:
        """`durable`: whether what is committed to the packs is synced."""
        self._staged, self._disk, self._durable = staged, DiskShelves(), durable

    def backend(self, process: StoreProcess) -> Backend:
        path = _pack_of(process)
        self._staged[str(path)] = (process.stage, process.name)
        database = Database(f"sqlite:///{path}", lambda connection: connection, readers=1, durable=self._durable)
        process.closing.append(database.close)
        return PackedBackend(Pack(StagedDatabase(process.stage, process.name, database)), self._disk.backend(process))

    def kept(self, process: StoreProcess) -> Mapping[str, Kept]:
        found: dict[str, Kept] = dict(self._disk.kept(process))
        connection = sqlite3.connect(_pack_of(process))
        for number, sidecar, content in connection.execute("SELECT number, sidecar, content FROM small"):
            found |= {number: Row(content), f"{number}.json": Row(sidecar.encode())}
        connection.close()
        return found


def _pack_of(process: StoreProcess) -> Path:
    return process.folder / "small.db"
