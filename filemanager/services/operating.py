"""What operators look at and change by hand: stores' states, transfers, errands, who may log in.

Rule: the caller sits at the service's machine; what is changed here a running service sees at its next look.
"""

from collections.abc import Iterator
from dataclasses import replace

from filemanager.config import Config
from filemanager.domain.caller import Caller
from filemanager.domain.errand import Errand
from filemanager.domain.job import JOB_TRANSITIONS, Job
from filemanager.domain.rights import require_administrator
from filemanager.domain.store import STATES, Store
from filemanager.domain.transfer import OPEN, TRANSITIONS, Transfer
from filemanager.ports import Database, Transaction
from vofiles.errors import AccountNotFound, InvalidArgument, StoreNotFound
from vofiles.instant import Instant
from vofiles.ivorn import Ivorn

_PAGE = 500


def list_stores(database: Database, caller: Caller) -> list[Store]:
    """Every store that is known, in the order of the identifiers. Raises PermissionDenied."""
    require_administrator(caller, "list stores")
    return database.read(lambda tx: tx.stores.list_stores())


def set_store_state(database: Database, config: Config, caller: Caller, store: Ivorn, state: str) -> None:
    """Have a store used for something else from now on.

    Raises PermissionDenied, StoreNotFound, InvalidArgument for a state that there is not, and where the configuration
    has the word.
    """
    require_administrator(caller, "set the state of a store")
    if state not in STATES:
        raise InvalidArgument("state", reason=f"it is one of {', '.join(sorted(STATES))}")
    entry = next((entry for entry in config.stores if entry.identifier == store), None)
    if entry is None:
        raise StoreNotFound(store, reason="it is not in the configuration")
    if entry.state is not None:
        raise InvalidArgument("state", reason=f"the configuration says {entry.state}; change it there, or take it out")

    def put(tx: Transaction) -> None:
        found = tx.stores.find_store(store)
        if found is None:
            raise StoreNotFound(store)
        tx.stores.put_store(replace(found, state=state))

    database.write(put)


def list_transfers(database: Database, caller: Caller, state: str | None) -> Iterator[Transfer]:
    """The transfers in a state; without one those that have not ended. Raises PermissionDenied, InvalidArgument."""
    require_administrator(caller, "list transfers")
    if state is not None and state not in TRANSITIONS:
        raise InvalidArgument("state", reason=f"it is one of {', '.join(TRANSITIONS)}")
    wanted = OPEN if state is None else {state}
    return (transfer for transfer in _all_transfers(database) if transfer.state in wanted)


def _all_transfers(database: Database) -> Iterator[Transfer]:
    after = ""
    while page := database.read(lambda tx, after=after: tx.census.transfers(after, _PAGE)):  # type: ignore[misc]
        yield from page
        after = page[-1].number


def list_jobs(database: Database, caller: Caller, state: str | None) -> Iterator[Job]:
    """The jobs in a state, the newest first; without one those that have not ended. Raises PermissionDenied,
    InvalidArgument.
    """
    require_administrator(caller, "list jobs")
    if state is not None and state not in JOB_TRANSITIONS:
        raise InvalidArgument("state", reason=f"it is one of {', '.join(JOB_TRANSITIONS)}")
    return (job for job in _all_jobs(database, state) if state is not None or not job.has_ended)


def _all_jobs(database: Database, state: str | None) -> Iterator[Job]:
    before: int | None = None
    while page := database.read(lambda tx, before=before: tx.jobs.list_jobs(None, state, before, _PAGE)):  # type: ignore[misc]
        yield from page
        before = page[-1].key


def list_errands(database: Database, caller: Caller) -> Iterator[Errand]:
    """What stores are still to be told, in the order in which it was noted. Raises PermissionDenied."""
    require_administrator(caller, "list errands")
    after = 0
    while page := database.read(lambda tx, after=after: tx.census.errands(after, _PAGE)):  # type: ignore[misc]
        yield from page
        after = page[-1].key


def hurry_errands(database: Database, caller: Caller, now: Instant) -> int:
    """Have every errand tried again at once; answers how many. Raises PermissionDenied."""
    errands = list(list_errands(database, caller))
    for errand in errands:
        # Gone meanwhile, because it was done: then saving is no error.
        database.write(lambda tx, errand=errand: tx.errands.save_errand(replace(errand, due=now)))  # type: ignore[misc]
    return len(errands)


def disable_account(database: Database, caller: Caller, account: Ivorn) -> int:
    """Take away an account's password and all its tokens; its files stay. Answers how many tokens there were.

    A service that runs knows it at its next call: it remembers that a password was right, never that it still counts.
    Raises PermissionDenied, AccountNotFound.
    """
    require_administrator(caller, "disable an account")

    def disable(tx: Transaction) -> int:
        if tx.accounts.find_account(account) is None:
            raise AccountNotFound(account)
        tx.credentials.delete_credential(account)
        return tx.credentials.delete_tokens_of(account)

    return database.write(disable)
