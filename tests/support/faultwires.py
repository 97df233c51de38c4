"""Wires: how the processes of a world reach each other, the ports StoreControl and CallbackSender, and how a store
fetches what another one offers.

Rule: a call is an effect of who calls. Where the called process is stopped, or stops while it is called, its caller
hears what it would hear on a network: nothing.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, TypeVar

from filestore.domain.transfer import Remote
from filestore.ports import Word
from filestore.services import appends, completions, containers, copies, exports, imports, moves, status
from tests.support.downloads import open_download
from tests.support.faultnotes import HOST, MANAGER
from tests.support.localstores import SERVICE
from vofiles import contract
from vofiles.contract import (
    DeleteContainer,
    GetProperties,
    StoreCancelTransfer,
    StoreCompleteTransfer,
    StoreExportData,
    StoreExportInit,
    StoreImportData,
    StoreImportInit,
    TransferCompleted,
    TransferFailed,
)
from vofiles.errors import CallbackUnreachable, SourceUnreachable, StoreUnreachable, Unexpected, VofilesError
from vofiles.ivorn import Ivorn

if TYPE_CHECKING:
    from tests.support.faultworld import StoreProcess, World

R = TypeVar("R")


class Wires:
    """The port StoreControl: the stores' services, called as the API does it."""

    def __init__(self, world: "World") -> None:
        self._world = world

    def is_down(self, store: Ivorn) -> bool:
        del store
        return False

    def import_init(self, store: Ivorn, request: StoreImportInit, within: float) -> contract.Transfer:
        del within
        return self._call(store, "importInit", lambda it: imports.begin_import(it.store, SERVICE, request).transfer)

    def append_init(self, store: Ivorn, request: contract.StoreAppendInit, within: float) -> contract.Transfer:
        del within
        return self._call(store, "appendInit", lambda it: appends.begin_append(it.store, SERVICE, request).transfer)

    def import_data(self, store: Ivorn, request: StoreImportData, within: float) -> contract.Transfer:
        del within

        def begin(it: "StoreProcess") -> contract.Transfer:
            return moves.import_data(it.store, it.web, it.lane, SERVICE, request).transfer

        return self._call(store, "importData", begin)

    def export_init(self, store: Ivorn, request: StoreExportInit, within: float) -> contract.Transfer:
        del within
        return self._call(store, "exportInit", lambda it: exports.begin_export(it.store, SERVICE, request).transfer)

    def export_data(self, store: Ivorn, request: StoreExportData, within: float) -> contract.Transfer:
        del within

        def begin(it: "StoreProcess") -> contract.Transfer:
            return moves.export_data(it.store, it.web, it.lane, SERVICE, request).transfer

        return self._call(store, "exportData", begin)

    def duplicate(self, store: Ivorn, request: contract.Duplicate, within: float) -> contract.Transfer:
        del within
        return self._call(store, "duplicate", lambda it: copies.duplicate(it.store, SERVICE, request).transfer)

    def get_status(self, store: Ivorn, within: float) -> contract.GetStatusAnswer:
        del within
        request = contract.GetStatus()
        return self._call(store, "getStatus", lambda it: status.get_status(it.store, SERVICE, request))

    def get_transfer(self, store: Ivorn, transfer: str, within: float) -> contract.Transfer:
        del within

        def look(it: "StoreProcess") -> contract.Transfer:
            found = containers.get_properties(it.store, SERVICE, GetProperties(transfer=transfer)).transfer
            assert found is not None
            return found

        return self._call(store, "getProperties", look)

    def get_container(self, store: Ivorn, container: Ivorn, within: float) -> contract.Container:
        del within

        def look(it: "StoreProcess") -> contract.Container:
            found = containers.get_properties(it.store, SERVICE, GetProperties(container)).container
            assert found is not None
            return found

        return self._call(store, "getProperties", look)

    def list_containers(
        self, store: Ivorn, after: str, limit: int, within: float, *, damaged: bool = False
    ) -> contract.ListContainersAnswer:
        del within
        request = contract.ListContainers(after, limit, damaged or None)
        return self._call(store, "listContainers", lambda it: containers.list_containers(it.store, SERVICE, request))

    def cancel_transfer(self, store: Ivorn, transfer: str, within: float) -> None:
        del within
        request = StoreCancelTransfer(transfer)
        self._call(store, "cancelTransfer", lambda it: containers.cancel_transfer(it.store, SERVICE, request))

    def complete_transfer(self, store: Ivorn, request: StoreCompleteTransfer, within: float) -> contract.Transfer:
        del within

        def take(it: "StoreProcess") -> contract.Transfer:
            return completions.complete_transfer(it.store, it.lane, SERVICE, request).transfer

        return self._call(store, "completeTransfer", take)

    def delete_container(self, store: Ivorn, container: Ivorn, within: float) -> None:
        del within
        request = DeleteContainer(container)
        self._call(store, "delete", lambda it: containers.delete_container(it.store, SERVICE, request))

    def _call(self, store: Ivorn, operation: str, work: "Callable[[StoreProcess], R]") -> R:
        world, name = self._world, str(store)

        def unreachable() -> Exception:
            return StoreUnreachable(store, reason="it does not answer")

        def visit() -> R:
            if world.is_dead(name):
                raise unreachable()
            return _hear(world, name, MANAGER, lambda: work(world.store(store)), unreachable)

        return world.stage.call(MANAGER, f"call {operation} of the store", visit, unreachable)


