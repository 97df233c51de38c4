"""A fetch whose connection breaks goes on where it was, if the source vouches that the bytes are the same ones."""

import threading
from collections.abc import Callable
from ipaddress import ip_network

import pytest

from filestore.domain.transfer import Remote
from filestore.remote.addresses import AddressPolicy
from filestore.remote.outbound import GuardedOutbound, OutboundLimits
from filestore.services.flows import Movement
from tests.support.outbound import CONTENT, LOOPBACK, PAUSES, fetched
from tests.support.sources import Received, Source, ok, redirect, scripted_source
from vofiles.errors import AddressRefused, Incomplete, SourceUnreachable, TransferEnded, VofilesError
from vofiles.ivorn import Ivorn

CONTAINER = Ivorn.parse("ivo://star.le.ac.uk/filestore#abcd")
TAG = '"abcd"'
PIECE = 100_000


def cutting(*, tag: str = TAG, piece: int = PIECE, changed: bool = False) -> Callable[[Received], bytes]:
    """A source that breaks off after so many bytes, and goes on from where it is asked to."""

    def answer(request: Received) -> bytes:
        start = int(request.headers.get("range", "bytes=0-").removeprefix("bytes=").removesuffix("-"))
        if not start or changed or request.headers.get("if-range") != tag:
            return ok(CONTENT, f"ETag: {tag}", "Accept-Ranges: bytes")[: -len(CONTENT) + piece]
        lines = [
            "HTTP/1.1 206 Partial Content",
            f"Content-Length: {len(CONTENT) - start}",
            f"Content-Range: bytes {start}-{len(CONTENT) - 1}/{len(CONTENT)}",
            f"ETag: {tag}",
        ]
        return "\r\n".join([*lines, "", ""]).encode() + CONTENT[start : start + piece]

    return answer


def resuming(pauses: tuple[float, ...] = PAUSES, **limits: float) -> GuardedOutbound:
    return GuardedOutbound(LOOPBACK, OutboundLimits(**limits), pauses=pauses)  # type: ignore[arg-type]


def test_what_breaks_again_and_again_comes_whole() -> None:
    """Far more often than there are pauses: only connections in a row that bring nothing count."""
    with scripted_source(cutting()) as source:
        assert fetched(source.url(), resuming()) == CONTENT
    starts = [request.headers.get("range") for request in source.requests]
    assert starts == [None, *(f"bytes={start}-" for start in range(PIECE, len(CONTENT), PIECE))]
    assert {request.headers.get("if-range") for request in source.requests[1:]} == {TAG}


def test_it_is_given_up_when_nothing_comes_any_more() -> None:
    with scripted_source(cutting(piece=0)) as source, pytest.raises(Incomplete):
        fetched(source.url(), resuming())
    assert source.connections == 1 + len(PAUSES)


@pytest.mark.parametrize("tag", ['W/"abcd"', "abcd", ""])
def test_without_a_strong_name_nothing_is_put_together(tag: str) -> None:
    with scripted_source(cutting(tag=tag)) as source, pytest.raises(Incomplete):
        fetched(source.url(), resuming())
    assert source.connections == 1


def test_other_bytes_are_not_put_behind_the_first() -> None:
    """The source has something else by now and says so by answering the whole of it."""
    with scripted_source(cutting(changed=True)) as source, pytest.raises(Incomplete, match=str(PIECE)):
        fetched(source.url(), resuming())
    assert source.connections == 2


@pytest.mark.parametrize("said", ["bytes 0-9/10", "bytes 100000-100009/7", "items 1-2/3", ""])
def test_a_rest_from_another_place_is_not_taken(said: str) -> None:
    whole = cutting()

    def answer(request: Received) -> bytes:
        if "range" not in request.headers:
            return whole(request)
        return f"HTTP/1.1 206 X\r\nContent-Length: 10\r\nContent-Range: {said}\r\n\r\n0123456789".encode()

    with scripted_source(answer) as source, pytest.raises(Incomplete):
        fetched(source.url(), resuming())


