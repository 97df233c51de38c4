"""A content that is complete at its store counts from then on, whether or not the FileManager has been told of it."""

from collections.abc import Callable

import pytest

from filemanager.domain.caller import Caller
from tests.support.copying import finish
from tests.support.filemanager import CAMBRIDGE, LEICESTER, World, below
from vofiles.contract import AppendInit, Copy, ExportInit, ExportTree, ListJobItems, ListVersions, Move
from vofiles.errors import ContentNotFound, InvalidArgument
from vofiles.ivorn import Ivorn, LongIdentifier


@pytest.fixture
def world() -> World:
    return World(default_store=CAMBRIDGE)


@pytest.fixture
def dave(world: World) -> Caller:
    return world.add_account("dave")


def sent(world: World, caller: Caller, node: LongIdentifier, data: bytes) -> None:
    """Bytes that a store has, and has told nobody of."""
    world.send(world.offer(caller, node), data)


def test_what_is_exported_is_what_was_put_last(world: World, dave: Caller) -> None:
    node = world.add_file(dave, "a")
    for data in (b"first", b"second"):
        sent(world, dave, node, data)
        assert world.get(dave, node) == data


def test_an_address_that_is_not_used_is_in_nobodys_way(world: World, dave: Caller) -> None:
    node = world.add_file(dave, "a")
    sent(world, dave, node, b"first")
    world.offer(dave, node)
    assert world.get(dave, node) == b"first"


def test_nothing_put_is_nothing_to_export(world: World, dave: Caller) -> None:
    node = world.add_file(dave, "a")
    world.offer(dave, node)
    with pytest.raises(ContentNotFound):
        world.desk.exports.export_init(dave, ExportInit(node))


def test_appends_one_after_the_other_are_all_kept(world: World, dave: Caller) -> None:
    node = world.add_file(dave, "a")
    sent(world, dave, node, b"one,")
    for data in (b"two,", b"three"):
        world.send(world.desk.appends.append_init(dave, AppendInit(node)), data)
    assert world.get(dave, node) == b"one,two,three"
    world.stores.deliver(world.desk)
    assert world.get(dave, node) == b"one,two,three"
    assert world.desk.versions.list_versions(dave, ListVersions(node)).versions[0].number == 3


def folder_of(world: World, caller: Caller) -> LongIdentifier:
    """A folder whose files no one here has been told of."""
    folder = world.add_folder(caller, "f")
    inner = world.add_folder(caller, "g", folder)
    for name, parent in (("a", folder), ("b", inner)):
        sent(world, caller, world.add_file(caller, name, parent), name.encode())
    return folder


def test_a_folder_is_copied_with_what_was_just_put(world: World, dave: Caller) -> None:
    copied = world.desk.copies.copy(dave, Copy(folder_of(world, dave), name="copy"))
    finish(world)
    copy = LongIdentifier(copied.node.identifier)
    assert (world.get(dave, below(copy, "a")), world.get(dave, below(copy, "g/b"))) == (b"a", b"b")


def test_a_folder_goes_to_another_store_with_what_was_just_put(world: World, dave: Caller) -> None:
    folder = folder_of(world, dave)
    world.desk.moves.move(dave, Move(folder, store=LEICESTER))
    finish(world)
    held = {_store(world, dave, below(folder, path)) for path in ("a", "g/b")}
    assert held == {LEICESTER}


def _store(world: World, caller: Caller, node: LongIdentifier) -> Ivorn | None:
    (version,) = world.desk.versions.list_versions(caller, ListVersions(node)).versions
    return version.location.service if version.location is not None else None


def test_a_tree_is_sent_with_what_was_just_put(world: World, dave: Caller) -> None:
    answer = world.desk.tree_exports.export_tree(dave, ExportTree(folder_of(world, dave), "http://elsewhere.org/"))
    assert answer.job is not None
    items = world.desk.jobs.list_job_items(dave, ListJobItems(answer.job.job)).items
    assert [(item.path, item.size) for item in items] == [("a", 1), ("g/b", 1)]


def test_a_tree_is_not_sent_behind_a_fragment(world: World, dave: Caller) -> None:
    """No server is told what is behind a #: one file after the other would go to the same address."""
    begin: Callable[[], object] = lambda: world.desk.tree_exports.export_tree(  # noqa: E731
        dave, ExportTree(folder_of(world, dave), "http://elsewhere.org/#")
    )
    with pytest.raises(InvalidArgument, match="#"):
        begin()
