"""What is refused is refused before anything has changed; and a store's strange answers are read or refused as such."""

import hashlib
from base64 import b64encode

import pytest
import requests

from tests.support.services import RunningServices
from tests.support.sources import ok, scripted_source
from vofiles import connect, data
from vofiles.contract import Endpoint
from vofiles.errors import Incomplete, NotAFile, PermissionDenied
from vofiles.tree import Node


def test_a_put_on_a_folder_leaves_its_properties(folder: Node) -> None:
    folder.set({"note": "before"})
    with pytest.raises(NotAFile, match=f"home:{folder.name}"):
        folder.put(b"x", properties={"note": "after", "more": "of it"})
    assert folder.info().properties["note"] == "before"
    assert "more" not in folder.info().properties
    (folder / "file").put(b"x", properties={"note": "first"})
    assert (folder / "file").put(b"y", properties={"note": "second"}).properties["note"] == "second"


def test_a_root_is_not_removed_nor_emptied(services: RunningServices) -> None:
    erin = services.add_account("erin")
    with connect(services.manager.address, user=erin.name, password=erin.password) as home:
        (home / "folder").mkdir()
        (home / "folder" / "file").put(b"kept")
        for recursive in (True, False):
            with pytest.raises(PermissionDenied, match="home: a root stays"):
                home.remove(recursive=recursive)
        assert home.listdir() == ["folder"]
        assert (home / "folder" / "file").read_bytes() == b"kept"


def _get(answer: bytes) -> tuple[data.Fetched, bytes]:
    with scripted_source(answer) as source, requests.Session() as session:
        endpoint = Endpoint(source.url(), "HTTP", "GET")
        with data.fetch(session, endpoint) as fetched:
            return fetched, b"".join(fetched.blocks())


SHA = hashlib.sha256(b"hello")


@pytest.mark.parametrize("value", ["sha-256=:é:", "sha-256=:not base64!:", "é", "=", "sha-256", ","])
def test_a_digest_that_cannot_be_read_says_nothing(value: str) -> None:
    readable = f"sha-256=:{b64encode(SHA.digest()).decode()}:"
    fetched, body = _get(ok(b"hello", f"Repr-Digest: {value}, {readable}"))
    assert body == b"hello"
    assert SHA.hexdigest() in [digest.value for digest in fetched.digests]


def test_numbers_that_are_none() -> None:
    fetched, body = _get(b"HTTP/1.1 200 OK\r\nContent-Length: \xb2\r\nConnection: close\r\n\r\nhello")
    assert (fetched.size, body) == (None, b"hello")
    for span in (b"\xb2-4/5", b"0-4/\xb2", b"-/"):
        with pytest.raises(Incomplete, match="which part"):
            _get(b"HTTP/1.1 206 Part\r\nContent-Length: 5\r\nContent-Range: bytes " + span + b"\r\n\r\nhello")
