"""File stores' own services behind the FileManager's port StoreControl, without any network, and the clock they share.

Rule: nothing moves by itself; `LocalStores.move` does, when the test says so.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from filemanager.services.desk import Desk
from filestore.backends.memory import MemoryBackend
from filestore.domain.terms import Terms as StoreTerms
from filestore.domain.ticket import Tickets
from filestore.domain.transfer import Remote
from filestore.persistence.memory import MemoryCatalogue
from filestore.services import appends, callbacks, completions, containers, copies, exports, imports, moves, status
from filestore.services.lane import Lane
from filestore.services.replays import Replay
from filestore.services.store import Store
from tests.support.downloads import open_download
from tests.support.filestore_core import MemoryWeb
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
    Transfer,
    TransferCompleted,
    TransferFailed,
)
from vofiles.errors import StoreUnreachable, VofilesError
from vofiles.instant import SECOND, Instant
from vofiles.ivorn import Ivorn, new_number

SERVICE = Ivorn.parse("ivo://ast.cam.ac.uk/filemanager")
ADDRESS = "http://127.0.0.1:9/content/"
R = TypeVar("R")


class Watch:
    """A clock that goes when told."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> Instant:
        return Instant(1_800_000_000 * SECOND + int(self.seconds * SECOND))

    def elapsed(self) -> float:
        return self.seconds


@dataclass
class LocalStore:
    """One real store without its network side."""

    store: Store
    backend: MemoryBackend
    web: MemoryWeb
    down: bool = False
    """Whether it does not answer."""
    refusal: VofilesError | None = None
    """What it answers whatever is asked, while set."""

    def put(self, offer: Transfer, data: bytes, content_type: str | None = None) -> contract.Receipt:
        """PUT bytes to the address in an offer."""
        (endpoint,) = offer.endpoints
        sent = imports.Sent(len(data), content_type)
        upload = imports.open_upload(self.store, endpoint.url.removeprefix(ADDRESS), sent)
        assert not isinstance(upload, Replay)
        try:
            upload.write(data)
        except BaseException:
            upload.abort()
            raise
        return upload.complete().receipt

    def get(self, offer: Transfer) -> bytes:
        """GET the bytes from the address in an offer."""
        (endpoint,) = offer.endpoints
        with open_download(self.store, endpoint.url.removeprefix(ADDRESS)) as download:
            return download.reader.pread(download.size + 1, 0)

    def holds(self, container: Ivorn) -> bool:
        """Whether the container has its bytes."""
        found = self.store.catalogue.read(lambda records: records.find_container(container.fragment))
        return found is not None and found.state == contract.ContainerState.COMPLETE

    def containers(self) -> set[str]:
        """The numbers of all containers with bytes."""
        return set(self.backend.numbers())


