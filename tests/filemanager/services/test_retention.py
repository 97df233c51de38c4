"""Earlier contents: which are kept, listed and fetched, and when the others go."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from filemanager.config import Terms
from filemanager.domain.caller import Caller
from filemanager.services import retention
from tests.support.filemanager import CAMBRIDGE, LEICESTER, World, property_of, store_of, tried_world
from vofiles.contract import (
    Delete,
    ExportData,
    ExportInit,
    ListVersions,
    ListVersionsAnswer,
    Property,
    Restore,
    SetAccountProperties,
    SetProperties,
    TransferState,
    Version,
)
from vofiles.errors import ContentNotFound, InvalidArgument, NodeNotFound, NotAFile, VersionNotFound
from vofiles.ivorn import LongIdentifier

DAY = 86_400


@pytest.fixture(params=["memory", "sqlite"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    with tried_world(request.param, tmp_path, Terms(keep_versions=100)) as world:
        yield world


@pytest.fixture
def dave(world: World) -> Caller:
    return world.add_account("dave")


@pytest.fixture
def file(world: World, dave: Caller) -> LongIdentifier:
    return world.add_file(dave, "a")


def wish(world: World, caller: Caller, **wishes: str | None) -> None:
    """Say on the root of somebody's space what is to be kept."""
    named = {f"versions.{key}": value for key, value in wishes.items()}
    put = tuple(Property(key, value) for key, value in named.items() if value is not None)
    gone = tuple(key for key, value in named.items() if value is None)
    world.desk.nodes.set_properties(caller, SetProperties(world.home(caller), put, remove_keys=gone))


def listed(world: World, caller: Caller, file: LongIdentifier, **told: object) -> ListVersionsAnswer:
    return world.desk.versions.list_versions(caller, ListVersions(file, **told))  # type: ignore[arg-type]


def numbers(world: World, caller: Caller, file: LongIdentifier) -> list[int]:
    return [version.number for version in listed(world, caller, file).versions]


def fetch(world: World, caller: Caller, file: LongIdentifier, version: int | None) -> bytes:
    offer = world.desk.exports.export_init(caller, ExportInit(file, version)).transfer
    return world.stores[store_of(offer)].get(offer)


# --- listing and fetching ---------------------------------------------------------------------------------------------


def test_versions_come_the_newest_first_with_all_that_is_known(
    world: World, dave: Caller, file: LongIdentifier
) -> None:
    first = world.put(dave, file, b"one", content_type="text/csv")
    world.watch.seconds += 10
    second = world.put(dave, file, b"second", store=LEICESTER)
    node = world.node(dave, file)
    answer = listed(world, dave, file)
    assert answer.next is None
    newest, oldest = answer.versions
    assert newest == Version(
        2,
        6,
        world.watch.now(),
        current=True,
        content_type="text/plain",
        location=second.container,
        digests=node.digests,
    )
    assert (oldest.number, oldest.size, oldest.current, oldest.location) == (1, 3, False, first.container)
    assert oldest.content_type == "text/csv"
    assert oldest.created < newest.created


def test_versions_come_in_pages(world: World, dave: Caller, file: LongIdentifier) -> None:
    for number in range(5):
        world.put(dave, file, bytes([number]))
    seen, after = [], None
    while True:
        page = listed(world, dave, file, after=after, limit=2)
        seen += [version.number for version in page.versions]
        after = page.next
        if after is None:
            break
    assert seen == [5, 4, 3, 2, 1]
    assert listed(world, dave, file, after="1").versions == ()
    for wrong in ({"limit": 0}, {"limit": -1}, {"after": "x"}, {"after": "-1"}, {"after": "9" * 99}, {"after": "²"}):
        with pytest.raises(InvalidArgument):
            listed(world, dave, file, **wrong)


def test_what_was_never_written_has_no_versions(world: World, dave: Caller, file: LongIdentifier) -> None:
    assert listed(world, dave, file) == ListVersionsAnswer()
    with pytest.raises(NotAFile):
        listed(world, dave, world.home(dave))
    with pytest.raises(NodeNotFound):
        listed(world, world.add_account("eve"), file)


def test_each_that_is_kept_can_be_fetched(world: World, dave: Caller, file: LongIdentifier) -> None:
    contents = [b"one", b"second", b"and a third"]
    for content in contents:
        world.put(dave, file, content)
    assert [fetch(world, dave, file, number) for number in (1, 2, 3)] == contents
    assert fetch(world, dave, file, None) == contents[2]
    for missing in (0, 4, -1, 2**40):
        with pytest.raises(VersionNotFound):
            fetch(world, dave, file, missing)
    with pytest.raises(ContentNotFound):
        fetch(world, dave, world.add_file(dave, "empty"), 1)


