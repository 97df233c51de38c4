"""`rebuild`: the database is really lost, and the tree comes back from what the stores hold."""

from pathlib import Path

import pytest

from filemanager.domain import findings as kinds
from filemanager.domain.caller import Caller
from tests.support.filemanager import CAMBRIDGE, COMMUNITY, LEICESTER, OPERATOR, World, below, store_of
from tests.support.rebuilding import GRACE, check, from_manifests, lose_database, rebuild, service, tree, world
from vofiles import contract
from vofiles.contract import Delete
from vofiles.errors import PermissionDenied, StoreUnreachable
from vofiles.findings import Repair
from vofiles.ivorn import Ivorn

__all__ = ["world"]


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
