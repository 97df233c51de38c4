"""Searching: a page of the nodes below a folder that meet every condition.

Two ways, both by index. Where some condition leaves only a few nodes (the folder is small, the value rare, the dates
close together) those few are fetched and sorted here. Else the owner's nodes are walked in the order asked for, and
judged one by one.

Rule: a call does a bounded amount of work, however large the tree and whatever is asked: a page may come short, with a
`next` where the walk goes on.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

from filemanager.config import Config
from filemanager.domain.caller import Caller
from filemanager.domain.node import Node, require_folder
from filemanager.domain.search import Condition, Entry, Place, Query, place_of, read_place, write_place
from filemanager.ports import Database, Transaction
from filemanager.services.description import describe_nodes
from filemanager.services.finding import get_node, path_of
from vofiles.contract import Find, FindAnswer, Found
from vofiles.errors import InvalidArgument
from vofiles.ivorn import Ivorn, LongIdentifier
from vofiles.names import NodeName

FEW = 4000
"""Nodes that are rather fetched and sorted than walked to."""
BATCH = 1000
"""Nodes that are fetched at once in a walk."""
WORK = 20_000
"""Nodes that are looked at in one call at most."""
DESCRIBING = 8
"""How many times more it costs to look at what the service makes up about a node."""


@dataclass(frozen=True)
class SearchService:
    """The use case."""

    config: Config
    database: Database

    def find(self, caller: Caller, request: Find) -> FindAnswer:
        """A page of the nodes below a folder that meet every condition.

        Raises NodeNotFound, NotAFolder, InvalidArgument, TooLarge.
        """
        query = Query.of(request)
        most = self.config.terms.maximum_page
        limit = most if request.limit is None else min(request.limit, most)
        if limit < 1:
            raise InvalidArgument("limit", reason="it is at least 1")
        service = self.config.identifier

        def page(tx: Transaction) -> FindAnswer:
            folder = require_folder(get_node(tx, service, caller, request.node))
            seal = query.seal(folder.number)
            after = read_place(request.after, seal, query.order) if request.after else None
            search = Search(tx, service, folder, query)
            entries, place = search.page(after, limit)
            return FindAnswer(None if place is None else write_place(place, seal), tuple(search.describe(entries)))

        return self.database.read(page)


@dataclass
class Search:
    """One search, for as long as its transaction lasts."""

    tx: Transaction
    service: Ivorn
    folder: Node
    query: Query
    _above: dict[int, Entry] = field(default_factory=dict)
    """Folders that were come upon, by key."""
    _inside: dict[int, bool] = field(init=False)
    """Whether a folder is the one searched or below it, by key."""
    _work: int = 0

    def __post_init__(self) -> None:
        self._inside = {self.folder.key: True}

    def page(self, after: Place | None, limit: int) -> tuple[list[Entry], Place | None]:
        """At most `limit` nodes after a place, and where to go on: None where there are no more."""
        few = self._few()
        found, place = self._walk(after, limit) if few is None else (self._sorted(few, after, limit), None)
        if len(found) > limit:
            return found[:limit], place_of(found[limit - 1], self.query.order)
        return found, place

    # --- the few ------------------------------------------------------------------------------------------------------

    def _few(self) -> list[int] | None:
        """All nodes that can meet the condition that the fewest nodes meet; None where those are not few."""
        for fetch in self._fetches():
            keys = fetch(FEW + 1)
            if len(keys) <= FEW:
                return keys
        return None

    def _fetches(self) -> Iterator[Callable[[int], list[int]]]:
        """For each condition that an index serves: what fetches the keys of so many nodes that can meet it."""
        if not self.folder.is_root:
            yield self._subtree
        for condition in self.query.conditions:
            if condition.is_stored:
                yield partial(self._with_value, condition)
        for order in self.query.narrowed:
            yield partial(self._within, order)

    def _subtree(self, limit: int) -> list[int]:
        found: list[int] = []
        level = [self.folder.key]
        while level and len(found) < limit:
            level = self.tx.search.below(level, limit - len(found))
            found += level
        return found

    def _with_value(self, condition: Condition, limit: int) -> list[int]:
        keys = self.tx.search.with_property(condition.key, condition.heads, limit)
        if condition.is_of_content_type:
            keys += self.tx.search.with_content_type(condition.heads, limit - len(keys))
        return keys

    def _within(self, order: str, limit: int) -> list[int]:
        span = self.query.spans[order]
        return [entry.key for entry in self.tx.search.walk(self.folder.owner, order, span, None, limit)]

    def _sorted(self, keys: Iterable[int], after: Place | None, limit: int) -> list[Entry]:
        """Those of these nodes that are found, after the place, in order; one more than `limit` at most."""
        order, descending = self.query.order, self.query.descending
        entries = [entry for entry in self.tx.search.entries(sorted(set(keys))) if self.query.admits(entry)]
        entries.sort(key=lambda entry: place_of(entry, order), reverse=descending)
        if after is not None:
            place = after
            entries = [
                each
                for each in entries
                if (place_of(each, order) < place if descending else place_of(each, order) > place)
            ]
        found: list[Entry] = []
        for start in range(0, len(entries), BATCH):
            found += self._judged(entries[start : start + BATCH])
            if len(found) > limit:
                break
        return found[: limit + 1]

    # --- the walk -----------------------------------------------------------------------------------------------------

    def _walk(self, after: Place | None, limit: int) -> tuple[list[Entry], Place | None]:
        """As `_sorted`, and the place up to which it has come; None at the end."""
        order = self.query.order
        found: list[Entry] = []
        place = after
        size = min(limit + 2, BATCH)
        while len(found) <= limit and self._work < WORK:
            batch = self.tx.search.walk(
                self.folder.owner, order, self.query.span, place, size, descending=self.query.descending
            )
            self._work += len(batch)
            found += self._judged([entry for entry in batch if self.query.admits(entry)])
            if len(batch) < size:
                return found, None
            place = place_of(batch[-1], order)
            size = BATCH
        return found, place

    # --- judging ------------------------------------------------------------------------------------------------------

    def _judged(self, entries: list[Entry]) -> list[Entry]:
        """Those of admitted nodes that are below the folder and have the properties, in their order."""
        entries = self._below_folder(entries)
        for condition in self.query.conditions:
            if entries:
                values = self._values(condition, [entry.key for entry in entries])
                entries = [entry for entry in entries if condition.holds(values.get(entry.key))]
        return entries

    def _values(self, condition: Condition, keys: list[int]) -> dict[int, str]:
        if not condition.is_stored:
            # As it is answered with the node, however that comes about.
            self._work += DESCRIBING * len(keys)
            nodes = self.tx.search.nodes(keys)
            described = zip(nodes, describe_nodes(self.tx, self.service, list(nodes.values())), strict=True)
            return {key: each.value for key, node in described for each in node.properties if each.key == condition.key}
        values = self.tx.nodes.property_of(keys, condition.key)
        if condition.is_of_content_type:
            versions = self.tx.contents.current_versions([key for key in keys if not values.get(key)])
            values |= {key: version.content_type for key, version in versions.items() if version.content_type}
        return values

    def _below_folder(self, entries: list[Entry]) -> list[Entry]:
        parents = {entry.parent for entry in entries if entry.parent is not None}
        self._climb(parents)
        return [entry for entry in entries if entry.parent is not None and self._inside[entry.parent]]

    def _climb(self, keys: Iterable[int]) -> None:
        """Find out of these folders whether they are inside: level by level upwards, each folder once."""
        asked = sorted(set(keys) - self._inside.keys())
        unknown = asked
        while unknown:
            level = self.tx.search.entries(unknown)
            self._above.update((entry.key, entry) for entry in level)
            above = {entry.parent for entry in level if entry.parent is not None}
            unknown = sorted(above - self._above.keys() - self._inside.keys())
        for key in asked:
            way = []
            here: int | None = key
            while here is not None and here not in self._inside:
                way.append(here)
                here = self._above[here].parent
            verdict = here is not None and self._inside[here]
            self._inside.update((step, verdict) for step in way)

    # --- the answer ---------------------------------------------------------------------------------------------------

    def describe(self, entries: Sequence[Entry]) -> Iterator[Found]:
        """The nodes as they are answered, each with its path."""
        if not entries:
            return
        nodes = self.tx.search.nodes([entry.key for entry in entries])
        described = describe_nodes(self.tx, self.service, [nodes[entry.key] for entry in entries])
        start = path_of(self.tx, self.service, self.folder)
        for entry, node in zip(entries, described, strict=True):
            yield Found(LongIdentifier(start.node, start.path + self._steps(entry)), node)

    def _steps(self, entry: Entry) -> tuple[NodeName, ...]:
        """The names from below the folder to the node."""
        steps = [entry.name]
        while entry.parent is not None and entry.parent != self.folder.key:
            entry = self._above[entry.parent]
            steps.append(entry.name)
        return tuple(NodeName(step) for step in reversed(steps))
