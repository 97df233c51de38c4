"""Presigned addresses: where they lead, how long they are good, what they bind. Nothing is asked for that.

What becomes of what is sent to them stands in tests/conformance and tests/journeys.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Event, Semaphore
from urllib.parse import parse_qs, urlsplit

import pytest
from botocore.exceptions import EndpointConnectionError

from filestore.backends.own import find_staging
from filestore.backends.s3 import S3Backend
from filestore.backends.s3client import Answer, connect
from filestore.backends.s3direct import ASKING, LONGEST, S3Staging
from filestore.config import S3, Config
from filestore.domain.staging import PART, Staged
from filestore.domain.transfer import Promise
from tests.support.filestore_core import START, STORE, HandClock
from tests.support.s3calls import Act, WatchedClient
from vofiles.contract import Digest, Endpoint
from vofiles.errors import ServiceBusy
from vofiles.instant import SECOND, Instant
from vofiles.listen import Listen

INSIDE, OUTSIDE = "http://127.0.0.1:9", "https://s3.example.org"
SETTINGS = S3("contents", "some", "secret", INSIDE, "star/")
ONE = "abcd2345"


def endpoints(settings: S3, staged: Staged, promise: Promise, seconds: int = 60) -> tuple[Endpoint, ...]:
    config = Config(STORE, Path("/nowhere"), Listen("127.0.0.1", 0, ""), s3=settings)
    staging = find_staging(config, S3Backend(connect(settings), settings), HandClock())
    assert staging is not None
    return staging.endpoints(ONE, staged, promise, Instant(START + seconds * SECOND))


def query(endpoint: Endpoint) -> dict[str, str]:
    return {name: value for name, (value,) in parse_qs(urlsplit(endpoint.url).query).items()}


@pytest.mark.parametrize(("public", "base"), [(None, INSIDE), (INSIDE, INSIDE), (OUTSIDE, OUTSIDE)])
def test_clients_are_sent_where_they_can_reach_it(public: str | None, base: str) -> None:
    (endpoint,) = endpoints(replace(SETTINGS, public_endpoint=public), Staged(), Promise(3))
    assert endpoint.url.partition("?")[0] == f"{base}/contents/star/staging/{ONE}"
    assert (endpoint.protocol, endpoint.method) == ("HTTP", "PUT")


@pytest.mark.parametrize(("seconds", "good"), [(60, 60), (0, 1), (-5, 1), (30 * 24 * 3600, LONGEST)])
def test_they_are_good_for_their_time(seconds: int, good: int) -> None:
    (endpoint,) = endpoints(SETTINGS, Staged(), Promise(3), seconds)
    assert query(endpoint)["X-Amz-Expires"] == str(good)


def test_they_bind_length_and_digest() -> None:
    digests = (Digest("sha-256", "ab" * 32), Digest("xxh3-128", "cd" * 16))
    (endpoint,) = endpoints(SETTINGS, Staged(), Promise(3, digests=digests))
    assert query(endpoint)["X-Amz-SignedHeaders"] == "content-length;host;x-amz-checksum-sha256"
    told = {header.name: header.value for header in endpoint.headers}
    assert told == {"Content-Length": "3", "x-amz-checksum-sha256": "q6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s="}


def test_each_part_has_its_own() -> None:
    first, last = endpoints(SETTINGS, Staged(PART, "upload-1"), Promise(PART + 1))
    assert [(query(each)["partNumber"], query(each)["uploadId"]) for each in (first, last)] == [
        ("1", "upload-1"),
        ("2", "upload-1"),
    ]
    assert [each.headers[0].value for each in (first, last)] == [str(PART), "1"]
    assert len({first.url, last.url}) == 2


def test_a_bucket_that_hangs_holds_only_some() -> None:
    waiting, answers = Semaphore(0), Event()

    def hang(_name: str, _about: str, _act: Act) -> Answer:
        waiting.release()
        answers.wait()
        raise EndpointConnectionError(endpoint_url=INSIDE)

    backend = S3Backend(WatchedClient(connect(SETTINGS), hang), SETTINGS)
    staging = S3Staging(backend, backend.bucket.client, HandClock())
    with ThreadPoolExecutor(ASKING) as pool:
        held = [pool.submit(staging.received, ONE, Staged()) for _ in range(ASKING)]
        for _ in held:
            waiting.acquire()
        with pytest.raises(ServiceBusy, match="takes long"):
            staging.received(ONE, Staged())
        answers.set()
        for each in held:
            with pytest.raises(ServiceBusy, match="does not answer"):
                each.result()
    with pytest.raises(ServiceBusy, match="does not answer"):
        staging.begin(ONE)


def test_a_store_with_a_folder_has_none() -> None:
    config = Config(STORE, Path("/nowhere"), Listen("127.0.0.1", 0, ""))
    assert find_staging(config, S3Backend(connect(SETTINGS), SETTINGS), HandClock()) is None
