"""Offers: how every transfer begins.

    intent committed  ->  the store asked, outside any transaction  ->  its offer committed

Rule: at whatever point this stops, the database says what may be going on in the store, and the upkeep of transfers
finds it there. A transfer whose store did not agree has FAILED, and the store is told to forget it.

A call with an idempotency key is its transfer: the intent and the key are one commit, and whoever repeats the call is
answered that transfer as it stands, its store being asked once more for what only the store knows. Where the store did
not agree there was no answer to remember, and a repeat begins anew.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from filemanager.config import Config
from filemanager.domain.conditions import require_version
from filemanager.domain.errand import Errand, ErrandVerb
from filemanager.domain.repeat import Repeat
from filemanager.domain.transfer import Transfer
from filemanager.ports import Clock, Database, StoreControl, Transaction
from filemanager.services.finding import lock_present
from filemanager.services.outcomes import Outcomes
from vofiles import contract
from vofiles.contract import Failure, TransferState
from vofiles.errors import (
    ContainerNotFound,
    NodeNotFound,
    NotAuthenticated,
    PermissionDenied,
    StoreUnreachable,
    TransferNotFound,
    Unreachable,
    VofilesError,
)
from vofiles.instant import SECOND, Instant
from vofiles.ivorn import Ivorn

Ask = Callable[[Transfer, float], contract.Transfer]
"""Asks the store of a transfer, within so many seconds."""

ASKED_BY = 60 * SECOND
"""When an intent without an offer is looked after, in microseconds: whoever was asking has long given up."""


@dataclass(frozen=True)
class Offers:
    """The beginning of transfers."""

    config: Config
    database: Database
    control: StoreControl
    clock: Clock
    outcomes: Outcomes

    def begin(self, intent: Transfer, ask: Ask, within: float) -> tuple[Transfer, contract.Transfer]:
        """The transfer as it stands once its store has agreed, and what the store said.

        Raises NodeNotFound where the node has gone, ContainerNotFound where what is to be exported is no longer its
        content, VersionConflict where what is to be replaced is not, StoreUnreachable, and what the store answers.
        """
        transfer, told = self.begin_once(None, intent, ask, within)
        assert told is not None, "a new transfer has a store to ask"
        return transfer, told

    def begin_once(
        self, call: Repeat | None, intent: Transfer, ask: Ask, within: float
    ) -> tuple[Transfer, contract.Transfer | None]:
        """The same for a call that may have an idempotency key: where it has begun a transfer before, that one, and
        nothing said where it has ended. Raises KeyReused besides.
        """
        intent = replace(intent, due=Instant(intent.created + ASKED_BY))
        begun = self.database.write(lambda tx: _intend(tx, call, intent))
        if begun.number != intent.number:
            return self.resume(call, begun, ask, within)
        try:
            told = checked(intent, ask(intent, within))
        except VofilesError as refusal:
            error = _as_seen_by_caller(intent, refusal)
            self._refused(call, intent, error)
            raise error from refusal
        return self.accept(call, intent, told), told

    def find_begun(self, call: Repeat | None) -> Transfer | None:
        """The transfer that a call with this key has begun before, if it has an answer or may still get one.

        Raises KeyReused.
        """
        if call is None:
            return None
        return self.database.read(lambda tx: _find_begun(tx, call, tx.repeats.find_repeat(call.caller, call.key)))

    def resume(
        self, call: Repeat | None, begun: Transfer, ask: Ask, within: float
    ) -> tuple[Transfer, contract.Transfer | None]:
        """A transfer begun before as it stands, and what its store says now; nothing where it has ended.

        Raises StoreUnreachable, and what the store answers; the transfer goes on whatever that is.
        """
        if begun.has_ended:
            return begun, None
        try:
            told = self._ask_again(begun, ask, within)
        except VofilesError as refusal:
            raise _as_seen_by_caller(begun, refusal) from refusal
        return self.accept(call, begun, told), told

    def _ask_again(self, begun: Transfer, ask: Ask, within: float) -> contract.Transfer:
        try:
            told = self.control.get_transfer(begun.store, begun.number, within)
        except TransferNotFound:
            # Whoever began it has not got so far, and perhaps never will.
            told = ask(begun, within)
        return checked(begun, told)

    def _refused(self, call: Repeat | None, intent: Transfer, error: VofilesError) -> None:
        # Without an answer nobody knows whether the store has begun; whatever it has begun is to end, unless a repeat
        # of the call has been answered meanwhile.
        tell, unless_begun = isinstance(error, Unreachable), call is not None
        failure = Failure(error.name, error.message)
        self.outcomes.abandon(intent.number, TransferState.FAILED, failure, tell=tell, unless_begun=unless_begun)

    def accept(self, call: Repeat | None, intent: Transfer, told: contract.Transfer) -> Transfer:
        """Write down what the store of a transfer that was begun has agreed to. Raises TransferNotFound."""
        now = self.clock.now()

        def commit(tx: Transaction) -> Transfer:
            held = tx.transfers.lock_transfer(intent.number)
            if held is None:
                raise TransferNotFound(intent.number)
            if call is not None:
                tx.repeats.save_repeat(replace(call, transfer=held.number, answered=True))
            if held.state == TransferState.CANCELLED:
                # The node went, or the caller thought better of it, while the store was being asked.
                tx.errands.add_errand(Errand(held.store, ErrandVerb.CANCEL_TRANSFER, held.number, now, now))
            if held.has_ended:
                return held
            # How it ended, if it has, comes with its receipt or its failure, and not here.
            state = held.state if told.state in {*TransferState.ENDED, TransferState.STORED} else told.state
            due = Instant(held.created + self.config.terms.transfer_lifetime * SECOND)
            container = told.container or held.container
            offered = held.moved_to(state, container=container, expiry=told.expiry, due=due)
            tx.transfers.save_transfer(offered)
            return offered

        return self.database.write(commit)


def _intend(tx: Transaction, call: Repeat | None, intent: Transfer) -> Transfer:
    """Write down what is about to begin; or find what the same call has begun before, and write nothing."""
    if call is not None:
        call = replace(call, transfer=intent.number)
        before = tx.repeats.claim(call)
        begun = _find_begun(tx, call, before)
        if begun is not None:
            return begun
        if before is not None:
            tx.repeats.save_repeat(call)
    node = lock_present(tx, intent.node) if intent.node is not None else None
    if node is None:
        raise NodeNotFound(intent.node_number)
    require_version(node, intent.if_version)
    if not intent.is_import:
        _require_kept(tx, intent.container)
    tx.transfers.add_transfer(intent)
    return intent


def _find_begun(tx: Transaction, call: Repeat, before: Repeat | None) -> Transfer | None:
    if before is None:
        return None
    before.require_same(call)
    begun = tx.transfers.find_transfer(before.transfer) if before.transfer is not None else None
    unanswered = begun is not None and begun.has_ended and not before.answered
    return None if unanswered else begun


def _require_kept(tx: Transaction, container: Ivorn | None) -> None:
    """Refuse to export what has gone since it was looked up: retention, seeing no export of it, has given it up, and
    its bytes may go before anybody fetches them. Raises ContainerNotFound.
    """
    if container is None or not tx.census.replicas_in([container]):
        raise ContainerNotFound(container)


def checked(intent: Transfer, told: contract.Transfer) -> contract.Transfer:
    """What a store says of a new transfer, if it can be that. Raises StoreUnreachable."""
    named = told.container
    if named is not None and (named.service != intent.store or not named.fragment):
        raise StoreUnreachable(intent.store, reason="it answers with a container that is not its own")
    if intent.is_import and named is None:
        raise StoreUnreachable(intent.store, reason="it names no container")
    if told.transfer != intent.number or (not intent.may_become(told.state) and told.state != intent.state):
        raise StoreUnreachable(intent.store, reason="its answer is about something else")
    return told


def _as_seen_by_caller(intent: Transfer, error: VofilesError) -> VofilesError:
    """A store's refusal of *us* is no answer to our caller, who has nothing to do with our signatures."""
    if isinstance(error, NotAuthenticated | PermissionDenied):
        return StoreUnreachable(intent.store, reason=f"it does not accept this service ({error.message})")
    return error
