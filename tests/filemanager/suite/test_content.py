"""Content as any caller sees it: bytes go to a store and come back, by address or by the store's own hand."""

import hashlib
from collections.abc import Callable

import pytest
import requests

from tests.filemanager.suite.conftest import Elsewhere, Somebody
from tests.support.services import STORES
from tests.support.serving import wait_until
from vofiles.contract import (
    CancelTransfer,
    CompleteTransfer,
    Delete,
    Digest,
    ExportData,
    ExportInit,
    GetTransfer,
    ImportData,
    ImportInit,
    NodeKind,
    TransferState,
)
from vofiles.errors import (
    AddressRefused,
    ChecksumMismatch,
    ContentNotFound,
    InvalidArgument,
    NotAFile,
    SourceUnreachable,
    StoreNotFound,
    TransferEnded,
    TransferNotFound,
)
from vofiles.ivorn import Ivorn

Arrive = Callable[[str], Somebody]


def state(somebody: Somebody, transfer: str) -> str:
    return str(somebody.call(GetTransfer(transfer)).transfer.state)


def await_end(somebody: Somebody, transfer: str) -> None:
    wait_until(lambda: state(somebody, transfer) in TransferState.ENDED, f"the end of {transfer}")


def test_bytes_go_in_and_come_back(dave: Somebody) -> None:
    file = dave.add("query-7.vot", content_type="text/xml")
    content = b"<VOTABLE/>" * 1000
    offer = dave.put(file, content, size=len(content))
    await_end(dave, offer.transfer)
    answer = dave.call(GetTransfer(offer.transfer))
    node = answer.node
    assert answer.transfer.state == TransferState.COMPLETED
    assert answer.transfer.receipt is not None
    assert answer.transfer.receipt.size == len(content)
    assert node == dave.node(file)
    assert (node.version, node.size, node.content_type) == (1, len(content), "text/xml")
    assert Digest("sha-256", hashlib.sha256(content).hexdigest()) in node.digests
    properties = {each.key: each.value for each in node.properties}
    assert properties["filestore.location"] == str(offer.container)
    assert properties["filestore.location.state"] == "AVAILABLE"
    assert dave.get(file) == content
    assert dave.get(dave.at("query-7.vot")) == content


def test_who_reads_after_a_put_sees_it_at_once(dave: Somebody) -> None:
    file = dave.add("a")
    dave.put(file, b"read your own writes")
    assert dave.node(file).size == 20


def test_a_rewrite_is_the_next_version(dave: Somebody) -> None:
    file = dave.add("a")
    for number, content in enumerate((b"one", b"two", b""), start=1):
        await_end(dave, dave.put(file, content).transfer)
        node = dave.node(file)
        assert (node.version, node.size) == (number, len(content))
        assert dave.get(file) == content


@pytest.mark.parametrize("store", STORES)
def test_the_store_can_be_named(dave: Somebody, store: Ivorn) -> None:
    file = dave.add("a")
    offer = dave.put(file, b"here", store=store)
    assert offer.container is not None
    assert offer.container.service == store
    await_end(dave, offer.transfer)
    assert dave.get(file) == b"here"
    with pytest.raises(StoreNotFound):
        dave.call(ImportInit(file, store=Ivorn.parse("ivo://nowhere.org/filestore")))


def test_a_folders_preference_is_followed(dave: Somebody) -> None:
    dave.add("far", NodeKind.FOLDER, filestore_preferred=str(STORES[1]))
    offer = dave.call(ImportInit(dave.add("far/a"))).transfer
    assert offer.container is not None
    assert offer.container.service == STORES[1]


def test_a_digest_that_does_not_match_leaves_the_old_content(dave: Somebody) -> None:
    file = dave.add("a")
    await_end(dave, dave.put(file, b"old").transfer)
    offer = dave.call(ImportInit(file, digests=(Digest("sha-256", "0" * 64),))).transfer
    assert requests.put(offer.endpoints[0].url, data=b"new", timeout=60).status_code == 422
    assert dave.get(file) == b"old"


def test_cancelled_addresses_are_worth_nothing(dave: Somebody) -> None:
    file = dave.add("a")
    offer = dave.call(ImportInit(file)).transfer
    assert dave.call(CancelTransfer(offer.transfer)).transfer.state == TransferState.CANCELLED
    assert requests.put(offer.endpoints[0].url, data=b"late", timeout=60).status_code >= 400
    assert dave.node(file).version == 0
    done = dave.put(file, b"done")
    await_end(dave, done.transfer)
    with pytest.raises(TransferEnded):
        dave.call(CancelTransfer(done.transfer))


