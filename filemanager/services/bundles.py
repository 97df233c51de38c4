"""Bundles: nodes together with the names of their children and the stores of what has no content yet, as contracts ask
for them that know no pages.

Rule: no list of children is ever cut in silence. Who reads a node gets all of them, or is refused; nodes that are told
besides are left out where theirs would be too many. Only what a verb answers of a large folder names no more than the
nodes that the verb was about, so that its cost does not grow with the folder.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from operator import attrgetter
from types import MappingProxyType
from typing import Final, NamedTuple

from filemanager.config import Config
from filemanager.domain.caller import Caller
from filemanager.domain.node import Child, Node
from filemanager.domain.placement import Preferences, likely
from filemanager.domain.properties import PREFERRED_STORE
from filemanager.domain.rights import may_see_account, may_see_node
from filemanager.domain.store import Store
from filemanager.ports import Database, Transaction
from filemanager.services.description import describe_nodes
from filemanager.services.finding import get_node, get_parent
from filemanager.services.nodes import NodeService, bundle_around
from vofiles import contract
from vofiles.contract import AddNode, BundleHints, GetNode, NodeKind
from vofiles.errors import AccountNotFound, NodeNotFound, TooLarge
from vofiles.ivorn import Ivorn, LongIdentifier, NodeIdentifier

LISTED: Final = 100_000
"""Names of children in one answer at most, of all its folders together."""
FAMILY: Final = 100
"""Children that a folder has at most for all of them to be named in the answer of a verb."""


Describe = Callable[[Transaction, Ivorn, Sequence[Node]], list[contract.Node]]
"""Makes the wire values of nodes."""

_NOBODYS: Final[Mapping[str, str]] = MappingProxyType({})


class Entry(NamedTuple):
    """A node and what is told with it."""

    node: contract.Node
    children: tuple[Child, ...] = ()
    store: Ivorn | None = None
    """Where new content would go now; None where there is no store at all."""
    account: Mapping[str, str] = _NOBODYS
    """Of a home: the properties of the account whose it is."""


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Where a node is, and where it is to go."""

    node: Entry
    above: tuple[NodeIdentifier, ...]
    """The folders that it is in, the nearest first."""
    into: NodeIdentifier | None
    """The folder that was named."""


