"""`rebuild`: the database is really lost, and the tree comes back from what the stores hold."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filemanager.config import StoreEntry, Terms
from filemanager.domain import findings as kinds
from filemanager.domain.caller import Caller
from filemanager.domain.manifest import parse_line
from filemanager.domain.rebuilding import tree_of
from filemanager.persistence.engine import open_database
from filemanager.persistence.memory import MemoryDatabase
from filemanager.ports import Database
from filemanager.remote.machine import SystemNumbers
from filemanager.services.check import CheckService
from filemanager.services.rebuild import RebuildService
from filestore.services.manifest import manifest
from tests.support.filemanager import CAMBRIDGE, COMMUNITY, LEICESTER, OPERATOR, SERVICE, World, below, store_of
from vofiles import contract
from vofiles.contract import Delete, Digest, Holding
from vofiles.errors import InvalidArgument, PermissionDenied, StoreUnreachable
from vofiles.findings import Repair, Report
from vofiles.instant import SECOND, Instant
from vofiles.ivorn import Ivorn, LongIdentifier, NodeIdentifier
from vofiles.names import MAX_NAME_BYTES, NodeName

DAVE = Ivorn.parse(f"{COMMUNITY}/dave")
T0 = Instant(1_800_000_000 * SECOND)
GRACE = 1000


@pytest.fixture(params=["memory", "sqlite"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    terms = Terms(grace=GRACE, keep_versions=1, keep_days=None)
    made = World(open_new(request.param, tmp_path), terms=terms, default_store=CAMBRIDGE)
    yield made
    made.database.close()


def open_new(kind: str, folder: Path) -> Database:
    if kind == "memory":
        return MemoryDatabase()
    number = len(list(folder.glob("*.db")))
    return open_database(f"sqlite:///{folder / f'tree{number}.db'}")


def lose_database(world: World, tmp_path: Path) -> None:
    """An empty database is in its place, and a new process on it; the stores know of nothing."""
    kind = "memory" if isinstance(world.database, MemoryDatabase) else "sqlite"
    world.database.close()
    world.database = open_new(kind, tmp_path)
    for name in world.names:
        world.know_store(name)
    world.desk = world.make_desk()


def service(world: World) -> RebuildService:
    entries = tuple(StoreEntry(name, "http://127.0.0.1:9/filestore", ()) for name in world.names)
    config = replace(world.desk.config, stores=entries)
    return RebuildService(config, world.database, world.stores, world.watch, SystemNumbers())


def rebuild(world: World, holdings: Sequence[Holding] | None = None) -> Report:
    core = service(world)
    return Report("x").add(core.rebuild(OPERATOR, core.holdings() if holdings is None else holdings))


def check(world: World, *, repair: bool = False) -> list[tuple[str, str]]:
    core = CheckService(world.desk.config, world.database, world.stores, world.watch)
    return [(each.kind, each.repair) for each in Report("x").add(core.check(OPERATOR, repair=repair)).findings]


def from_manifests(world: World) -> list[Holding]:
    lines = [line for local in world.stores.stores.values() for line in manifest(local.backend)]
    return [parse_line(line).holding for line in lines]


def tree(world: World, caller: Caller) -> dict[str, contract.Node]:
    """All that is below a home, by path."""
    found: dict[str, contract.Node] = {}

    def walk(folder: LongIdentifier, path: str) -> None:
        request = contract.ListChildren(folder)
        for node in world.desk.nodes.list_children(caller, request).nodes:
            found[f"{path}{node.name}"] = node
            if node.type == contract.NodeKind.FOLDER:
                walk(LongIdentifier(node.identifier), f"{path}{node.name}/")

    walk(world.home(caller), "")
    return found


@pytest.mark.parametrize("source", ["stores", "manifests"])
def test_a_lost_tree_comes_back(world: World, tmp_path: Path, source: str) -> None:
    dave, eve = world.add_account("dave"), world.add_account("eve")
    folder = world.add_folder(dave, "solar-project")
    results = world.add_folder(dave, "naïve ☉ results", folder)
    query, flat = world.add_file(dave, "query 7.vot", results), world.add_file(dave, "flat.fits", folder)
    world.put(dave, query, b"old", content_type="text/xml")
    world.watch.seconds += 10
    world.put(dave, query, b"<VOTABLE/>", content_type="application/x-votable+xml", store=LEICESTER)
    world.put(dave, flat, b"flat" * 1000)
    world.put(eve, world.add_file(eve, "hers"), b"")
    world.run_errands()
    before = {caller: (world.home(caller), tree(world, caller)) for caller in (dave, eve)}
    held = from_manifests(world) if source == "manifests" else None

    lose_database(world, tmp_path)
    report = rebuild(world, held)
    assert report.findings == []
    assert {name: report.counted[name] for name in ("accounts", "files", "versions")} == {
        "accounts": 2,
        "files": 3,
        "versions": 3,
    }
    for caller, (home, nodes) in before.items():
        assert world.home(caller) == home
        after = tree(world, caller)
        assert after.keys() == nodes.keys()
        for path, node in nodes.items():
            now = after[path]
            assert (now.type, now.owner, now.size, now.digests, now.content_type) == (
                node.type,
                node.owner,
                node.size,
                node.digests,
                node.content_type,
            )
            if node.type == contract.NodeKind.FILE:
                assert now.identifier == node.identifier
    assert world.get(dave, query) == b"<VOTABLE/>"
    assert world.get(dave, below(world.home(dave), "solar-project/flat.fits")) == b"flat" * 1000
    assert check(world) == []
    # And it is a tree to work with.
    world.put(dave, query, b"newer")
    world.desk.deletions.delete(eve, Delete(below(world.home(eve), "hers"), purge=True))
    world.run_errands()
    assert check(world) == []
    assert world.get(dave, query) == b"newer"


def test_manifests_and_stores_tell_the_same(world: World) -> None:
    dave = world.add_account("dave")
    world.put(dave, world.add_file(dave, "a"), b"one", content_type="text/plain")
    world.put(dave, world.add_file(dave, "b"), b"two", store=LEICESTER)
    listed = sorted(service(world).holdings(), key=lambda holding: str(holding.container))
    assert len(listed) == 2
    assert sorted(from_manifests(world), key=lambda holding: str(holding.container)) == listed
    assert all(holding.node_identifier is not None for holding in listed)


def test_rebuilding_what_was_not_lost_changes_nothing(world: World) -> None:
    dave = world.add_account("dave")
    file, gone = world.add_file(dave, "a"), world.add_file(dave, "gone")
    world.put(dave, file, b"one")
    world.put(dave, file, b"two")
    world.put(dave, gone, b"three")
    world.desk.deletions.delete(dave, Delete(gone, purge=True))  # and the store has not been told
    world.offer(dave, file)
    before, changes = tree(world, dave), world.changes()
    report = rebuild(world)
    assert (report.findings, report.counted["containers taken in"]) == ([], 0)
    assert report.counted["containers"] == 4
    assert (tree(world, dave), world.changes()) == (before, changes)


def test_rebuilding_twice_changes_nothing(world: World, tmp_path: Path) -> None:
    dave = world.add_account("dave")
    world.put(dave, world.add_file(dave, "a"), b"one")
    lose_database(world, tmp_path)
    rebuild(world)
    before, changes = tree(world, dave), world.changes()
    assert rebuild(world).findings == []
    assert (tree(world, dave), world.changes()) == (before, changes)


def test_an_upload_under_way_ends_in_the_rebuilt_tree(world: World, tmp_path: Path) -> None:
    dave = world.add_account("dave")
    file, early = world.add_file(dave, "a"), world.add_file(dave, "b")
    offer, told = world.offer(dave, file), world.offer(dave, early)
    world.send(told, b"early")  # stored, and its callback was not delivered
    lose_database(world, tmp_path)
    assert rebuild(world).findings == []
    assert world.node(dave, file).version == 0
    assert world.get(dave, early) == b"early"
    world.send(offer, b"late")
    world.stores.deliver(world.desk)
    assert world.get(dave, file) == b"late"
    assert world.node(dave, early).version == 1
    assert check(world) == []


def test_what_came_after_the_rebuilding_is_taken_in_by_the_next(world: World, tmp_path: Path) -> None:
    dave = world.add_account("dave")
    file = world.add_file(dave, "a")
    world.put(dave, file, b"one")
    held = list(service(world).holdings())
    world.watch.seconds += 10
    world.put(dave, file, b"newer")
    lose_database(world, tmp_path)
    rebuild(world, held)
    assert world.node(dave, file).size == 3
    rebuild(world)
    assert world.get(dave, file) == b"newer"
    assert world.node(dave, file).version == 2


def test_older_contents_are_reported_and_reclaimed_after_the_grace_period(world: World, tmp_path: Path) -> None:
    dave = world.add_account("dave")
    file = world.add_file(dave, "a")
    world.put(dave, file, b"one")
    world.watch.seconds += 10
    world.put(dave, file, b"two")
    lose_database(world, tmp_path)  # and with it the errand to delete the first
    assert [each.kind for each in rebuild(world).findings] == [kinds.SUPERSEDED]
    assert world.get(dave, file) == b"two"
    assert check(world, repair=True) == [(kinds.ORPHAN, Repair.LATER)]
    world.watch.seconds += GRACE + 1
    assert check(world, repair=True) == [(kinds.ORPHAN, Repair.DONE)]
    world.run_errands()
    assert check(world) == []
    assert world.get(dave, file) == b"two"


def test_a_deleted_file_and_its_successor_do_not_get_mixed(world: World, tmp_path: Path) -> None:
    dave = world.add_account("dave")
    old = world.add_file(dave, "a")
    world.put(dave, old, b"old")
    world.desk.deletions.delete(dave, Delete(old, purge=True))
    world.watch.seconds += 10
    new = world.add_file(dave, "a")
    world.put(dave, new, b"new")
    lose_database(world, tmp_path)  # and with it the errand to delete the old one
    assert [each.kind for each in rebuild(world).findings] == [kinds.RENAMED]
    assert world.get(dave, new) == b"new"
    assert tree(world, dave).keys() == {"a", f"a.{old.node.number}"}
    assert world.get(dave, old) == b"old"


def test_an_account_made_anew_keeps_its_home_and_gets_its_files(world: World, tmp_path: Path) -> None:
    dave = world.add_account("dave")
    world.put(dave, world.add_file(dave, "a"), b"one")
    root = world.home(dave)
    lose_database(world, tmp_path)
    world.add_account("dave")
    assert world.home(dave) != root
    report = rebuild(world)
    assert [(each.kind, each.subject) for each in report.findings] == [(kinds.OTHER_ROOT, str(root))]
    assert world.get(dave, below(world.home(dave), "a")) == b"one"


def test_two_accounts_of_one_public_name(world: World, tmp_path: Path) -> None:
    one, two = world.add_account("dave"), Caller(Ivorn.parse(f"{COMMUNITY}/students/dave"))
    request = contract.AddAccount(two.account, "dave the student")
    world.desk.accounts.add_account(OPERATOR, request)
    for caller in (one, two):
        world.put(caller, world.add_file(caller, "a"), str(caller.account).encode())
    lose_database(world, tmp_path)
    assert rebuild(world).findings == []
    for caller in (one, two):
        assert world.get(caller, below(world.home(caller), "a")) == str(caller.account).encode()


def test_containers_of_a_store_that_is_no_more_are_left_out(world: World, tmp_path: Path) -> None:
    dave = world.add_account("dave")
    offer = world.put(dave, world.add_file(dave, "a"), b"one")
    held = from_manifests(world)
    world.names = (LEICESTER,)
    lose_database(world, tmp_path)
    report = rebuild(world, held)
    assert [(each.kind, each.subject) for each in report.findings] == [(kinds.UNKNOWN_STORE, str(offer.container))]
    assert store_of(offer) == CAMBRIDGE


def test_a_store_that_does_not_answer_stops_it_before_anything_is_written(world: World, tmp_path: Path) -> None:
    dave = world.add_account("dave")
    world.put(dave, world.add_file(dave, "a"), b"one")
    world.put(dave, world.add_file(dave, "b"), b"one", store=LEICESTER)
    lose_database(world, tmp_path)
    world.stores[LEICESTER].down = True
    with pytest.raises(StoreUnreachable):
        rebuild(world)
    assert world.changes() == []


def test_only_operators_rebuild(world: World) -> None:
    with pytest.raises(PermissionDenied):
        service(world).rebuild(world.add_account("dave"), [])


# --- what stores were not told ----------------------------------------------------------------------------------------


def holding(
    letters: str, path: str, at: int, data: bytes = b"x", *, number: str | None = None, store: Ivorn = LEICESTER,
    complete: bool = True,
) -> Holding:  # fmt: skip
    node = LongIdentifier(NodeIdentifier(SERVICE, "home"), tuple(NodeName(step) for step in path.split("/") if step))
    return Holding(
        store.with_fragment(letters),
        "COMPLETE" if complete else "EMPTY",
        node,
        DAVE,
        f"t-{letters}",
        Instant(T0 + at),
        NodeIdentifier(SERVICE, number) if number else None,
        Instant(T0 + at) if complete else None,
        len(data),
        None,
        (Digest("sha-256", data.hex()),),
    )


def test_files_whose_number_no_store_was_told_are_known_by_their_path(world: World) -> None:
    report = rebuild(world, [holding("aaaa", "a/b", 1), holding("bbbb", "a/b", 2, b"newer"), holding("cccc", "c", 1)])
    assert sorted(each.kind for each in report.findings) == [kinds.FRESH_NUMBER] * 2 + [kinds.SUPERSEDED]
    nodes = tree(world, Caller(DAVE))
    assert {path: node.size for path, node in nodes.items()} == {"a": None, "a/b": 5, "c": 1}
    # The same path is the same file the next time, too.
    assert rebuild(world, [holding("dddd", "a/b", 3, b"newest")]).findings == []
    assert tree(world, Caller(DAVE))["a/b"].identifier == nodes["a/b"].identifier
    assert tree(world, Caller(DAVE))["a/b"].size == 6


def test_a_file_moved_between_versions_stands_where_its_newest_content_was_put(world: World) -> None:
    rebuild(world, [holding("aaaa", "old/place", 1, number="n"), holding("bbbb", "new", 2, b"yy", number="n")])
    assert {path: node.size for path, node in tree(world, Caller(DAVE)).items()} == {"new": 2}


def test_a_name_that_is_a_file_to_one_and_a_folder_to_another(world: World) -> None:
    held = [holding("aaaa", "a", 9, number="one"), holding("bbbb", "a/b", 1, number="two")]
    report = rebuild(world, held)
    assert [(each.kind, each.subject) for each in report.findings] == [(kinds.RENAMED, f"{SERVICE}#one")]
    assert tree(world, Caller(DAVE)).keys() == {"a", "a/b", "a.one"}


def test_a_folder_where_the_tree_has_a_file_by_now(world: World) -> None:
    rebuild(world, [holding("aaaa", "a", 1, number="one")])
    rebuild(world, [holding("bbbb", "a/b", 2, number="two"), holding("cccc", "a", 3, number="three")])
    assert tree(world, Caller(DAVE)).keys() == {"a", "a.three", "a.two", "a.two/b"}


def test_a_name_that_is_taken_too(world: World) -> None:
    rebuild(world, [holding("aaaa", "a", 1, number="one"), holding("bbbb", "a.two", 1, number="three")])
    report = rebuild(world, [holding("cccc", "a", 3, number="two")])
    assert [each.kind for each in report.findings] == [kinds.RENAMED]
    assert tree(world, Caller(DAVE)).keys() == {"a", "a.two", "a.two.2"}


def test_the_root_itself_is_no_file(world: World) -> None:
    rebuild(world, [holding("aaaa", "", 1, number="one"), holding("bbbb", "", 2)])
    nodes = tree(world, Caller(DAVE))
    assert nodes.keys() == {"found.one", "found.bbbb"}


def test_a_long_name_beside_another_is_cut(world: World) -> None:
    name = "é" * 127
    rebuild(world, [holding("aaaa", name, 1, number="one"), holding("bbbb", name, 2, number="two")])
    names = tree(world, Caller(DAVE)).keys()
    assert names == {name, "é" * 125 + ".one"}
    assert all(len(each.encode()) <= MAX_NAME_BYTES for each in names)


def test_the_same_content_in_two_stores_is_one_version(world: World) -> None:
    held = [
        holding("aaaa", "a", 1, number="one"),
        holding("bbbb", "a", 2, number="one", store=CAMBRIDGE),
        holding("cccc", "a", 3, number="one"),
    ]
    assert [each.subject for each in rebuild(world, held).findings] == [f"{LEICESTER}#aaaa"]
    found = world.database.read(lambda tx: tx.census.replicas_in([each.container for each in held]))
    assert {str(each.container) for each in found.values()} == {f"{LEICESTER}#cccc", f"{CAMBRIDGE}#bbbb"}
    assert world.node(Caller(DAVE), LongIdentifier(NodeIdentifier(SERVICE, "one"))).version == 1


def test_the_same_content_twice_in_one_store_is_two_versions() -> None:
    held = [holding(letters, "a", at, number="one") for at, letters in enumerate(("aaaa", "bbbb", "cccc"))]
    (file,) = tree_of(held, 2).files
    assert [version.newest for version in file.versions] == held[1:]
    assert list(file.superseded) == held[:1]


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", "x", '{"digests": {}, "container": "x"}'])
def test_a_line_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(InvalidArgument, match="no line of a manifest"):
        parse_line(text)


# --- laws -------------------------------------------------------------------------------------------------------------

HOLDINGS = st.lists(
    st.builds(
        lambda path, at, data, number, store, complete: (path, at, data, number, store, complete),
        st.lists(st.sampled_from(["a", "b", "a.one", "a.c001"]), max_size=3).map("/".join),
        st.integers(0, 20),
        st.sampled_from([b"", b"x", b"yy"]),
        st.sampled_from([None, "one", "two", "three"]),
        st.sampled_from([LEICESTER, CAMBRIDGE]),
        st.booleans(),
    ),
    max_size=12,
)


@settings(max_examples=300, derandomize=True, deadline=None)
@given(HOLDINGS, st.integers(1, 3), st.randoms(use_true_random=False))
def test_a_tree_does_not_depend_on_the_order_and_loses_nothing(
    parts: list[tuple[str, int, bytes, str | None, Ivorn, bool]], keep: int, shuffle: random.Random
) -> None:
    held = [
        holding(f"c{position:03}", path, at, data, number=number, store=store, complete=complete)
        for position, (path, at, data, number, store, complete) in enumerate(parts)
    ]
    made = tree_of(held, keep)
    mixed = list(held)
    shuffle.shuffle(mixed)
    assert tree_of(mixed, keep) == made
    # Every container is somewhere, once.
    assert sorted(str(each.container) for file in made.files for each in file.holdings) == sorted(
        str(each.container) for each in held
    )
    places = [file.path for file in made.files]
    assert len(set(places)) == len(places)
    folders = {place[:depth] for place in places for depth in range(len(place))}
    assert not folders & set(places)
    for file in made.files:
        assert len(file.versions) <= keep
        complete = [each for each in file.holdings if each.state == "COMPLETE"]
        if complete:
            newest = max(complete, key=lambda each: (each.completed or 0, str(each.container)))
            assert newest in file.versions[-1].holdings
            assert file.wanted == newest.node.path
        for version in file.versions:
            assert len({(each.size, each.digests) for each in version.holdings}) == 1
            assert len({each.container.service for each in version.holdings}) == len(version.holdings)
