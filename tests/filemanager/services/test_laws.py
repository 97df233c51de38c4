"""What is always true (design: I1, I2, I4, I5, I6, I8), whatever is done in whatever order: callbacks late, twice and
out of order, deletions meanwhile, answers lost, the service killed.
"""

import contextlib
import random

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from filemanager.domain.replica import ReplicaState
from filestore.services.expiry import expire_due
from tests.support.filemanager import CAMBRIDGE, LEICESTER, World, below
from vofiles.contract import BundleHints, Delete, GetNode, Node, NodeKind, Receipt, Transfer
from vofiles.errors import (
    DuplicateNode,
    FolderNotEmpty,
    NodeNotFound,
    NotAFolder,
    ParentNotFound,
    PermissionDenied,
    StoreUnreachable,
    TicketExpired,
    TicketUnknown,
    TransferEnded,
    VofilesError,
)
from vofiles.ivorn import LongIdentifier

FATES = st.sampled_from(["answered", "answered", "answered", "lost", "killed before", "killed after"])
STEPS = st.lists(st.sampled_from("ab"), min_size=1, max_size=3).map("/".join)


class Killed(BaseException):
    """The process ends here."""


class Life(RuleBasedStateMachine):
    """A small tree, two stores, and all that can happen between them."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World(names=(CAMBRIDGE, LEICESTER))
        self.dave = self.world.add_account("dave")
        self.home = self.world.home(self.dave)
        self.kinds: dict[str, str] = {}
        self.offers: list[Transfer] = []
        self.receipts: list[Receipt] = []
        self.sent: dict[str, bytes] = {}
        """What was PUT, by transfer."""
        for path, kind in (("a", NodeKind.FOLDER), ("a/a", NodeKind.FILE), ("b", NodeKind.FILE)):
            self.add(path, kind)

    # --- the tree ---

    @rule(path=STEPS, kind=st.sampled_from([NodeKind.FILE, NodeKind.FOLDER]))
    def add(self, path: str, kind: str) -> None:
        parent, _, name = path.rpartition("/")
        where = below(self.home, parent) if parent else self.home
        expected: type[VofilesError] | None = None
        if parent and parent not in self.kinds:
            expected = ParentNotFound
        elif parent and self.kinds[parent] == NodeKind.FILE:
            expected = NotAFolder
        elif path in self.kinds:
            expected = DuplicateNode
        if expected is not None:
            with pytest.raises(expected):
                self.world.add(self.dave, name, kind, where)
            return
        self.world.add(self.dave, name, kind, where)
        self.kinds[path] = kind

    @rule(path=STEPS)
    def delete(self, path: str) -> None:
        request = Delete(below(self.home, path), purge=True)
        if path not in self.kinds:
            with pytest.raises(NodeNotFound):
                self.world.desk.deletions.delete(self.dave, request)
        elif any(other.startswith(path + "/") for other in self.kinds):
            with pytest.raises(FolderNotEmpty):
                self.world.desk.deletions.delete(self.dave, request)
        else:
            self.world.desk.deletions.delete(self.dave, request)
            del self.kinds[path]

    @rule()
    def delete_home(self) -> None:
        with pytest.raises((PermissionDenied, FolderNotEmpty)):
            self.world.desk.deletions.delete(self.dave, Delete(self.home, purge=True))

    # --- bytes ---

    @precondition(lambda self: NodeKind.FILE in self.kinds.values())
    @rule(choose=st.randoms(use_true_random=False), fate=FATES)
    def begin(self, choose: random.Random, fate: str) -> None:
        self.offer(choose, fate)

    def offer(self, choose: random.Random, fate: str) -> None:
        path = choose.choice(sorted(path for path, kind in self.kinds.items() if kind == NodeKind.FILE))

        def stop(operation: str) -> None:
            if operation == "importInit":
                raise StoreUnreachable(CAMBRIDGE) if fate == "lost" else Killed

        if fate != "answered":
            setattr(self.world.stores, "before" if fate == "killed before" else "after", stop)
        try:
            self.offers.append(self.world.offer(self.dave, below(self.home, path), store=CAMBRIDGE))
        except (StoreUnreachable, Killed):
            assert fate != "answered"
            self.world.desk = self.world.make_desk()
        finally:
            self.world.stores.before = self.world.stores.after = lambda operation: None

    @precondition(lambda self: self.offers)
    @rule(choose=st.randoms(use_true_random=False))
    def send(self, choose: random.Random) -> None:
        self.send_to(choose.choice(self.offers))

    @precondition(lambda self: NodeKind.FILE in self.kinds.values())
    @rule(choose=st.randoms(use_true_random=False), told=st.booleans())
    def upload(self, choose: random.Random, told: bool) -> None:
        """The usual case, so that it is not rare here."""
        self.offer(choose, "answered")
        receipt = self.send_to(self.offers[-1])
        if told and receipt is not None:
            self.world.desk.outcomes.complete(receipt.container.service, receipt)

    def send_to(self, offer: Transfer) -> Receipt | None:
        if offer.transfer in self.sent:
            return None
        content = f"content {len(self.sent)}".encode()
        try:
            self.receipts.append(self.world.send(offer, content))
        except (TransferEnded, TicketExpired, TicketUnknown):
            return None
        self.sent[offer.transfer] = content
        return self.receipts[-1]

    @precondition(lambda self: self.receipts)
    @rule(choose=st.randoms(use_true_random=False))
    def call_back(self, choose: random.Random) -> None:
        receipt = choose.choice(self.receipts)
        self.world.desk.outcomes.complete(receipt.container.service, receipt)

    @rule()
    def deliver(self) -> None:
        self.world.stores.deliver(self.world.desk)

    @precondition(lambda self: self.offers)
    @rule(choose=st.randoms(use_true_random=False))
    def cancel(self, choose: random.Random) -> None:
        with contextlib.suppress(TransferEnded):
            self.world.desk.transfers.cancel_transfer(self.dave, choose.choice(self.offers).transfer)

    @rule()
    def carry_errands(self) -> None:
        self.world.run_errands()

    @rule(seconds=st.sampled_from([1, 30, 100]))
    def wait(self, seconds: int) -> None:
        self.world.watch.seconds += seconds
        self.world.desk.transfers.sweep()

    @rule()
    def restart(self) -> None:
        self.world.desk = self.world.make_desk()

    # --- what is always true ---

    @invariant()
    def the_tree_is_the_model_and_its_content_can_be_read_whole(self) -> None:
        everything = self.everything()
        paths = {everything[0].identifier: ""}
        for node in everything[1:]:
            assert node.parent is not None
            paths[node.identifier] = f"{paths[node.parent]}/{node.name}".strip("/")
        assert {paths[node.identifier]: node.type for node in everything[1:]} == self.kinds
        assert len(paths) == len(everything)
        for node in everything:
            if node.version:
                content = self.world.get(self.dave, LongIdentifier(node.identifier))
                assert content in self.sent.values()
                # Who reads a content has its store asked, and so sees what came meanwhile.
                assert {each.identifier: each.size for each in self.everything()}[node.identifier] == len(content)

    def everything(self) -> tuple[Node, ...]:
        """Read in one bundle, which asks no store, so that callbacks can still be late."""
        return self.world.desk.nodes.get_node(self.dave, GetNode(self.home, BundleHints(depth=-1)))

    def teardown(self) -> None:
        """Left alone, nothing is left over: just one container for each file that has content."""
        for _ in range(3):
            self.world.stores.deliver(self.world.desk)
            self.world.watch.seconds += self.world.terms.transfer_lifetime + 61
            while self.world.desk.transfers.sweep():
                self.world.stores.deliver(self.world.desk)
                self.world.watch.seconds += 61
                self.expire()
            self.world.run_errands()
        wanted = set()
        for path, kind in self.kinds.items():
            if kind == NodeKind.FILE:
                node = self.world.node(self.dave, below(self.home, path))
                location = {each.key: each.value for each in node.properties}
                if node.version:
                    assert location["filestore.location.state"] == ReplicaState.AVAILABLE
                    wanted.add(location["filestore.location"].partition("#")[2])
        assert {number for local in self.world.stores.stores.values() for number in local.containers()} == wanted
        numbers = [change.number for change in self.world.database.read(lambda tx: tx.changes.list_changes(0, 10_000))]
        assert numbers == list(range(1, len(numbers) + 1))
        assert self.world.run_errands() == []

    def expire(self) -> None:
        """What the stores' own ticking does."""
        for local in self.world.stores.stores.values():
            expire_due(local.store)


Life.TestCase.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
TestLife = Life.TestCase