def test_deleting_a_file_ends_what_was_under_way(dave: Somebody) -> None:
    file = dave.add("a")
    offer = dave.call(ImportInit(file)).transfer
    dave.call(Delete(file))
    assert state(dave, offer.transfer) == TransferState.CANCELLED

    def refused() -> bool:
        # Bytes with another digest than they announce: while the ticket is good, they are refused for that and dropped.
        wrong = {"Content-Digest": "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:"}
        return requests.put(offer.endpoints[0].url, data=b"late", headers=wrong, timeout=60).status_code == 409

    wait_until(refused, "the store hears that the transfer was cancelled")


def test_who_says_unasked_that_all_is_sent_is_answered_as_it_stands(dave: Somebody) -> None:
    offer = dave.call(ImportInit(dave.add("a"))).transfer
    assert dave.call(CompleteTransfer(offer.transfer)).transfer.state == TransferState.OFFERED
    dave.send(offer, b"all")
    for _ in range(2):
        answer = dave.call(CompleteTransfer(offer.transfer, digests=(Digest("sha-256", "0" * 64),)))
        assert answer.transfer.state == TransferState.COMPLETED
        assert answer.node.size == 3
    with pytest.raises(InvalidArgument):
        dave.call(CompleteTransfer(offer.transfer, digests=(Digest("crc", "0"),)))


def test_transfers_of_others_are_absent(dave: Somebody, arrive: Arrive) -> None:
    offer = dave.call(ImportInit(dave.add("a"))).transfer
    anna = arrive("anna")
    theirs = (GetTransfer(offer.transfer), CancelTransfer(offer.transfer), CompleteTransfer(offer.transfer))
    for request in (*theirs, GetTransfer("0" * 26)):
        with pytest.raises(TransferNotFound):
            anna.call(request)


def test_files_that_cannot_be_moved(dave: Somebody) -> None:
    folder, file = dave.add("f", NodeKind.FOLDER), dave.add("a")
    with pytest.raises(NotAFile):
        dave.call(ImportInit(folder))
    with pytest.raises(NotAFile):
        dave.call(ExportInit(folder))
    with pytest.raises(ContentNotFound):
        dave.call(ExportInit(file))
    with pytest.raises(InvalidArgument):
        dave.call(ImportInit(file, size=-1))


# --- the store's own hand ---


def test_a_store_fetches_and_the_answer_waits_for_it(dave: Somebody, elsewhere: Elsewhere) -> None:
    file = dave.add("a")
    elsewhere.pages["/a"] = content = b"from elsewhere" * 100
    answer = dave.call(ImportData(file, f"{elsewhere.url}/a", size=len(content)))
    assert answer.transfer.state == TransferState.COMPLETED
    assert (answer.node.size, answer.node.content_type) == (len(content), "image/fits")
    assert dave.get(file) == content


def test_who_does_not_wait_asks_later(dave: Somebody, elsewhere: Elsewhere) -> None:
    file = dave.add("a")
    elsewhere.pages["/a"] = b"asked for later"
    begun = dave.call(ImportData(file, f"{elsewhere.url}/a", wait=0)).transfer
    await_end(dave, begun.transfer)
    assert state(dave, begun.transfer) == TransferState.COMPLETED
    assert dave.get(file) == b"asked for later"
    with pytest.raises(InvalidArgument):
        dave.call(ImportData(file, f"{elsewhere.url}/a", wait=-1))


def test_a_fetch_that_fails_is_the_callers_error(dave: Somebody, elsewhere: Elsewhere) -> None:
    file = dave.add("a")
    await_end(dave, dave.put(file, b"old").transfer)
    elsewhere.pages["/a"] = b"new"
    with pytest.raises(SourceUnreachable):
        dave.call(ImportData(file, f"{elsewhere.url}/none"))
    with pytest.raises(ChecksumMismatch):
        dave.call(ImportData(file, f"{elsewhere.url}/a", digests=(Digest("sha-256", "0" * 64),)))
    for url in ("file:///etc/passwd", "http://10.0.0.1/a", "http://[::ffff:169.254.169.254]/"):
        with pytest.raises(AddressRefused):
            dave.call(ImportData(file, url))
    node = dave.node(file)
    assert (node.version, node.size) == (1, 3)


def test_a_store_sends(dave: Somebody, elsewhere: Elsewhere) -> None:
    file = dave.add("a")
    await_end(dave, dave.put(file, b"sent there").transfer)
    path = f"/{dave.user.name}"
    answer = dave.call(ExportData(file, elsewhere.url + path))
    assert answer.transfer.state == TransferState.COMPLETED
    assert elsewhere.pages[path] == b"sent there"
