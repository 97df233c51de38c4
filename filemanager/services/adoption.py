"""Adopting: files that a store has adopted become nodes at their paths, with the content lying where it lies.

Rule: one batch, one transaction; what is known is passed over, so that it can be stopped anywhere and run again. What
is in the tree stays as it is: a name that is taken is reported, and its file waits until it is free. A file that has
changed underneath becomes a new version of its node, wherever that has been moved to.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from filemanager.config import Config
from filemanager.domain.caller import Caller
from filemanager.domain.change import Change, ChangeOperation
from filemanager.domain.findings import NAME_CLASH, NO_ACCOUNT, found
from filemanager.domain.node import Node, later
from filemanager.domain.rebuilding import Version
from filemanager.domain.rights import require_administrator
from filemanager.ports import Clock, Database, Numbers, StoreControl, Transaction
from filemanager.services.finding import find_present, lock_present
from filemanager.services.rebuild import RebuildService, add_version, home_of
from vofiles.adoption import REPLACES, Standing, is_adopted, standing_of
from vofiles.contract import Holding, NodeKind
from vofiles.errors import StoreNotFound
from vofiles.findings import Finding, Page
from vofiles.ivorn import Ivorn
from vofiles.names import NodeName

PAGE: Final = 500
"""Containers asked of a store at once."""
BATCH: Final = 100
"""Files in one step."""
PATIENCE: Final = 30.0
"""Seconds that a store has to answer."""
_OWN: Final = "adopted."
"""What begins the container's properties that are no node's."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be adopted."""

    store: Ivorn
    owner: Ivorn | None = None
    """Only what is this account's."""
    dry_run: bool = False
    """Whether it is only told what would be done."""


class _Tried(Exception):
    """A batch of a dry run: what it would have been, and nothing of it stays."""

    def __init__(self, page: Page) -> None:
        super().__init__()
        self.page = page


