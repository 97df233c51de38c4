"""Resumable uploads over the wire: the TUS protocol 1.0.0 at the address of a PUT, and everything that is not of it."""

import hashlib
import json
from base64 import b64encode
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from tests.support.filestore import CallingManager, FileStoreProcess, RunningFileStore, running_filestore, url_of
from tests.support.rawclient import RawClient
from tests.support.serving import wait_until
from tests.support.tusrequests import PART, SPEAKS, ask, offset_of, pairs, patch
from vofiles.contract import GetProperties, StoreAppendInit, StoreCancelTransfer, Transfer, TransferCompleted
from vofiles.ivorn import Ivorn, new_number

MIB = 1 << 20
CONTENT = bytes(range(256)) * 1000
METHODS = "DELETE, HEAD, OPTIONS, PATCH, POST, PUT"


@pytest.fixture
def transfer(manager: CallingManager, store: RunningFileStore) -> Transfer:
    return manager.port(store.address).import_init(manager.import_request()).transfer


@pytest.fixture
def url(transfer: Transfer) -> str:
    return url_of(transfer)


def refused(response: requests.Response, status: int, name: str) -> None:
    problem = json.loads(response.content)
    assert (response.status_code, problem["status"], problem["name"]) == (status, status, name), problem
    assert response.headers["Content-Type"] == "application/problem+json"
    assert "/content/" not in problem["detail"]


def state(manager: CallingManager, store: RunningFileStore, transfer: Transfer) -> tuple[str, int]:
    found = manager.port(store.address).get_properties(GetProperties(transfer=transfer.transfer)).transfer
    assert found is not None
    return found.state, found.bytes_done


# --- the protocol -----------------------------------------------------------------------------------------------------


def test_a_client_is_interrupted_and_goes_on(
    manager: CallingManager, store: RunningFileStore, transfer: Transfer
) -> None:
    url = url_of(transfer)
    begun = ask("POST", url, Upload_Length=str(len(CONTENT)), Upload_Metadata=pairs(filename="a b", filetype="text/x"))
    assert (begun.status_code, begun.headers["Location"]) == (201, url)
    first = parsedate_to_datetime(begun.headers["Upload-Expires"])
    with RawClient(store.port) as client:
        head = "".join(f"{name}: {value}\n" for name, value in PART.items())
        path = urlsplit(url).path
        client.send(f"PATCH {path} HTTP/1.1\nHost: h\n{head}Upload-Offset: 0\nContent-Length: {len(CONTENT)}\n\n")
        client.send(CONTENT[:1000])
        wait_until(lambda: state(manager, store, transfer)[0] == "RECEIVING", "the part is on its way")
    wait_until(lambda: state(manager, store, transfer) == ("OFFERED", 1000), "what came is kept")
    told = ask("HEAD", url)
    assert told.headers["Upload-Length"] == str(len(CONTENT))
    assert told.headers["Upload-Metadata"] == begun.request.headers["Upload-Metadata"]
    assert "Upload-Defer-Length" not in told.headers
    assert parsedate_to_datetime(told.headers["Upload-Expires"]) > first
    assert state(manager, store, transfer) == ("OFFERED", 1000)
    more = patch(url, CONTENT[1000:5000], 1000)
    assert (more.status_code, more.headers["Upload-Offset"], more.content) == (204, "5000", b"")
    assert "Upload-Expires" in more.headers
    done = patch(url, CONTENT[5000:], 5000)
    assert (done.status_code, done.headers["Upload-Offset"]) == (204, str(len(CONTENT)))
    assert b64encode(hashlib.sha256(CONTENT).digest()).decode() in done.headers["Repr-Digest"]
    message = manager.await_callback(transfer.transfer)
    assert isinstance(message, TransferCompleted)
    assert (message.receipt.size, message.receipt.content_type) == (len(CONTENT), "text/x")
    again = ask("HEAD", url)
    assert again.headers["Upload-Offset"] == again.headers["Upload-Length"] == str(len(CONTENT))
    assert again.headers["Repr-Digest"] == done.headers["Repr-Digest"]
    assert transfer.container is not None
    assert requests.get(manager.get_url(store.address, transfer.container), timeout=30).content == CONTENT


