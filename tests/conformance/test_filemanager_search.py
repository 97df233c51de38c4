"""What the part `search` of the FileManager's database promises, against memory, SQLite, PostgreSQL; and that a search
finds on each exactly what looking at every node would, page by page, by either of its ways.
"""

import random
from dataclasses import replace
from fnmatch import fnmatchcase
from functools import partial
from typing import Any

import pytest

from filemanager.config import Config
from filemanager.domain.account import Account
from filemanager.domain.caller import Caller
from filemanager.domain.content import ContentVersion
from filemanager.domain.node import HOME, Node
from filemanager.domain.search import ALL, NO_SIZE, Entry, Place, Span, beginning_with, exactly
from filemanager.ports import Database, Transaction
from filemanager.services import search
from filemanager.services.description import describe_node
from filemanager.services.finding import path_of
from filemanager.services.search import SearchService
from tests.support.databases import server
from tests.support.treedatabases import tree
from vofiles.contract import AccountKind, Find, Found, Match, NodeKind, Order, PropertyMatch
from vofiles.instant import Instant
from vofiles.ivorn import Ivorn, LongIdentifier, NodeIdentifier
from vofiles.names import NodeName, parse_name

__all__ = ["server", "tree"]

SERVICE = Ivorn.parse("ivo://ast.cam.ac.uk/filemanager")
DAVE, EVE = Ivorn.parse("ivo://ast.cam.ac.uk/dave"), Ivorn.parse("ivo://ast.cam.ac.uk/eve")
FITS, TABLE = "image/fits", "application/x-votable+xml"
NAMES = ("a", "ab", "abc", "b", "B", "é", "z.fits", "zz", "\uffee", "\U0001f52d")
KEY = "colour"
EARLY, LATE = Instant(100), Instant(110)


@pytest.fixture
def database(tree: Database) -> Database:
    """With Dave, Eve and their homes."""
    tree.write(fill)
    return tree


def fill(tx: Transaction) -> None:
    for owner, name in ((DAVE, "dave"), (EVE, "eve")):
        tx.accounts.add_account(Account(owner, name, AccountKind.PERSON, name, EARLY))
        tx.nodes.add_node(Node(name, HOME, NodeKind.FOLDER, owner, EARLY, EARLY))


def add(tx: Transaction, parent: Node, name: str, kind: str = NodeKind.FILE, **changes: Any) -> Node:
    number = f"{parent.number}.{name.encode().hex()}"
    node = Node(
        number, parse_name(name), kind, parent.owner, EARLY, EARLY, parent=parent.key, parent_number=parent.number
    )
    return tx.nodes.add_node(replace(node, **changes))


def write(tx: Transaction, node: Node, size: int, content_type: str | None = None) -> Node:
    """One more version of its content."""
    node = node.with_content(node.version + 1, node.modified)
    tx.nodes.save_node(node)
    tx.contents.add_version(ContentVersion(node.key, node.version, size, EARLY, content_type))
    return node


def home(tx: Transaction, number: str = "dave") -> Node:
    found = tx.nodes.find_node(number)
    assert found is not None
    return found


# --- the port ---------------------------------------------------------------------------------------------------------


def test_each_order_is_walked_from_a_place_either_way(database: Database) -> None:
    def grow(tx: Transaction) -> None:
        for number, name in enumerate(NAMES):
            node = add(tx, home(tx), name, created=Instant(number % 3), modified=Instant(number % 4))
            if number % 2:
                write(tx, node, number % 5)
        add(tx, home(tx, "eve"), "hers")

    database.write(grow)
    for order, span in ALL.items():

        def walk(
            after: Place | None, limit: int, *, descending: bool = False, order: str = order, span: Span = span
        ) -> list[Entry]:
            return database.read(lambda tx: tx.search.walk(DAVE, order, span, after, limit, descending=descending))

        everything = walk(None, 100)
        assert {entry.name for entry in everything} == {*NAMES, HOME}
        places = [Place(getattr(entry, order.lower()), entry.key) for entry in everything]
        assert places == sorted(places)
        assert walk(None, 100, descending=True) == everything[::-1]
        for index, place in enumerate(places):
            assert walk(place, 3) == everything[index + 1 :][:3]
            assert walk(place, 3, descending=True) == everything[:index][::-1][:3]


