"""GET and HEAD by ticket, over the wire: whole, in part, under conditions, and harmless in a browser."""

import hashlib
import json
from base64 import b64encode
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import HTTP
from pathlib import Path
from typing import cast

import pytest
import requests

from tests.support.filestore import CallingManager, RunningFileStore, running_filestore
from tests.support.rawclient import RawClient
from tests.support.serving import wait_until
from vofiles.contract import DeleteContainer, StoreCancelTransfer, StoreExportInit
from vofiles.ivorn import Ivorn, new_number

CONTENT = bytes(range(256)) * 1200
SIZE = len(CONTENT)


@pytest.fixture(scope="module")
def container(manager: CallingManager, store: RunningFileStore) -> Ivorn:
    return manager.stored(store.address, CONTENT, content_type="application/fits")


@pytest.fixture(scope="module")
def url(manager: CallingManager, store: RunningFileStore, container: Ivorn) -> str:
    return manager.get_url(store.address, container, name="query-7.vot")


def get(url: str, method: str = "GET", **headers: str) -> requests.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return requests.request(method, url, headers={"Accept-Encoding": "identity", **named}, timeout=30)


def problem_of(response: requests.Response) -> tuple[str, int]:
    assert response.headers["Content-Type"] == "application/problem+json"
    return json.loads(response.content)["name"], response.status_code


def test_the_whole(url: str, container: Ivorn) -> None:
    response = get(url)
    assert (response.status_code, response.content) == (200, CONTENT)
    headers = response.headers
    assert headers["Content-Length"] == str(SIZE)
    assert headers["Content-Type"] == "application/fits"
    assert headers["ETag"] == f'"{hashlib.sha256(CONTENT).hexdigest()}"'
    assert headers["Accept-Ranges"] == "bytes"
    assert headers["Cache-Control"].startswith("private")
    sha256 = b64encode(hashlib.sha256(CONTENT).digest()).decode()
    assert f"sha-256=:{sha256}:" in headers["Repr-Digest"]


def test_strangers_bytes_are_harmless_in_a_browser(url: str) -> None:
    headers = get(url).headers
    assert headers["Content-Disposition"].startswith("attachment;")
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"].startswith("sandbox")
    assert headers["Referrer-Policy"] == "no-referrer"


def test_head_is_get_without_bytes(url: str) -> None:
    whole, head = get(url), get(url, "HEAD")
    assert (head.status_code, head.content) == (200, b"")
    ours = {"date", "x-request-id"}
    assert {k: v for k, v in head.headers.lower_items() if k not in ours} == {
        k: v for k, v in whole.headers.lower_items() if k not in ours
    }
    assert get(url, "HEAD", Range="bytes=0-9").status_code == 200


@pytest.mark.parametrize(
    ("header", "first", "last"),
    [
        ("bytes=0-0", 0, 0),
        ("bytes=0-999", 0, 999),
        ("bytes=1000-", 1000, SIZE - 1),
        ("bytes=-1", SIZE - 1, SIZE - 1),
        (f"bytes=-{SIZE * 2}", 0, SIZE - 1),
        (f"bytes=5-{SIZE * 2}", 5, SIZE - 1),
        ("BYTES=7-8", 7, 8),
    ],
)
def test_one_range(url: str, header: str, first: int, last: int) -> None:
    response = get(url, Range=header)
    assert (response.status_code, response.content) == (206, CONTENT[first : last + 1])
    assert response.headers["Content-Range"] == f"bytes {first}-{last}/{SIZE}"


@pytest.mark.parametrize("header", ["bytes=0-6,5-9", "lines=0-1", "bytes=5-2", "bytes=a-b", "bytes=-", "0-1"])
def test_what_is_no_range_is_the_whole(url: str, header: str) -> None:
    response = get(url, Range=header)
    assert (response.status_code, len(response.content)) == (200, SIZE)


def parts_of(response: requests.Response) -> list[tuple[str, str, bytes]]:
    """Type, Content-Range and bytes of each part."""
    opening = f"Content-Type: {response.headers['Content-Type']}\r\n\r\n".encode()
    message = BytesParser(policy=HTTP).parsebytes(opening + response.content)
    assert message.get_content_type() == "multipart/byteranges"
    assert not message.defects
    parts = [cast(EmailMessage, part) for part in message.iter_parts()]
    return [(part.get_content_type(), part["Content-Range"], part.get_content()) for part in parts]


def test_several_ranges_in_the_order_asked_for(url: str) -> None:
    response = get(url, Range=f"bytes=256000-256299, 0-0, {SIZE}-, -5")
    assert response.status_code == 206
    assert "Content-Range" not in response.headers
    assert parts_of(response) == [
        ("application/fits", f"bytes 256000-256299/{SIZE}", CONTENT[256000:256300]),
        ("application/fits", f"bytes 0-0/{SIZE}", CONTENT[:1]),
        ("application/fits", f"bytes {SIZE - 5}-{SIZE - 1}/{SIZE}", CONTENT[-5:]),
    ]
    assert get(url, Range="bytes=0-0,5-5").headers["Content-Type"] != response.headers["Content-Type"]


def test_several_long_ranges_come_whole(url: str) -> None:
    half = SIZE // 2
    parts = parts_of(get(url, Range=f"bytes={half}-,0-{half - 1}"))
    assert [content for _, _, content in parts] == [CONTENT[half:], CONTENT[:half]]


