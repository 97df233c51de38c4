"""What holds for any input: a body chunked anyhow equals the whole, and heads and bodies may be cut anywhere."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vofiles.serving.http.body import ChunkedBody, LengthBody
from vofiles.serving.http.head import HeadParser
from vofiles.serving.http.limits import Limits
from vofiles.serving.http.refusal import Refusal

cuts = st.lists(st.integers(0, 3000), max_size=20)


def pieces(data: bytes, at: list[int]) -> list[bytes]:
    """`data` cut at these places."""
    places = [0, *sorted(min(place, len(data)) for place in at), len(data)]
    return [data[a:b] for a, b in pairwise(places)]


def outcome(read: Callable[[], object]) -> int:
    """200, or the status of the refusal that `read` raises."""
    try:
        read()
    except Refusal as refusal:
        return refusal.status
    return 200


@given(body=st.lists(st.binary(min_size=1, max_size=200), max_size=10), at=cuts, behind=st.binary(max_size=50))
def test_chunks_cut_anyhow_are_the_whole_and_what_is_behind_them_is_left(
    body: list[bytes], at: list[int], behind: bytes
) -> None:
    coded = b"".join(b"%x;n=v\r\n%b\r\n" % (len(part), part) for part in body) + b"0\r\nX: y\r\n\r\n"
    reader = ChunkedBody(100)
    payload = left = b""
    for piece in pieces(coded + behind, at):
        if reader.done:
            left += piece
        else:
            got, left = reader.feed(piece)
            payload += got
    assert reader.done
    assert payload == b"".join(body)
    assert left == behind


@given(body=st.binary(max_size=500), at=cuts, behind=st.binary(max_size=50))
def test_a_length_cuts_where_it_says(body: bytes, at: list[int], behind: bytes) -> None:
    reader = LengthBody(len(body))
    payload = left = b""
    for piece in pieces(body + behind, at):
        if reader.done:
            left += piece
        else:
            got, left = reader.feed(piece)
            payload += got
    assert (reader.done, payload, left) == (True, body, behind)


@given(st.binary(max_size=300))
def test_any_bytes_are_a_head_or_a_refusal(noise: bytes) -> None:
    parser = HeadParser(Limits())
    for raw in (noise + b"\r\n\r\n", b"GET / HTTP/1.1\r\nHost: x\r\n" + noise + b"\r\n\r\n"):
        assert 200 <= outcome(lambda raw=raw: parser.parse(raw)) <= 505  # type: ignore[misc]
        assert parser.parse(b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n").path == "/a"  # and the parser is none the worse


@given(st.binary(max_size=300))
def test_any_bytes_are_chunks_or_a_refusal(noise: bytes) -> None:
    assert outcome(lambda: ChunkedBody(100).feed(noise)) in (200, 400, 431)


@given(at=st.integers(0, 60))
def test_the_beginning_of_a_good_head_is_never_refused(at: int) -> None:
    HeadParser(Limits()).require_bounded(
        b"GET /content/abc HTTP/1.1\r\nHost: localhost:8080\r\nAccept: */*\r\n\r\n"[:at]
    )


@pytest.mark.parametrize(
    ("partial", "status"), [(b"a" * 9000, 414), (b"GET / HTTP/1.1\r\n" + b"a" * 33_000, 431), (b"GET /\nHost: x", 400)]
)
def test_the_beginning_of_a_bad_head_is_refused_before_its_end(partial: bytes, status: int) -> None:
    with pytest.raises(Refusal) as caught:
        HeadParser(Limits()).require_bounded(partial)
    assert caught.value.status == status