def test_a_span_is_kept_to_whichever_way_it_is_walked(database: Database) -> None:
    def grow(tx: Transaction) -> None:
        for size, name in enumerate(NAMES):
            write(tx, add(tx, home(tx), name), size)

    database.write(grow)

    def walk(order: str, span: Span, after: Place | None = None, *, descending: bool = False) -> list[str]:
        found = database.read(lambda tx: tx.search.walk(DAVE, order, span, after, 100, descending=descending))
        return [entry.name for entry in found]

    assert walk(Order.NAME, beginning_with("a")) == ["a", "ab", "abc"]
    assert walk(Order.NAME, exactly("a")) == ["a"]
    assert walk(Order.NAME, beginning_with("\U0001f52d")) == ["\U0001f52d"]
    assert walk(Order.SIZE, Span(2, 4)) == ["abc", "b"]
    assert walk(Order.SIZE, Span(2, 4), descending=True) == ["b", "abc"]
    assert walk(Order.SIZE, Span(2, 4), Place(0, 1)) == ["abc", "b"], "a place before the span"
    assert walk(Order.SIZE, Span(2, 4), Place(9, 1), descending=True) == ["b", "abc"]
    assert walk(Order.SIZE, Span(2, 4), Place(9, 1)) == []


def test_the_size_is_that_of_the_newest_version(database: Database) -> None:
    def grow(tx: Transaction) -> Node:
        node = add(tx, home(tx), "a")
        tx.contents.add_version(ContentVersion(node.key, 2, 7, EARLY))
        return node

    def size(node: Node) -> int:
        (entry,) = database.read(lambda tx: tx.search.entries([node.key]))
        return entry.size

    node = database.write(grow)
    assert size(node) == 7
    database.write(lambda tx: tx.contents.add_version(ContentVersion(node.key, 1, 5, EARLY)))
    assert size(node) == 7, "an older one that came later"
    database.write(lambda tx: tx.contents.add_version(ContentVersion(node.key, 3, 0, EARLY)))
    assert size(node) == 0


def test_entries_and_nodes_are_those_that_there_are(database: Database) -> None:
    node = database.write(lambda tx: add(tx, home(tx), "a", NodeKind.FOLDER))
    (entry,) = database.read(lambda tx: tx.search.entries([node.key, 10_000]))
    assert entry == Entry(node.key, node.parent, "a", NodeKind.FOLDER, NO_SIZE, EARLY, EARLY)
    assert database.read(lambda tx: tx.search.nodes([node.key, 10_000])) == {node.key: node}
    assert database.read(lambda tx: (tx.search.entries([]), tx.search.nodes([]))) == ([], {})


def test_nodes_by_what_a_property_begins_with(database: Database) -> None:
    values = {"a": "red", "b": "reddish", "c": "green", "d": "r" * 70, "e": "r" * 64 + "x", "f": "", "g": "é\ttab\n"}

    def grow(tx: Transaction) -> dict[int, str]:
        made = {add(tx, home(tx), name).key: name for name in values}
        for key, name in made.items():
            tx.nodes.put_properties(key, {KEY: values[name], "other": "red"})
        return made

    names = database.write(grow)

    def those(span: Span, limit: int = 100) -> list[str]:
        return sorted(names[key] for key in database.read(lambda tx: tx.search.with_property(KEY, span, limit)))

    assert those(exactly("red")) == ["a"]
    assert those(beginning_with("red")) == ["a", "b"]
    assert those(exactly("r" * 64)) == ["d", "e"], "as far as is indexed"
    assert those(exactly("")) == ["f"]
    assert those(beginning_with("é\t")) == ["g"]
    assert len(those(beginning_with("r"), 3)) == 3
    database.write(lambda tx: tx.nodes.remove_properties(next(iter(names)), [KEY]))
    assert those(exactly("red")) == []


def test_nodes_by_the_type_of_their_content(database: Database) -> None:
    def grow(tx: Transaction) -> list[int]:
        nodes = [add(tx, home(tx), name) for name in "abc"]
        for node, kind in zip(nodes, (FITS, TABLE, None), strict=True):
            write(tx, node, 1, kind)
        return [node.key for node in nodes]

    keys = database.write(grow)
    assert database.read(lambda tx: tx.search.with_content_type(exactly(FITS), 10)) == keys[:1]
    assert database.read(lambda tx: tx.search.with_content_type(beginning_with("application/"), 10)) == keys[1:2]
    assert len(database.read(lambda tx: tx.search.with_content_type(beginning_with(""), 10))) == 2
    assert len(database.read(lambda tx: tx.search.with_content_type(beginning_with(""), 1))) == 1