def test_without_a_beginning_of_its_own(manager: CallingManager, store: RunningFileStore) -> None:
    """A client of our own needs nothing but the address; the length is the FileManager's to know."""
    url = manager.put_url(store.address, size=len(CONTENT))
    assert patch(url, CONTENT[:10], 0).headers["Upload-Offset"] == "10"
    assert ask("HEAD", url).headers["Upload-Length"] == str(len(CONTENT))
    assert patch(url, CONTENT[10:], 10).status_code == 204


def test_the_length_comes_later(url: str) -> None:
    assert ask("POST", url, Upload_Defer_Length="1").status_code == 201
    told = ask("HEAD", url)
    assert (told.headers["Upload-Defer-Length"], "Upload-Length" in told.headers) == ("1", False)
    patch(url, b"one ", 0)
    assert patch(url, b"two", 4, Upload_Length="7").headers["Upload-Offset"] == "7"
    assert ask("HEAD", url).headers["Upload-Length"] == "7"


def test_it_may_begin_with_bytes(url: str) -> None:
    begun = ask("POST", url, CONTENT[:1000], Upload_Length=str(len(CONTENT)), Content_Type=PART["Content-Type"])
    assert (begun.status_code, begun.headers["Upload-Offset"], begun.headers["Location"]) == (201, "1000", url)
    assert patch(url, CONTENT[1000:], 1000).status_code == 204


def test_it_may_begin_with_all_bytes_or_none(manager: CallingManager, store: RunningFileStore) -> None:
    for content in (b"", b"all"):
        transfer = manager.port(store.address).import_init(manager.import_request()).transfer
        begun = ask(
            "POST", url_of(transfer), content, Upload_Length=str(len(content)), Content_Type=PART["Content-Type"]
        )
        assert begun.status_code == 201
        message = manager.await_callback(transfer.transfer)
        assert isinstance(message, TransferCompleted)
        assert message.receipt.size == len(content)


def test_beginning_again_drops_what_came(url: str) -> None:
    patch(url, b"others", 0)
    assert ask("POST", url, Upload_Length="4").status_code == 201
    assert offset_of(url) == 0
    assert patch(url, b"mine", 0).headers["Upload-Offset"] == "4"
    refused(ask("POST", url, Upload_Length="4"), 409, "TicketUsed")
    refused(ask("DELETE", url), 410, "TransferEnded")


def test_what_came_is_dropped_on_demand(manager: CallingManager, store: RunningFileStore, transfer: Transfer) -> None:
    url = url_of(transfer)
    patch(url, b"others", 0)
    gone = ask("DELETE", url)
    assert (gone.status_code, gone.content) == (204, b"")
    assert state(manager, store, transfer) == ("OFFERED", 0)
    assert requests.put(url, data=b"mine", timeout=30).status_code == 201


def test_a_lost_answer_does_no_harm(url: str) -> None:
    ask("POST", url, Upload_Length="7")
    for data, offset in ((b"one ", 0), (b"two", 4)):
        assert patch(url, data, offset).status_code == 204
        repeated = patch(url, data, offset)
        refused(repeated, 409, "Conflict")
        assert repeated.headers["Upload-Offset"] == str(offset + len(data))
    assert patch(url, b"", 7).status_code == 204
    assert offset_of(url) == 7
    assert requests.put(url, data=b"one two", timeout=30).status_code == 201
    assert requests.put(url, data=b"one owt", timeout=30).status_code == 409


def test_what_can_be_done_is_told(url: str, store: RunningFileStore) -> None:
    told = requests.options(url, timeout=30)
    assert told.status_code == 204
    assert (told.headers["Tus-Version"], told.headers["Tus-Max-Size"]) == ("1.0.0", "1000000000")
    assert told.headers["Tus-Extension"].split(",") == [
        "creation", "creation-with-upload", "creation-defer-length", "expiration", "checksum", "termination",
    ]  # fmt: skip
    assert "sha1" in told.headers["Tus-Checksum-Algorithm"].split(",")


def test_a_client_that_cannot_say_patch(url: str) -> None:
    over = {"X_HTTP_Method_Override": "PATCH", "Content_Type": PART["Content-Type"]}
    assert ask("POST", url, b"one", Upload_Offset="0", **over).headers["Upload-Offset"] == "3"
    assert ask("POST", url, X_HTTP_Method_Override="DELETE").status_code == 204
    assert offset_of(url) == 0
    for method in ("PUT", "GET", "patch", "é"):
        refused(ask("POST", url, X_HTTP_Method_Override=method), 405, "WrongMethod")