@dataclass(frozen=True)
class AdoptionService:
    """The use case of adopting."""

    config: Config
    database: Database
    control: StoreControl
    clock: Clock
    numbers: Numbers

    def adopt(self, caller: Caller, wish: Wish, after: str | None = None) -> Iterator[Page]:
        """The steps of taking in what a store has adopted, from a container's number on (a page's `next`).

        Raises PermissionDenied, StoreNotFound; and from the steps what the store and the database raise.
        """
        require_administrator(caller, "adopt files")
        if wish.store not in {entry.identifier for entry in self.config.stores}:
            raise StoreNotFound(wish.store, reason="it is not in the configuration")
        return self._steps(caller, wish, after or "")

    def _steps(self, caller: Caller, wish: Wish, after: str | None) -> Iterator[Page]:
        rebuilding = RebuildService(self.config, self.database, self.control, self.clock, self.numbers)
        while after is not None:
            answer = self.control.list_containers(wish.store, after, PAGE, PATIENCE)
            adopted = [each for each in answer.holdings if is_adopted(each.transfer)]
            wanted = [each for each in adopted if wish.owner in {None, each.owner}]
            # In the order of paths, so that a folder is made once and its files follow one another.
            fresh = sorted(rebuilding.unknown(wanted), key=lambda each: each.node.path)
            fresh = [each for each in fresh if _is_there(each)]
            for start in range(0, len(fresh), BATCH):
                yield self._take(rebuilding, caller, fresh[start : start + BATCH], after, wish)
            after = answer.next
            yield Page((), {"containers": len(wanted)}, after)

    def _take(
        self, rebuilding: RebuildService, caller: Caller, holdings: Sequence[Holding], at: str, wish: Wish
    ) -> Page:
        def work(tx: Transaction) -> Page:
            findings: list[Finding] = []
            counted = {"files adopted": 0, "new versions": 0, "bytes adopted": 0}
            for holding in holdings:
                made = self._adopt(rebuilding, tx, caller, holding)
                if isinstance(made, Finding):
                    findings.append(made)
                    continue
                counted["files adopted" if made.version == 1 else "new versions"] += 1
                counted["bytes adopted"] += holding.size or 0
            # The page of containers is not done yet: who goes on here looks at it again.
            page = Page(tuple(findings), {name: number for name, number in counted.items() if number}, at)
            if wish.dry_run:
                raise _Tried(page)
            return page

        try:
            return self.database.write(work)
        except _Tried as tried:
            return tried.page

    def _adopt(self, rebuilding: RebuildService, tx: Transaction, caller: Caller, holding: Holding) -> Node | Finding:
        """The node of a file, with its content; or why there is none."""
        path = "/".join(holding.node.path)
        if tx.accounts.find_account(holding.owner) is None:
            return found(NO_ACCOUNT, holding.container, f"{path} is of {holding.owner}, who has no account here")
        if tx.census.replicas_in([holding.container]):
            # Somebody else has been adopting at the same time.
            return found(NAME_CLASH, holding.container, f"{path} has just been adopted by somebody else")
        node = self._former(tx, holding) or self._add_file(tx, caller, holding)
        if node is None:
            text = f"{path} of {holding.owner} is something else already, or something on the way to it is a file"
            return found(NAME_CLASH, holding.container, text)
        told = {each.key: each.value for each in holding.properties if not each.key.startswith(_OWN)}
        tx.nodes.put_properties(node.key, told)
        node = add_version(tx, node, Version((holding,)))
        tx.nodes.save_node(node)
        tx.transfers.add_transfer(rebuilding.transfer_of(node, holding))
        after = {"node.name": node.name, "content.version": str(node.version), **told}
        change = Change(caller.account, node.owner, node.modified, node.number, ChangeOperation.ADOPT, {}, after)
        tx.changes.add_change(change)
        return node

    def _former(self, tx: Transaction, holding: Holding) -> Node | None:
        """The node that has what the same file was before, if it still goes by it; locked."""
        told = next((each.value for each in holding.properties if each.key == REPLACES), None)
        if told is None:
            return None
        container = Ivorn.parse(told)
        replica = tx.census.replicas_in([container]).get(container)
        if replica is None:
            return None
        version = tx.census.versions([replica.version])[replica.version]
        node = find_present(tx, version.node)
        locked = lock_present(tx, node.key) if node is not None else None
        # Where people have put other content into the node since, theirs stays the current one.
        return locked if locked is not None and locked.version == version.number else None

    def _add_file(self, tx: Transaction, caller: Caller, holding: Holding) -> Node | None:
        """An empty file at its path, the folders above it made where they are not there; None where its name, or one
        above it, is something else's.
        """
        *folders, name = holding.node.path
        missing: list[NodeName] = []
        folder = home_of(tx, holding.owner)
        for step in folders:
            below = None if missing else tx.nodes.find_path(folder.number, (step,))
            if below is None:
                missing.append(step)
            elif below.kind != NodeKind.FOLDER:
                return None
            else:
                folder = below
        locked = lock_present(tx, folder.key)
        if locked is None or (not missing and tx.nodes.find_path(locked.number, (name,)) is not None):
            return None
        for step in missing:
            locked = self._add(tx, caller, locked, step, NodeKind.FOLDER)
        return self._add(tx, caller, locked, name, NodeKind.FILE)

    def _add(self, tx: Transaction, caller: Caller, parent: Node, name: NodeName, kind: str) -> Node:
        now, number = later(self.clock.now(), parent.created), self.numbers.new_number()
        node = tx.nodes.add_node(
            Node(number, name, kind, parent.owner, now, now, parent=parent.key, parent_number=parent.number)
        )
        after = {"node.name": name, "node.type": kind, "node.parent": parent.number}
        tx.changes.add_change(Change(caller.account, node.owner, now, number, ChangeOperation.ADD_NODE, {}, after))
        return node


def _is_there(holding: Holding) -> bool:
    """Whether the file can be read now; one that cannot waits, and the store's own check says why."""
    properties = {each.key: each.value for each in holding.properties}
    return standing_of(properties) == Standing.UNCHANGED