def test_what_is_in_folders(database: Database) -> None:
    def grow(tx: Transaction) -> tuple[int, int, set[int]]:
        one, two = (add(tx, home(tx), name, NodeKind.FOLDER) for name in "ab")
        return one.key, two.key, {add(tx, folder, name).key for folder in (one, two) for name in "cde"}

    one, two, children = database.write(grow)
    assert set(database.read(lambda tx: tx.search.below([one, two], 100))) == children
    assert len(database.read(lambda tx: tx.search.below([one, two], 4))) == 4
    assert len(database.read(lambda tx: tx.search.below([one], 100))) == 3
    assert database.read(lambda tx: tx.search.below([], 100)) == []


# --- the law ----------------------------------------------------------------------------------------------------------


def grow_anyhow(tx: Transaction, chance: random.Random) -> None:
    folders = [home(tx)]
    for number in range(120):
        parent = chance.choice(folders)
        name = f"{chance.choice(NAMES)}{number if chance.random() < 0.7 else ''}"
        kind = NodeKind.FOLDER if chance.random() < 0.3 else NodeKind.FILE
        taken = {child.name for child in tx.nodes.children(parent.key, None, 1000)}
        if name in taken:
            continue
        when = {"created": Instant(chance.randrange(95, 115)), "modified": Instant(chance.randrange(95, 115))}
        node = add(tx, parent, name, kind, number=f"n{number}", **when)
        if kind == NodeKind.FOLDER:
            folders.append(node)
        elif chance.random() < 0.8:
            for _ in range(chance.randrange(1, 3)):
                node = write(tx, node, chance.randrange(6), chance.choice((FITS, TABLE, None)))
        if chance.random() < 0.5:
            tx.nodes.put_properties(node.key, {KEY: chance.choice(("red", "reddish", "blue"))})
        if chance.random() < 0.2:
            tx.nodes.put_properties(node.key, {"content.type": chance.choice((FITS, "text/plain"))})
    for name in ("a", "b"):
        stranger = add(tx, home(tx, "eve"), name)
        tx.nodes.put_properties(stranger.key, {KEY: "red"})


def any_request(chance: random.Random, folders: list[str]) -> Find:
    def perhaps(value: Any) -> Any:
        return value if chance.random() < 0.15 else None

    conditions = (
        PropertyMatch(KEY, "red", Match.PREFIX),
        PropertyMatch(KEY, "blue"),
        PropertyMatch("content.type", FITS),
        PropertyMatch("content.type", "image/", Match.PREFIX),
        PropertyMatch("content.size", "3"),
        PropertyMatch("content.version", "2"),
    )
    return Find(
        LongIdentifier(NodeIdentifier(SERVICE, chance.choice(folders))),
        name=perhaps(chance.choice(("a*", "*b*", "ab", "[a-z]*", "?", "é*", "*2"))),
        type=perhaps(chance.choice((NodeKind.FILE, NodeKind.FOLDER))),
        minimum_size=perhaps(chance.randrange(3)),
        maximum_size=perhaps(chance.randrange(2, 6)),
        modified_from=perhaps(EARLY),
        modified_until=perhaps(LATE),
        created_from=perhaps(EARLY),
        created_until=perhaps(LATE),
        order=chance.choice((None, Order.NAME, Order.SIZE, Order.MODIFIED, Order.CREATED)),
        descending=chance.choice((None, True, False)),
        limit=chance.choice((None, 1, 3, 10)),
        properties=tuple(condition for condition in conditions if chance.random() < 0.1),
    )


