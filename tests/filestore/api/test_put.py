"""PUT by ticket, over the wire: what is taken, what is refused and how, and that sending again always works."""

import hashlib
import json
import threading
from base64 import b64encode
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.filestore import CallingManager, RunningFileStore, running_filestore, url_of
from tests.support.rawclient import RawClient, Reply
from tests.support.serving import wait_until
from vofiles.contract import Digest, GetProperties, StoreCancelTransfer, TransferCompleted

CONTENT = b"SIMPLE  =                    T" * 1000
SHA256 = hashlib.sha256(CONTENT)
MIB = 1 << 20


@pytest.fixture
def url(manager: CallingManager, store: RunningFileStore) -> str:
    return manager.put_url(store.address)


def put(url: str, content: bytes = CONTENT, **headers: str) -> requests.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return requests.put(url, data=content, headers=named, timeout=30)


def refused(response: requests.Response | Reply, name: str, status: int) -> str:
    """The sentence of a refusal that is the one expected, and says it as a problem."""
    body = response.content if isinstance(response, requests.Response) else response.body
    code = response.status_code if isinstance(response, requests.Response) else response.status
    problem = json.loads(body)
    assert (problem["name"], code, problem["status"]) == (name, status, status), problem
    assert {key.lower(): value for key, value in response.headers.items()}["content-type"] == "application/problem+json"
    assert "/content/" not in problem["detail"]
    return str(problem["detail"])


def path_of(url: str) -> str:
    return urlsplit(url).path


# --- what is taken ----------------------------------------------------------------------------------------------------


def test_bytes_go_in_and_the_manager_hears_of_it(manager: CallingManager, store: RunningFileStore) -> None:
    transfer = manager.port(store.address).import_init(manager.import_request()).transfer
    response = put(url_of(transfer), Content_Type="application/fits")
    assert response.status_code == 201
    assert response.json()["size"] == len(CONTENT)
    assert response.json()["digests"]["sha-256"] == SHA256.hexdigest()
    assert f"sha-256=:{b64encode(SHA256.digest()).decode()}:" in response.headers["Repr-Digest"]
    assert transfer.container is not None
    assert response.headers["ETag"] == f'"{SHA256.hexdigest()}"'
    assert "Location" not in response.headers
    message = manager.await_callback(transfer.transfer)
    assert isinstance(message, TransferCompleted)
    receipt = message.receipt
    assert (receipt.container, receipt.size, receipt.content_type) == (
        transfer.container,
        len(CONTENT),
        "application/fits",
    )
    assert Digest("sha-256", SHA256.hexdigest()) in receipt.digests
    assert requests.get(manager.get_url(store.address, transfer.container), timeout=30).content == CONTENT


@pytest.mark.parametrize("size", [0, 1, MIB - 1, MIB, MIB + 1, 3 * MIB + 17])
def test_sizes_around_the_blocks(manager: CallingManager, store: RunningFileStore, size: int) -> None:
    content = bytes(n * 7 % 251 for n in range(1000)) * (size // 1000 + 1)
    container = manager.stored(store.address, content[:size])
    assert requests.get(manager.get_url(store.address, container), timeout=30).content == content[:size]


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.binary(min_size=1, max_size=400_000), max_size=8))
def test_however_it_is_chunked_it_is_the_whole(
    manager: CallingManager, store: RunningFileStore, pieces: list[bytes]
) -> None:
    response = requests.put(manager.put_url(store.address), data=iter(pieces), timeout=30)
    assert response.status_code == 201
    assert response.json()["digests"]["sha-256"] == hashlib.sha256(b"".join(pieces)).hexdigest()


def test_keep_alive(manager: CallingManager, store: RunningFileStore) -> None:
    with RawClient(store.port) as client:
        for content in (b"one", b"", b"three"):
            path = path_of(manager.put_url(store.address))
            head = f"PUT {path} HTTP/1.1\nHost: h\nContent-Length: {len(content)}\n\n"
            client.send(head)
            client.send(content)
            assert client.reply().status == 201