def test_an_export_of_an_earlier_one_tells_of_that(world: World, dave: Caller, file: LongIdentifier) -> None:
    first = world.put(dave, file, b"one", content_type="text/plain")
    world.desk.nodes.set_properties(dave, SetProperties(file, (Property("content.type", "text/csv"),)))
    world.put(dave, file, b"second", content_type="image/png", store=LEICESTER)
    answer = world.desk.exports.export_init(dave, ExportInit(file, 1))
    versions = {version.number: version for version in listed(world, dave, file).versions}
    node = answer.node
    assert node is not None
    assert (node.version, node.size, node.digests) == (1, 3, versions[1].digests)
    assert (node.content_type, property_of(node, "content.type")) == ("text/plain", "text/plain")
    assert property_of(node, "content.version") == "1"
    assert property_of(node, "filestore.location") == str(first.container)
    kept = world.stores[CAMBRIDGE].store.catalogue.read(lambda records: records.find_transfer(answer.transfer.transfer))
    assert kept is not None
    assert kept.promise.content_type == "text/plain"
    now = world.desk.exports.export_init(dave, ExportInit(file, 2))
    assert now.node == world.node(dave, file)


def test_an_earlier_one_can_be_sent_elsewhere(world: World, dave: Caller, file: LongIdentifier) -> None:
    world.put(dave, file, b"one")
    world.put(dave, file, b"two")
    begun = world.desk.exports.export_data(dave, ExportData(file, "http://elsewhere/a", version=1)).transfer
    world.stores.move()
    world.stores.deliver(world.desk)
    assert world.desk.transfers.get_transfer(dave, begun.transfer).transfer.state == TransferState.COMPLETED
    assert world.stores[CAMBRIDGE].web.pages["http://elsewhere/a"] == b"one"


# --- by number --------------------------------------------------------------------------------------------------------


def test_a_space_says_how_many_are_kept(world: World, dave: Caller, file: LongIdentifier) -> None:
    wish(world, dave, keep="2")
    folder = world.add_folder(dave, "deep")
    deep = world.add_file(dave, "b", folder)
    for node in (file, deep):
        offers = [world.put(dave, node, content) for content in (b"1", b"2", b"3")]
        assert numbers(world, dave, node) == [3, 2]
        assert world.run_errands() == [("deleteContainer", str(offers[0].container))]
    eve = world.add_account("eve")
    hers = world.add_file(eve, "a")
    for content in (b"1", b"2", b"3"):
        world.put(eve, hers, content)
    assert numbers(world, eve, hers) == [3, 2, 1]
    with pytest.raises(VersionNotFound):
        fetch(world, dave, file, 1)


def test_a_space_that_wants_less_than_before_is_put_right_by_the_upkeep(
    world: World, dave: Caller, file: LongIdentifier
) -> None:
    for content in (b"1", b"2", b"3"):
        world.put(dave, file, content)
    wish(world, dave, keep="1")
    assert numbers(world, dave, file) == [3, 2, 1]
    wakes = world.errands.wakes
    assert world.desk.retention.sweep() == 2
    assert world.errands.wakes > wakes
    assert numbers(world, dave, file) == [3]
    assert len(world.run_errands()) == 2
    assert world.get(dave, file) == b"3"
    assert world.desk.retention.sweep() == 0


def test_what_is_in_the_trash_is_kept_as_its_space_says() -> None:
    world = World()
    dave = world.add_account("dave")
    wish(world, dave, keep="3", days="9")
    folder = world.add_folder(dave, "folder")
    file = world.add_file(dave, "a", folder)
    for content in (b"1", b"2", b"3"):
        world.put(dave, file, content)
    trashed = world.desk.deletions.delete(dave, Delete(folder, recursive=True)).trashed
    assert trashed is not None
    assert world.desk.retention.sweep() == 0
    world.desk.trash.restore(dave, Restore(trashed))
    assert numbers(world, dave, file) == [3, 2, 1]


# --- by age -----------------------------------------------------------------------------------------------------------


