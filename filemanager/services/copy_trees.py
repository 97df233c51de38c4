"""Copies of trees: the nodes of a copy, all in one transaction, and an item for each content that is to follow.

Rule: level by level, in as few statements as there are pages of nodes; what is copied is what stands there in this
transaction. Nodes come without content: a file's is brought by its item, and one that has none is complete as it is.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeVar

from filemanager.domain.caller import Caller
from filemanager.domain.change import Change, ChangeOperation
from filemanager.domain.content import ContentVersion
from filemanager.domain.job import JobItem
from filemanager.domain.node import Node
from filemanager.domain.placement import Preferences, candidates
from filemanager.domain.properties import PREFERRED_STORE
from filemanager.domain.replica import Replica
from filemanager.domain.store import Store
from filemanager.ports import Transaction
from filemanager.services.placing import default_for
from filemanager.services.replicas import readable
from vofiles.contract import NodeKind
from vofiles.instant import Instant
from vofiles.ivorn import Ivorn, encode_segment
from vofiles.properties import STANDARD, Setter

T = TypeVar("T")

PAGE: Final = 2000
"""Nodes that are made at a time."""
FOLDERS: Final = 500
"""Folders whose children are read at a time."""
VERSION: Final = "version"
"""What an item says of the content that it copies: the version's key."""
ALL: Final = (1 << 31) - 1


@dataclass(frozen=True, slots=True)
class Copied:
    """A node and what was made of it."""

    source: Node
    copy: Node
    path: str
    """Below the node that the job is about, segments percent-encoded."""
    wishes: tuple[str, ...]
    """What is said of the store that it goes to, the strongest first."""


@dataclass(frozen=True)
class TreeCopy:
    """One copy of a node with all below it."""

    caller: Caller
    now: Instant
    numbers: Callable[[], str]
    store: Ivorn | None
    """Where all contents go; None: wherever each is to."""
    default: Ivorn | None
    stores: Mapping[Ivorn, Store]
    is_down: Callable[[Ivorn], bool]

    def make(
        self, tx: Transaction, source: Node, top: Node, wishes: tuple[str, ...], version: ContentVersion | None
    ) -> list[JobItem]:
        """Copy `source` as `top`, a node that is not saved yet, with properties and all below it; the items of the
        contents, of `version` where one is given. `wishes` are those of the folder that it goes into.

        Raises DuplicateNode, ParentNotFound.
        """
        first = [Copied(source, tx.nodes.add_node(top), "", wishes)]
        level, items = self._dress(tx, first), list[JobItem]()
        given = {source.key: version} if version is not None else {}
        while level:
            for some in _pages(level, PAGE):
                items += self._items(tx, some, given)
            level = [each for page in self._below(tx, level) for each in page]
        return items

    def _below(self, tx: Transaction, level: Sequence[Copied]) -> Iterator[list[Copied]]:
        """The children of these, made."""
        for folders in _pages([each for each in level if each.source.kind == NodeKind.FOLDER], FOLDERS):
            above = {each.source.key: each for each in folders}
            for children in _pages(tx.nodes.children_of(list(above), ALL), PAGE):
                parents = [above[child.parent] for child in children if child.parent is not None]
                made = tx.nodes.add_nodes(
                    [self._node(child, parent.copy) for child, parent in zip(children, parents, strict=True)]
                )
                yield self._dress(
                    tx,
                    [
                        Copied(child, copy, _joined(parent.path, child.name), parent.wishes)
                        for child, copy, parent in zip(children, made, parents, strict=True)
                    ],
                )

    def _node(self, source: Node, parent: Node) -> Node:
        return Node(
            self.numbers(),
            source.name,
            source.kind,
            parent.owner,
            self.now,
            self.now,
            parent=parent.key,
            parent_number=parent.number,
        )

    def _dress(self, tx: Transaction, made: Sequence[Copied]) -> list[Copied]:
        """Give copies their properties and their first line of history; a store preferred is preferred below, too."""
        dressed = []
        for some in _pages(made, PAGE):
            stored = tx.nodes.properties_of([each.source.key for each in some])
            values = {each.copy.key: _copied(stored.get(each.source.key, {})) for each in some}
            tx.nodes.put_properties_of({key: properties for key, properties in values.items() if properties})
            tx.changes.add_changes([self._change(each, values[each.copy.key]) for each in some])
            for each in some:
                wish = values[each.copy.key].get(PREFERRED_STORE)
                dressed.append(replace(each, wishes=(wish, *each.wishes)) if wish is not None else each)
        return dressed

    def _change(self, each: Copied, values: Mapping[str, str]) -> Change:
        after: dict[str, str | None] = {
            "node.name": each.copy.name,
            "node.type": each.copy.kind,
            "node.parent": each.copy.parent_number,
            "copied.from": each.source.number,
        }
        who, owner = self.caller.account, each.copy.owner
        return Change(who, owner, self.now, each.copy.number, ChangeOperation.COPY, {}, after | dict(values))

    def _items(self, tx: Transaction, some: Sequence[Copied], given: Mapping[int, ContentVersion]) -> list[JobItem]:
        files = [each for each in some if each.source.version]
        versions = tx.contents.current_versions([each.source.key for each in files]) | dict(given)
        replicas = tx.contents.replicas_of([version.key for version in versions.values()])
        items = []
        for each in files:
            version = versions[each.source.key]
            lane = self._lane(each.wishes, readable(replicas.get(version.key, [])), version.size)
            items.append(
                JobItem(
                    0, each.path, each.source.number, each.copy.number, lane, version.size, {VERSION: str(version.key)}
                )
            )
        return items

    def _lane(self, wishes: tuple[str, ...], replicas: Sequence[Replica], size: int) -> Ivorn | None:
        """The store that the content will most likely go to: when its turn comes that is looked at anew."""
        if self.store is not None:
            return self.store
        default = default_for(replicas[0].store, list(self.stores.values()), self.default) if replicas else self.default
        return candidates(Preferences(None, wishes, default), self.stores, size, self.is_down)[0].identifier


def _copied(properties: Mapping[str, str]) -> dict[str, str]:
    """What a copy has of the properties stored on a node: all but those that the service sets."""
    return {
        key: value
        for key, value in properties.items()
        if key not in STANDARD or STANDARD[key].setter is not Setter.SERVICE
    }


def _joined(path: str, name: str) -> str:
    return f"{path}/{encode_segment(name)}" if path else encode_segment(name)


def _pages(all_of_them: Sequence[T], length: int) -> Iterator[Sequence[T]]:
    for start in range(0, len(all_of_them), length):
        yield all_of_them[start : start + length]
