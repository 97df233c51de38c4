"""Outcomes: what a store's word on the end of a transfer does, once, whenever and however often it comes."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from filemanager.config import Terms
from filemanager.domain.caller import Caller
from filemanager.persistence.engine import open_database
from filemanager.services.exports import ExportService
from tests.support.filemanager import CAMBRIDGE, LEICESTER, World, property_of, store_of
from tests.support.localstores import tell
from vofiles.contract import (
    Delete,
    ExportData,
    ExportInit,
    Failure,
    ImportData,
    Property,
    SetProperties,
    Transfer,
    TransferAnswer,
    TransferCompleted,
    TransferFailed,
    TransferState,
)
from vofiles.errors import ContentNotFound, InvalidArgument, NodeNotFound, StoreUnreachable, TransferNotFound
from vofiles.ivorn import Ivorn

FAILURE = Failure("SourceUnreachable", "No usable answer from there")


@pytest.fixture(params=["memory", "sqlite"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    if request.param == "memory":
        yield World()
        return
    database = open_database(f"sqlite:///{tmp_path / 'filemanager.db'}")
    yield World(database)
    database.close()


@pytest.fixture
def dave(world: World) -> Caller:
    return world.add_account("dave")


def test_bytes_that_came_are_the_files_content(world: World, dave: Caller) -> None:
    file = world.add_file(dave, "query-7.vot")
    offer = world.offer(dave, file, content_type="text/xml")
    world.watch.seconds = 3
    receipt = world.send(offer, b"<VOTABLE/>")
    world.watch.seconds = 5
    assert world.stores.deliver(world.desk) == 1
    node = world.node(dave, file)
    assert (node.version, node.generation, node.size, node.content_type) == (1, 2, 10, "text/xml")
    assert node.digests == receipt.digests
    assert node.modified == world.watch.now()
    assert {key: property_of(node, key) for key in ("content.size", "content.version", "content.type")} == {
        "content.size": "10", "content.version": "1", "content.type": "text/xml",
    }  # fmt: skip
    assert property_of(node, "content.created.date") == "2027-01-15T08:00:03.000000Z"
    assert property_of(node, "content.digest.sha256") == next(
        each.value for each in receipt.digests if each.algorithm == "sha-256"
    )
    assert property_of(node, "content.digest.xxh3-128") is not None
    assert property_of(node, "filestore.location") == str(offer.container)
    assert world.get(dave, file) == b"<VOTABLE/>"


def test_the_same_outcome_twice_changes_nothing(world: World, dave: Caller) -> None:
    file = world.add_file(dave, "a")
    offer = world.offer(dave, file)
    receipt = world.send(offer, b"once")
    world.desk.outcomes.complete(store_of(offer), receipt)
    before, changes = world.node(dave, file), world.changes()
    world.watch.seconds = 9
    for _ in range(3):
        world.desk.outcomes.complete(store_of(offer), receipt)
        world.desk.outcomes.fail(store_of(offer), TransferFailed(offer.transfer, TransferState.EXPIRED, FAILURE))
    assert world.node(dave, file) == before
    assert world.changes() == changes
    assert world.run_errands() == []


def test_who_runs_errands_is_woken_where_there_are_some(world: World, dave: Caller) -> None:
    file = world.add_file(dave, "a")
    world.put(dave, file, b"first")
    late, failed = world.offer(dave, file), world.offer(dave, file)
    receipt = world.send(late, b"late")
    world.desk.outcomes.fail(store_of(failed), TransferFailed(failed.transfer, TransferState.FAILED, FAILURE))
    assert (world.errands.wakes, world.run_errands()) == (0, [])
    world.desk.outcomes.fail(store_of(late), TransferFailed(late.transfer, TransferState.FAILED, FAILURE))
    assert world.errands.wakes == 0
    world.desk.outcomes.complete(store_of(late), receipt)
    assert (world.errands.wakes, len(world.run_errands())) == (1, 1)


def test_who_runs_errands_is_woken_by_a_version_that_others_go_for(dave: Caller, world: World) -> None:
    file = world.add_file(dave, "a")
    kept = world.desk.config.terms.keep_versions
    for number in range(kept + 1):
        assert world.errands.wakes == 0
        world.put(dave, file, b"%d" % number)
    assert (world.errands.wakes, len(world.run_errands())) == (1, 1)


def test_a_failure_leaves_the_content_and_comes_once(world: World, dave: Caller) -> None:
    file = world.add_file(dave, "a")
    world.put(dave, file, b"old")
    before = world.node(dave, file)
    offer = world.offer(dave, file)
    for state in (TransferState.FAILED, TransferState.EXPIRED):
        world.desk.outcomes.fail(store_of(offer), TransferFailed(offer.transfer, state, FAILURE))
    seen = world.desk.transfers.get_transfer(dave, offer.transfer).transfer
    assert (seen.state, seen.failure) == (TransferState.FAILED, FAILURE)
    assert world.node(dave, file) == before


def test_bytes_of_a_transfer_that_has_ended_otherwise_are_deleted(world: World, dave: Caller) -> None:
    file = world.add_file(dave, "a")
    offer = world.offer(dave, file)
    receipt = world.send(offer, b"late")
    world.desk.outcomes.fail(store_of(offer), TransferFailed(offer.transfer, TransferState.FAILED, FAILURE))
    world.desk.outcomes.complete(store_of(offer), receipt)
    assert world.node(dave, file).version == 0
    assert world.run_errands() == [("deleteContainer", str(offer.container))]


def test_a_store_settles_its_own_transfers_only(world: World, dave: Caller) -> None:
    file = world.add_file(dave, "a")
    offer = world.offer(dave, file, store=CAMBRIDGE)
    receipt = world.send(offer, b"mine")
    failed = TransferFailed(offer.transfer, TransferState.FAILED, FAILURE)
    with pytest.raises(TransferNotFound):
        tell(world.desk, LEICESTER, TransferCompleted(receipt))
    with pytest.raises(TransferNotFound) as theirs:
        tell(world.desk, LEICESTER, failed)
    with pytest.raises(TransferNotFound) as nobodys:
        tell(world.desk, LEICESTER, replace(failed, transfer="0" * 26))
    assert theirs.value.message.replace(offer.transfer, "0" * 26) == nobodys.value.message
    for container in (LEICESTER.with_fragment("x"), CAMBRIDGE.with_fragment("x"), CAMBRIDGE):
        with pytest.raises(InvalidArgument):
            world.desk.outcomes.complete(CAMBRIDGE, replace(receipt, container=container))
    with pytest.raises(InvalidArgument):
        world.desk.outcomes.fail(CAMBRIDGE, replace(failed, state=TransferState.COMPLETED))
    world.stores[CAMBRIDGE].down = True  # or the reader would learn from it what it has
    assert world.node(dave, file).version == 0


def test_a_callback_after_the_nodes_end_takes_its_bytes_away(world: World, dave: Caller) -> None:
    file = world.add_file(dave, "a")
    offer = world.offer(dave, file)
    receipt = world.send(offer, b"too late")
    world.desk.deletions.delete(dave, Delete(file, purge=True))
    world.desk.outcomes.complete(store_of(offer), receipt)
    with pytest.raises(NodeNotFound):
        world.node(dave, file)
    assert sorted(verb for verb, _ in world.run_errands()) == ["cancelTransfer", "deleteContainer"]
    assert not world.stores[store_of(offer)].containers()


def test_a_callback_that_comes_before_the_answer_counts(world: World, dave: Caller) -> None:
    """A fast store has fetched and called back while we still wait for its answer to importData."""
    file = world.add_file(dave, "a")
    world.stores[CAMBRIDGE].web.pages["http://source/a"] = b"fast"

    def hurry(operation: str) -> None:
        world.stores.after = lambda operation: None
        world.stores.move()
        assert world.stores.deliver(world.desk) == 1

    world.stores.after = hurry
    transfer = world.desk.imports.import_data(dave, ImportData(file, "http://source/a"))
    assert transfer.state == TransferState.COMPLETED
    assert world.get(dave, file) == b"fast"


def test_a_node_that_goes_while_its_store_is_asked_stays_gone(world: World, dave: Caller) -> None:
    file = world.add_file(dave, "a")

    def remove(operation: str) -> None:
        world.stores.after = lambda operation: None
        world.desk.deletions.delete(dave, Delete(file, purge=True))

    world.stores.after = remove
    offer = world.offer(dave, file)
    assert (offer.state, offer.endpoints) == (TransferState.CANCELLED, ())
    world.run_errands()
    kept = world.stores[CAMBRIDGE].store.catalogue.read(lambda records: records.find_transfer(offer.transfer))
    assert kept is not None
    assert kept.state == TransferState.CANCELLED


def test_a_node_that_goes_before_its_store_begins_leaves_nothing_there(world: World, dave: Caller) -> None:
    """The errand that cancels arrives first, finds nothing, and the store begins all the same."""
    file = world.add_file(dave, "a")

    def remove(operation: str) -> None:
        world.stores.before = lambda operation: None
        world.desk.deletions.delete(dave, Delete(file, purge=True))
        assert [verb for verb, _ in world.run_errands()] == ["cancelTransfer"]

    world.stores.before = remove
    offer = world.offer(dave, file)
    assert world.run_errands() == [("cancelTransfer", offer.transfer)]
    kept = world.stores[CAMBRIDGE].store.catalogue.read(lambda records: records.find_transfer(offer.transfer))
    assert kept is not None
    assert kept.state == TransferState.CANCELLED


# --- versions ---


def test_both_of_two_uploads_become_versions_the_later_one_current(world: World, dave: Caller) -> None:
    file = world.add_file(dave, "a")
    first, second = world.offer(dave, file), world.offer(dave, file)
    late = world.send(first, b"begun first")
    world.desk.outcomes.complete(store_of(second), world.send(second, b"ended first"))
    world.desk.outcomes.complete(store_of(first), late)
    node = world.node(dave, file)
    assert (node.version, node.size) == (2, 11)
    assert world.get(dave, file) == b"begun first"
    assert world.changes().count("import") == 2


def test_properties_edited_meanwhile_disturb_no_upload(world: World, dave: Caller) -> None:
    file = world.add_file(dave, "a")
    offer = world.offer(dave, file)
    world.desk.nodes.set_properties(dave, SetProperties(file, (Property("colour", "red"),)))
    world.send(offer, b"bytes")
    world.stores.deliver(world.desk)
    node = world.node(dave, file)
    assert (node.version, node.generation, property_of(node, "colour")) == (1, 3, "red")


def test_a_version_that_is_followed_by_another_goes(world: World, dave: Caller) -> None:
    file = world.add_file(dave, "a")
    first = world.put(dave, file, b"one")
    second = world.put(dave, file, b"two", store=LEICESTER)
    assert world.run_errands() == [("deleteContainer", str(first.container))]
    assert second.container is not None
    assert world.stores[LEICESTER].containers() == {second.container.fragment}
    assert not world.stores[store_of(first)].containers()
    assert world.get(dave, file) == b"two"


def test_as_many_versions_stay_as_retention_says(tmp_path: Path) -> None:
    world = World(terms=Terms(keep_versions=2))
    dave = world.add_account("dave")
    file = world.add_file(dave, "a")
    offers = [world.put(dave, file, content) for content in (b"1", b"2", b"3", b"4")]
    assert world.run_errands() == [("deleteContainer", str(offer.container)) for offer in offers[:2]]


def test_bytes_that_somebody_may_still_fetch_go_later(world: World, dave: Caller) -> None:
    file = world.add_file(dave, "a")
    world.put(dave, file, b"one")
    reading = world.desk.exports.export_init(dave, ExportInit(file)).transfer
    world.put(dave, file, b"two")
    assert world.run_errands() == []
    assert world.stores[store_of(reading)].get(reading) == b"one"
    world.watch.seconds = world.terms.transfer_lifetime + 1
    assert world.run_errands() == [("deleteContainer", str(reading.container))]


def test_who_uploads_says_what_the_bytes_are(world: World, dave: Caller) -> None:
    file = world.add_file(dave, "a", content_type="text/plain")
    world.put(dave, file, b"plain")
    assert world.node(dave, file).content_type == "text/plain"
    world.put(dave, file, b"picture", content_type="image/png")
    node = world.node(dave, file)
    assert (node.content_type, property_of(node, "content.type")) == ("image/png", "image/png")
    world.desk.nodes.set_properties(dave, SetProperties(file, (Property("content.type", "image/gif"),)))
    assert world.node(dave, file).content_type == "image/gif"


# --- exports ---


def test_what_was_never_written_cannot_be_exported(world: World, dave: Caller) -> None:
    file = world.add_file(dave, "a")
    world.offer(dave, file)
    with pytest.raises(ContentNotFound):
        world.desk.exports.export_init(dave, ExportInit(file))


def test_an_export_offers_the_bytes_and_tells_of_the_file(world: World, dave: Caller) -> None:
    file = world.add_file(dave, "a.png")
    world.put(dave, file, b"bytes", content_type="image/png")
    answer = world.desk.exports.export_init(dave, ExportInit(file))
    assert answer.node == world.node(dave, file)
    (endpoint,) = answer.transfer.endpoints
    assert (endpoint.method, answer.transfer.state) == ("GET", TransferState.OFFERED)
    kept = world.stores[CAMBRIDGE].store.catalogue.read(lambda records: records.find_transfer(answer.transfer.transfer))
    assert kept is not None
    assert (kept.file_name, kept.promise.content_type) == ("a.png", "image/png")


def test_an_export_whose_version_goes_meanwhile_exports_the_next(world: World, dave: Caller) -> None:
    file = world.add_file(dave, "a")
    world.put(dave, file, b"one")

    def rewrite(operation: str) -> None:
        if operation == "exportInit":
            world.stores.before = lambda operation: None
            world.put(dave, file, b"two")
            world.watch.seconds += world.terms.transfer_lifetime + 61
            world.run_errands()

    world.stores.before = rewrite
    assert world.get(dave, file) == b"two"


def test_an_export_of_what_was_replaced_since_it_was_looked_up_is_of_the_new_content(
    world: World, dave: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = world.add_file(dave, "a")
    world.put(dave, file, b"one")
    offer_from_first = ExportService._offer_from_first

    def rewritten_first(service: ExportService, *plan: Any) -> TransferAnswer:
        monkeypatch.undo()
        world.put(dave, file, b"two")
        return offer_from_first(service, *plan)

    monkeypatch.setattr(ExportService, "_offer_from_first", rewritten_first)
    offer = world.desk.exports.export_init(dave, ExportInit(file)).transfer
    world.run_errands()
    assert world.stores[store_of(offer)].get(offer) == b"two"


def test_bytes_whose_export_was_being_offered_when_they_were_replaced_stay_as_long_as_its_ticket(
    world: World, dave: Caller
) -> None:
    file = world.add_file(dave, "a")
    world.put(dave, file, b"one")

    def rewrite(operation: str) -> None:
        if operation == "exportInit":
            world.stores.before = lambda operation: None
            world.put(dave, file, b"two")

    world.stores.before = rewrite
    offer = world.desk.exports.export_init(dave, ExportInit(file)).transfer
    world.watch.seconds += world.terms.transfer_lifetime - 1
    assert world.run_errands() == []
    assert world.stores[store_of(offer)].holds(store_container(offer))


def store_container(offer: Transfer) -> Ivorn:
    assert offer.container is not None
    return offer.container


def test_a_store_down_is_an_error_at_export(world: World, dave: Caller) -> None:
    file = world.add_file(dave, "a")
    world.put(dave, file, b"bytes", store=LEICESTER)
    world.stores[LEICESTER].down = True
    with pytest.raises(StoreUnreachable):
        world.desk.exports.export_init(dave, ExportInit(file))
    world.stores[LEICESTER].down = False
    world.know_store(LEICESTER, state="OFFLINE")
    with pytest.raises(StoreUnreachable, match="OFFLINE"):
        world.desk.exports.export_init(dave, ExportInit(file))
    world.know_store(LEICESTER, state="READONLY")
    assert world.get(dave, file) == b"bytes"


def test_a_store_sends(world: World, dave: Caller) -> None:
    file = world.add_file(dave, "a")
    world.put(dave, file, b"bytes")
    transfer = world.desk.exports.export_data(dave, ExportData(file, "http://target/a")).transfer
    world.stores.move()
    world.stores.deliver(world.desk)
    answer = world.desk.transfers.get_outcome(dave, transfer.transfer)
    assert answer.transfer.state == TransferState.COMPLETED
    assert world.stores[CAMBRIDGE].web.pages == {"http://target/a": b"bytes"}
    assert world.node(dave, file).version == 1


def test_an_unknown_store_can_say_nothing(world: World, dave: Caller) -> None:
    offer = world.offer(dave, world.add_file(dave, "a"))
    with pytest.raises(TransferNotFound):
        world.desk.outcomes.fail(
            Ivorn.parse("ivo://nowhere.org/filestore"), TransferFailed(offer.transfer, TransferState.FAILED, FAILURE)
        )
