"""Where AstroGrid's operations bring contents, and how long they wait for them."""

from dataclasses import replace
from typing import Any

import pytest

from filemanager.api.astrogrid.types import FILE, FOLDER, TransferInfo
from filemanager.domain.store import StoreState
from tests.support.astrogrid import ALONE, OldWorld, attributes, names
from tests.support.filemanager import CAMBRIDGE, EDINBURGH, LEICESTER, World
from vofiles.contract import ListJobs, Property, SetProperties
from vofiles.errors import (
    AddressRefused,
    ContentNotFound,
    InvalidArgument,
    InvalidName,
    JobEnded,
    ServiceBusy,
    SourceUnreachable,
    StoreNotFound,
    StoreUnreachable,
)
from vofiles.ivorn import LongIdentifier
from vofiles.serving.soap import Parked

ELSEWHERE = "http://source/a"


@pytest.fixture
def there() -> OldWorld:
    return OldWorld()


def test_what_has_no_content_is_where_it_would_go(there: OldWorld) -> None:
    folder, file = there.add("folder", FOLDER), there.add("folder/file")

    def stores() -> list[str]:
        return [node.location.uri for node in there.call("getNode", there.home, None)]

    assert stores() == [str(CAMBRIDGE)] * 3
    prefer(there, folder, str(LEICESTER))
    assert stores() == [str(CAMBRIDGE), str(LEICESTER), str(LEICESTER)]
    prefer(there, file, str(EDINBURGH))
    assert stores() == [str(CAMBRIDGE), str(LEICESTER), str(EDINBURGH)]
    there.world.know_store(EDINBURGH, state=StoreState.READONLY)
    assert stores() == [str(CAMBRIDGE), str(LEICESTER), str(LEICESTER)]
    for store in (CAMBRIDGE, LEICESTER):
        there.world.know_store(store, state=StoreState.OFFLINE)
    assert stores() == [str(CAMBRIDGE), str(LEICESTER), str(EDINBURGH)]


def prefer(there: OldWorld, node: str, store: str) -> None:
    wish = SetProperties(LongIdentifier.parse(node), (Property("filestore.preferred", store),))
    there.world.desk.nodes.set_properties(there.dave, wish)


def test_without_any_store_the_service_itself_is_named() -> None:
    there = OldWorld(World(names=()))
    (home,) = there.call("getNode", there.home, ALONE)
    assert (home.location.uri, home.location.ident) == ("ivo://ast.cam.ac.uk/filemanager", None)
    with pytest.raises(StoreNotFound):
        there.call("writeContent", there.add("a"))


def test_what_is_moved_to_a_store_stays_with_it(there: OldWorld) -> None:
    folder, file, empty = there.add("folder", FOLDER), there.add("folder/file"), there.add("empty")
    there.put(file, b"bytes")
    (moved,) = there.call("move", folder, None, None, str(LEICESTER))
    assert moved.location.uri == str(LEICESTER)
    (below,) = there.call("getNode", file, ALONE)
    assert (below.location.uri, there.get(file)) == (str(LEICESTER), b"bytes")
    (moved,) = there.call("move", empty, None, None, str(LEICESTER))
    there.put(empty, b"later")
    assert there.call("getNode", empty, ALONE)[0].location.uri == str(LEICESTER)
    copy, _ = there.call("copy", file, None, "copy", str(EDINBURGH))
    there.put(copy.ivorn, b"written anew")
    assert there.call("getNode", copy.ivorn, ALONE)[0].location.uri == str(EDINBURGH)


def test_a_folder_can_be_where_it_should_be_while_what_is_in_it_is_not(there: OldWorld) -> None:
    folder, file = there.add("folder", FOLDER), there.add("folder/file")
    there.world.put(there.dave, LongIdentifier.parse(file), b"bytes", store=LEICESTER)
    (moved,) = there.call("move", folder, None, None, str(CAMBRIDGE))
    assert moved.location.uri == str(CAMBRIDGE)
    assert there.call("getNode", file, ALONE)[0].location.uri == str(CAMBRIDGE)


@pytest.mark.parametrize("operation", ["move", "copy"])
def test_nothing_happens(there: OldWorld, operation: str) -> None:
    file = there.add("file")
    there.put(file, b"bytes")
    for arguments in (
        (None, None, None),
        (there.home, None, None),
        (None, "file", None),
        (there.home, "file", str(CAMBRIDGE)),
        (None, None, str(CAMBRIDGE)),
    ):
        with pytest.raises(InvalidArgument, match="Nothing happens"):
            there.call(operation, file, *arguments)
    assert there.world.desk.jobs.list_jobs(there.dave, ListJobs()).jobs == ()