def by_looking_at_every_node(everything: list[tuple[Found, int]], request: Find) -> list[Found]:
    """What a search has to find, from all nodes with their paths and keys."""
    (path,) = [found.path for found, _ in everything if found.node.identifier == request.node.node] or [
        LongIdentifier(NodeIdentifier(SERVICE, "dave"))
    ]

    def is_found(found: Found) -> bool:
        node = found.node
        values = {each.key: each.value for each in node.properties}
        wanted = [
            found.path.path[: len(path.path)] == path.path and len(found.path.path) > len(path.path),
            request.name is None or fnmatchcase(node.name, request.name),
            request.type is None or node.type == request.type,
            request.minimum_size is None or (node.size is not None and node.size >= request.minimum_size),
            request.maximum_size is None or (node.size is not None and node.size <= request.maximum_size),
            request.modified_from is None or node.modified >= request.modified_from,
            request.modified_until is None or node.modified < request.modified_until,
            request.created_from is None or node.created >= request.created_from,
            request.created_until is None or node.created < request.created_until,
        ]
        for each in request.properties:
            value = values.get(each.key)
            is_met = value is not None and (
                value.startswith(each.value) if each.match == Match.PREFIX else value == each.value
            )
            wanted.append(is_met)
        return all(wanted)

    def place(found: tuple[Found, int]) -> tuple[Any, int]:
        node, key = found[0].node, found[1]
        size = NO_SIZE if node.size is None else node.size
        values = {Order.SIZE: size, Order.MODIFIED: node.modified, Order.CREATED: node.created}
        return values.get(request.order or "", node.name), key

    chosen = [each for each in everything if is_found(each[0])]
    return [found for found, _ in sorted(chosen, key=place, reverse=bool(request.descending))]


def all_of_it(tx: Transaction) -> list[tuple[Found, int]]:
    """Every node below Dave's home, told by other means than a search."""
    nodes = [node for node in tx.census.nodes(0, 1000) if node.owner == DAVE and not node.is_root]
    return [(Found(path_of(tx, SERVICE, node), describe_node(tx, SERVICE, node)), node.key) for node in nodes]


@pytest.mark.parametrize(
    ("few", "work"), [(4000, 20_000), (0, 20_000), (25, 30)], ids=["fetched", "walked", "as it comes, in short pages"]
)
def test_a_search_finds_what_looking_at_every_node_would(
    database: Database, few: int, work: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "FEW", few)
    monkeypatch.setattr(search, "WORK", work)
    monkeypatch.setattr(search, "BATCH", 7 if few < 100 else 1000)
    service = SearchService(Config(SERVICE, (Ivorn.parse("ivo://ast.cam.ac.uk"),), ""), database)
    chance = random.Random(4)
    database.write(lambda tx: grow_anyhow(tx, chance))
    everything = database.read(all_of_it)
    folders = ["dave", "dave"] + [
        found.node.identifier.number for found, _ in everything if found.node.type == NodeKind.FOLDER
    ]
    hits = 0
    for _ in range(80):
        request = any_request(chance, folders)
        expected = by_looking_at_every_node(everything, request)
        found: list[Found] = []
        calls = 0
        while True:
            answer = service.find(Caller(DAVE), request)
            assert len(answer.found) <= (request.limit or 1000)
            found += answer.found
            calls += 1
            if answer.next is None:
                break
            request = replace(request, after=answer.next)
        assert found == expected, request
        assert calls <= 2 + len(expected) + 130 // 7
        hits += len(found)
    assert hits > 200, "the requests find something"


def add_home(name: str, tx: Transaction) -> None:
    add(tx, home(tx), name)


def test_a_node_that_comes_between_two_pages_is_found_and_none_comes_twice(database: Database) -> None:
    service = SearchService(Config(SERVICE, (Ivorn.parse("ivo://ast.cam.ac.uk"),), ""), database)
    for name in ("b", "d", "f"):
        database.write(partial(add_home, name))
    request = Find(LongIdentifier(NodeIdentifier(SERVICE, "dave")), limit=2)
    first = service.find(Caller(DAVE), request)
    assert [each.node.name for each in first.found] == ["b", "d"]
    for name in ("a", "c", "e"):
        database.write(partial(add_home, name))
    second = service.find(Caller(DAVE), replace(request, after=first.next))
    assert [each.node.name for each in second.found] == ["e", "f"]
    assert second.next is None


def test_what_is_below_another_root_of_the_owner_is_not_below_the_home(database: Database) -> None:
    """Where a trash is, another root of the same owner, nothing in it is found."""
    name = NodeName("a")

    def grow(tx: Transaction) -> None:
        add(tx, home(tx), name)
        trash = tx.nodes.add_node(Node("t", NodeName("trash"), "TRASH", DAVE, EARLY, EARLY))
        folder = add(tx, trash, "folder", NodeKind.FOLDER)
        add(tx, folder, name)

    database.write(grow)
    service = SearchService(Config(SERVICE, (Ivorn.parse("ivo://ast.cam.ac.uk"),), ""), database)
    answer = service.find(Caller(DAVE), Find(LongIdentifier(NodeIdentifier(SERVICE, "dave"))))
    assert [(str(each.path), each.node.name) for each in answer.found] == [(f"{SERVICE}#dave/a", "a")]
