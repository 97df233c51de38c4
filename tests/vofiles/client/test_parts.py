"""Parts of a content sent past a store: each to its own address, several at a time, until all have been taken."""

import io
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import requests

from tests.support.pauses import Pauses
from tests.support.serving import Served, running_site
from vofiles.contract import COMPLETE_KEY, COMPLETE_REQUIRED, Endpoint, Header, Property, Transfer
from vofiles.errors import ChecksumMismatch, Incomplete, StoreUnreachable, TicketExpired
from vofiles.parts import ATTEMPTS, Parts, are_asked_for
from vofiles.serving.http import Control, Request, Response, Route
from vofiles.sources import Source, open_source

DATA = bytes(range(256)) * 300
PART = 10_000


class Medium:
    """Takes parts; `answer` says with what."""

    def __init__(self) -> None:
        self.parts: dict[str, bytes] = {}
        self.asked: Counter[str] = Counter()
        self.refusals: dict[str, list[tuple[int, str]]] = {}
        """Answers to come first, by path: status and S3's code."""
        self.lock = threading.Lock()

    def put(self, request: Request) -> Response:
        with self.lock:
            self.asked[request.path] += 1
            refusals = self.refusals.get(request.path)
            if refusals:
                status, code = refusals.pop(0)
                said = f"<Error><Code>{code}</Code><Message>Request has {code.lower()}</Message></Error>"
                return Response(status, body=said.encode())
            self.parts[request.path] = request.body
        return Response(200)

    @property
    def whole(self) -> bytes:
        return b"".join(self.parts[path] for path in sorted(self.parts))


@pytest.fixture
def medium() -> Medium:
    return Medium()


@pytest.fixture
def served(medium: Medium) -> Iterator[Served]:
    with running_site([Route("/", frozenset({"PUT"}), Control(medium.put), prefix=True)]) as site:
        yield site


@pytest.fixture
def session() -> Iterator[requests.Session]:
    with requests.Session() as session:
        yield session


def transfer(served: Served, data: bytes = DATA, *, length: str | None = None) -> Transfer:
    starts = range(0, max(1, len(data)), PART)
    endpoints = tuple(
        Endpoint(
            f"{served.url}/{start:06}", "HTTP", "PUT",
            (Header("Content-Length", length or str(min(PART, len(data) - start))),),
        )
        for start in starts
    )  # fmt: skip
    return Transfer("t", "importInit", "OFFERED", 0, endpoints=endpoints, properties=(ASKED,))


ASKED = Property(COMPLETE_KEY, COMPLETE_REQUIRED)


def test_they_are_sent_where_a_transfer_asks_for_it() -> None:
    plain = Transfer("t", "importInit", "OFFERED", 0, properties=(Property("other", "required"),))
    assert not are_asked_for(plain)
    assert are_asked_for(Transfer("t", "importInit", "OFFERED", 0, properties=(ASKED,)))


@pytest.mark.parametrize("size", [len(DATA), PART, 1, 0])
def test_each_byte_goes_where_it_belongs(
    size: int, served: Served, medium: Medium, session: requests.Session, pauses: Pauses, tmp_path: Path
) -> None:
    data, path = DATA[:size], tmp_path / "file"
    path.write_bytes(data)
    told: list[tuple[int, int | None]] = []
    with open_source(path) as source:
        Parts(session, transfer(served, data), source, lambda *done: told.append(done), pauses).send()
        assert source.done == size
        expected = open_source(data)
        expected.go_to(size)
        assert source.checksums.values == expected.checksums.values
    assert medium.whole == data
    assert set(medium.asked.values()) == {1}
    assert max(told) == (size, size)


@pytest.mark.parametrize(("safe", "sent"), [(0, 8), (PART - 1, 8), (PART, 7), (3 * PART + 5, 5), (len(DATA), 0)])
def test_what_is_safe_from_an_earlier_run_is_not_sent_again(
    safe: int, sent: int, served: Served, medium: Medium, session: requests.Session, pauses: Pauses
) -> None:
    told: list[tuple[int, int | None]] = []
    source = open_source(DATA)
    begun = replace(transfer(served), bytes_done=safe)
    Parts(session, begun, source, lambda *done: told.append(done), pauses).send()
    assert medium.asked.total() == sent
    assert DATA.endswith(medium.whole)
    assert source.done == len(DATA)
    assert not told or (max(told)[0], min(told)[0] >= safe // PART * PART) == (len(DATA), True)


def test_a_part_that_is_not_taken_is_sent_again_and_no_other(
    served: Served, medium: Medium, session: requests.Session, pauses: Pauses
) -> None:
    medium.refusals["/010000"] = [(503, "SlowDown"), (400, "RequestTimeout")]
    Parts(session, transfer(served), open_source(DATA), None, pauses).send()
    assert medium.whole == DATA
    assert (medium.asked["/010000"], medium.asked.total()) == (3, len(medium.parts) + 2)
    assert pauses.count == 2


@pytest.mark.parametrize(
    ("refusals", "error"),
    [
        ([(403, "AccessDenied")], StoreUnreachable),
        ([(403, "Expired")], TicketExpired),
        ([(400, "BadDigest")], ChecksumMismatch),
        ([(500, "InternalError")] * ATTEMPTS, StoreUnreachable),
    ],
)
def test_one_that_is_refused_for_good_ends_all(
    refusals: list[tuple[int, str]],
    error: type[Exception],
    served: Served,
    medium: Medium,
    session: requests.Session,
    pauses: Pauses,
) -> None:
    medium.refusals["/000000"] = list(refusals)
    with pytest.raises(error):
        Parts(session, transfer(served), open_source(DATA), None, pauses).send()
    assert "/000000" not in medium.parts
    assert medium.asked["/000000"] == len(refusals)


def test_a_source_that_becomes_shorter_is_said_to(served: Served, session: requests.Session, pauses: Pauses) -> None:
    stream = io.BytesIO(DATA)
    source = Source(stream, label="a log", owned=False)
    stream.truncate(PART)
    with pytest.raises(Incomplete, match="a log"):
        Parts(session, transfer(served), source, None, pauses).send()


@pytest.mark.parametrize("length", ["", "x", "9999"])
def test_addresses_that_do_not_say_which_bytes_they_are_for(
    length: str, served: Served, session: requests.Session, pauses: Pauses
) -> None:
    unclear = transfer(served, length=length or "-1")
    with pytest.raises(StoreUnreachable, match="which bytes"):
        Parts(session, unclear, open_source(DATA), None, pauses)


def test_a_stream_is_read_at_two_places_at_once() -> None:
    source = open_source(DATA)
    source.go_to(5)
    assert source.peek(700, 9) == DATA[700:709]
    assert (source.done, source.read()[:3]) == (5, DATA[5:8])
    source.go_to(len(DATA))
    expected = open_source(DATA)
    expected.go_to(len(DATA))
    assert source.checksums.values == expected.checksums.values