class Callbacks:
    """The port CallbackSender of one store."""

    def __init__(self, world: "World", store: "StoreProcess") -> None:
        self._world, self._store = world, store

    def send(self, manager: Ivorn, words: Sequence[Word]) -> Iterator[list[tuple[int, VofilesError | None]]]:
        for place, word in enumerate(words):
            try:
                self._tell(manager, word.message)
            except VofilesError as error:
                yield [(place, error)]
            else:
                yield [(place, None)]

    def _tell(self, manager: Ivorn, message: TransferCompleted | TransferFailed) -> None:
        world, store = self._world, self._store

        def unreachable() -> Exception:
            return CallbackUnreachable(manager)

        def tell() -> None:
            if isinstance(message, TransferCompleted):
                world.desk.outcomes.complete(store.identifier, message.receipt)
            else:
                world.desk.outcomes.fail(store.identifier, message)

        def visit() -> None:
            if world.is_dead(MANAGER):
                raise unreachable()
            _hear(world, MANAGER, store.name, tell, unreachable)

        world.stage.call(store.name, "call back", visit, unreachable)


def fetch_offered(world: "World", store: "StoreProcess", remote: Remote) -> bytes | None:
    """What one store is answered by another whose offer it fetches; None where that does not answer with bytes."""
    assert remote.source is not None
    source, name = remote.source, str(remote.source.service)

    def unreachable() -> Exception:
        return SourceUnreachable(name)

    def get() -> bytes:
        with open_download(world.store(source.service).store, remote.url.removeprefix(HOST)) as download:
            return download.reader.pread(download.size + 1, 0)

    def visit() -> bytes:
        if world.is_dead(name):
            raise unreachable()
        return _hear(world, name, store.name, get, unreachable)

    try:
        return world.stage.call(store.name, "fetch from the other store", visit, unreachable)
    except VofilesError:
        return None


def _hear(world: "World", name: str, caller: str, work: Callable[[], R], unreachable: Callable[[], Exception]) -> R:
    """What one process hears of another."""
    try:
        result = work()
    except BaseException as error:
        world.stage.require_alive(caller)
        if world.is_dead(name):
            raise unreachable() from error
        if isinstance(error, VofilesError):
            raise
        raise Unexpected(name) from error
    if world.is_dead(name):
        raise unreachable()
    return result
