"""The control plane of file stores over SOAP: the port StoreControl.

Rule: one method for each of the port's, and nothing is decided here; each store has calls, pause and connections of its
own, so that one that hangs delays nobody who asks another.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

from filemanager.ports import Clock
from filemanager.remote.peer import Peer
from vofiles.contract import (
    FILESTORE_NAMESPACE,
    Container,
    DeleteContainer,
    Duplicate,
    GetProperties,
    GetStatus,
    GetStatusAnswer,
    ListContainers,
    ListContainersAnswer,
    StoreAppendInit,
    StoreCancelTransfer,
    StoreCompleteTransfer,
    StoreExportData,
    StoreExportInit,
    StoreImportData,
    StoreImportInit,
    Transfer,
)
from vofiles.errors import ContainerNotFound, StoreNotFound, TransferNotFound
from vofiles.filestore_port import FileStorePort
from vofiles.instant import Instant
from vofiles.ivorn import Ivorn
from vofiles.serving.carrier import SignedCarrier
from vofiles.serving.keyring import Keyring
from vofiles.serving.lines import Lines
from vofiles.serving.signatures import Signer

R = TypeVar("R")

LIMITS_KEPT = 8
"""Different time limits for which a store's connections are kept."""


class SoapStoreControl:
    """Speaks to the stores of the configuration; see the port."""

    def __init__(
        self,
        addresses: Mapping[Ivorn, str],
        keyring: Keyring,
        clock: Clock,
        *,
        request_id: Callable[[], str | None] = lambda: None,
        authorities: Path | None = None,
    ) -> None:
        """`authorities` is a PEM file of those to trust instead of the system's."""
        self._addresses = dict(addresses)
        self._keyring = keyring
        self._clock = clock
        self._request_id = request_id
        self._authorities = authorities
        self._peers = {store: Peer(store, clock.elapsed) for store in addresses}
        self._lines: dict[Ivorn, Lines] = {}
        # A port's time limit is fixed; there are as many as the configuration has limits: two.
        self._port = lru_cache(maxsize=LIMITS_KEPT * max(1, len(addresses)))(self._open_port)

    def is_down(self, store: Ivorn) -> bool:
        peer = self._peers.get(store)
        return peer is None or peer.is_down()

    def import_init(self, store: Ivorn, request: StoreImportInit, within: float) -> Transfer:
        return self._call(store, within, lambda port: port.import_init(request).transfer)

    def import_data(self, store: Ivorn, request: StoreImportData, within: float) -> Transfer:
        return self._call(store, within, lambda port: port.import_data(request).transfer)

    def append_init(self, store: Ivorn, request: StoreAppendInit, within: float) -> Transfer:
        return self._call(store, within, lambda port: port.append_init(request).transfer)

    def export_init(self, store: Ivorn, request: StoreExportInit, within: float) -> Transfer:
        return self._call(store, within, lambda port: port.export_init(request).transfer)

    def export_data(self, store: Ivorn, request: StoreExportData, within: float) -> Transfer:
        return self._call(store, within, lambda port: port.export_data(request).transfer)

    def duplicate(self, store: Ivorn, request: Duplicate, within: float) -> Transfer:
        # Where it has to copy the bytes it answers when that is done: a long copy is no dead store.
        return self._call(store, within, lambda port: port.duplicate(request).transfer, judged=False)

    def get_transfer(self, store: Ivorn, transfer: str, within: float) -> Transfer:
        request = GetProperties(transfer=transfer)
        # Asked on the way of a reader who waits a moment only: a busy store is not taken for a dead one.
        found = self._call(store, within, lambda port: port.get_properties(request).transfer, judged=False)
        if found is None:
            raise TransferNotFound(transfer)
        return found

    def cancel_transfer(self, store: Ivorn, transfer: str, within: float) -> None:
        self._call(store, within, lambda port: port.cancel_transfer(StoreCancelTransfer(transfer)))

    def complete_transfer(self, store: Ivorn, request: StoreCompleteTransfer, within: float) -> Transfer:
        return self._call(store, within, lambda port: port.complete_transfer(request).transfer)

    def delete_container(self, store: Ivorn, container: Ivorn, within: float) -> None:
        self._call(store, within, lambda port: port.delete(DeleteContainer(container)))

    def get_container(self, store: Ivorn, container: Ivorn, within: float) -> Container:
        found = self._call(store, within, lambda port: port.get_properties(GetProperties(container)).container)
        if found is None:
            raise ContainerNotFound(container)
        return found

    def list_containers(
        self, store: Ivorn, after: str, limit: int, within: float, *, damaged: bool = False
    ) -> ListContainersAnswer:
        # A store of before this was thought of is not asked for what it does not understand.
        request = ListContainers(after or None, limit, damaged=damaged or None)
        return self._call(store, within, lambda port: port.list_containers(request))

    def get_status(self, store: Ivorn, within: float) -> GetStatusAnswer:
        return self._call(store, within, lambda port: port.get_status(GetStatus()))

    def close(self) -> None:
        """Give the connections back."""
        for lines in list(self._lines.values()):
            lines.close()

    def _call(self, store: Ivorn, within: float, work: Callable[[FileStorePort], R], *, judged: bool = True) -> R:
        peer = self._peers.get(store)
        if peer is None:
            raise StoreNotFound(store, reason="it is not in this service's configuration")
        return peer.call(lambda: work(self._port(store, within)), judged=judged)

    def _open_port(self, store: Ivorn, within: float) -> FileStorePort:
        address = self._addresses[store]
        # Another thread may have made them meanwhile: then both have those that were there first.
        lines = self._lines.get(store) or self._lines.setdefault(store, Lines(address, authorities=self._authorities))
        signer = Signer(self._keyring, store, self._now)
        carrier = SignedCarrier(lines, signer, FILESTORE_NAMESPACE, connect=within, seconds=within)
        return FileStorePort(address, carrier=carrier, request_id=self._request_id)

    def _now(self) -> Instant:
        return self._clock.now()