@pytest.mark.parametrize("header", [f"bytes={SIZE}-", "bytes=-0", "bytes=999999999999999999999999-"])
def test_a_range_outside(url: str, header: str) -> None:
    response = get(url, Range=header)
    assert problem_of(response) == ("RangeUnsatisfiable", 416)
    assert response.headers["Content-Range"] == f"bytes */{SIZE}"


def test_conditions(url: str) -> None:
    tag = get(url, "HEAD").headers["ETag"]
    for known in (tag, f"W/{tag}", f'"x", {tag}', "*"):
        response = get(url, If_None_Match=known)
        assert (response.status_code, response.content, response.headers["ETag"]) == (304, b"", tag)
    assert get(url, If_None_Match='"x"').status_code == 200
    for wanted in (tag, "*", f'"x", {tag}'):
        assert get(url, If_Match=wanted).status_code == 200
    for wanted in ('"x"', f"W/{tag}"):
        refused = get(url, If_Match=wanted)
        assert problem_of(refused) == ("VersionConflict", 412)
        assert (refused.headers["ETag"], refused.headers["Cache-Control"]) == (tag, "no-store")


def test_if_range(url: str) -> None:
    tag = get(url, "HEAD").headers["ETag"]
    assert get(url, Range="bytes=0-9", If_Range=tag).status_code == 206
    for other in ('"x"', f"W/{tag}", "Sat, 21 Nov 2026 10:00:00 GMT"):
        assert get(url, Range="bytes=0-9", If_Range=other).status_code == 200


@pytest.mark.parametrize(
    ("name", "header"),
    [
        (None, "attachment"),
        ("query-7.vot", "attachment; filename=\"query-7.vot\"; filename*=UTF-8''query-7.vot"),
        ("Δ δ.fits", "attachment; filename=\"_ _.fits\"; filename*=UTF-8''%CE%94%20%CE%B4.fits"),
        ('a";b\\', "attachment; filename=\"a__b_\"; filename*=UTF-8''a%22%3Bb%5C"),
        ("a\nSet-Cookie: x", "attachment; filename=\"a_Set-Cookie_ x\"; filename*=UTF-8''a%0ASet-Cookie%3A%20x"),
    ],
)
def test_file_names(
    manager: CallingManager, store: RunningFileStore, container: Ivorn, name: str | None, header: str
) -> None:
    response = get(manager.get_url(store.address, container, name=name), "HEAD")
    assert response.headers["Content-Disposition"] == header
    assert "Set-Cookie" not in response.headers


@pytest.mark.parametrize(("told", "answered"), [("text/html", "text/html"), ("a\tb", None), ("ü", None)])
def test_types(
    manager: CallingManager, store: RunningFileStore, container: Ivorn, told: str, answered: str | None
) -> None:
    response = get(manager.get_url(store.address, container, content_type=told))
    assert response.headers["Content-Type"] == (answered or "application/octet-stream")
    assert response.headers["Content-Disposition"] == "attachment"


def test_again_and_again(url: str, store: RunningFileStore) -> None:
    path = url.removeprefix(store.address)
    with RawClient(store.port) as client:
        for _ in range(3):
            assert client.ask(f"GET {path} HTTP/1.1\nHost: h\n\n").body == CONTENT
            assert client.ask(f"GET {path} HTTP/1.1\nHost: h\nRange: bytes=3-5\n\n").body == CONTENT[3:6]
            assert client.ask(f"HEAD {path} HTTP/1.1\nHost: h\n\n", head=True).status == 200


def test_an_empty_content(manager: CallingManager, store: RunningFileStore) -> None:
    url = manager.get_url(store.address, manager.stored(store.address, b""))
    response = get(url)
    assert (response.status_code, response.content) == (200, b"")
    assert problem_of(get(url, Range="bytes=0-")) == ("RangeUnsatisfiable", 416)


def test_expired(manager: CallingManager, tmp_path: Path) -> None:
    with running_filestore(tmp_path, [manager], "[tickets]\nlifetime = 1") as store:
        url = manager.get_url(store.address, manager.stored(store.address, b"x"))
        wait_until(lambda: get(url).status_code != 200, "the ticket expires")
        assert problem_of(get(url)) == ("TicketExpired", 403)


def test_cancelled(manager: CallingManager, store: RunningFileStore, container: Ivorn) -> None:
    port = manager.port(store.address)
    transfer = port.export_init(StoreExportInit(new_number(), manager.identifier, container)).transfer
    port.cancel_transfer(StoreCancelTransfer(transfer.transfer))
    assert problem_of(get(transfer.endpoints[0].url)) == ("TransferEnded", 409)


def test_deleted(manager: CallingManager, store: RunningFileStore) -> None:
    container = manager.stored(store.address, CONTENT * 40)
    url = manager.get_url(store.address, container)
    path = url.removeprefix(store.address)
    with RawClient(store.port, receive_buffer=4096) as client:
        client.send(f"GET {path} HTTP/1.1\nHost: h\n\n")
        left = client.head_of(SIZE * 40)
        manager.port(store.address).delete(DeleteContainer(container))
        assert problem_of(get(url)) == ("TicketUnknown", 404)
        # Who reads already reads on.
        assert client.exactly(left)[-SIZE:] == CONTENT[-min(SIZE, left) :]
