"""Time passes and processes start anew, between the rules of `machine` and at a history's end; and what is true then.

Rule: nothing is done to the tree here; what happens here happens to everybody.
"""

from dataclasses import replace

from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from filemanager.config import StoreEntry
from filemanager.domain.findings import RENAMED
from filemanager.services.rebuild import RebuildService
from filemanager.services.transfers import LOOK_AGAIN
from filestore.services.expiry import expire_due
from filestore.services.sweep import sweep
from tests.model.model import OPEN, RECEIVING, STORED, WAITING
from tests.model.rig import URL, Rig, at, seen
from tests.support.filemanager import OPERATOR
from vofiles.contract import ListChildren, ListTrash, NodeKind, PurgeTrash
from vofiles.findings import Report

DAY = 86_400


class Passing(Rig):
    """The world's own doings."""

    @rule()
    def run_errands(self) -> None:
        self.both(lambda: self.model.run_errands(self.clock.now()), self.world.run_errands)

    @rule()
    def move_bytes(self) -> None:
        """The stores fetch what they are to fetch."""
        for name, move in self.model.moves.items():
            if move.there == WAITING and not self.is_put(name):
                missing = self.requested(name) == URL + "nowhere"
                move.there, move.data = ("FAILED", b"") if missing else (STORED, b"from the archive")
        self.world.stores.move()

    @rule(seconds=st.sampled_from([-90, -1, 1, 30, 1800, 3601, 7200, DAY + 1]))
    def move_clock(self, seconds: int) -> None:
        if seconds > 60:
            while self.uploads:
                self.break_put(*self.uploads.popitem())
        self.clock.move(seconds)

    @rule()
    def upkeep_of_stores(self) -> None:
        self.model.expire(self.clock.now())
        for local in self.world.stores.stores.values():
            expire_due(local.store)

    @rule()
    def upkeep_of_manager(self) -> None:
        self.both(lambda: self.model.sweep(self.clock.now(), LOOK_AGAIN), self.world.desk.transfers.sweep)

    @rule()
    def restart_manager(self) -> None:
        self.new_desk()

    @rule()
    def restart_stores(self) -> None:
        """Connections break, leases are given back, and nothing that was in memory is left."""
        for transfer in self.uploads:
            move = self.model.moves[transfer]
            move.there = WAITING if move.there == RECEIVING else move.there
        self.uploads.clear()
        for local in self.world.stores.stores.values():
            local.store = replace(local.store, flows=type(local.store.flows)(), health=type(local.store.health)())
            sweep(local.store)

    # --- what is always true ---

    @invariant()
    def the_tree_is_the_models(self) -> None:
        seen = {self.home}
        todo = [self.home]
        while todo:
            folder = todo.pop()
            for node in self.world.desk.nodes.list_children(self.dave, ListChildren(at(folder))).nodes:
                number = node.identifier.number
                seen.add(number)
                self.compare(self.model.nodes[number], node)
                assert self.model.nodes[number].parent == folder
                assert self.modified.get(number, 0) <= node.modified
                self.modified[number] = node.modified
                if node.type == NodeKind.FOLDER:
                    todo.append(number)
        assert seen == self.model.nodes.keys()

    @invariant()
    def the_trash_is_the_models(self) -> None:
        listed = self.world.desk.trash.list_trash(self.dave, ListTrash()).trashed
        assert {each.node.identifier.number: each.node.name for each in listed} == {
            number: name for number, (_, name) in self.model.trashed.items()
        }

    @invariant()
    def nothing_is_found(self) -> None:
        """Whatever is under way, the checker has nothing to report."""
        assert self.check() == []

    def teardown(self) -> None:
        if hasattr(self, "model"):
            self.come_to_rest()
            self.empty_the_trash()
            self.lose_database_and_rebuild()
            self.world.database.close()

    def come_to_rest(self) -> None:
        """Left alone, everything ends, and nothing is left that belongs to nothing (I6)."""
        while self.uploads:
            self.break_put(*self.uploads.popitem())
        for _ in range(3):
            self.clock.move(2 * DAY)
            self.upkeep_of_stores()
            self.upkeep_of_manager()
            self.drain()
            self.run_errands()
        self.the_tree_is_the_models()
        assert self.check() == []
        for transfer, move in self.model.moves.items():
            assert move.here != OPEN
            answer = self.world.desk.transfers.get_transfer(self.dave, transfer)
            assert answer.transfer.state == move.here
        self.nothing_is_left_over()
        for number, entry in self.model.nodes.items():
            if entry.version:
                assert self.world.get(self.dave, at(number)) == entry.data
                seen("a file at the end")
        seen("histories")
        for move in self.model.moves.values():
            seen(f"transfer {move.here}")

    def nothing_is_left_over(self) -> None:
        """Stores have what there is, in the trash too, and nothing else."""
        there = [*self.model.nodes.values(), *self.model.hidden.values()]
        written = [entry for entry in there if entry.version]
        left = 0
        for name in self.world.names:
            kept = self.world.database.read(lambda tx, name=name: tx.census.replicas(name, "", 10_000))  # type: ignore[misc]
            assert self.world.stores[name].containers() == {replica.container.fragment for replica in kept}
            left += len(kept)
        assert left == sum(min(self.keep, entry.version) for entry in written)

    def empty_the_trash(self) -> None:
        self.world.desk.trash.purge_trash(self.dave, PurgeTrash())
        for number in list(self.model.trashed):
            self.model.purge(number, self.clock.now())
            seen("purged at the end")
        self.the_trash_is_the_models()
        # An export that nobody used ends with its ticket, and bytes in the trash with it.
        self.clock.move(2 * DAY)
        self.run_errands()
        self.nothing_is_left_over()

    def lose_database_and_rebuild(self) -> None:
        self.world.database.close()
        self.world.database = self.make_database()
        for name in self.world.names:
            self.world.know_store(name)
        self.restart_manager()
        entries = tuple(StoreEntry(name, "http://127.0.0.1:9/filestore", ()) for name in self.world.names)
        config = replace(self.world.desk.config, stores=entries)
        core = RebuildService(config, self.world.database, self.world.stores, self.clock, self.numbers)
        found = Report("x").add(core.rebuild(OPERATOR, core.holdings())).findings
        # Stores know where a file was when its bytes came, and two may have been in one place, one after the other.
        assert {each.kind for each in found} <= ({RENAMED} if self.model.has_moved else set())
        for number, entry in self.model.nodes.items():
            if entry.version:
                node = self.world.node(self.dave, at(number))
                assert node.type == entry.kind
                assert node.name == entry.name or self.model.has_moved
                # Of several that are kept, stores know only when each came, and clocks were set.
                if self.keep == 1:
                    assert self.world.get(self.dave, at(number)) == entry.data
        assert self.check() == []