@pytest.mark.parametrize("algorithm", ["sha1", "sha256", "sha512", "md5"])
def test_checksums(url: str, algorithm: str) -> None:
    def told(data: bytes) -> str:
        return f"{algorithm} {b64encode(hashlib.new(algorithm, data).digest()).decode()}"

    assert patch(url, b"one ", 0, Upload_Checksum=told(b"one ")).headers["Upload-Offset"] == "4"
    refused(patch(url, b"two", 4, Upload_Checksum=told(b"owt")), 460, "ChecksumMismatch")
    assert offset_of(url) == 4
    assert patch(url, b"two", 4, Upload_Checksum=told(b"two"), Upload_Length="7").headers["Upload-Offset"] == "7"


def test_a_digest_of_the_part_in_its_other_forms(url: str) -> None:
    md5, sha256 = (b64encode(hashlib.new(name, b"one").digest()).decode() for name in ("md5", "sha256"))
    refused(patch(url, b"two", 0, Content_MD5=md5), 460, "ChecksumMismatch")
    refused(patch(url, b"two", 0, Content_Digest=f"sha-256=:{sha256}:"), 460, "ChecksumMismatch")
    assert patch(url, b"one", 0, Content_MD5=md5, Content_Digest=f"sha-256=:{sha256}:").status_code == 204


def test_chunks(url: str) -> None:
    headers = {**PART, "Upload-Offset": "0", "Upload-Length": "6"}
    response = requests.patch(url, data=iter([b"one", b"two"]), headers=headers, timeout=30)
    assert (response.status_code, response.headers["Upload-Offset"]) == (204, "6")


def test_100_continue_comes_after_the_offset_was_judged(url: str, store: RunningFileStore) -> None:
    head = "".join(f"{name}: {value}\n" for name, value in PART.items())
    asked = f"PATCH {urlsplit(url).path} HTTP/1.1\nHost: h\n{head}Expect: 100-continue\nContent-Length: 3\n"
    with RawClient(store.port) as client:
        assert client.ask(asked + "Upload-Offset: 5\n\n").status == 409
    with RawClient(store.port) as client:
        assert client.ask(asked + "Upload-Offset: 0\n\n").status == 100
        assert client.ask(b"one").status == 204


def test_what_is_added_to_a_container(manager: CallingManager, store: RunningFileStore) -> None:
    first = manager.stored(store.address, b"first, ")
    node = manager.new_node()
    request = StoreAppendInit(new_number(), manager.identifier, first, node, Ivorn.parse("ivo://ast.cam.ac.uk/dave"))
    transfer = manager.port(store.address).append_init(request).transfer
    url = url_of(transfer)
    assert patch(url, b"sec", 0, Upload_Length="6").headers["Upload-Offset"] == "3"
    assert patch(url, b"ond", 3).headers["Upload-Offset"] == "6"
    assert offset_of(url) == 6
    assert transfer.container is not None
    assert requests.get(manager.get_url(store.address, transfer.container), timeout=30).content == b"first, second"


# --- after a crash ----------------------------------------------------------------------------------------------------


def test_after_kill_9_of_the_store(manager: CallingManager, tmp_path: Path) -> None:
    content = CONTENT * 40
    with FileStoreProcess(tmp_path, [manager]) as process:
        transfer = manager.port(process.address).import_init(manager.import_request(size=len(content))).transfer
        path = urlsplit(url_of(transfer)).path
        assert patch(url_of(transfer), content[:MIB], 0).headers["Upload-Offset"] == str(MIB)
        with RawClient(int(process.address.rpartition(":")[2])) as client:
            head = "".join(f"{name}: {value}\n" for name, value in PART.items())
            client.send(f"PATCH {path} HTTP/1.1\nHost: h\n{head}Upload-Offset: {MIB}\nContent-Length: {9 * MIB}\n\n")
            client.send(content[MIB : 3 * MIB])
            process.kill()
        process.start()
        url = f"{process.address}{path}"
        assert offset_of(url) == MIB
        assert patch(url, content[MIB : 2 * MIB], MIB).status_code == 204
        assert patch(url, content[2 * MIB :], 2 * MIB).headers["Upload-Offset"] == str(len(content))
        message = manager.await_callback(transfer.transfer)
        assert isinstance(message, TransferCompleted)
        digests = {digest.algorithm: digest.value for digest in message.receipt.digests}
        assert digests["sha-256"] == hashlib.sha256(content).hexdigest()


