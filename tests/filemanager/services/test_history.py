"""History: what happened to a node, what it was then, and who may know."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filemanager.config import Terms
from filemanager.domain.caller import Caller
from filemanager.domain.change import Change, ChangeOperation
from filemanager.domain.history import fold
from filemanager.services import history
from tests.support.filemanager import World, property_of, tried_world
from tests.support.localstores import SERVICE
from vofiles import contract
from vofiles.contract import (
    AppendInit,
    Delete,
    GetHistory,
    GetHistoryAnswer,
    Move,
    Node,
    Property,
    Restore,
    SetAccountProperties,
    SetProperties,
)
from vofiles.errors import InvalidArgument, NodeNotFound
from vofiles.instant import Instant
from vofiles.ivorn import Ivorn, LongIdentifier, NodeIdentifier
from vofiles.names import parse_name


@pytest.fixture(params=["memory", "sqlite"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    with tried_world(request.param, tmp_path) as world:
        yield world


@pytest.fixture
def dave(world: World) -> Caller:
    return world.add_account("dave")


def told(world: World, caller: Caller, node: LongIdentifier, **asked: object) -> GetHistoryAnswer:
    return world.desk.history.get_history(caller, GetHistory(node, **asked))  # type: ignore[arg-type]


def operations(answer: GetHistoryAnswer) -> list[str]:
    return [change.operation for change in answer.changes]


def values(properties: tuple[Property, ...]) -> dict[str, str]:
    return {each.key: each.value for each in properties}


def edit(world: World, caller: Caller, node: LongIdentifier, **properties: str | None) -> None:
    put = tuple(Property(key, value) for key, value in properties.items() if value is not None)
    gone = tuple(key for key, value in properties.items() if value is None)
    world.desk.nodes.set_properties(caller, SetProperties(node, put, remove_keys=gone))


def test_every_change_is_told_in_order_and_readably(world: World, dave: Caller) -> None:
    file = world.add_file(dave, "a", colour="red")
    world.watch.seconds += 1
    edit(world, dave, file, colour="blue", shape="round")
    offer = world.put(dave, file, b"one")
    edit(world, dave, file, shape=None)
    answer = told(world, dave, file)
    assert operations(answer) == ["addNode", "setProperties", "import", "setProperties"]
    assert (answer.next, answer.values) == (None, ())
    added, edited, imported, removed = answer.changes
    assert [change.number for change in answer.changes] == sorted({change.number for change in answer.changes})
    assert {(change.who, change.on_behalf_of) for change in answer.changes} == {(dave.account, dave.account)}
    assert {change.node for change in answer.changes} == {file.node}
    assert (added.before, added.at) == ((), Instant(world.watch.now() - 1_000_000))
    assert values(added.after) == {
        "colour": "red", "node.name": "a", "node.type": "FILE", "node.parent": world.home(dave).node.number
    }  # fmt: skip
    assert (values(edited.before), values(edited.after)) == ({"colour": "red"}, {"colour": "blue", "shape": "round"})
    assert imported.before == ()
    assert values(imported.after) == {
        "content.version": "1", "content.size": "3", "content.type": "text/plain",
        "filestore.location": str(offer.container),
    }  # fmt: skip
    # What is named before and not after was removed.
    assert (values(removed.before), removed.after) == ({"shape": "round"}, ())


def test_it_comes_in_pages(world: World, dave: Caller) -> None:
    file, other = world.add_file(dave, "a"), world.add_file(dave, "b")
    for number in range(6):
        edit(world, dave, file, n=str(number))
        edit(world, dave, other, n=str(number))
    whole = told(world, dave, file).changes
    assert len(whole) == 7
    seen: list[contract.Change] = []
    after = None
    while True:
        page = told(world, dave, file, after=after, limit=3)
        assert len(page.changes) <= 3
        seen += page.changes
        after = page.next
        if after is None:
            break
    assert tuple(seen) == whole
    assert told(world, dave, file, after=str(whole[-1].number)) == GetHistoryAnswer()
    for wrong in ({"limit": 0}, {"after": "x"}, {"after": "-1"}, {"after": str(2**63)}):
        with pytest.raises(InvalidArgument):
            told(world, dave, file, **wrong)
    assert told(world, dave, file, after=str(2**63 - 1)) == GetHistoryAnswer()


def test_as_of_a_time_only_what_had_happened_and_what_it_was(world: World, dave: Caller) -> None:
    file = world.add_file(dave, "a", colour="red")
    moments = [world.watch.now()]

    def step() -> None:
        moments.append(world.watch.now())
        world.watch.seconds += 1

    world.watch.seconds += 1
    edit(world, dave, file, colour="blue")
    step()
    world.put(dave, file, b"one", content_type="text/plain")
    step()
    folder = world.add_folder(dave, "folder")
    world.desk.moves.move(dave, Move(file, folder, "b"))
    step()
    edit(world, dave, file, colour=None)
    step()
    parent = world.home(dave).node.number
    red = {"colour": "red", "node.name": "a", "node.type": "FILE", "node.parent": parent}
    assert told(world, dave, file, as_of=Instant(moments[0] - 1)) == GetHistoryAnswer()
    seen = [told(world, dave, file, as_of=moment) for moment in moments]
    assert [len(answer.changes) for answer in seen] == [1, 2, 3, 4, 5]
    then = [values(answer.values) for answer in seen]
    assert then[0] == red
    assert then[1] == red | {"colour": "blue"}
    assert then[2].items() >= {"content.size": "3", "content.version": "1", "content.type": "text/plain"}.items()
    assert then[3] == then[2] | {"node.name": "b", "node.parent": folder.node.number}
    assert then[4] == {key: value for key, value in then[3].items() if key != "colour"}
    # Nothing is asked of the time, nothing is told of it; and it is told once.
    assert told(world, dave, file).values == ()
    page = told(world, dave, file, as_of=moments[4], limit=2)
    assert values(page.values) == then[4]
    assert told(world, dave, file, as_of=moments[4], limit=2, after=page.next).values == ()


def agrees(node: Node, then: dict[str, str]) -> bool:
    """Whether what is told of now is what the node is."""
    now = {each.key: each.value for each in node.properties}
    derived = {
        "created.date", "modified.date", "content.created.date", "content.digest.sha256", "content.digest.xxh3-128",
        "filestore.location.state", "community.home.space",
    }  # fmt: skip
    told_of = {key: value for key, value in then.items() if not key.startswith(("node.", "account."))}
    return (
        told_of == {key: value for key, value in now.items() if key not in derived} and then["node.name"] == node.name
    )


def test_as_of_now_it_is_what_it_is(world: World, dave: Caller) -> None:
    file = world.add_file(dave, "a", content_type="text/plain", colour="red")
    for content, content_type in ((b"one", None), (b"two", "image/png"), (b"three", "image/png"), (b"four", None)):
        world.put(dave, file, content, content_type=content_type)
        assert agrees(world.node(dave, file), values(told(world, dave, file, as_of=world.watch.now()).values))
    bare = world.add_file(dave, "b")
    for content, content_type in (
        (b"one", "text/csv"),
        (b"two", "image/png"),
        (b"three", "image/png"),
        (b"four", None),
    ):
        world.put(dave, bare, content, content_type=content_type)
        assert agrees(world.node(dave, bare), values(told(world, dave, bare, as_of=world.watch.now()).values))
    offer = world.desk.appends.append_init(dave, AppendInit(bare))
    world.send(offer, b"more")
    world.stores.deliver(world.desk)
    answer = told(world, dave, bare, as_of=world.watch.now())
    assert agrees(world.node(dave, bare), values(answer.values))
    assert operations(answer)[-1] == "append"


def test_of_one_that_is_no_more(world: World, dave: Caller) -> None:
    file = world.add_file(dave, "a", colour="red")
    world.put(dave, file, b"one")
    before = world.watch.now()
    world.watch.seconds += 1
    world.desk.deletions.delete(dave, Delete(file, purge=True))
    with pytest.raises(NodeNotFound):
        world.node(dave, file)
    answer = told(world, dave, file, as_of=world.watch.now())
    assert operations(answer)[:2] == ["addNode", "import"]
    assert len(answer.changes) == 3
    assert answer.values == ()
    then = told(world, dave, file, as_of=before)
    assert property_of_values(then, "colour") == "red"
    # By its path it cannot be found any more.
    with pytest.raises(NodeNotFound):
        told(world, dave, LongIdentifier(world.home(dave).node, (parse_name("a"),)))


def test_of_one_that_was_in_the_trash(world: World, dave: Caller) -> None:
    file = world.add_file(dave, "a", colour="red")
    world.put(dave, file, b"one")
    trashed = world.desk.deletions.delete(dave, Delete(file)).trashed
    assert trashed is not None
    between = told(world, dave, file, as_of=world.watch.now())
    assert operations(between)[-1] == "trash"
    # It is called nothing and is nowhere, and has what it had.
    assert (property_of_values(between, "node.name"), property_of_values(between, "colour")) == (None, "red")
    world.watch.seconds += 1
    world.desk.trash.restore(dave, Restore(trashed, name="b"))
    answer = told(world, dave, file, as_of=world.watch.now())
    assert operations(answer)[-1] == "restore"
    assert agrees(world.node(dave, file), values(answer.values))


def test_what_becomes_of_replicas_is_told_and_makes_the_node_no_other(world: World, dave: Caller) -> None:
    file = world.add_file(dave, "a")
    world.put(dave, file, b"one")
    offer = world.put(dave, file, b"two")
    elsewhere = "ivo://elsewhere/filestore#abcd2345"

    def change(operation: str, **after: str) -> None:
        named = {key.replace("_", "."): value for key, value in after.items()}
        made = Change(dave.account, dave.account, world.watch.now(), file.node.number, operation, {}, dict(named))
        world.database.write(lambda tx: tx.changes.add_change(made))

    change(ChangeOperation.RELOCATE, content_version="1", filestore_location=elsewhere)
    change(ChangeOperation.MARK, filestore_location_state="LOST")
    answer = told(world, dave, file, as_of=world.watch.now())
    assert operations(answer)[-2:] == ["relocate", "mark"]
    assert property_of_values(answer, "content.version") == "2"
    assert property_of_values(answer, "filestore.location") == str(offer.container)
    assert property_of_values(answer, "filestore.location.state") is None
    change(ChangeOperation.RELOCATE, content_version="2", filestore_location=elsewhere)
    assert property_of_values(told(world, dave, file, as_of=world.watch.now()), "filestore.location") == elsewhere


def property_of_values(answer: GetHistoryAnswer, key: str) -> str | None:
    return values(answer.values).get(key)


def test_by_any_name_that_it_has(world: World, dave: Caller) -> None:
    file = world.add_file(dave, "a")
    assert told(world, dave, LongIdentifier(world.home(dave).node, (parse_name("a"),))) == told(world, dave, file)


def test_to_others_it_never_was(world: World, dave: Caller) -> None:
    file, eve = world.add_file(dave, "a"), world.add_account("eve")
    administrator = Caller(eve.account, administrator=True)
    for caller in (eve, administrator):
        for node in (file, world.home(dave)):
            with pytest.raises(NodeNotFound):
                told(world, caller, node)
    world.desk.deletions.delete(dave, Delete(file, purge=True))
    with pytest.raises(NodeNotFound):
        told(world, eve, file)
    nowhere = (
        LongIdentifier(NodeIdentifier(SERVICE, "nothing")),
        LongIdentifier(NodeIdentifier(Ivorn.parse("ivo://elsewhere/filemanager"), file.node.number)),
    )
    for node in nowhere:
        with pytest.raises(NodeNotFound):
            told(world, dave, node)


def test_what_was_done_in_anothers_tree_is_theirs_to_see(world: World, dave: Caller) -> None:
    eve = world.add_account("eve")
    file = world.add_file(dave, "a")
    gone = Change(dave.account, eve.account, world.watch.now(), file.node.number, ChangeOperation.SET_PROPERTIES)
    world.database.write(lambda tx: tx.changes.add_change(gone))
    assert operations(told(world, dave, file)) == ["addNode"]
    assert operations(told(world, eve, file)) == ["setProperties"]


def test_an_accounts_changes_are_its_homes(world: World, dave: Caller) -> None:
    home = world.home(dave)
    wanted = (Property("filestore.preferred", "ivo://ast.cam.ac.uk/filestore"),)
    world.desk.accounts.set_account_properties(dave, SetAccountProperties(properties=wanted))
    edit(world, dave, home, colour="blue")
    answer = told(world, dave, home, as_of=world.watch.now())
    assert operations(answer) == ["addAccount", "setAccountProperties", "setProperties"]
    assert values(answer.changes[1].after) == {wanted[0].key: wanted[0].value}
    # What the account prefers is not the folder's own.
    assert values(answer.values) == {"node.name": "home", "node.type": "FOLDER", "colour": "blue"}
    assert property_of(world.node(dave, home), "filestore.preferred") is None


KEYS = st.sampled_from(["colour", "shape", "node.name"])


@settings(deadline=None)
@given(st.lists(st.dictionaries(KEYS, st.sampled_from(["1", "2"]), min_size=1), max_size=8), st.booleans())
def test_folding_is_the_same_as_remembering(states: list[dict[str, str]], named: bool) -> None:
    """A history made of the differences between states leads to the last of them."""
    now: dict[str, str] = {"node.name": "0"}
    told_of: dict[str, str] = dict(now)
    for state in states:
        coming = {"node.name": "0", **state}
        keys = {key for key in now.keys() | coming.keys() if now.get(key) != coming.get(key)}
        before = {key: now[key] for key in keys if key in now}
        after = {key: coming.get(key) for key in keys if named or key in coming}
        change = Change(
            Ivorn("a", "b"), Ivorn("a", "b"), Instant(0), "n", ChangeOperation.SET_PROPERTIES, before, after
        )
        told_of, now = fold(told_of, change), coming
        assert told_of == now


def test_long_histories_are_taken_together_a_few_at_a_time(
    world: World, dave: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "BATCH", 2)
    file = world.add_file(dave, "a")
    for number in range(7):
        edit(world, dave, file, **{f"n{number}": "x"})
    found = values(told(world, dave, file, as_of=world.watch.now(), limit=1).values)
    assert {key for key in found if key.startswith("n") and "." not in key} == {f"n{number}" for number in range(7)}


def test_terms_bound_a_page() -> None:
    world = World(terms=Terms(maximum_page=2))
    dave = world.add_account("dave")
    file = world.add_file(dave, "a")
    for number in range(3):
        edit(world, dave, file, n=str(number))
    assert len(told(world, dave, file, limit=99).changes) == 2
    assert len(told(world, dave, file).changes) == 2