def test_stores_that_are_none_are_wrong_arguments(there: OldWorld) -> None:
    file = there.add("file")
    for store in ("ivo://", "http://store", "ivo://a/store#1"):
        with pytest.raises(InvalidArgument, match="newLocation"):
            there.call("move", file, None, None, store)
    with pytest.raises(StoreNotFound):
        there.call("copy", file, None, "b", "ivo://nobody/knows")
    assert names(there.call("getNode", there.home, None)) == ["home", "file"]


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a\0", "x" * 300])
def test_names_that_none_can_have_are_refused(there: OldWorld, name: str) -> None:
    file = there.add("file")
    with pytest.raises(InvalidName):
        there.call("addNode", there.home, name, FILE)
    for operation in ("move", "copy"):
        with pytest.raises(InvalidName):
            there.call(operation, file, None, name, None)


def test_what_fails_in_a_copy_is_a_fault(there: OldWorld) -> None:
    file = there.add("file")
    there.put(file, b"bytes")
    parked = there.begin("copy", file, None, "b", str(LEICESTER))
    assert isinstance(parked, Parked)
    (job,) = there.world.desk.jobs.list_jobs(there.dave, ListJobs()).jobs
    there.world.desk.jobs.cancel_job(there.dave, job.job)
    with pytest.raises(JobEnded):
        settled(there, parked)


def test_what_fails_in_a_copy_is_told_as_it_is(there: OldWorld) -> None:
    file = there.add("file")
    there.put(file, b"bytes")
    there.world.stores[LEICESTER].down = True
    with pytest.raises(StoreUnreachable, match="1 of 1 contents did not arrive: No answer from the file store"):
        there.call("copy", file, None, "b", str(LEICESTER))
    assert there.call("getNode", f"{there.home}/b", ALONE)[0].size == 0


def settled(there: OldWorld, parked: Any) -> Any:
    while isinstance(parked, Parked):
        there.world.desk.runner.run_all()
        parked = parked.finish()
    return parked


def test_who_has_waited_long_enough_is_answered_as_it_stands(there: OldWorld) -> None:
    file = there.add("file")
    there.put(file, b"bytes")
    for begun in (
        there.begin("copy", file, None, "b", str(LEICESTER)),
        there.begin("copyURLToContent", there.add("c"), ELSEWHERE),
    ):
        there.world.watch.seconds += there.world.terms.maximum_wait
        (node, *_) = begun.finish().nodes
        assert (node.size, node.attributes) == (0, ())


def test_what_is_fetched_says_from_where_as_long_as_that_is_true(there: OldWorld) -> None:
    there.world.stores[CAMBRIDGE].web.pages["http://dave:secret@source/a"] = b"bytes"
    file = there.add("file")
    (node,) = there.call("copyURLToContent", file, "http://dave:secret@source/a")
    key = "org.astrogrid.filestore.transfer.source.url"
    assert attributes(node)[key] == ELSEWHERE
    copy, _ = there.call("copy", file, None, "copy", None)
    assert attributes(copy)[key] == ELSEWHERE
    there.put(file, b"other bytes")
    (node,) = there.call("refresh", file, ALONE)
    assert key not in attributes(node)
    assert "secret" not in str(there.world.node(there.dave, LongIdentifier.parse(file)))


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ftp://source/a", "/etc/passwd", "gopher://x", "http://", "http:///a"]
)
def test_other_addresses_than_http_are_refused(there: OldWorld, url: str) -> None:
    file = there.add("file")
    there.put(file, b"bytes")
    for operation, address in (("copyURLToContent", url), ("copyContentToURL", TransferInfo(url, "PUT"))):
        with pytest.raises((AddressRefused, InvalidArgument)):
            there.call(operation, file, address)


def test_a_source_that_has_nothing_is_a_fault(there: OldWorld) -> None:
    with pytest.raises(SourceUnreachable):
        there.call("copyURLToContent", there.add("file"), "http://source/none")


def test_a_content_goes_to_an_address(there: OldWorld) -> None:
    file = there.add("file")
    with pytest.raises(ContentNotFound):
        there.call("copyContentToURL", file, TransferInfo("http://target/a", "PUT"))
    there.put(file, b"bytes")
    assert there.call("copyContentToURL", file, TransferInfo("http://target/a", "PUT")) is None
    assert there.world.stores[CAMBRIDGE].web.pages["http://target/a"] == b"bytes"
    with pytest.raises(InvalidArgument, match="method"):
        there.call("copyContentToURL", file, TransferInfo("http://target/a", "DELETE"))


def test_a_store_that_has_no_address_yet_is_busy(there: OldWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    file = there.add("file")
    there.put(file, b"bytes")
    desk = there.world.desk
    export_init = type(desk.exports).export_init

    def without(service: Any, caller: Any, request: Any) -> Any:
        begun = export_init(service, caller, request)
        return replace(begun, transfer=replace(begun.transfer, endpoints=()))

    monkeypatch.setattr(type(desk.exports), "export_init", without)
    with pytest.raises(ServiceBusy):
        there.call("readContent", file)
