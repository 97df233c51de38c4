"""Copying: one version's bytes from store to store, or within one, as the work of an item of a job.

    {transfer, item} committed  ->  same store: duplicate
                                ->  another one: exportInit there, importData here, which says whose offer it fetches
    ->  the outcome, by callback or because the store was asked: one commit, by `outcomes`

Rule: what is begun is written down in the item first, and found there after a kill. Who fetches is told size and
digests of what must come; no bytes pass here. What the stores cannot do just now is raised as Unreachable: the runner
rests and comes again, and then a new transfer is begun.
"""

import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Final

from filemanager.config import Config
from filemanager.domain.content import ContentVersion
from filemanager.domain.job import JobItem
from filemanager.domain.node import Node
from filemanager.domain.replica import Replica
from filemanager.domain.step import Done, Failed, Step, Waiting
from filemanager.domain.store import Store
from filemanager.domain.transfer import Transfer
from filemanager.ports import Clock, Database, Numbers, StoreControl, Transaction
from filemanager.services.finding import path_of
from filemanager.services.jobs import note_item
from filemanager.services.offers import Offers, checked
from filemanager.services.placing import places_for
from filemanager.services.transfers import TransferService
from vofiles import contract
from vofiles.contract import Direction, Duplicate, Failure, StoreExportInit, StoreImportData, TransferState
from vofiles.errors import (
    Busy,
    Incomplete,
    ServiceBusy,
    StoreFull,
    StoreReadOnly,
    StoreUnreachable,
    TicketExpired,
    TransferEnded,
    TransferNotFound,
    Unexpected,
    Unreachable,
    VofilesError,
)
from vofiles.faults import error_of
from vofiles.instant import SECOND, Instant
from vofiles.ivorn import Ivorn, LongIdentifier, NodeIdentifier

LOOK: Final = 2 * SECOND
"""How long a copy under way is left alone before its store is asked how far it is, in microseconds."""
REST: Final = 10 * SECOND
"""How long one is left alone whose store does not answer, in microseconds."""
ATTEMPTS: Final = 6
"""Transfers that are begun for one item, or questions that nobody answers, until it has failed."""
OFFER: Final = "-source"
"""What the id of the source's offer has behind that of the copy, so that asking again is answered with the same one."""

_PASSED_OVER = (Unreachable, StoreFull, StoreReadOnly)
_MAY_PASS = (Unreachable, Incomplete, TicketExpired, TransferEnded, Unexpected)
"""Failures of a transfer that another one need not meet."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Parcel:
    """One version's bytes, and where they are to go."""

    node: Node
    """Whose content they become, or are."""
    path: LongIdentifier
    size: int
    content_type: str | None
    digests: tuple[contract.Digest, ...]
    source: Replica
    stores: tuple[Ivorn, ...]
    """Where they are to go: the first that takes them."""
    caller: Ivorn
    """The account that it is done for."""
    replica_of: int | None = None
    """Key of the version that they are; None where they become a new one."""
    if_version: int | None = None
    """Number of the content that a new version may follow; None: any."""
    verify: bool = False
    """Whether a store that has the bytes itself is to read them first; one that fetches them does so anyway."""


