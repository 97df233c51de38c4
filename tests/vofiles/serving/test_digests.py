"""Digest header fields: what is read, passed over and refused."""

import hashlib
from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vofiles.errors import InvalidMessage
from vofiles.serving.digests import content_digest, find_sha256

DIGEST = hashlib.sha256(b"x").digest()
TEXT = b64encode(DIGEST).decode()
OTHER = b64encode(hashlib.sha256(b"y").digest()).decode()


@given(st.binary(max_size=64))
def test_what_is_written_is_read(body: bytes) -> None:
    assert find_sha256("content-digest", (content_digest(body),)) == hashlib.sha256(body).digest()


@pytest.mark.parametrize(
    ("name", "values", "found"),
    [
        ("repr-digest", (f"sha-256=:{TEXT}:",), DIGEST),
        ("repr-digest", (f"md5=:AAAA:, sha-256=:{TEXT}:",), DIGEST),
        ("repr-digest", ("md5=:AAAA:", f"SHA-256=:{TEXT}:"), DIGEST),
        ("repr-digest", (f"sha-256=:{TEXT}:, sha-256=:{TEXT}:",), DIGEST),
        ("repr-digest", ("md5=:AAAA:",), None),
        ("repr-digest", (), None),
        ("digest", (f"SHA-256={TEXT}",), DIGEST),
        ("digest", (f"md5=AAAA,sha-256={TEXT}",), DIGEST),
        ("digest", ("unixsum=30637",), None),
    ],
)
def test_what_is_found(name: str, values: tuple[str, ...], found: bytes | None) -> None:
    assert find_sha256(name, values) == found


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("repr-digest", f"sha-256={TEXT}"),
        ("digest", f"sha-256=:{TEXT}:"),
        ("repr-digest", "sha-256=:AAAA:"),
        ("repr-digest", "sha-256=::"),
        ("repr-digest", f"sha-256=:{TEXT[:-2]}:"),
        ("repr-digest", f"sha-256=:{TEXT}:, sha-256=:{OTHER}:"),
        ("repr-digest", "nonsense"),
        ("digest", "=x"),
    ],
)
def test_what_is_refused(name: str, value: str) -> None:
    with pytest.raises(InvalidMessage):
        find_sha256(name, (value,))