def test_its_time(manager: CallingManager, tmp_path: Path) -> None:
    with running_filestore(tmp_path, [manager], "[tickets]\nlifetime = 1\nlongest = 2") as store:
        transfer = manager.port(store.address).import_init(manager.import_request()).transfer
        assert patch(url_of(transfer), b"one", 0).status_code == 204
        message = manager.await_callback(transfer.transfer)
        assert not isinstance(message, TransferCompleted)
        assert (message.state, message.failure.name) == ("EXPIRED", "TicketExpired")
        wait_until(lambda: not list(store.server.store.backend.numbers()), "what was kept is dropped")
        for response in (ask("HEAD", url_of(transfer)), patch(url_of(transfer), b"two", 3)):
            assert (response.status_code, "Upload-Offset" in response.headers) == (410, False)


# --- two at once ------------------------------------------------------------------------------------------------------


def test_a_connection_that_hangs_is_in_nobodys_way(
    manager: CallingManager, store: RunningFileStore, transfer: Transfer
) -> None:
    url = url_of(transfer)
    head = "".join(f"{name}: {value}\n" for name, value in PART.items())
    asked = f"PATCH {urlsplit(url).path} HTTP/1.1\nHost: h\n{head}Upload-Offset: %d\nContent-Length: 1000\n\n"
    with RawClient(store.port) as hanging, RawClient(store.port) as second:
        hanging.send(asked % 0)
        hanging.send(b"one")
        wait_until(lambda: state(manager, store, transfer) == ("RECEIVING", 0), "the first is on its way")
        assert patch(url, b"two", 0).status_code in {204, 409}
        at = offset_of(url)
        second.send(asked % at)
        second.send(b"more")
        wait_until(lambda: state(manager, store, transfer)[0] == "RECEIVING", "the second is on its way")
        hanging.send(b"x" * 997)
        assert hanging.reply().status == 423
    wait_until(lambda: state(manager, store, transfer) == ("OFFERED", at + 4), "what the second brought is kept")
    assert offset_of(url) == at + 4


def test_a_plain_put_is_left_in_peace(manager: CallingManager, store: RunningFileStore, transfer: Transfer) -> None:
    url = url_of(transfer)
    with RawClient(store.port) as client:
        client.send(f"PUT {urlsplit(url).path} HTTP/1.1\nHost: h\nContent-Length: 4\n\n")
        client.send(b"on")
        wait_until(lambda: state(manager, store, transfer)[0] == "RECEIVING", "the upload begins")
        assert offset_of(url) == 0
        refused(patch(url, b"two", 0), 423, "Busy")
        client.send(b"ce")
        assert client.reply().status == 201


# --- what is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "offset", ["", "-1", "+1", " ", "1.0", "0x1", "1e3", "1 ", "0,0", "²", "٣", "9" * 19, "1" * 4000, "null"]
)
def test_offsets_that_are_none(url: str, offset: str) -> None:
    with RawClient(int(url.split(":")[2].partition("/")[0])) as client:
        head = "".join(f"{name}: {value}\n" for name, value in PART.items())
        sent = f"PATCH {urlsplit(url).path} HTTP/1.1\nHost: h\n{head}Upload-Offset: {offset}\nContent-Length: 3\n\n"
        client.send(sent.replace("\n", "\r\n").encode("utf-8"))
        client.send(b"one")
        reply = client.reply()
    # A blank around a value is nothing of it.
    assert reply.status == (409 if offset.strip() == "1" else 400)
    assert offset_of(url) == 0


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (400, {}),
        (400, {"Upload-Length": "-5"}),
        (400, {"Upload-Length": "five"}),
        (400, {"Upload-Length": "5", "Upload-Defer-Length": "1"}),
        (400, {"Upload-Defer-Length": "2"}),
        (400, {"Upload-Length": "5", "Upload-Concat": "partial"}),
        (400, {"Upload-Length": "5", "Upload-Metadata": "a b c"}),
        (400, {"Upload-Length": "5", "Upload-Metadata": "a YQ==,a YQ=="}),
        (400, {"Upload-Length": "5", "Upload-Metadata": ", ,"}),
        (400, {"Upload-Length": "5", "Upload-Metadata": "a " + "A" * 5000}),
        (413, {"Upload-Length": "1000000001"}),
        (413, {"Upload-Length": "9" * 18}),
        (412, {"Upload-Length": "5", "Tus-Resumable": "0.2.2"}),
        (412, {"Upload-Length": "5", "Tus-Resumable": ""}),
    ],
)
def test_beginnings_that_are_none(url: str, status: int, headers: dict[str, str]) -> None:
    response = requests.post(url, headers=SPEAKS | headers, timeout=30)
    assert (response.status_code, response.headers["Tus-Resumable"]) == (status, "1.0.0")
    if status == 412:
        assert response.headers["Tus-Version"] == "1.0.0"
    assert offset_of(url) == 0


