"""Seeded bugs: what somebody might break one day, one patch each, and the play in which it must be seen.

Rule: a bug is sown into the real code while a test runs; each is the plain mistake that its name says, and all else
works as before. The harness is worth what it catches here.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from filemanager.domain.content import ContentVersion
from filemanager.domain.transfer import Transfer
from filemanager.persistence.repositories.changes import SqlChanges
from filemanager.persistence.repositories.errands import SqlErrands
from filemanager.persistence.repositories.properties import SqlNodes
from filemanager.services import outcomes
from filemanager.services.imports import ImportService
from filemanager.services.offers import Offers
from filestore.backends import disk, diskio
from filestore.backends.disk import SUFFIX, DiskBackend
from filestore.backends.diskio import DiskWriter, drop
from filestore.domain.sidecar import Sidecar, sidecar_of
from filestore.persistence.catalogue import SqlRecords
from filestore.services import callbacks, containers, moves, sweep, uploads
from filestore.services.replays import Replay
from filestore.services.uploads import Stored, Upload
from tests.support.stage import Deed, Fault
from vofiles.contract import TransferState
from vofiles.serving import sqlite
from vofiles.serving.database import Database

Sow = Callable[[pytest.MonkeyPatch], None]


@dataclass(frozen=True, slots=True)
class SeededBug:
    """One mistake."""

    name: str
    play: str
    sow: Sow
    deed: Deed = Deed.STOP_AFTER
    """What must go wrong besides, so that it is seen."""
    kind: str = ""
    """The kind of effects at which that is tried, where not at all of them."""
    power: bool = False
    """Whether it is seen when power is lost; else when a process is stopped or an operation fails."""

    def needs(self, fault: Fault | None) -> bool:
        return fault is not None and fault.deed is self.deed

    def __str__(self) -> str:
        return self.name


def put(owner: Any, name: str, value: Any) -> Sow:
    """The mistake that something is done in another way."""
    return lambda patch: patch.setattr(owner, name, value)


# --- the disk ---------------------------------------------------------------------------------------------------------


def _seal_without_directory(writer: Any, sidecar: Sidecar) -> None:
    writer.sync()
    diskio.write_sidecar(writer._files, writer._sidecar, sidecar)


def _prepare_without_sync(backend: Any, number: str) -> Path:
    path: Path = backend._path(number)
    backend._files.make_directory(path.parent)
    drop(backend._files, path.with_name(number + SUFFIX))
    drop(backend._files, path)
    return path


def _sidecar_without_sync(files: Any, path: Path, sidecar: Sidecar) -> None:
    descriptor = files.create(path)
    diskio.write_all(files, descriptor, sidecar.to_json().encode())
    files.close(descriptor)


def _copy_without_sync(backend: Any, number: str, copy: str, sidecar: Sidecar) -> None:
    target = backend._prepare(copy)
    with backend.reading(number) as reader:
        backend._link_or_copy(backend._path(number), target, reader, sidecar)
    diskio.write_sidecar(backend._files, target.with_name(copy + SUFFIX), sidecar)


def _sync_again(writer: Any) -> None:
    try:
        writer._files.sync(writer._descriptor)
    except OSError:
        writer._files.sync(writer._descriptor)


def _sync_anyhow(writer: Any) -> None:
    with suppress(OSError):
        writer._files.sync(writer._descriptor)


def _write_once(files: Any, descriptor: int, data: bytes) -> None:
    files.write(descriptor, data)


def _take_once(writer: Any, reader: Any, offset: int, length: int) -> None:
    writer._files.copy(reader.fileno(), offset, length, writer._descriptor)


# --- the store --------------------------------------------------------------------------------------------------------


def _publish_before_seal(upload: Any) -> Stored:
    content, now = upload._ingest.finish(), upload._store.clock()
    receipt = upload._publish(content, now)
    upload._store.backend.open(upload._container.number).close()
    # The writer has let go of the file, so that its sync is by another descriptor.
    path = upload._store.backend._path(upload._container.number)
    files = upload._store.backend._files
    diskio.write_sidecar(
        files, path.with_name(path.name + SUFFIX), sidecar_of(upload._store.identifier, upload._container, content, now)
    )
    upload._leave()
    return Stored(receipt)


def _drop_after_a_failed_commit(patch: pytest.MonkeyPatch) -> None:
    publish = Upload._publish

    def dropping(upload: Any, content: Any, now: Any) -> Any:
        try:
            return publish(upload, content, now)
        except BaseException:
            upload._store.backend.delete(upload._container.number)
            raise

    patch.setattr(Upload, "_publish", dropping)


def _take_other_bytes(replay: Any) -> Stored:
    return Stored(replay._receipt, repeated=True)


def _delete_bytes_first(patch: pytest.MonkeyPatch) -> None:
    delete = containers.delete_container

    def bytes_first(store: Any, caller: Any, request: Any) -> Any:
        store.backend.delete(request.container.fragment)
        return delete(store, caller, request)

    patch.setattr(containers, "delete_container", bytes_first)


def _acknowledge_before_delivery(store: Any, sender: Any, outgoing: Any) -> None:
    message = callbacks.message_of(store, outgoing.transfer)
    callbacks.acknowledge(store, outgoing.id)
    sender.send(outgoing.manager, message)


# --- the FileManager --------------------------------------------------------------------------------------------------


def _forget_what_was_settled(patch: pytest.MonkeyPatch) -> None:
    lock = outcomes._lock

    def forgetful(tx: Any, store: Any, number: str) -> Transfer:
        transfer = lock(tx, store, number)
        settled = transfer.state == TransferState.COMPLETED
        return replace(transfer, state=TransferState.STORED) if settled else transfer

    patch.setattr(outcomes, "_lock", forgetful)


def _first_version_again(node: int, number: int, *rest: Any) -> ContentVersion:
    del number
    return ContentVersion(node, 1, *rest)


def _delete_before_the_switch(patch: pytest.MonkeyPatch) -> None:
    import_init = ImportService.import_init

    def deleting(service: Any, caller: Any, request: Any) -> Any:
        def old(tx: Any) -> Any:
            node = tx.nodes.find_path(request.node.node.number, request.node.path)
            return tx.contents.replicas_of_node(node.key)

        for replica in service.database.read(old):
            service.control.delete_container(replica.store, replica.container, 1.0)
        return import_init(service, caller, request)

    patch.setattr(ImportService, "import_init", deleting)


def _ask_before_the_intent(offers: Any, call: Any, intent: Any, ask: Any, within: float) -> Any:
    del call
    told = ask(intent, within)
    offers.database.write(lambda tx: tx.transfers.add_transfer(intent))
    return offers.accept(None, intent, told), told


# --- the databases ----------------------------------------------------------------------------------------------------


def in_two_transactions(
    repository: Any, method: str, find: Callable[[Any], Any], concerns: Callable[[Any], bool] = lambda value: True
) -> Sow:
    """The mistake that what belongs into a transaction gets one of its own, after it."""

    def sow(patch: pytest.MonkeyPatch) -> None:
        act, write = getattr(repository, method), Database.write
        late: list[Any] = []

        def put_off(own: Any, value: Any) -> Any:
            if not concerns(value):
                return act(own, value)
            late.append(value)
            return value

        def write_twice(database: Any, fn: Any) -> Any:
            late.clear()
            result = write(database, fn)
            todo = list(late)
            if todo:
                write(database, lambda bound: [act(find(bound), value) for value in todo])
            return result

        patch.setattr(repository, method, put_off)
        patch.setattr(Database, "write", write_twice)

    return sow


class _NotYet(Exception):
    def __init__(self, result: Any) -> None:
        self.result = result


def _acknowledge_before_commit(patch: pytest.MonkeyPatch) -> None:
    """The caller goes on, and its transaction is committed when the next one comes."""
    write, read = Database.write, Database.read
    waiting: dict[int, Any] = {}

    def flush(database: Any) -> None:
        fn = waiting.pop(id(database), None)
        if fn is not None:
            write(database, fn)

    def try_out(fn: Any) -> Callable[[Any], Any]:
        def run(bound: Any) -> Any:
            raise _NotYet(fn(bound))

        return run

    def write_later(database: Any, fn: Any) -> Any:
        flush(database)
        try:
            write(database, try_out(fn))
        except _NotYet as not_yet:
            waiting[id(database)] = fn
            return not_yet.result

    def read_after(database: Any, fn: Any) -> Any:
        flush(database)
        return read(database, fn)

    patch.setattr(Database, "write", write_later)
    patch.setattr(Database, "read", read_after)
    close = Database.close
    patch.setattr(Database, "close", lambda database: (waiting.pop(id(database), None), close(database)))


def _commit_without_sync(patch: pytest.MonkeyPatch) -> None:
    engine = sqlite.engine
    patch.setattr(sqlite, "engine", lambda *given: engine(*given, "synchronous=NORMAL"))


BUGS = (
    SeededBug("bytes are not synced", "first write", put(DiskWriter, "sync", lambda writer: None), power=True),
    SeededBug(
        "directories are not synced", "first write", put(DiskWriter, "seal", _seal_without_directory), power=True
    ),
    SeededBug(
        "new folders are not synced", "first write", put(DiskBackend, "_prepare", _prepare_without_sync), power=True
    ),
    SeededBug(
        "sidecars are not synced", "first write", put(diskio, "write_sidecar", _sidecar_without_sync), power=True
    ),
    SeededBug("copies are not synced", "duplicate", put(DiskBackend, "duplicate", _copy_without_sync), power=True),
    SeededBug(
        "a failed sync is tried again",
        "first write",
        put(DiskWriter, "sync", _sync_again),
        deed=Deed.FAIL_BEFORE,
        power=True,
    ),
    SeededBug(
        "a failed sync is passed over",
        "first write",
        put(DiskWriter, "sync", _sync_anyhow),
        deed=Deed.FAIL_BEFORE,
        power=True,
    ),
    SeededBug("the database does not sync", "first write", _commit_without_sync, power=True),
    SeededBug(
        "published before it is sealed", "first write", put(Upload, "complete", _publish_before_seal), power=True
    ),
    SeededBug(
        "a short write is taken for a whole one", "first write", put(diskio, "write_all", _write_once), deed=Deed.SHORT
    ),
    SeededBug("a short copy is taken for a whole one", "append", put(DiskWriter, "take", _take_once), deed=Deed.SHORT),
    SeededBug("the store acknowledges before the commit", "first write", _acknowledge_before_commit),
    SeededBug("the FileManager acknowledges before the commit", "addNode", _acknowledge_before_commit),
    SeededBug("a failed commit is taken for undone", "first write", _drop_after_a_failed_commit, deed=Deed.FAIL_AFTER),
    SeededBug("other bytes are taken for a used ticket", "other bytes", put(Replay, "complete", _take_other_bytes)),
    SeededBug("leases are not given back", "first write", put(sweep, "_give_back_leases", lambda store: 0)),
    SeededBug("the sweep deletes what is COMPLETE", "rewrite", put(sweep, "_KEPT", frozenset())),
    SeededBug("bytes go before their container", "delete", _delete_bytes_first),
    SeededBug("movements are not taken up again", "importData", put(moves, "resume", lambda store, lane: 0)),
    SeededBug("a callback is struck off first", "first write", put(callbacks, "deliver", _acknowledge_before_delivery)),
    SeededBug(
        "the callback's row is a transaction of its own",
        "first write",
        in_two_transactions(SqlRecords, "add_outgoing", lambda records: records),
    ),
    SeededBug(
        "errands are a transaction of their own",
        "delete",
        in_two_transactions(SqlErrands, "add_errands", lambda tx: tx.errands),
    ),
    SeededBug(
        "a home is a transaction of its own",
        "addAccount",
        in_two_transactions(SqlNodes, "add_node", lambda tx: tx.nodes, lambda node: node.parent is None),
    ),
    SeededBug(
        "history is a transaction of its own",
        "addNode",
        in_two_transactions(SqlChanges, "add_change", lambda tx: tx.changes),
    ),
    SeededBug("a callback is not known when it comes again", "write and read", _forget_what_was_settled),
    SeededBug("versions are not counted by the node", "rewrite", put(outcomes, "ContentVersion", _first_version_again)),
    SeededBug("the old container goes before the switch", "rewrite", _delete_before_the_switch),
    SeededBug("the store is asked before the intent", "first write", put(Offers, "begin_once", _ask_before_the_intent)),
    SeededBug("bytes for a deleted node stay", "delete while writing", put(outcomes, "drop", lambda *given: None)),
)

__all__ = ["BUGS", "SeededBug", "disk", "uploads"]
