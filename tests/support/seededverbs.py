"""Seeded bugs of the tree's verbs: what somebody might break one day in moves, the trash, copies and jobs.

Rule: as of all seeded bugs, one patch each, and the play in which it must be seen.
"""

from typing import Any

import pytest

from filemanager.domain.change import ChangeOperation
from filemanager.domain.repeat import repeat_of
from filemanager.persistence.repositories.changes import SqlChanges
from filemanager.persistence.repositories.errands import SqlErrands
from filemanager.persistence.repositories.trash import SqlTrash
from filemanager.services import copying, replicas
from filemanager.services.copying import Copying
from filemanager.services.desk import make_desk
from filemanager.services.jobs import note_item
from filemanager.services.repeats import Once
from tests.support import faultworld
from tests.support.seededbugs import SeededBug, in_two_transactions, put
from tests.support.stage import Deed
from vofiles.contract import Receipt


def _key_afterwards(once: Any, caller: Any, request: Any, kind: Any, work: Any, nothing: Any) -> Any:
    """The call is done, and then it is written down that it was."""
    call = repeat_of(caller.account, request, once.clock.now())
    if call is None:
        return once.database.write(work)

    def find(tx: Any) -> Any:
        before = tx.repeats.find_repeat(call.caller, call.key)
        return tx.repeats.find_answer(before, kind) if before is not None else None

    def keep(tx: Any, answer: Any) -> None:
        tx.repeats.claim(call)
        tx.repeats.keep_answer(call, answer)

    known = once.database.read(find)
    if known is not None:
        return known, nothing
    answer, rest = once.database.write(work)
    once.database.write(lambda tx: keep(tx, answer))
    return answer, rest


def _switch_when_it_is_asked(patch: pytest.MonkeyPatch) -> None:
    """The file is in its new store as soon as that has said that it will fetch the bytes."""
    ask = Copying._ask

    def asking(own: Any, item: Any, transfer: Any, parcel: Any) -> Any:
        step = ask(own, item, transfer, parcel)
        begun = own._find(transfer.number)
        if begun.container is not None and not begun.has_ended:
            receipt = Receipt(begun.number, begun.container, parcel.size, own.clock.now(), None, parcel.digests)
            own.transfers.outcomes.complete(begun.store, receipt)
        return step

    patch.setattr(Copying, "_ask", asking)


def _delete_in_the_same_breath(patch: pytest.MonkeyPatch) -> None:
    """Whoever switches has the old container deleted himself, and no errand is left to anybody."""
    controls: list[Any] = []

    def making(config: Any, database: Any, control: Any, *rest: Any) -> Any:
        controls[:] = [control]
        return make_desk(config, database, control, *rest)

    patch.setattr(faultworld, "make_desk", making)
    patch.setattr(
        replicas, "drop", lambda tx, store, container, now, due: controls[0].delete_container(store, container, 1.0)
    )


def _write_the_transfer_down_later(patch: pytest.MonkeyPatch) -> None:
    """The item learns of its transfer when the store has been asked."""
    intend, ask = Copying._intend, Copying._ask

    def intending(own: Any, *given: Any) -> Any:
        with pytest.MonkeyPatch.context() as inner:
            inner.setattr(copying, "note_item", lambda *ignored, **told: None)
            return intend(own, *given)

    def asking(own: Any, item: Any, transfer: Any, parcel: Any) -> Any:
        step = ask(own, item, transfer, parcel)
        own.database.write(lambda tx: note_item(tx, item, transfer=transfer.number))
        return step

    patch.setattr(Copying, "_intend", intending)
    patch.setattr(Copying, "_ask", asking)


def _keep_the_entry(trash: Any, node: int) -> None:
    """Restored, and still in the list."""


VERB_BUGS = (
    SeededBug("a key is a transaction of its own", "move", put(Once, "write_with", _key_afterwards)),
    SeededBug(
        "what is in the trash is written down in a transaction of its own",
        "trash",
        in_two_transactions(SqlTrash, "add_entry", lambda tx: tx.trash),
    ),
    SeededBug(
        "what is replaced gets its entry in a transaction of its own",
        "move and replace",
        in_two_transactions(SqlTrash, "add_entry", lambda tx: tx.trash),
    ),
    SeededBug("what is restored is in the trash as well", "restore", put(SqlTrash, "delete_entry", _keep_the_entry)),
    SeededBug(
        "restoring is told in a transaction of its own",
        "restore",
        in_two_transactions(
            SqlChanges, "add_change", lambda tx: tx.changes, lambda change: change.operation == ChangeOperation.RESTORE
        ),
    ),
    SeededBug(
        "errands of what is purged are a transaction of their own",
        "purge by a job",
        in_two_transactions(SqlErrands, "add_errands", lambda tx: tx.errands),
        kind="commit",
    ),
    SeededBug("the switch comes before the bytes", "content to another store", _switch_when_it_is_asked),
    SeededBug(
        "the old container goes in the same breath as the switch",
        "content to another store",
        _delete_in_the_same_breath,
        deed=Deed.STOP_BEFORE,
        kind="commit",
    ),
    SeededBug(
        "a switch is told in a transaction of its own",
        "content to another store",
        in_two_transactions(
            SqlChanges, "add_change", lambda tx: tx.changes, lambda change: change.operation == ChangeOperation.RELOCATE
        ),
        kind="commit",
    ),
    SeededBug("an item learns of its transfer later", "copy", _write_the_transfer_down_later, kind="commit"),
)
