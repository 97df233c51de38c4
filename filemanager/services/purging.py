"""Purging: nodes that go for good, leaf by leaf, a batch in a transaction.

Rule: what is purged is in the trash already, where nothing is added to it any more, unless all of it goes in the one
transaction that began. So it can stop after any batch and go on with what is left; nothing but the tree has to remember
how far it has come. With a node its containers become errands, in the same commit.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from filemanager.domain.change import Change, ChangeOperation
from filemanager.domain.errand import Errand, ErrandVerb
from filemanager.domain.node import Node, later
from filemanager.ports import Transaction
from filemanager.services.trashing import cancel_open_transfers
from vofiles.contract import NodeKind
from vofiles.instant import Instant
from vofiles.ivorn import Ivorn

BATCH: Final = 500
"""Nodes that go in one transaction."""


@dataclass(frozen=True, slots=True)
class Purged:
    """What a batch has done."""

    cancelled: tuple[str, ...]
    """Numbers of the transfers that ended with it."""
    left: tuple[Node, ...]
    """The tops that are still there."""


def purge_some(tx: Transaction, who: Ivorn, tops: Sequence[Node], now: Instant) -> Purged:
    """Remove a batch of the nodes of some trees, each top with the last of its own."""
    nodes = _leaves(tx, tops[:BATCH])
    keys = [node.key for node in nodes]
    properties, entries = tx.nodes.properties_of(keys), tx.trash.entries_among(keys)
    changes = []
    for node in nodes:
        was = entries[node.key].restated(node) if node.key in entries else node
        before: dict[str, str | None] = {"node.name": was.name, "node.type": was.kind}
        before |= {"node.parent": was.parent_number, **properties.get(node.key, {})}
        at = later(now, node.modified)
        changes.append(Change(who, node.owner, at, node.number, ChangeOperation.DELETE, before, {}))
    cancelled = cancel_open_transfers(tx, keys, now)
    replicas = tx.contents.replicas_of_nodes(keys)
    tx.errands.add_errands(
        [Errand(each.store, ErrandVerb.DELETE_CONTAINER, str(each.container), now, now) for each in replicas]
    )
    tx.nodes.delete_nodes(keys)
    tx.changes.add_changes(changes)
    left = {node.key for node in tops} - set(keys)
    return Purged(tuple(cancelled), tuple(node for node in tops if node.key in left))


def purge_all(tx: Transaction, who: Ivorn, tops: Sequence[Node], now: Instant) -> list[str]:
    """Remove a few small trees; answers the numbers of the transfers that ended with them."""
    cancelled: list[str] = []
    while tops:
        purged = purge_some(tx, who, tops, now)
        cancelled, tops = [*cancelled, *purged.cancelled], purged.left
    return cancelled


def _leaves(tx: Transaction, tops: Sequence[Node]) -> list[Node]:
    """A batch of nodes of some trees that can go together, each after all that is below it.

    Down to the lowest level of what is looked at, a batch of each level; then up again for as long as all children of
    the level above were seen, because with them it is empty. Files can go from any level. What is found lowest comes
    first, so that as many of these as one likes can go, from the first on.
    """
    levels, whole = [list(tops)], [True]
    while folders := [node.key for node in levels[-1] if node.kind == NodeKind.FOLDER]:
        children = tx.nodes.children_of(folders, BATCH + 1)
        if not children:
            break
        whole.append(len(children) <= BATCH)
        levels.append(children[:BATCH])
    leaves, emptied = levels[-1], whole[-1]
    for level, seen in zip(levels[-2::-1], whole[-2::-1], strict=True):
        leaves = leaves + [node for node in level if emptied or node.kind != NodeKind.FOLDER]
        emptied = emptied and seen
    return leaves[:BATCH]
