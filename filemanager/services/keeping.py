"""Nodes as they were told last, so that who lists a folder again is told without looking up and putting together anew
what has not changed.

What is told of a node follows from its row, which counts every change of its properties and its content in
`generation`, and from where its content lies, which does not count. Both are read each time; what was kept is told only
where both are what they were.

Rule: kept is only what a read saw, which is committed; a transaction that writes may still be taken back. Nothing here
says who may see a node: whoever asks has found it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Final

from filemanager.domain.node import Node
from filemanager.domain.replica import Location
from filemanager.ports import Transaction
from filemanager.services.description import Described, describe_all, locate
from vofiles import contract
from vofiles.ivorn import Ivorn

ROOM: Final = 5000
"""Nodes kept at most, at about 5 KiB each; those kept longest go first."""
LONGEST: Final = 8192
"""Characters in the properties of a node that is kept: people can write megabytes into them."""


def is_short(told: contract.Node) -> bool:
    """Whether a node that is told is short enough to be kept."""
    return sum(len(each.key) + len(each.value) for each in told.properties) <= LONGEST


@dataclass(frozen=True, slots=True)
class _Kept:
    node: Node
    content: int | None
    """Key of the current content version."""
    location: Location | None
    told: contract.Node


class Kept:
    """What was told, by node. For any number of threads."""

    def __init__(self, room: int = ROOM) -> None:
        self._room = room
        self._kept: dict[int, _Kept] = {}
        self._turn = Lock()

    def describe(self, tx: Transaction, service: Ivorn, nodes: Sequence[Node]) -> list[contract.Node]:
        """As `describe_nodes`. Only in a read."""
        told = self._find(tx, nodes)
        fresh = [node for node in nodes if node.key not in told]
        if fresh:
            described = describe_all(tx, service, fresh)
            self._keep(described)
            told |= {each.node.key: each.told for each in described}
        return [told[node.key] for node in nodes]

    def _find(self, tx: Transaction, nodes: Sequence[Node]) -> dict[int, contract.Node]:
        """What may be told of these as it was told before."""
        found = {}
        for node in nodes:
            kept = self._kept.get(node.key)
            if kept is not None and (kept.node is node or kept.node == node):
                found[node.key] = kept
        contents = {key: kept.content for key, kept in found.items() if kept.content is not None}
        locations = locate(tx, [kept.node for kept in found.values()], contents)
        return {key: kept.told for key, kept in found.items() if kept.location == locations.get(key)}

    def _keep(self, described: Sequence[Described]) -> None:
        with self._turn:
            for each in described:
                key = each.node.key
                # Taken out first: so it comes behind those that have been kept for longer.
                self._kept.pop(key, None)
                if not is_short(each.told):
                    continue
                content = each.version.key if each.version is not None else None
                self._kept[key] = _Kept(each.node, content, each.location, each.told)
            while len(self._kept) > self._room:
                del self._kept[next(iter(self._kept))]
