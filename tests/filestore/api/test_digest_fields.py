"""Which digests an answer tells, to whom, and in which words."""

import hashlib
from base64 import b64encode
from pathlib import Path

import pytest
import requests

from filestore.api.digestfields import digest_fields
from tests.support.filestore import CallingManager, RunningFileStore
from vofiles.contract import Digest
from vofiles.serving.http import Headers

DIGESTS = (Digest("xxh3-128", "00" * 16), Digest("sha-256", "11" * 32), Digest("md5", "22" * 16))
FAST, SHA, MD5 = (b64encode(bytes.fromhex(each.value)).decode() for each in DIGESTS)
ALL = f"xxh3-128=:{FAST}:, sha-256=:{SHA}:, md5=:{MD5}:"


def told(digests: tuple[Digest, ...] = DIGESTS, *, whole: bool = True, **wanted: str) -> dict[str, str]:
    headers = Headers([(name.replace("_", "-"), value) for name, value in wanted.items()])
    return dict(digest_fields(headers, digests, whole=whole))


def test_what_is_told_to_everybody() -> None:
    assert told() == {"Repr-Digest": ALL, "Content-Digest": ALL, "Content-MD5": MD5}
    assert told(whole=False) == {"Repr-Digest": ALL}
    assert told(()) == {}
    assert "Content-MD5" not in told(DIGESTS[:2])


@pytest.mark.parametrize(
    ("wanted", "value"),
    [
        ("sha-256=1", f"sha-256=:{SHA}:"),
        ("md5=1, sha-256=10", f"sha-256=:{SHA}:, md5=:{MD5}:"),
        ("sha-256=3, md5=0", f"sha-256=:{SHA}:"),
        ("sha-512=10", ALL),
        ("sha-256=0", ALL),
        ("sha-256=11", ALL),
        ("nonsense", ALL),
        ("", ALL),
        ("," * 5000, ALL),
    ],
)
def test_preferences(wanted: str, value: str) -> None:
    assert told(Want_Repr_Digest=wanted)["Repr-Digest"] == value
    assert told(Want_Repr_Digest=wanted)["Content-Digest"] == ALL
    assert told(Want_Content_Digest=wanted)["Content-Digest"] == value


@pytest.mark.parametrize(
    ("wanted", "value"),
    [
        ("sha-256", f"sha-256={SHA}"),
        ("SHA-256;q=0.5, MD5;q=1", f"md5={MD5},sha-256={SHA}"),
        ("sha-256;q=0", None),
        ("unixsum, xxh3-128", None),
        ("sha-256;q=2", None),
    ],
)
def test_the_older_field_is_for_those_who_ask(wanted: str, value: str | None) -> None:
    assert told(Want_Digest=wanted).get("Digest") == value
    # It is of the whole, whatever is sent.
    assert told(Want_Digest=wanted, whole=False).get("Digest") == value


def test_over_the_wire(manager: CallingManager, store: RunningFileStore, tmp_path: Path) -> None:
    content = b"what came" * 1000
    md5 = b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode()
    url = manager.put_url(store.address)
    made = requests.put(url, data=content, headers={"Content-MD5": md5}, timeout=30)
    assert made.status_code == 201
    message = manager.await_callback(url.rpartition("/")[2].partition(".")[0])
    container = message.receipt.container  # type: ignore[union-attr]
    wanted = {"Want-Digest": "sha-256", "Accept-Encoding": "identity"}
    whole = requests.get(manager.get_url(store.address, container), headers=wanted, timeout=30)
    sha256 = b64encode(hashlib.sha256(content).digest()).decode()
    assert whole.headers["Digest"] == f"sha-256={sha256}"
    assert whole.headers["Content-Digest"] == whole.headers["Repr-Digest"]
    assert f"sha-256=:{sha256}:" in whole.headers["Content-Digest"]
    assert whole.headers["Content-MD5"] == md5
    assert whole.headers["ETag"] == made.headers["ETag"] == f'"{hashlib.sha256(content).hexdigest()}"'
    part = requests.get(whole.url, headers={"Range": "bytes=1-2", **wanted}, timeout=30)
    assert part.status_code == 206
    assert {"Content-Digest", "Content-MD5"}.isdisjoint(part.headers)
    assert (part.headers["Repr-Digest"], part.headers["ETag"]) == (whole.headers["Repr-Digest"], whole.headers["ETag"])
    same = manager.get_url(store.address, manager.stored(store.address, content))
    known = requests.get(same, headers={"If-None-Match": whole.headers["ETag"]}, timeout=30)
    assert known.status_code == 304
