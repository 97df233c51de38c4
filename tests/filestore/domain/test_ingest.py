"""What comes in is judged alike however it was cut into pieces."""

import hashlib

import pytest
import xxhash
from hypothesis import given
from hypothesis import strategies as st

from filestore.domain.checksum import parse_digest, wanted
from filestore.domain.container import Content
from filestore.domain.ingest import Ingest, require_length
from filestore.domain.transfer import Promise
from vofiles.contract import Digest
from vofiles.errors import ChecksumMismatch, Incomplete, InvalidArgument, TooLarge

ALL = ("xxh3-128", "sha-256", "md5")
PIECES = st.lists(st.binary(max_size=200), max_size=20)


def digests(data: bytes) -> tuple[Digest, ...]:
    return (
        Digest("xxh3-128", xxhash.xxh3_128_hexdigest(data)),
        Digest("sha-256", hashlib.sha256(data).hexdigest()),
        Digest("md5", hashlib.md5(data).hexdigest()),
    )


def take(promise: Promise, pieces: list[bytes]) -> Content:
    ingest = Ingest(promise, ALL)
    for piece in pieces:
        ingest.receive(piece)
    return ingest.finish()


@given(PIECES)
def test_pieces_make_the_whole(pieces: list[bytes]) -> None:
    data = b"".join(pieces)
    assert take(Promise(content_type="a/b"), pieces) == Content(len(data), digests(data), "a/b")


@given(PIECES, st.integers(0, 400), st.booleans())
def test_lengths_are_judged_by_the_whole(pieces: list[bytes], size: int, exact: bool) -> None:
    length = sum(map(len, pieces))
    promise = Promise(size=size) if exact else Promise(maximum_size=size)
    if length > size:
        with pytest.raises(TooLarge):
            take(promise, pieces)
        with pytest.raises(TooLarge):
            require_length(promise, length)
    elif exact and length < size:
        with pytest.raises(Incomplete):
            take(promise, pieces)
        with pytest.raises(Incomplete):
            require_length(promise, length)
    else:
        assert take(promise, pieces).size == length
        require_length(promise, length)


def test_a_piece_that_goes_too_far_does_not_count() -> None:
    ingest = Ingest(Promise(maximum_size=5), ALL)
    ingest.receive(b"1234")
    with pytest.raises(TooLarge):
        ingest.receive(b"56")
    assert ingest.size == 4


@given(PIECES, st.sampled_from(ALL), st.booleans())
def test_announced_digests_are_held_against_the_bytes(pieces: list[bytes], algorithm: str, true: bool) -> None:
    data = b"".join(pieces)
    announced = next(digest for digest in digests(data if true else data + b"x") if digest.algorithm == algorithm)
    if true:
        assert take(Promise(digests=(announced,)), pieces).size == len(data)
    else:
        with pytest.raises(ChecksumMismatch, match=algorithm):
            take(Promise(digests=(announced,)), pieces)


@pytest.mark.parametrize(
    "digest",
    [
        Digest("crc32", "00000000"),
        Digest("sha-256", "00"),
        Digest("sha-256", "g" * 64),
        Digest("md5", ""),
        Digest("", "00"),
    ],
)
def test_what_cannot_be_checked_is_refused(digest: Digest) -> None:
    with pytest.raises(InvalidArgument):
        parse_digest(digest)


def test_digests_have_one_form() -> None:
    assert parse_digest(Digest(" SHA-256 ", "AB" * 32)) == Digest("sha-256", "ab" * 32)


def test_the_fast_digest_is_always_made() -> None:
    assert wanted((), sha256=False) == ("xxh3-128",)
    assert wanted((), sha256=True) == ("xxh3-128", "sha-256")
    assert wanted((Digest("md5", "x"), Digest("sha-256", "y")), sha256=False) == ("xxh3-128", "md5", "sha-256")