@dataclass(frozen=True)
class BundleService:
    """The use cases of reading nodes with their children's names."""

    config: Config
    database: Database
    nodes: NodeService
    is_down: Callable[[Ivorn], bool]

    @property
    def _service(self) -> Ivorn:
        return self.config.identifier

    def get_bundle(self, caller: Caller, request: GetNode) -> tuple[Entry, ...]:
        """The nodes that getNode answers. Raises NodeNotFound, TooLarge."""
        return self.nodes.look(caller, request, self._with_children)

    def get_home(self, caller: Caller, account: Ivorn, hints: BundleHints) -> tuple[Entry, ...]:
        """The home of an account, and the nodes around it. Who may see the account but none of its nodes is told of
        the home alone, as it was when it was made. Raises AccountNotFound, TooLarge.
        """

        def look(tx: Transaction) -> tuple[Entry, ...]:
            found = tx.accounts.find_account(account)
            home = tx.nodes.find_node(found.home) if found is not None else None
            if found is None or home is None or not may_see_account(caller, found):
                raise AccountNotFound(account)
            if may_see_node(caller, home):
                return self._with_children(tx, bundle_around(tx, home, hints, self.config.terms.maximum_extra_nodes))
            (bare,) = self._entries(tx, [home], {})
            return (bare._replace(node=replace(bare.node, modified=bare.node.created)),)

        return self.database.read(look)

    def add_node(self, caller: Caller, request: AddNode) -> tuple[Entry, ...]:
        """Make an empty node; it, then the folder that it is in. In one transaction: to read it in another costs as
        much as to make it. Who asks here knows no idempotency keys. Raises as `NodeService.add_node`.
        """
        add = self.nodes.adding(caller, request)
        return self.database.write(lambda tx: self._family(tx, list(add(tx)), describe_nodes))

    def get_family(
        self, caller: Caller, node: NodeIdentifier, before: NodeIdentifier | None = None, *, parent: bool = True
    ) -> tuple[Entry, ...]:
        """A node that a verb was about, then the folder it was in `before`, if that is another one and still there,
        then the folder it is in. Raises NodeNotFound.
        """

        def look(tx: Transaction) -> tuple[Entry, ...]:
            found = get_node(tx, self._service, caller, LongIdentifier(node))
            family = [found]
            if before is not None and before.number != found.parent_number:
                family += _find(tx, self._service, caller, before)
            if parent and found.parent is not None:
                above = tx.nodes.find_key(found.parent)
                assert above is not None, "a foreign key leads nowhere"
                family.append(above)
            return self._family(tx, family)

        return self.database.read(look)

    def get_first(self, caller: Caller, folders: Sequence[NodeIdentifier]) -> tuple[Entry, ...]:
        """The first of these that is still there, as the answer of a verb. Raises NodeNotFound."""

        def look(tx: Transaction) -> tuple[Entry, ...]:
            for folder in folders:
                found = _find(tx, self._service, caller, folder)
                if found:
                    return self._family(tx, found)
            raise NodeNotFound(folders[0] if folders else "")

        return self.database.read(look)

    def find_whereabouts(
        self, caller: Caller, node: LongIdentifier, parent: LongIdentifier | None = None
    ) -> Whereabouts:
        """Where a node is, and which folder it is to go into. Raises NodeNotFound, ParentNotFound."""

        def look(tx: Transaction) -> Whereabouts:
            found = get_node(tx, self._service, caller, node)
            above = tuple(NodeIdentifier(self._service, each.number) for each in tx.nodes.ancestors(found.key))
            into = get_parent(tx, self._service, caller, parent) if parent is not None else None
            (entry,) = self._entries(tx, [found], {})
            return Whereabouts(entry, above, NodeIdentifier(self._service, into.number) if into is not None else None)

        return self.database.read(look)

    # --- what is told ---

    def _with_children(self, tx: Transaction, nodes: list[Node]) -> tuple[Entry, ...]:
        """All of them with all of their children; the first one alone where these are too many for one answer."""
        children = tx.nodes.child_names(_folders(nodes), LISTED + 1)
        if len(children) > LISTED:
            nodes = nodes[:1]
            children = tx.nodes.child_names(_folders(nodes), LISTED + 1)
        if len(children) > LISTED:
            raise TooLarge(
                nodes[0].name, reason=f"it has more than {LISTED} children; listChildren answers them in pages"
            )
        listed = {parent: tuple(named) for parent, named in groupby(children, attrgetter("parent"))}
        return self._entries(tx, nodes, listed)

    def _family(self, tx: Transaction, nodes: list[Node], describe: Describe | None = None) -> tuple[Entry, ...]:
        """Folders with all of their children while these are few, else with those that are themselves answered."""
        listed: dict[int, tuple[Child, ...]] = {}
        for folder in _folders(nodes):
            # One statement each, of which there are three at most: with all in one, a large folder would hide others.
            children = tx.nodes.child_names([folder], FAMILY + 1)
            if len(children) > FAMILY:
                children = [Child(folder, node.name, node.number) for node in nodes if node.parent == folder]
            listed[folder] = tuple(children)
        return self._entries(tx, nodes, listed, describe)

    def _entries(
        self,
        tx: Transaction,
        nodes: Sequence[Node],
        listed: Mapping[int, tuple[Child, ...]],
        describe: Describe | None = None,
    ) -> tuple[Entry, ...]:
        # Kept is what a read saw: who writes describes anew.
        described = (describe or self.nodes.kept.describe)(tx, self._service, nodes)
        account = tx.accounts.properties_of_account(nodes[0].owner)
        stores = self._likely_stores(tx, nodes, described, account.get(PREFERRED_STORE))
        return tuple(
            Entry(told, listed.get(node.key, ()), stores[node.key], account if node.is_root else _NOBODYS)
            for node, told in zip(nodes, described, strict=True)
        )

    def _likely_stores(
        self, tx: Transaction, nodes: Sequence[Node], described: Sequence[contract.Node], by_account: str | None
    ) -> dict[int, Ivorn | None]:
        """The store of each node's next content, in a handful of statements for nodes of one tree."""
        parents = {node.key: node.parent for node in nodes}
        above: list[int] = []
        rooted: set[int | None] = {None}
        for node in nodes:
            # In a bundle what is above the first node is above all others, or among them.
            way: list[int] = []
            key: int | None = node.key
            while key is not None and key not in rooted:
                if key not in parents:
                    found = tx.nodes.ancestors(node.key)
                    parents |= {each.key: each.parent for each in found}
                    above += [each.key for each in found]
                way.append(key)
                key = parents[key]
            rooted.update(way)
        wishes = dict(tx.nodes.property_of(above, PREFERRED_STORE)) if above else {}
        for node, told in zip(nodes, described, strict=True):
            for each in told.properties:
                if each.key == PREFERRED_STORE:
                    wishes[node.key] = each.value
        at_last = (by_account,) if by_account is not None else ()
        stores = {store.identifier: store for store in tx.stores.list_stores()}
        if not wishes:
            return dict.fromkeys(parents, self._likely(at_last, stores))
        preferred = _Wishes(parents, wishes, at_last)
        known = {wish: self._likely(wish, stores) for wish in {preferred.of(node.key) for node in nodes}}
        return {node.key: known[preferred.of(node.key)] for node in nodes}

    def _likely(self, preferred: tuple[str, ...], stores: Mapping[Ivorn, Store]) -> Ivorn | None:
        return likely(Preferences(None, preferred, self.config.default_store), stores, self.is_down)


def _folders(nodes: Sequence[Node]) -> list[int]:
    return [node.key for node in nodes if node.kind == NodeKind.FOLDER]


def _find(tx: Transaction, service: Ivorn, caller: Caller, identifier: NodeIdentifier) -> list[Node]:
    try:
        return [get_node(tx, service, caller, LongIdentifier(identifier))]
    except NodeNotFound:
        return []


class _Wishes:
    """What is said on nodes, and above them, of where their content should go, the strongest first."""

    def __init__(self, parents: Mapping[int, int | None], said: Mapping[int, str], at_last: tuple[str, ...]) -> None:
        self._parents, self._said = parents, said
        self._known: dict[int | None, tuple[str, ...]] = {None: at_last}

    def of(self, key: int | None) -> tuple[str, ...]:
        found = self._known.get(key)
        if found is None:
            assert key is not None, "the end of the way up is known"
            above = self.of(self._parents[key])
            found = self._known[key] = (self._said[key], *above) if key in self._said else above
        return found