def test_100_continue_comes_after_the_ticket_was_judged(url: str, store: RunningFileStore) -> None:
    head = "PUT {} HTTP/1.1\nHost: h\nExpect: 100-continue\nContent-Length: {}\n\n"
    with RawClient(store.port) as client:
        client.send(head.format(path_of(url), len(CONTENT)))
        assert client.reply().status == 100
        assert client.ask(CONTENT).status == 201
    with RawClient(store.port) as client:
        client.send(head.format("/content/none", len(CONTENT)))
        refused(client.reply(), "TicketUnknown", 404)


def test_the_type_that_the_manager_gave_goes_first(manager: CallingManager, store: RunningFileStore) -> None:
    transfer = manager.port(store.address).import_init(manager.import_request(content_type="text/csv")).transfer
    put(url_of(transfer), Content_Type="application/fits")
    message = manager.await_callback(transfer.transfer)
    assert isinstance(message, TransferCompleted)
    assert message.receipt.content_type == "text/csv"


def test_a_client_s_habit_is_not_taken_for_a_type(manager: CallingManager, store: RunningFileStore) -> None:
    transfer = manager.port(store.address).import_init(manager.import_request()).transfer
    put(url_of(transfer), Content_Type="application/x-www-form-urlencoded")
    message = manager.await_callback(transfer.transfer)
    assert isinstance(message, TransferCompleted)
    assert message.receipt.content_type == "application/fits"


# --- tickets ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("token", ["", "none", "a.1." + "a" * 26, "..%2f..%2fetc%2fpasswd", "a/b", "é"])
@pytest.mark.parametrize("method", ["PUT", "GET"])
def test_unknown_tickets(store: RunningFileStore, token: str, method: str) -> None:
    url = f"{store.address}/content/{token}"
    refused(requests.request(method, url, data=b"x", timeout=30), "TicketUnknown", 404)


def test_a_ticket_changed_in_one_place_is_unknown(url: str) -> None:
    for position in range(len(url) - 30, len(url)):
        other = "a" if url[position] != "a" else "b"
        refused(put(url[:position] + other + url[position + 1 :]), "TicketUnknown", 404)
    assert put(url).status_code == 201


def test_a_ticket_of_the_other_method(manager: CallingManager, store: RunningFileStore, url: str) -> None:
    response = requests.get(url, timeout=30)
    refused(response, "WrongMethod", 405)
    assert response.headers["Allow"] == "DELETE, HEAD, OPTIONS, PATCH, POST, PUT"
    response = put(manager.get_url(store.address, manager.stored(store.address, b"x")))
    refused(response, "WrongMethod", 405)
    assert response.headers["Allow"] == "GET, HEAD, OPTIONS"


@pytest.mark.parametrize("method", ["POST", "DELETE", "PATCH", "PROPFIND"])
def test_other_methods(url: str, method: str) -> None:
    response = requests.request(method, url, timeout=30)
    assert response.status_code in {405, 501}


def test_an_expired_ticket(manager: CallingManager, tmp_path: Path) -> None:
    with running_filestore(tmp_path, [manager], "[tickets]\nlifetime = 1") as store:
        transfer = manager.port(store.address).import_init(manager.import_request()).transfer
        message = manager.await_callback(transfer.transfer)
        assert not isinstance(message, TransferCompleted)
        assert (message.state, message.failure.name) == ("EXPIRED", "TicketExpired")
        refused(put(url_of(transfer)), "TicketExpired", 403)


def test_a_cancelled_transfer(manager: CallingManager, store: RunningFileStore) -> None:
    port = manager.port(store.address)
    transfer = port.import_init(manager.import_request()).transfer
    port.cancel_transfer(StoreCancelTransfer(transfer.transfer))
    refused(put(url_of(transfer)), "TransferEnded", 409)