@pytest.mark.parametrize(("status", "tries"), [(503, 1 + len(PAUSES)), (404, 2), (410, 2)])
def test_a_refusal_on_the_way_is_final_and_trouble_is_not(status: int, tries: int) -> None:
    whole = cutting()

    def answer(request: Received) -> bytes:
        if "range" not in request.headers:
            return whole(request)
        return f"HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n".encode()

    with scripted_source(answer) as source, pytest.raises(Incomplete):
        fetched(source.url(), resuming())
    assert source.connections == tries


def test_bytes_that_have_gone_bad_in_another_store_are_not_waited_for() -> None:
    told = b'{"status": 500, "name": "Damaged"}'
    head = f"HTTP/1.1 500 X\r\nContent-Type: application/problem+json\r\nContent-Length: {len(told)}\r\n\r\n"
    with scripted_source(head.encode() + told) as source:
        with pytest.raises(SourceUnreachable, match=r"it answered 500 \(Damaged\)"):
            opened(source.url(), resuming())
        assert source.connections == 1
    for other in (b"[]", b"{}", b'{"name": 1}', b'{"name": "a b"}', b"{"):
        with scripted_source(head.encode()[: -len("34\r\n\r\n")] + b"%d\r\n\r\n" % len(other) + other) as source:
            with pytest.raises(SourceUnreachable, match=r"it answered 500$"):
                opened(source.url(), resuming())
            assert source.connections == 1 + len(PAUSES)


def opened(url: str, port: GuardedOutbound, source: Ivorn | None = CONTAINER) -> bytes:
    with port.fetch(Remote(url, source=source), Movement()) as incoming:
        return b"".join(incoming.chunks())


def test_another_store_that_is_on_its_way_up_is_waited_for() -> None:
    answers = [b"HTTP/1.1 503 X\r\nContent-Length: 0\r\n\r\n", b"", ok(b"here")]
    with scripted_source(lambda _: answers.pop(0)) as source:
        assert opened(source.url(), resuming()) == b"here"
    with scripted_source(b"") as source, pytest.raises(SourceUnreachable):
        opened(source.url(), resuming(), None)
    assert source.connections == 1


def test_stores_are_where_nobody_elses_address_may_lead() -> None:
    guarded = GuardedOutbound(AddressPolicy(), stores=LOOPBACK, pauses=())
    with scripted_source(ok(b"inside")) as source:
        assert opened(source.url(), guarded) == b"inside"
        for remote in (Remote(source.url()), Remote(source.url(), method="PUT")):
            with pytest.raises(AddressRefused):
                guarded.require_allowed(remote)
        with pytest.raises(AddressRefused):
            opened(source.url(), guarded, None)
        with pytest.raises(AddressRefused):
            opened(f"http://localhost.example:{source.port}/", GuardedOutbound(
                AddressPolicy(), stores=AddressPolicy([ip_network("10.0.0.0/8")]), resolver=lambda *_: ["127.0.0.1"]
            ))  # fmt: skip
    assert source.connections == 1


def test_a_store_cannot_send_us_on_to_the_inside() -> None:
    guarded = GuardedOutbound(AddressPolicy(), stores=LOOPBACK, pauses=())
    with scripted_source(ok(b"inside")) as inside, scripted_source(redirect(inside.url())) as source:
        with pytest.raises(AddressRefused):
            opened(source.url(), guarded)
        assert (source.connections, inside.connections) == (1, 0)


def test_a_pause_ends_when_nobody_waits_any_more() -> None:
    movement, begun = Movement(), threading.Event()
    whole = cutting()

    def answer(request: Received) -> bytes:
        begun.set()
        return whole(request)

    def fetch(source: Source) -> None:
        with resuming((3600.0,)).fetch(Remote(source.url()), movement) as incoming:
            for _ in incoming.chunks():
                pass

    failures: list[VofilesError] = []

    def run(source: Source) -> None:
        try:
            fetch(source)
        except VofilesError as error:
            failures.append(error)

    with scripted_source(answer) as source:
        thread = threading.Thread(target=run, args=(source,), daemon=True)
        thread.start()
        assert begun.wait(30)
        movement.revoke(TransferEnded("t1"))
        thread.join(30)
        assert not thread.is_alive()
    assert len(failures) == 1
    assert source.connections == 1
