"""Into the trash: one row for the node and one for its entry, whatever hangs below it.

Rule: in the transaction of whoever deletes or replaces, which has locked the node. How much went is counted at once
where that is little; else the upkeep counts it a little later, so that a folder of a million files goes in no more
statements, and holds up nobody longer, than one of ten.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from filemanager.config import Config
from filemanager.domain.caller import Caller
from filemanager.domain.change import Change, ChangeOperation
from filemanager.domain.errand import Errand, ErrandVerb
from filemanager.domain.node import Node
from filemanager.domain.trash import TrashEntry, new_trash
from filemanager.ports import Clock, Numbers, Transaction
from filemanager.services.finding import path_of
from vofiles.contract import Failure, TransferState
from vofiles.instant import SECOND, Instant
from vofiles.ivorn import Ivorn
from vofiles.names import NodeName

COUNTED: Final = 1000
"""Nodes that are counted when they are deleted."""
DAY: Final = 86_400 * SECOND


@dataclass(frozen=True, slots=True)
class Trashing:
    """What is settled before the transaction begins, because that may run again."""

    service: Ivorn
    who: Ivorn
    now: Instant
    number: str
    """Of the trash, where this is the first thing in it."""
    keep_days: int
    """0: until somebody purges it."""

    @classmethod
    def of(cls, config: Config, caller: Caller, clock: Clock, numbers: Numbers) -> "Trashing":
        return cls(config.identifier, caller.account, clock.now(), numbers.new_number(), config.terms.trash_days)

    def put(self, tx: Transaction, node: Node) -> list[str]:
        """Put a node into the trash with all below it. Answers the numbers of the transfers that ended with it, which
        are to be published once this is committed, and errands woken.
        """
        path = path_of(tx, self.service, node)
        trash = self._trash(tx, node.owner, path.node.number)
        cancelled = cancel_open_transfers(tx, [node.key], self.now)
        counted = tx.usages.if_small(node.key, COUNTED)
        gone = replace(node, parent=trash.key, parent_number=trash.number, name=NodeName(node.number))
        gone = gone.changed(self.now)
        tx.nodes.save_node(gone)
        entry = TrashEntry(
            node=node.key,
            number=node.number,
            owner=node.owner,
            parent_number=node.parent_number or "",
            name=node.name,
            path=str(path),
            deleted=gone.modified,
            deleted_by=self.who,
            purge_after=Instant(gone.modified + self.keep_days * DAY) if self.keep_days else None,
            files=counted.files if counted is not None else None,
            size=counted.space if counted is not None else None,
        )
        tx.trash.add_entry(entry)
        before = {"node.name": node.name, "node.parent": node.parent_number}
        change = Change(self.who, node.owner, gone.modified, node.number, ChangeOperation.TRASH, before, {})
        tx.changes.add_change(change)
        return cancelled

    def _trash(self, tx: Transaction, owner: Ivorn, root: str) -> Node:
        found = tx.trash.find_root(owner)
        if found is not None:
            return found
        # Two of the first things in one trash wait for each other at the root of the space.
        home = tx.nodes.find_node(root)
        if home is not None:
            tx.nodes.lock_node(home.key)
        return tx.trash.find_root(owner) or tx.nodes.add_node(new_trash(self.number, owner, self.now))


def cancel_open_transfers(tx: Transaction, nodes: Sequence[int], now: Instant) -> list[str]:
    """End the transfers on nodes that go; their stores are told by errand. Answers their numbers."""
    failure = Failure("NodeNotFound", "The node has been deleted")
    transfers = tx.transfers.open_among(nodes)
    for transfer in transfers:
        tx.transfers.save_transfer(transfer.moved_to(TransferState.CANCELLED, failure=failure))
    tx.errands.add_errands(
        [Errand(each.store, ErrandVerb.CANCEL_TRANSFER, each.number, now, now) for each in transfers]
    )
    return [transfer.number for transfer in transfers]