def test_a_ticket_is_neither_logged_nor_told(url: str, store: RunningFileStore) -> None:
    """The access log gets the path, and `logs` makes it tame; what is answered has no ticket at all."""
    token = url.rpartition("/")[2]
    for response in (put(url), put(url, b"other"), requests.get(url, timeout=30)):
        assert token not in response.text + str(response.headers)


# --- again ------------------------------------------------------------------------------------------------------------


def test_the_same_bytes_again_are_the_same_answer(manager: CallingManager, store: RunningFileStore) -> None:
    transfer = manager.port(store.address).import_init(manager.import_request()).transfer
    first, second = put(url_of(transfer)), put(url_of(transfer))
    assert (first.status_code, first.content) == (second.status_code, second.content)
    assert first.headers["ETag"] == second.headers["ETag"]
    manager.await_callback(transfer.transfer)
    chunked = requests.put(url_of(transfer), data=iter([CONTENT[:10], CONTENT[10:]]), timeout=30)
    assert (chunked.status_code, chunked.content) == (201, first.content)


@pytest.mark.parametrize("content", [b"", CONTENT[:-1], CONTENT + b"x", CONTENT[:-1] + b"U"])
def test_other_bytes_are_refused(url: str, content: bytes) -> None:
    assert put(url).status_code == 201
    refused(put(url, content), "TicketUsed", 409)
    refused(requests.put(url, data=iter([content or b"x"]), timeout=30), "TicketUsed", 409)
    assert put(url).status_code == 201


def test_an_upload_that_broke_off_is_sent_again(manager: CallingManager, store: RunningFileStore) -> None:
    port = manager.port(store.address)
    transfer = port.import_init(manager.import_request()).transfer
    with RawClient(store.port) as client:
        client.send(f"PUT {path_of(url_of(transfer))} HTTP/1.1\nHost: h\nContent-Length: {len(CONTENT)}\n\n")
        client.send(CONTENT[:100])
        wait_until(lambda: state(manager, store, transfer.transfer) == "RECEIVING", "the upload begins")
    wait_until(lambda: state(manager, store, transfer.transfer) == "OFFERED", "the lease is given back")
    assert put(url_of(transfer)).status_code == 201
    assert transfer.container is not None
    assert requests.get(manager.get_url(store.address, transfer.container), timeout=30).content == CONTENT


def state(manager: CallingManager, store: RunningFileStore, transfer: str) -> str:
    found = manager.port(store.address).get_properties(GetProperties(transfer=transfer)).transfer
    assert found is not None
    return found.state


def test_two_at_once(manager: CallingManager, store: RunningFileStore) -> None:
    transfer = manager.port(store.address).import_init(manager.import_request()).transfer
    head = f"PUT {path_of(url_of(transfer))} HTTP/1.1\nHost: h\nContent-Length: {len(CONTENT)}\n\n"
    with RawClient(store.port) as first, RawClient(store.port) as second:
        first.send(head)
        wait_until(lambda: state(manager, store, transfer.transfer) == "RECEIVING", "the first upload begins")
        second.send(head)
        second.send(CONTENT)
        refused(second.reply(), "Busy", 409)
        first.send(CONTENT)
        assert first.reply().status == 201