class LocalStores:
    """The port StoreControl over stores of this process. What is asked is noted in `asked`."""

    def __init__(self, watch: Watch, names: tuple[Ivorn, ...]) -> None:
        self.asked: list[tuple[str, Ivorn]] = []
        self.before: Callable[[str], None] = lambda operation: None
        """Called when a store is asked, before it does anything."""
        self.after: Callable[[str], None] = lambda operation: None
        """Called when a store has done what it was asked, before its answer is heard."""
        self.patience: list[float] = []
        self.stores = {name: make_store(name, watch) for name in names}
        for local in self.stores.values():
            local.web.offered = self._offered

    def __getitem__(self, name: Ivorn) -> LocalStore:
        return self.stores[name]

    def is_down(self, store: Ivorn) -> bool:
        del store
        return False

    def import_init(self, store: Ivorn, request: StoreImportInit, within: float) -> Transfer:
        return self._call(
            "importInit", store, within, lambda core: imports.begin_import(core, SERVICE, request).transfer
        )

    def import_data(self, store: Ivorn, request: StoreImportData, within: float) -> Transfer:
        def begin(core: Store) -> Transfer:
            return moves.import_data(core, self[store].web, _IDLE, SERVICE, request).transfer

        return self._call("importData", store, within, begin)

    def append_init(self, store: Ivorn, request: contract.StoreAppendInit, within: float) -> Transfer:
        def begin(core: Store) -> Transfer:
            return appends.begin_append(core, SERVICE, request).transfer

        return self._call("appendInit", store, within, begin)

    def export_init(self, store: Ivorn, request: StoreExportInit, within: float) -> Transfer:
        return self._call(
            "exportInit", store, within, lambda core: exports.begin_export(core, SERVICE, request).transfer
        )

    def export_data(self, store: Ivorn, request: StoreExportData, within: float) -> Transfer:
        def begin(core: Store) -> Transfer:
            return moves.export_data(core, self[store].web, _IDLE, SERVICE, request).transfer

        return self._call("exportData", store, within, begin)

    def duplicate(self, store: Ivorn, request: contract.Duplicate, within: float) -> Transfer:
        return self._call("duplicate", store, within, lambda core: copies.duplicate(core, SERVICE, request).transfer)

    def get_status(self, store: Ivorn, within: float) -> contract.GetStatusAnswer:
        request = contract.GetStatus()
        return self._call("getStatus", store, within, lambda core: status.get_status(core, SERVICE, request))

    def get_transfer(self, store: Ivorn, transfer: str, within: float) -> Transfer:
        def look(core: Store) -> Transfer:
            found = containers.get_properties(core, SERVICE, GetProperties(transfer=transfer)).transfer
            assert found is not None
            return found

        return self._call("getProperties", store, within, look)

    def cancel_transfer(self, store: Ivorn, transfer: str, within: float) -> None:
        request = StoreCancelTransfer(transfer)
        self._call("cancelTransfer", store, within, lambda core: containers.cancel_transfer(core, SERVICE, request))

    def complete_transfer(self, store: Ivorn, request: StoreCompleteTransfer, within: float) -> Transfer:
        def take(core: Store) -> Transfer:
            return completions.complete_transfer(core, _IDLE, SERVICE, request).transfer

        return self._call("completeTransfer", store, within, take)

    def delete_container(self, store: Ivorn, container: Ivorn, within: float) -> None:
        request = DeleteContainer(container)
        self._call("delete", store, within, lambda core: containers.delete_container(core, SERVICE, request))

    def get_container(self, store: Ivorn, container: Ivorn, within: float) -> contract.Container:
        def look(core: Store) -> contract.Container:
            found = containers.get_properties(core, SERVICE, GetProperties(container)).container
            assert found is not None
            return found

        return self._call("getProperties", store, within, look)

    def list_containers(
        self, store: Ivorn, after: str, limit: int, within: float, *, damaged: bool = False
    ) -> contract.ListContainersAnswer:
        request = contract.ListContainers(after, limit, damaged or None)
        return self._call(
            "listContainers", store, within, lambda core: containers.list_containers(core, SERVICE, request)
        )

    def _offered(self, remote: Remote) -> bytes | None:
        """What a store answers another one that fetches; None where it does not answer, or not with bytes."""
        assert remote.source is not None
        local = self.stores[remote.source.service]
        if local.down:
            return None
        try:
            with open_download(local.store, remote.url.removeprefix(ADDRESS)) as download:
                assert download.container == remote.source.fragment
                return download.reader.pread(download.size + 1, 0)
        except VofilesError:
            return None

    def deliver(self, desk: Desk) -> int:
        """Deliver every callback that is due, and have it acknowledged; answers how many."""
        number = 0
        for name, local in self.stores.items():
            for letter in callbacks.list_due(local.store, Instant(1 << 62), 1000):
                tell(desk, name, callbacks.message_of(local.store, letter.transfer))
                callbacks.acknowledge(local.store, letter.id)
                number += 1
        return number

    def move(self) -> None:
        """Have every store move the bytes that it is to move itself."""
        for local in self.stores.values():
            waiting = local.store.catalogue.read(
                lambda records: records.list_transfers(contract.TransferState.REQUESTED, "", 1000)
            )
            for transfer in waiting:
                if (transfer.remote is not None or transfer.is_taken) and not local.down:
                    moves.run(local.store, local.web, transfer.transfer)

    def _call(self, operation: str, store: Ivorn, within: float, work: Callable[[Store], R]) -> R:
        self.asked.append((operation, store))
        self.patience.append(within)
        local = self.stores[store]
        self.before(operation)
        if local.down:
            raise StoreUnreachable(store, reason="it is switched off")
        if local.refusal is not None:
            raise local.refusal
        answer = work(local.store)
        self.after(operation)
        return answer


_IDLE = Lane(lambda transfer: None, threads=0)
"""Nothing is moved but by `LocalStores.move`."""


def make_store(name: Ivorn, watch: Watch) -> LocalStore:
    backend = MemoryBackend()
    store = Store(
        name,
        MemoryCatalogue(),
        backend,
        watch.now,
        new_number,
        StoreTerms(reserve=0),
        Tickets(str(name).encode().ljust(32, b".")),
        lambda token: ADDRESS + token,
        lambda: None,
    )
    return LocalStore(store, backend, MemoryWeb())


def tell(desk: Desk, store: Ivorn, message: TransferCompleted | TransferFailed) -> None:
    """A callback, as the API hands it on."""
    if isinstance(message, TransferCompleted):
        desk.outcomes.complete(store, message.receipt)
    else:
        desk.outcomes.fail(store, message)