def test_age_counts_from_when_the_next_one_came(world: World, dave: Caller, file: LongIdentifier) -> None:
    wish(world, dave, days="2")
    world.put(dave, file, b"1")
    world.watch.seconds += 10 * DAY
    world.put(dave, file, b"2")
    world.watch.seconds += DAY
    world.put(dave, file, b"3")
    assert world.desk.retention.sweep() == 0
    assert numbers(world, dave, file) == [3, 2, 1]
    world.watch.seconds += DAY
    assert world.desk.retention.sweep() == 1
    assert numbers(world, dave, file) == [3, 2]
    world.watch.seconds += DAY
    assert world.desk.retention.sweep() == 1
    # The current one stays, however old it is.
    world.watch.seconds += 1000 * DAY
    assert world.desk.retention.sweep() == 0
    assert numbers(world, dave, file) == [3]
    assert len(world.run_errands()) == 2


def test_what_is_too_old_goes_at_the_next_version_too(world: World, dave: Caller, file: LongIdentifier) -> None:
    wish(world, dave, days="2")
    for content in (b"1", b"2"):
        world.put(dave, file, content)
    world.watch.seconds += 3 * DAY
    world.put(dave, file, b"3")
    assert numbers(world, dave, file) == [3, 2]


def test_the_services_own_word_on_age_counts_where_a_space_says_nothing() -> None:
    world = World(terms=Terms(keep_versions=5, keep_days=1))
    dave, eve = world.add_account("dave"), world.add_account("eve")
    wish(world, eve, days="9")
    files = {caller: world.add_file(caller, "a") for caller in (dave, eve)}
    for caller, file in files.items():
        for content in (b"1", b"2"):
            world.put(caller, file, content)
    world.watch.seconds += 2 * DAY
    assert world.desk.retention.sweep() == 1
    assert numbers(world, dave, files[dave]) == [2]
    assert numbers(world, eve, files[eve]) == [2, 1]
    wish(world, eve, days=None)
    assert world.desk.retention.sweep() == 1


def test_bytes_that_somebody_may_still_fetch_go_later(world: World, dave: Caller, file: LongIdentifier) -> None:
    wish(world, dave, days="1")
    for content in (b"one", b"two"):
        world.put(dave, file, content)
    world.watch.seconds += DAY - 60
    reading = world.desk.exports.export_init(dave, ExportInit(file, 1)).transfer
    world.watch.seconds += 60
    assert world.desk.retention.sweep() == 1
    assert world.run_errands() == []
    assert world.stores[store_of(reading)].get(reading) == b"one"
    world.watch.seconds += world.terms.transfer_lifetime + 61
    assert world.run_errands() == [("deleteContainer", str(reading.container))]


def test_the_upkeep_looks_at_a_few_at_a_time_and_comes_to_all(
    world: World, dave: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "BATCH", 2)
    files = [world.add_file(dave, f"f{number}") for number in range(5)]
    for file in files:
        for content in (b"1", b"2"):
            world.put(dave, file, content)
    assert [world.desk.retention.sweep() for _ in range(4)] == [0, 0, 0, 0]
    wish(world, dave, days="1")
    world.watch.seconds += 2 * DAY
    assert sum(world.desk.retention.sweep() for _ in range(4)) == 5
    assert all(numbers(world, dave, file) == [2] for file in files)
    assert world.desk.retention.sweep() == 0


# --- what can be wished -----------------------------------------------------------------------------------------------


def test_a_wish_is_one_for_a_whole_space(world: World, dave: Caller, file: LongIdentifier) -> None:
    wanted = (Property("versions.keep", "2"),)
    with pytest.raises(InvalidArgument, match="root"):
        world.desk.nodes.set_properties(dave, SetProperties(file, wanted))
    with pytest.raises(InvalidArgument, match="root"):
        world.add_folder(dave, "folder", versions_keep="2")
    with pytest.raises(InvalidArgument, match="root"):
        world.desk.accounts.set_account_properties(dave, SetAccountProperties(properties=wanted))
    with pytest.raises(InvalidArgument, match="root"):
        world.add_account("eve", versions_days="2")
    wish(world, dave, keep="2147483647", days="2147483647")
    assert property_of(world.node(dave, world.home(dave)), "versions.keep") == "2147483647"
    world.put(dave, file, b"1")
    world.put(dave, file, b"2")
    assert world.desk.retention.sweep() == 0


def test_what_has_gone_while_it_was_being_asked_for_is_said(world: World, dave: Caller, file: LongIdentifier) -> None:
    for content in (b"one", b"two"):
        world.put(dave, file, content)

    def give_up(operation: str) -> None:
        world.stores.before = lambda operation: None
        wish(world, dave, keep="1")
        world.desk.retention.sweep()
        world.watch.seconds += world.terms.transfer_lifetime + 61
        world.run_errands()

    world.stores.before = give_up
    with pytest.raises(VersionNotFound):
        fetch(world, dave, file, 1)
    assert fetch(world, dave, file, 2) == b"two"
