"""Whatever is done, in whatever order, and whatever goes wrong between: the service is what the model is."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from filemanager.domain.node import Node
from filemanager.persistence.engine import open_database
from filemanager.persistence.memory.nodes import MemoryNodes
from filemanager.ports import Database, Transaction
from filemanager.services import moves, outcomes, purging, retention, trashing
from filemanager.services.outcomes import Outcomes
from filemanager.services.retention import RetentionService
from filemanager.services.trash import TrashService
from filestore.persistence.memory import MemoryRecords
from filestore.services import uploads
from tests.model.machine import Machine
from tests.model.rig import SEEN
from vofiles.contract import Receipt, Restore, TransferState
from vofiles.ivorn import Ivorn

STEPS = 60
"""Rules in one history at most."""
ENDS = ("COMPLETED", "CANCELLED", "EXPIRED", "FAILED")
RAISED = (
    "DuplicateNode", "FolderNotEmpty", "IntoItself", "NodeNotFound", "NotAFile", "NotAFolder", "ParentNotFound",
    "PermissionDenied", "ContentNotFound", "Busy", "TicketExpired", "TicketUsed", "TransferEnded",
)  # fmt: skip


class OnSqlite(Machine):
    """The same over the database that is served from."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()

    def make_database(self) -> Database:
        number = len(list(Path(self.folder.name).glob("*.db")))
        return open_database(f"sqlite:///{self.folder.name}/tree{number}.db")

    def teardown(self) -> None:
        super().teardown()
        self.folder.cleanup()


def run(machine: type[Machine], histories: int, phases: tuple[Phase, ...] = tuple(Phase)) -> None:
    SEEN.clear()
    limits = settings(
        max_examples=histories,
        stateful_step_count=STEPS,
        phases=phases,
        derandomize=True,
        deadline=None,
        database=None,
        report_multiple_bugs=False,
    )
    run_state_machine_as_test(machine, settings=limits, _min_steps=STEPS // 2)


@pytest.mark.timeout(600)  # some ten seconds where nothing else runs
@pytest.mark.parametrize(("machine", "histories"), [(Machine, 100), (OnSqlite, 8)])
def test_the_service_is_what_the_model_is(machine: type[Machine], histories: int) -> None:
    run(machine, histories)
    print(dict(SEEN))
    # A model that nothing happens to proves nothing.
    assert SEEN["histories"] >= histories
    assert SEEN["a file at the end"] > histories / 4
    unseen = [what for what in (*(f"transfer {end}" for end in ENDS), *RAISED) if not SEEN[what]]
    assert machine is not Machine or len(unseen) <= 2, unseen


# --- what the machine would see ---------------------------------------------------------------------------------------


def forget_to_deduplicate(patch: pytest.MonkeyPatch) -> None:
    """A callback that comes twice makes two versions."""
    true = Outcomes.complete

    def complete(self: Outcomes, store: Ivorn, receipt: Receipt) -> None:
        def reopen(tx: Transaction) -> None:
            held = tx.transfers.find_transfer(receipt.transfer)
            if held is not None and held.state == TransferState.COMPLETED:
                tx.transfers.save_transfer(replace(held, state=TransferState.OFFERED))

        self.database.write(reopen)
        true(self, store, receipt)

    patch.setattr(Outcomes, "complete", complete)


def forget_orphans(patch: pytest.MonkeyPatch) -> None:
    """Nobody tells a store that bytes are not wanted any more."""
    patch.setattr(retention, "drop", lambda *_: None)
    patch.setattr(outcomes, "drop", lambda *_: None)


def keep_everything(patch: pytest.MonkeyPatch) -> None:
    """Retention gives up nothing."""
    patch.setattr(RetentionService, "retain", lambda *_: 0)


def forget_transfers_of_deleted_nodes(patch: pytest.MonkeyPatch) -> None:
    for module in (purging, trashing):
        patch.setattr(module, "cancel_open_transfers", lambda *_: [])


def acknowledge_before_the_end(patch: pytest.MonkeyPatch) -> None:
    """The store forgets a callback before it is said."""
    patch.setattr(MemoryRecords, "add_outgoing", lambda *_: None)


def give_no_lease_back(patch: pytest.MonkeyPatch) -> None:
    """A broken connection keeps its lease."""
    patch.setattr(uploads, "give_back", lambda *_: None)


def overwrite_properties(patch: pytest.MonkeyPatch) -> None:
    """Setting one property loses the others."""
    true = MemoryNodes.put_properties

    def put(self: MemoryNodes, key: int, values: dict[str, str]) -> None:
        self._state.node_properties.pop(key, None)
        true(self, key, values)

    patch.setattr(MemoryNodes, "put_properties", put)


def move_over_what_is_there(patch: pytest.MonkeyPatch) -> None:
    """What has the name is deleted for good where it ought to go to the trash."""

    def delete(tx: Transaction, moved: Node, _trashing: object) -> list[str]:
        there = tx.nodes.find_path(moved.parent_number or "", [moved.name])
        if there is not None and not tx.nodes.children(there.key, None, 1):
            tx.nodes.delete_node(there.key)
        return []

    patch.setattr(moves, "_replace", delete)


def forget_to_take_names_from_the_trash(patch: pytest.MonkeyPatch) -> None:
    """What was deleted is restored where it was, whatever the caller says."""
    true = TrashService.restore
    patch.setattr(TrashService, "restore", lambda self, caller, request: true(self, caller, Restore(request.node)))


def let_time_run_backwards(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("filemanager.domain.node.later", lambda now, _last: now)


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    "bug",
    [
        forget_to_deduplicate,
        forget_orphans,
        keep_everything,
        forget_transfers_of_deleted_nodes,
        acknowledge_before_the_end,
        give_no_lease_back,
        overwrite_properties,
        move_over_what_is_there,
        forget_to_take_names_from_the_trash,
        let_time_run_backwards,
    ],
    ids=lambda bug: bug.__name__,
)
def test_a_seeded_bug_is_seen(bug: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch) -> None:
    bug(monkeypatch)
    with pytest.raises(Exception):  # noqa: B017, PT011 - the service's own error or the model's, whichever is first
        run(Machine, 400, (Phase.generate,))
