"""Transfers under way: reading, cancelling, waiting for their end, and looking after those that nobody ends.

Rule: only the store's word ends a transfer that it was offered; where its callback is late the store is asked, seldom
and shortly, and its answer goes the same way as the callback.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from filemanager.config import Config
from filemanager.domain.announcement import require_digests
from filemanager.domain.caller import Caller
from filemanager.domain.rights import may_see_transfer
from filemanager.domain.transfer import Transfer
from filemanager.ports import Clock, Database, StoreControl, Transaction
from filemanager.services.description import describe_node, describe_transfer
from filemanager.services.finding import find_present
from filemanager.services.outcomes import Outcomes
from filemanager.services.pulls import Pulls
from filemanager.services.settlement import Settlements, Wake
from vofiles import contract
from vofiles.contract import (
    CompleteTransfer,
    Direction,
    Failure,
    StoreCompleteTransfer,
    TransferAnswer,
    TransferFailed,
    TransferState,
)
from vofiles.errors import StoreNotFound, TransferEnded, TransferNotFound, VofilesError
from vofiles.faults import error_of
from vofiles.instant import SECOND, Instant

LOOK_AGAIN = 60 * SECOND
"""How long after its time a transfer that is still going on is looked after again, in microseconds."""
BATCH = 100
"""Transfers looked after in one turn."""


@dataclass(frozen=True)
class TransferService:
    """The use cases of transfers."""

    config: Config
    database: Database
    control: StoreControl
    clock: Clock
    outcomes: Outcomes
    settlements: Settlements
    _pulls: Pulls = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_pulls", Pulls(self.config.terms.pull_interval))

    def read_transfer(self, caller: Caller, number: str) -> TransferAnswer:
        """A transfer as it is known here, no store asked; with the node once it has ended. Raises TransferNotFound."""
        return self._answer(caller, number, None)

    def get_transfer(self, caller: Caller, number: str) -> TransferAnswer:
        """A transfer as it stands, with the node once it has ended. Raises TransferNotFound."""
        transfer, known = self.database.read(lambda tx: self._look(tx, caller, number, None))
        return known if transfer.has_ended else self._answer(caller, number, self._ask(transfer))

    def cancel_transfer(self, caller: Caller, number: str) -> TransferAnswer:
        """End a transfer that has not ended; one that was cancelled before is answered as it is.

        Raises TransferNotFound, TransferEnded where it has ended in another way, StoreUnreachable: until its store has
        said so, nobody knows that it is over.
        """
        transfer = self.database.read(lambda tx: _get(tx, caller, number))
        if transfer.state == TransferState.CANCELLED:
            return self._answer(caller, number, None)
        if transfer.has_ended:
            raise TransferEnded(number, reason=f"it is {transfer.state}")
        try:
            self.control.cancel_transfer(transfer.store, number, self.config.terms.store_timeout)
        except TransferEnded:
            # The store knows better; what it knows comes by callback, or now.
            told = self.control.get_transfer(transfer.store, number, self.config.terms.store_timeout)
            self.settle(transfer, told)
            if told.state != TransferState.CANCELLED:
                raise
        except TransferNotFound:
            # It has never begun there; should its beginning still be under way, the store will be told to end it.
            pass
        failure = Failure("TransferEnded", "It was cancelled")
        self.outcomes.abandon(number, TransferState.CANCELLED, failure, tell=False)
        return self._answer(caller, number, None)

    def complete_transfer(self, caller: Caller, request: CompleteTransfer) -> TransferAnswer:
        """Have its store take the bytes of a transfer that has not ended; answers it as it stands then.

        Raises TransferNotFound, InvalidArgument, StoreUnreachable, and what the store answers: Incomplete, while bytes
        are missing.
        """
        digests = require_digests(request.digests)
        transfer = self.database.read(lambda tx: _get(tx, caller, request.transfer))
        if transfer.has_ended:
            return self._answer(caller, transfer.number, None)
        wanted, now = StoreCompleteTransfer(transfer.number, digests), self.clock.elapsed()
        told = self.control.complete_transfer(transfer.store, wanted, self.config.terms.store_timeout)
        if _has_ended(told):
            self.settle(transfer, told)
        else:
            self._pulls.note(transfer.number, now, told)
        return self._answer(caller, transfer.number, told)

    def subscribe(self, number: str, wake: Wake) -> Callable[[], None]:
        """Have `wake` called when a transfer has ended, at once if it has; answers what takes the wish back."""
        unsubscribe = self.settlements.subscribe(number, wake)
        transfer = self._find(number)
        if transfer is None or transfer.has_ended:
            wake()
        return unsubscribe

    def get_outcome(self, caller: Caller, number: str) -> TransferAnswer:
        """A transfer as `get_transfer` has it. Raises TransferNotFound, and its failure where it ended badly."""
        answer = self.get_transfer(caller, number)
        transfer = answer.transfer
        if transfer.state in TransferState.ENDED - {TransferState.COMPLETED}:
            if transfer.failure is None:
                raise TransferEnded(number, reason=f"it is {transfer.state}")
            raise error_of(transfer.failure.name, transfer.failure.message)
        return answer

    def refresh(self, numbers: Sequence[str]) -> bool:
        """Ask stores about open transfers; answers whether one of these has ended."""
        ended = False
        for number in numbers:
            transfer = self._find(number)
            if transfer is None or transfer.has_ended:
                ended = True
                continue
            told = self._ask(transfer)
            ended = ended or (told is not None and _has_ended(told))
        return ended

    def look(self, transfer: Transfer) -> contract.Transfer:
        """What its store says of a transfer, its word on an end already applied. Raises TransferNotFound, and what
        hinders the store from saying so.
        """
        told = self.control.get_transfer(transfer.store, transfer.number, self.config.terms.store_timeout)
        if _has_ended(told):
            self.settle(transfer, told)
        return told

    def sweep(self) -> int:
        """Look after transfers whose time is over; answers how many."""
        now = self.clock.now()
        due = self.database.read(lambda tx: tx.transfers.due_transfers(now, BATCH))
        for transfer in due:
            self._look_after(transfer, now)
        return len(due)

    def prune(self) -> int:
        """Forget transfers that ended long ago; answers how many. What a key or a job still speaks of is kept."""
        terms = self.config.terms
        keep = max(terms.keep_transfers, terms.keep_keys, self.config.jobs.keep)
        before, pruned = Instant(self.clock.now() - keep * SECOND), 0
        while some := self.database.write(lambda tx: tx.transfers.prune(before, BATCH)):
            pruned += some
            if some < BATCH:
                break
        return pruned

    # --- asking the store ---

    def _ask(self, transfer: Transfer) -> contract.Transfer | None:
        """What the store says, its word on an end already applied; what it said last if it may not be asked yet or
        does not answer in time.
        """
        number, now = transfer.number, self.clock.elapsed()
        if self.control.is_down(transfer.store) or not self._pulls.take(number, now):
            return self._pulls.find_told(number)
        try:
            told = self.control.get_transfer(transfer.store, number, self.config.terms.pull_timeout)
        except VofilesError:
            # Whatever hinders it, the reader gets what is known here; the callback is still to come.
            return self._pulls.find_told(number)
        if _has_ended(told):
            self.settle(transfer, told)
        else:
            self._pulls.note(number, now, told)
        return told

    def settle(self, transfer: Transfer, told: contract.Transfer) -> None:
        """Apply what the store says of an end: the same commit that its callback would make."""
        if told.receipt is not None and told.state in {TransferState.STORED, TransferState.COMPLETED}:
            self.outcomes.complete(transfer.store, told.receipt)
        elif told.state in TransferState.ENDED - {TransferState.COMPLETED}:
            failure = told.failure or Failure("TransferEnded", f"The store says that it is {told.state}")
            self.outcomes.fail(transfer.store, TransferFailed(transfer.number, told.state, failure))

    def _look_after(self, transfer: Transfer, now: Instant) -> None:
        expired = Failure("TicketExpired", "Nobody used it in time")
        if transfer.direction == Direction.EXPORT_INIT:
            # It ends with its ticket, silently; the store has nothing to say of it.
            self.outcomes.abandon(transfer.number, TransferState.EXPIRED, expired, tell=False)
            return
        try:
            told = self.control.get_transfer(transfer.store, transfer.number, self.config.terms.store_timeout)
        except (TransferNotFound, StoreNotFound):
            # The store has forgotten it, never heard of it, or is itself no more: nothing will come of it.
            self.outcomes.abandon(transfer.number, TransferState.EXPIRED, expired, tell=False)
        except VofilesError:
            self._postpone(transfer, now)
        else:
            if _has_ended(told):
                self.settle(transfer, told)
            elif transfer.container is None:
                # This service stopped between asking and writing down the answer: nobody was given the address.
                failure = Failure("Unexpected", "The service was stopped while it began")
                self.outcomes.abandon(transfer.number, TransferState.FAILED, failure, tell=True)
            else:
                self._postpone(transfer, now)

    def _postpone(self, transfer: Transfer, now: Instant) -> None:
        def commit(tx: Transaction) -> None:
            held = tx.transfers.lock_transfer(transfer.number)
            if held is not None and not held.has_ended:
                tx.transfers.save_transfer(replace(held, due=Instant(now + LOOK_AGAIN)))

        self.database.write(commit)

    # --- answering ---

    def _find(self, number: str) -> Transfer | None:
        return self.database.read(lambda tx: tx.transfers.find_transfer(number))

    def _answer(self, caller: Caller, number: str, told: contract.Transfer | None) -> TransferAnswer:
        return self.database.read(lambda tx: self._look(tx, caller, number, told))[1]

    def _look(
        self, tx: Transaction, caller: Caller, number: str, told: contract.Transfer | None
    ) -> tuple[Transfer, TransferAnswer]:
        """A transfer, and what is answered of it. Raises TransferNotFound."""
        transfer = _get(tx, caller, number)
        node = find_present(tx, transfer.node) if transfer.has_ended else None
        return transfer, TransferAnswer(
            describe_transfer(transfer, told, _job_of(tx, transfer)),
            describe_node(tx, self.config.identifier, node) if node is not None else None,
        )


def _job_of(tx: Transaction, transfer: Transfer) -> str | None:
    # Jobs have stores move bytes by themselves: what people PUT and GET is none of theirs, and need not be looked up.
    mine = transfer.direction in {Direction.IMPORT_DATA, Direction.EXPORT_DATA, Direction.COPY}
    return tx.jobs.job_of_transfer(transfer.number) if mine else None


def _has_ended(told: contract.Transfer) -> bool:
    return told.state in TransferState.ENDED or told.receipt is not None


def _get(tx: Transaction, caller: Caller, number: str) -> Transfer:
    transfer = tx.transfers.find_transfer(number)
    if transfer is None or not may_see_transfer(caller, transfer):
        raise TransferNotFound(number)
    return transfer
