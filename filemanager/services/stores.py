"""Stores as their users and operators see them: how each is, and how much of whose it has.

Rule: what is told is what this service knows. The stores are asked how they are by the upkeep, and what they say is
written down, so that placement passes over who is full or has failed; nobody's call waits for it.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from filemanager.config import Config
from filemanager.domain.caller import Caller
from filemanager.domain.job import Job
from filemanager.domain.rights import require_administrator
from filemanager.domain.store import Held, Store, StoreState
from filemanager.ports import Clock, Database, StoreControl, Transaction
from filemanager.services.jobs import describe_job
from filemanager.services.relocations import Relocations
from vofiles import contract
from vofiles.contract import GetStatusAnswer, GetStores, GetStoresAnswer, StoreReport
from vofiles.damage import number_of_damaged
from vofiles.errors import ServiceBusy, VofilesError
from vofiles.ivorn import Ivorn


@dataclass(frozen=True, slots=True)
class StoreRow:
    """A store as an operator's report has it."""

    store: Store
    held: Held
    """All contents that the tree has there."""
    drain: contract.Job | None
    """The job that drains it, or drained it last."""


@dataclass(frozen=True)
class StoreService:
    """The use cases of looking at stores."""

    config: Config
    database: Database
    control: StoreControl
    clock: Clock
    relocations: Relocations
    hear_damaged: Callable[[Ivorn, int], object] = lambda _store, _number: None
    """Told how many of our containers a store has damaged, at each of its answers."""

    def get_stores(self, caller: Caller, request: GetStores) -> GetStoresAnswer:
        """The stores, or the one that is named, or none; and what the caller has in each."""

        def look(tx: Transaction) -> GetStoresAnswer:
            held = tx.standing.held(caller.account)
            stores = [each for each in tx.stores.list_stores() if request.identifier in {None, each.identifier}]
            return GetStoresAnswer(tuple(_report(each, held.get(each.identifier, Held())) for each in stores))

        return self.database.read(look)

    def report(self, caller: Caller) -> list[StoreRow]:
        """Every store with all that is in it and how far it is drained. Raises PermissionDenied."""
        require_administrator(caller, "see what all stores hold")

        def look(tx: Transaction) -> list[StoreRow]:
            held = tx.standing.held(None)
            return [
                StoreRow(each, held.get(each.identifier, Held()), self._drain(tx, each))
                for each in tx.stores.list_stores()
            ]

        return self.database.read(look)

    def ask_all(self) -> int:
        """Ask every store that is not OFFLINE how it is, and write down what has changed; answers how many answered."""
        answered = 0
        for store in self.database.read(lambda tx: tx.stores.list_stores()):
            if store.state == StoreState.OFFLINE:
                continue
            try:
                told = self.control.get_status(store.identifier, self.config.terms.store_timeout)
            except ServiceBusy:
                # We have asked it too much already: that says nothing of it.
                continue
            except VofilesError:
                self._note(store.identifier, None)
            else:
                self._note(store.identifier, told)
                answered += 1
                self.hear_damaged(store.identifier, number_of_damaged(told.properties))
        return answered

    def look_after(self) -> None:
        """What the upkeep does: ask the stores, have repaired what they say is damaged, and go on draining those that
        are to be empty.
        """
        self.ask_all()
        self.relocations.keep_draining()

    def _note(self, identifier: Ivorn, told: GetStatusAnswer | None) -> None:
        def commit(tx: Transaction) -> None:
            store = tx.stores.find_store(identifier)
            if store is not None and _as_told(store, told) != store:
                tx.stores.put_store(_as_told(store, told))

        before = self.database.read(lambda tx: tx.stores.find_store(identifier))
        if before is not None and _as_told(before, told) != before:
            self.database.write(commit)

    def _drain(self, tx: Transaction, store: Store) -> contract.Job | None:
        job: Job | None = self.relocations.find_drain(tx, store.identifier)
        return describe_job(self.config.identifier, job) if job is not None else None


def _as_told(store: Store, told: GetStatusAnswer | None) -> Store:
    if told is None:
        return replace(store, reachable=False)
    return replace(store, free=told.free, reachable=True, writable=told.state == StoreState.ACTIVE)


def _report(store: Store, held: Held) -> StoreReport:
    return StoreReport(
        identifier=store.identifier,
        state=store.state,
        site=store.site,
        storage_class=store.storage_class,
        reachable=store.reachable and store.state != StoreState.OFFLINE,
        files=held.contents,
        size=held.size,
        free=store.free,
    )
