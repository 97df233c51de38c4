"""The stores: what is known of them, what they are still to be told, and how they are called.

Rule: a Protocol and nothing else; its docstrings are the contract of every implementation.
"""

from collections.abc import Collection, Sequence
from typing import Protocol

from filemanager.domain.errand import Errand
from filemanager.domain.store import Store
from vofiles.contract import (
    Container,
    Duplicate,
    GetStatusAnswer,
    ListContainersAnswer,
    StoreAppendInit,
    StoreCompleteTransfer,
    StoreExportData,
    StoreExportInit,
    StoreImportData,
    StoreImportInit,
)
from vofiles.contract import Transfer as StoreTransfer
from vofiles.instant import Instant
from vofiles.ivorn import Ivorn


class Stores(Protocol):
    """The stores that this service uses."""

    def find_store(self, identifier: Ivorn) -> Store | None:
        """The store, or None."""

    def list_stores(self) -> list[Store]:
        """All of them, in the order of str(identifier)."""

    def put_store(self, store: Store) -> None:
        """Add a store, or replace all that is known of it."""


class Errands(Protocol):
    """What stores are still to be told."""

    def add_errand(self, errand: Errand) -> Errand:
        """Store a new errand and answer it with its key."""

    def add_errands(self, errands: Sequence[Errand]) -> None:
        """As `add_errand`, for many."""

    def due_errands(self, now: Instant, limit: int, without: Collection[Ivorn] = ()) -> list[Errand]:
        """At most `limit` errands whose `due` is not after `now`, the longest due first, none for the stores in
        `without`.
        """

    def save_errand(self, errand: Errand) -> None:
        """Store what may change: due, attempts, error. One that is gone is no error."""

    def delete_errand(self, key: int) -> None:
        """Remove an errand, done or given up; one that is not there is no error."""


class ErrandSender(Protocol):
    """Who carries errands to the stores."""

    def wake(self) -> None:
        """There may be new errands; returns at once."""


class StoreControl(Protocol):
    """The control plane of every store. Each call is signed as this FileManager's, and ends within `within` seconds.

    All raise StoreUnreachable (no answer in time, or the store has not been answering and is left alone for a while),
    ServiceBusy (this service already has as many calls to that store under way as it allows itself), and whatever
    the store answers: the errors of its operation. Repeating a call with the same transfer is harmless.
    """

    def is_down(self, store: Ivorn) -> bool:
        """Whether the store has not been answering and would not be asked just now."""

    def import_init(self, store: Ivorn, request: StoreImportInit, within: float) -> StoreTransfer:
        """Have it make an empty container; answers where to PUT."""

    def import_data(self, store: Ivorn, request: StoreImportData, within: float) -> StoreTransfer:
        """Have it fetch bytes; answers as soon as it has begun."""

    def append_init(self, store: Ivorn, request: StoreAppendInit, within: float) -> StoreTransfer:
        """Have it make a container that begins with the bytes of one of its own; answers where to PUT what comes behind
        them. Raises ContainerNotFound.
        """

    def export_init(self, store: Ivorn, request: StoreExportInit, within: float) -> StoreTransfer:
        """Have it offer a container's bytes; answers where to GET. Raises ContainerNotFound."""

    def export_data(self, store: Ivorn, request: StoreExportData, within: float) -> StoreTransfer:
        """Have it send a container's bytes; answers as soon as it has begun. Raises ContainerNotFound."""

    def duplicate(self, store: Ivorn, request: Duplicate, within: float) -> StoreTransfer:
        """Have it make a second container with the bytes of one of its own; answers the transfer when it has ended.

        It may take longer than `within`: then it goes on, repeating raises Busy until it is over, and nobody is called
        back. Raises ContainerNotFound.
        """

    def get_transfer(self, store: Ivorn, transfer: str, within: float) -> StoreTransfer:
        """What it knows of a transfer. Raises TransferNotFound."""

    def cancel_transfer(self, store: Ivorn, transfer: str, within: float) -> None:
        """Have it end a transfer. Raises TransferNotFound, TransferEnded."""

    def complete_transfer(self, store: Ivorn, request: StoreCompleteTransfer, within: float) -> StoreTransfer:
        """Have it take bytes that were not sent to it; answers how that stands. Raises TransferNotFound, Incomplete,
        TransferEnded, TicketExpired.
        """

    def delete_container(self, store: Ivorn, container: Ivorn, within: float) -> None:
        """Have it delete a container; one that is gone is no error."""

    def get_container(self, store: Ivorn, container: Ivorn, within: float) -> Container:
        """What it knows of a container. Raises ContainerNotFound."""

    def list_containers(
        self, store: Ivorn, after: str, limit: int, within: float, *, damaged: bool = False
    ) -> ListContainersAnswer:
        """What it holds for this FileManager: a page of containers with numbers above `after`, in their order; with
        `damaged` only those whose bytes it knows not to be what came.
        """

    def get_status(self, store: Ivorn, within: float) -> GetStatusAnswer:
        """How it is, and how much it holds for this FileManager."""