def test_many_at_once_are_one(url: str) -> None:
    answers: list[requests.Response] = []
    threads = [threading.Thread(target=lambda: answers.append(put(url, CONTENT * 40))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    taken = [answer for answer in answers if answer.status_code == 201]
    assert taken
    assert len({answer.content for answer in taken}) == 1
    for answer in answers:
        if answer.status_code != 201:
            refused(answer, "Busy", 409)


# --- lengths and digests ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("told", "length", "name", "status"),
    [
        ({"size": 100}, 101, "TooLarge", 413),
        ({"size": 100}, 99, "Incomplete", 400),
        ({"size": 0}, 1, "TooLarge", 413),
        ({"maximum_size": 100}, 101, "TooLarge", 413),
        ({"size": 50, "maximum_size": 100}, 51, "TooLarge", 413),
    ],
)
def test_another_length_than_announced(
    manager: CallingManager, store: RunningFileStore, told: dict[str, int], length: int, name: str, status: int
) -> None:
    url = manager.put_url(store.address, **told)
    with RawClient(store.port) as client:
        # Refused by the head alone: nothing of the body is sent.
        client.send(f"PUT {path_of(url)} HTTP/1.1\nHost: h\nContent-Length: {length}\n\n")
        refused(client.reply(), name, status)
    refused(requests.put(url, data=iter([b"x" * length]), timeout=30), name, status)
    size = told.get("size", told.get("maximum_size", 0))
    assert put(url, b"y" * size).status_code == 201


def test_the_stores_own_limit(manager: CallingManager, store: RunningFileStore, url: str) -> None:
    with RawClient(store.port) as client:
        client.send(f"PUT {path_of(url)} HTTP/1.1\nHost: h\nContent-Length: 1000000001\n\n")
        refused(client.reply(), "TooLarge", 413)


RIGHT = b64encode(SHA256.digest()).decode()
WRONG = b64encode(hashlib.sha256(b"x").digest()).decode()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Content-Digest", "sha-256=:{}:"),
        ("Repr-Digest", "sha-512=:AAAA:, sha-256=:{}:"),
        ("Digest", "SHA-256={}"),
    ],
)
def test_digests_in_headers_are_checked(url: str, name: str, value: str) -> None:
    refused(put(url, CONTENT, **{name: value.format(WRONG)}), "ChecksumMismatch", 422)
    assert put(url, CONTENT, **{name: value.format(RIGHT)}).status_code == 201


def test_content_md5_is_checked(url: str) -> None:
    refused(put(url, Content_MD5=b64encode(hashlib.md5(b"x").digest()).decode()), "ChecksumMismatch", 422)
    assert put(url, Content_MD5=b64encode(hashlib.md5(CONTENT).digest()).decode()).status_code == 201


@pytest.mark.parametrize(
    ("headers", "name", "status"),
    [
        ({"Content-Digest": "sha-256=AAAA"}, "InvalidMessage", 400),
        ({"Repr-Digest": "nonsense"}, "InvalidMessage", 400),
        ({"Content-MD5": "AAAA"}, "InvalidMessage", 400),
        ({"Content-Digest": f"sha-256=:{RIGHT}:", "Repr-Digest": f"sha-256=:{WRONG}:"}, "InvalidMessage", 400),
        ({"Content-Encoding": "gzip"}, "UnsupportedEncoding", 415),
        ({"Content-Encoding": "identity, br"}, "UnsupportedEncoding", 415),
        ({"Content-Range": "bytes 0-9/100"}, "InvalidArgument", 400),
        ({"Content-Type": "x" * 300}, "InvalidArgument", 400),
    ],
)
def test_headers_that_are_refused(url: str, headers: dict[str, str], name: str, status: int) -> None:
    refused(put(url, CONTENT, **headers), name, status)
    assert put(url, Content_Encoding="identity").status_code == 201


def test_an_announced_digest_is_checked(manager: CallingManager, store: RunningFileStore) -> None:
    url = manager.put_url(store.address, digests=(Digest("sha-256", SHA256.hexdigest()),))
    refused(put(url, b"other"), "ChecksumMismatch", 422)
    assert put(url).status_code == 201


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_who_says_no_length_has_nothing_stored(store: RunningFileStore, manager: CallingManager, version: str) -> None:
    """An answer of HTTP/1.0 may end with its connection, a request may not: its body would be taken for none."""
    url = manager.put_url(store.address)
    with RawClient(store.port) as client:
        client.send(f"PUT {path_of(url)} HTTP/{version}\nHost: h\n\n")
        client.send(b"abc")
        assert client.reply().status == 400
    response = requests.put(url, data=b"", timeout=30)
    assert (response.status_code, response.json()["size"]) == (201, 0)