def test_parts_that_are_none(url: str) -> None:
    refused(ask("PATCH", url, b"one", Upload_Offset="0"), 415, "InvalidArgument")
    refused(ask("PATCH", url, b"one", Upload_Offset="0", Content_Type="application/json"), 415, "InvalidArgument")
    refused(ask("PATCH", url, b"one", Content_Type=PART["Content-Type"]), 400, "InvalidArgument")
    refused(patch(url, b"one", 0, Content_Encoding="gzip"), 415, "UnsupportedEncoding")
    refused(patch(url, b"one", 0, Upload_Length="2"), 413, "TooLarge")
    refused(patch(url, b"one", 0, Upload_Checksum="crc32 AAAA"), 400, "InvalidArgument")
    refused(patch(url, b"one", 0, Upload_Checksum="sha1"), 400, "InvalidArgument")
    refused(patch(url, b"one", 0, Upload_Checksum="sha1 AAAA"), 400, "InvalidArgument")
    refused(patch(url, b"one", 0, Content_Digest="sha-256=:AAAA:"), 400, "InvalidMessage")
    assert offset_of(url) == 0
    headers = {**PART, "Upload-Offset": "0", "Upload-Length": "2"}
    assert requests.patch(url, data=iter([b"on", b"e"]), headers=headers, timeout=30).status_code == 413


def test_who_does_not_speak_it(url: str) -> None:
    for method in ("PATCH", "POST", "DELETE"):
        response = requests.request(method, url, data=b"x", timeout=30)
        refused(response, 405, "WrongMethod")
        assert (response.headers["Tus-Version"], response.headers["Allow"]) == ("1.0.0", METHODS)
    refused_head = requests.head(url, timeout=30)
    assert (refused_head.status_code, refused_head.headers["Allow"]) == (405, METHODS)


@pytest.mark.parametrize("method", ["HEAD", "PATCH", "POST", "DELETE"])
def test_tickets_that_are_not_for_it(manager: CallingManager, store: RunningFileStore, method: str) -> None:
    told = {"Upload_Offset": "0", "Upload_Length": "3", "Content_Type": PART["Content-Type"]}
    assert ask(method, f"{store.address}/content/none", **told).status_code == 404
    ended = manager.port(store.address).import_init(manager.import_request()).transfer
    manager.port(store.address).cancel_transfer(StoreCancelTransfer(ended.transfer))
    assert ask(method, url_of(ended), **told).status_code == 410
    if method != "HEAD":
        get = manager.get_url(store.address, manager.stored(store.address, b"x"))
        answer = ask(method, get, **told)
        assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD, OPTIONS")


def test_a_head_with_a_body(url: str, store: RunningFileStore) -> None:
    with RawClient(store.port) as client:
        asked = f"HEAD {urlsplit(url).path} HTTP/1.1\nHost: h\nTus-Resumable: 1.0.0\n"
        client.send(f"{asked}Content-Length: 5\n\nhello")
        first = client.reply(head=True)
        assert (first.status, {name.lower() for name in first.headers} >= {"upload-offset"}) == (200, True)
    assert offset_of(url) == 0


def test_no_ticket_is_told(url: str) -> None:
    """Where a client is to go on is told to who began it, and nobody else."""
    token = url.rpartition("/")[2]
    for response in (ask("HEAD", url), patch(url, b"one", 0), patch(url, b"one", 0), ask("DELETE", url)):
        assert token not in response.text + str(response.headers)