@dataclass(frozen=True)
class Copying:
    """What the verbs that copy content have in common."""

    config: Config
    database: Database
    control: StoreControl
    clock: Clock
    numbers: Numbers
    offers: Offers
    transfers: TransferService

    def step(self, item: JobItem, parcel: Callable[[], Parcel]) -> Step:
        """Bring an item's copy forward. `parcel` is asked where something is to be begun; what it raises passes.

        Raises Unreachable where it may go better later.
        """
        try:
            return self._step(item, parcel)
        except Unreachable as error:
            if item.attempts + 1 >= ATTEMPTS:
                self._end(item, TransferState.FAILED, Failure(error.name, error.message))
            raise

    def _step(self, item: JobItem, parcel: Callable[[], Parcel]) -> Step:
        try:
            transfer = self._find(item.transfer)
            if transfer is None:
                return self._begin(item, parcel())
            return self._outcome(item, transfer) if transfer.has_ended else self._watch(item, transfer, parcel)
        except VofilesError:
            raise
        except Exception as error:
            # Of a commit that fails nobody knows whether it holds. Were the item given up now, another transfer would
            # be begun for it one day beside one that goes on, or that is complete: the next step finds what there is.
            _log.exception("item %s of job %s could not be brought forward", item.number, item.job)
            raise ServiceBusy(f"copying to {item.store}") from error

    def places(
        self,
        tx: Transaction,
        node: Node,
        version: ContentVersion,
        without: Collection[Ivorn],
        explicit: Ivorn | None = None,
    ) -> list[Store]:
        """The stores for another replica of a version, the first choice first. Raises what `places_for` does."""
        default = self.config.default_store
        return places_for(
            tx, self.control, node, explicit=explicit, default=default, size=version.size, without=without
        )

    def pack(
        self,
        tx: Transaction,
        node: Node,
        version: ContentVersion,
        source: Replica,
        chosen: list[Store],
        caller: Ivorn,
        *,
        verify: bool = False,
    ) -> Parcel:
        """What becomes another replica of a version, in the first of these stores that takes it."""
        return Parcel(
            node=node,
            path=path_of(tx, self.config.identifier, node),
            size=version.size,
            content_type=version.content_type,
            digests=version.digests,
            source=source,
            stores=taking(chosen),
            caller=caller,
            replica_of=version.key,
            verify=verify,
        )

    def cancel(self, item: JobItem) -> Step:
        """End an item's copy, unless it is complete."""
        transfer = self._find(item.transfer)
        if transfer is not None and transfer.state == TransferState.COMPLETED:
            return _done(transfer)
        failure = Failure("TransferEnded", "Nobody wants it any more")
        self._end(item, TransferState.CANCELLED, failure)
        return Failed(failure)

    # --- beginning ---

    def _begin(self, item: JobItem, parcel: Parcel) -> Step:
        failure: VofilesError | None = None
        for store in parcel.stores:
            transfer = self._intend(item, parcel, store)
            try:
                return self._ask(item, transfer, parcel)
            except _PASSED_OVER as error:
                failure = failure or error
                if isinstance(error, Unreachable) and store == parcel.source.store:
                    # It may well be at work on it, which is seen when it is asked again; if it is down, so is the
                    # source.
                    raise
                self._forget(item, transfer, error)
        assert failure is not None, "there is a store to try, or `candidates` would have refused"
        raise failure

    def _intend(self, item: JobItem, parcel: Parcel, store: Ivorn) -> Transfer:
        now, number = self.clock.now(), self.numbers.new_number()
        transfer = Transfer(
            number=number,
            caller=parcel.caller,
            direction=Direction.COPY,
            store=store,
            state=TransferState.REQUESTED,
            created=now,
            node=parcel.node.key,
            node_number=parcel.node.number,
            # Its item looks after it.
            due=Instant(now + self.config.terms.transfer_lifetime * SECOND),
            size=parcel.size,
            content_type=parcel.content_type,
            digests=parcel.digests,
            replica_of=parcel.replica_of,
            if_version=parcel.if_version,
        )

        def commit(tx: Transaction) -> None:
            tx.transfers.add_transfer(transfer)
            note_item(tx, item, transfer=number)

        self.database.write(commit)
        return transfer

    def _ask(self, item: JobItem, transfer: Transfer, parcel: Parcel) -> Step:
        """Have the store begin what was written down; asking again changes nothing. Raises what the stores answer; what
        is no trouble of the moment has ended the transfer then.
        """
        within = self.config.terms.store_timeout
        try:
            if transfer.store == parcel.source.store:
                told = self.control.duplicate(transfer.store, self._duplicate(transfer, parcel), within)
            else:
                told = self._fetch(transfer, parcel, within)
        except Busy:
            return Waiting(Instant(self.clock.now() + LOOK))
        except _PASSED_OVER:
            raise
        except VofilesError as error:
            self._forget(item, transfer, error)
            raise
        if told.receipt is not None:
            self.transfers.settle(transfer, told)
            return self._again(item, transfer)
        self.offers.accept(None, transfer, checked(transfer, told))
        return self._again(item, transfer, told)

    def _duplicate(self, transfer: Transfer, parcel: Parcel) -> Duplicate:
        return Duplicate(
            transfer=transfer.number,
            callback=self.config.identifier,
            container=parcel.source.container,
            node=parcel.path,
            owner=parcel.node.owner,
            node_identifier=NodeIdentifier(self.config.identifier, parcel.node.number),
            verify=parcel.verify or None,
        )

    def _fetch(self, transfer: Transfer, parcel: Parcel, within: float) -> contract.Transfer:
        source = parcel.source
        offer = StoreExportInit(transfer.number + OFFER, self.config.identifier, source.container)
        offered = self.control.export_init(source.store, offer, within)
        if not offered.endpoints:
            raise StoreUnreachable(source.store, reason="it does not offer the content yet")
        endpoint = offered.endpoints[0]
        wanted = StoreImportData(
            transfer=transfer.number,
            callback=self.config.identifier,
            node=parcel.path,
            owner=parcel.node.owner,
            url=endpoint.url,
            protocol=endpoint.protocol,
            method=endpoint.method,
            size=parcel.size,
            content_type=parcel.content_type,
            headers=endpoint.headers,
            digests=parcel.digests,
            node_identifier=NodeIdentifier(self.config.identifier, parcel.node.number),
            source=source.container,
        )
        return self.control.import_data(transfer.store, wanted, within)

    # --- looking after it ---

    def _watch(self, item: JobItem, transfer: Transfer, parcel: Callable[[], Parcel]) -> Step:
        try:
            told = self.transfers.look(transfer)
        except TransferNotFound:
            # The store was never reached.
            return self._resume(item, transfer, parcel())
        except Unreachable as error:
            if transfer.container is None or self.clock.now() > transfer.due:
                raise
            # It has begun, and goes on by itself when its store is back.
            return Waiting(
                Instant(self.clock.now() + REST), item.bytes_done, failure=Failure(error.name, error.message)
            )
        waits = told.state == TransferState.REQUESTED
        if waits and told.direction != Direction.IMPORT_DATA:
            # A duplicate that a crash broke off: nobody but us has it go on.
            return self._resume(item, transfer, parcel())
        if transfer.container is None and told.container is not None:
            self.offers.accept(None, transfer, checked(transfer, told))
        return self._again(item, transfer, told)

    def _resume(self, item: JobItem, transfer: Transfer, parcel: Parcel) -> Step:
        """Ask once more for what was begun; where other stores have come into question, for something new."""
        if transfer.store not in {*parcel.stores, parcel.source.store}:
            return self._new(item, transfer, TransferEnded(transfer.number, reason="its store takes it no more"))
        try:
            return self._ask(item, transfer, parcel)
        except _PASSED_OVER as error:
            return self._new(item, transfer, error)

    def _again(self, item: JobItem, transfer: Transfer, told: contract.Transfer | None = None) -> Step:
        """What is known now of a transfer whose store was asked."""
        held = self._find(transfer.number)
        if held is not None and held.has_ended:
            return self._outcome(item, held)
        return Waiting(Instant(self.clock.now() + LOOK), told.bytes_done if told is not None else 0)

    def _outcome(self, item: JobItem, transfer: Transfer) -> Step:
        if transfer.state == TransferState.COMPLETED:
            return _done(transfer)
        failure = transfer.failure or Failure("TransferEnded", f"Its transfer is {transfer.state}")
        error = error_of(failure.name, failure.message)
        if not isinstance(error, _MAY_PASS):
            return Failed(failure)
        return self._new(item, transfer, error)

    def _new(self, item: JobItem, transfer: Transfer, error: VofilesError) -> Step:
        """Have another transfer begun after a rest. Raises the error, as one that passes."""
        self._forget(item, transfer, error)
        raise error if isinstance(error, Unreachable) else StoreUnreachable(transfer.store, reason=error.message)

    def _forget(self, item: JobItem, transfer: Transfer, error: VofilesError) -> None:
        """End a transfer that comes to nothing, and let its item begin another one."""
        failure = Failure(error.name, error.message)
        # Without an answer nobody knows whether the store has begun; whatever it has begun is to end.
        self.transfers.outcomes.abandon(transfer.number, TransferState.FAILED, failure, tell=_may_have_begun(error))
        self.database.write(lambda tx: note_item(tx, item, transfer=None))

    def _end(self, item: JobItem, state: str, failure: Failure) -> None:
        held = self.database.read(lambda tx: tx.jobs.find_items(item.job, [item.number]))
        for each in held:
            if each.transfer is not None:
                self.transfers.outcomes.abandon(each.transfer, state, failure, tell=True)

    def _find(self, number: str | None) -> Transfer | None:
        if number is None:
            return None
        return self.database.read(lambda tx: tx.transfers.find_transfer(number))


def _done(transfer: Transfer) -> Done:
    return Done(size=transfer.receipt.size if transfer.receipt is not None else transfer.size)


def _may_have_begun(error: VofilesError) -> bool:
    return isinstance(error, Unreachable | TransferEnded)


def taking(stores: list[Store]) -> tuple[Ivorn, ...]:
    """The first few of these stores, by their identifiers: who does not get an answer from two does not ask a third."""
    return tuple(store.identifier for store in stores[:2])
