"""The back end in a bucket: how contents are cut and put together, and what it does when the bucket does not answer.

What it has in common with all back ends stands in tests/conformance.
"""

import itertools
import random
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from filestore.backends.s3client import Answer
from filestore.backends.s3parts import MIB, PARTS, Sizes
from tests.support.filestore_core import sidecar_of_bytes
from tests.support.objectstores import ObjectStore, object_store, running_object_store
from tests.support.s3bench import Bench, whole
from tests.support.s3calls import Act
from tests.support.serving import wait_until
from vofiles.errors import ChecksumMismatch, ContainerNotFound, ServiceBusy, StoreFull

__all__ = ["object_store", "running_object_store"]

ONE, TWO = "abcd2345", "abce2345"


@pytest.fixture
def bench(object_store: ObjectStore) -> Bench:
    return Bench(object_store)


# --- writing ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("parts", [1.5, 2, 2.1, 4, 7.3])
def test_a_content_of_any_length_is_seen_as_a_whole_or_not_at_all(bench: Bench, parts: float) -> None:
    data = bench.data(parts)
    writer = bench.backend.create(ONE, None)
    for start in range(0, len(data), bench.least // 3):
        writer.write(data[start : start + bench.least // 3])
        assert bench.keys() == []
    writer.seal(sidecar_of_bytes(ONE, data))
    writer.close()
    assert bench.content(ONE) == data
    assert bench.keys() == [ONE, f"{ONE}.json"]
    assert bench.uploads() == 0


def test_a_small_content_takes_few_calls(bench: Bench) -> None:
    assert bench.count(lambda: bench.fill(ONE, b"small")) == [
        "list_objects_v2",
        "list_multipart_uploads",
        "put_object",
        "put_object",
    ]
    assert bench.count(lambda: bench.content(ONE)) == ["head_object", "get_object"]


def test_an_attempt_that_broke_off_is_listed_and_goes(bench: Bench) -> None:
    writer = bench.backend.create(ONE, None)
    writer.write(bench.data(5))
    assert bench.uploads() == 1
    # Its process was killed: another one finds what it left.
    other = Bench.over(bench, bench.recorded)
    assert list(other.numbers()) == [ONE]
    assert other.numbers_after("", 5) == [ONE]
    other.delete(ONE)
    assert (list(other.numbers()), bench.uploads()) == ([], 0)
    assert bench.keys() == []


def test_a_new_attempt_ends_the_upload_of_the_last_one(bench: Bench) -> None:
    bench.backend.create(ONE, None).write(bench.data(5))
    bench.fill(ONE, b"anew")
    assert (bench.content(ONE), bench.uploads()) == (b"anew", 0)


def test_parts_grow_with_contents_and_there_are_never_too_many() -> None:
    sizes = Sizes()
    assert sizes.of_part(1, 0) == sizes.of_part(None, 0) == 16 * MIB
    for size in (100 << 30, 1 << 40, 5 << 40):
        assert size / sizes.of_part(size, 0) < PARTS
    # Where the size is not known: as far as 400 GiB with little memory, and there is no end.
    offset = parts = 0
    while offset < 400 << 30:
        offset += sizes.of_part(None, offset)
        parts += 1
    assert parts < PARTS
    assert sizes.of_part(None, offset) <= 256 * MIB


def test_what_is_copied_is_cut_into_parts_that_are_taken() -> None:
    sizes = Sizes()
    for length in (sizes.least, 16 * MIB, sizes.copied, sizes.copied + 1, 5 << 40):
        cut = sizes.ranges(length)
        assert (cut[0][0], cut[-1][1]) == (0, length)
        assert all(end == start for (_, end), (start, _) in itertools.pairwise(cut))
        assert all(sizes.least <= end - start <= 5 << 30 for start, end in cut)
        assert len(cut) <= PARTS / 2


def test_too_many_parts_are_a_full_store(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("filestore.backends.s3parts.PARTS", 2)
    writer = bench.backend.create(ONE, None)
    with pytest.raises(StoreFull):
        writer.write(bench.data(7))
    writer.abort()
    assert bench.uploads() == 0


# --- what another container has ---------------------------------------------------------------------------------------


def test_what_is_long_enough_is_taken_without_coming_here(bench: Bench) -> None:
    base, more = bench.data(9.5), bench.data(1.2, 2)
    bench.fill(ONE, base)
    reader, writer = bench.backend.open(ONE), bench.backend.create(TWO, None)

    def take() -> None:
        step = bench.least // 2
        for offset in range(0, len(base), step):
            writer.take(reader, offset, min(step, len(base) - offset))
        reader.close()
        bench.backend.delete(ONE)  # what was taken stays until it is there
        writer.write(more)
        writer.seal(sidecar_of_bytes(TWO, base + more))
        writer.close()

    calls = bench.count(take)
    assert calls.count("upload_part_copy") >= 2
    assert calls.count("upload_part") == 1
    assert calls.count("get_object") == 0
    assert bench.content(TWO) == base + more


def test_what_is_too_short_comes_by_here(bench: Bench) -> None:
    base, more = bench.data(0.6), bench.data(2, 2)
    bench.fill(ONE, base)
    reader, writer = bench.backend.open(ONE), bench.backend.create(TWO, None)
    writer.take(reader, 0, len(base))
    reader.close()
    writer.write(more)
    writer.seal(sidecar_of_bytes(TWO, base + more))
    writer.close()
    assert bench.content(TWO) == base + more


def test_what_was_taken_and_changes_is_refused(bench: Bench) -> None:
    for change, error in ((bench.data(3, 2), ChecksumMismatch), (None, ContainerNotFound)):
        bench.fill(ONE, bench.data(3))
        reader, writer = bench.backend.open(ONE), bench.backend.create(TWO, None)
        writer.take(reader, 0, reader.size)
        key = bench.backend.keys.content(ONE)
        if change is None:
            bench.backend.bucket.delete(key)
        else:
            bench.backend.bucket.put(key, change)
        with pytest.raises(error):
            writer.write(b"more")
        writer.abort()
        reader.close()


def test_a_large_content_is_duplicated_on_the_other_side(bench: Bench) -> None:
    data = bench.data(9.3)
    bench.fill(ONE, data)
    calls = bench.count(lambda: bench.backend.duplicate(ONE, TWO, sidecar_of_bytes(TWO, data)))
    assert "get_object" not in calls
    assert "upload_part_copy" in calls
    assert bench.content(TWO) == data


# --- attempts that are gone on with -----------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(6))
def test_a_content_kept_and_gone_on_with_anyhow_equals_the_whole(bench: Bench, seed: int) -> None:
    chance = random.Random(seed)
    data = bench.data(12.5, seed)
    position = safe = 0
    writer = bench.backend.create(ONE, chance.choice([None, len(data)]))
    while position < len(data):
        step = chance.randint(1, 4 * bench.least)
        writer.write(data[position : position + step])
        position = min(len(data), position + step)
        event = chance.random()
        if event < 0.5:
            safe = writer.keep()
            assert safe == position
            if chance.random() < 0.2:
                assert whole(bench.backend.open_kept(ONE, safe)) == data[:safe]
        elif event < 0.8 and safe:
            writer.write(b"lost")
            writer.close()
            safe -= chance.choice([0, 0, chance.randint(0, safe)])
            # As another process.
            assert whole(bench.over(bench.recorded).open_kept(ONE, safe)) == data[:safe]
            writer = bench.backend.resume(ONE, safe, chance.choice([None, len(data)]))
            position = safe
    writer.seal(sidecar_of_bytes(ONE, data))
    writer.close()
    assert bench.content(ONE) == data
    assert bench.keys() == [ONE, f"{ONE}.json"]
    assert bench.uploads() == 0


def test_the_last_bytes_kept_are_one_object_however_often_they_are(bench: Bench) -> None:
    writer = bench.backend.create(ONE, None)
    for each in range(10):
        writer.write(bytes([each]))
        assert writer.keep() == each + 1
    assert len(bench.keys()) == 1
    assert bench.count(writer.keep) == []
    writer.abort()
    assert bench.keys() == []


def test_what_was_sent_before_the_first_keep_is_not_sent_again(bench: Bench) -> None:
    data = bench.data(5)
    writer = bench.backend.create(ONE, None)
    writer.write(data)
    assert writer.keep() == len(data)
    writer.close()
    writer = bench.backend.resume(ONE, len(data), None)
    writer.write(b"end")
    calls = bench.count(lambda: writer.seal(sidecar_of_bytes(ONE, data + b"end")))
    assert (calls.count("upload_part"), calls.count("get_object")) == (1, 0)
    assert bench.content(ONE) == data + b"end"


# --- reading ----------------------------------------------------------------------------------------------------------


def test_reads_that_follow_one_another_are_one_request(bench: Bench) -> None:
    data = bench.data(6)
    bench.fill(ONE, data)
    reader = bench.backend.open(ONE)
    step = bench.least // 3
    calls = bench.count(lambda: [reader.pread(step, offset) for offset in range(0, len(data), step)] == [data] or None)
    assert calls == ["get_object"]
    assert b"".join(reader.pread(step, offset) for offset in range(0, len(data), step)) == data
    reader.close()


def test_any_part_is_read_by_itself(bench: Bench) -> None:
    data = bench.data(6)
    bench.fill(ONE, data)
    reader = bench.backend.open(ONE)
    chance = random.Random(3)
    for _ in range(20):
        start, length = chance.randrange(len(data)), chance.randrange(1, bench.least)
        assert reader.pread(length, start) == data[start : start + length]
    reader.close()


def test_bytes_of_another_object_are_never_read(bench: Bench) -> None:
    bench.fill(ONE, bench.data(3))
    reader = bench.backend.open(ONE)
    bench.backend.bucket.put(bench.backend.keys.content(ONE), bench.data(3, 2))
    with pytest.raises(ChecksumMismatch):
        reader.pread(5, 5)
    bench.backend.bucket.delete(bench.backend.keys.content(ONE))
    with pytest.raises(ContainerNotFound):
        reader.pread(5, 5)
    reader.close()


def test_what_is_read_to_its_end_after_a_deletion_goes_then(bench: Bench) -> None:
    for number in (ONE, TWO):
        bench.fill(number, b"bytes")
    first, second, other = bench.backend.open(ONE), bench.backend.open(ONE), bench.backend.open(TWO)
    bench.backend.delete(ONE)
    bench.backend.delete(TWO)
    assert (list(bench.backend.numbers()), bench.keys()) == ([], [ONE, TWO])
    first.close()
    first.close()
    assert whole(second) == b"bytes"
    wait_until(lambda: bench.keys() == [TWO], "it goes behind its last reader")
    # A process that ends leaves it to the next one, which knows of no reader.
    bench.backend.close()
    other.close()
    assert bench.keys() == [TWO]


# --- when it does not answer ------------------------------------------------------------------------------------------


def refused(code: str, status: int) -> ClientError:
    said: Any = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(said, "PutObject")


@pytest.mark.parametrize(
    ("error", "meaning"),
    [
        (EndpointConnectionError(endpoint_url="http://127.0.0.1:9"), ServiceBusy),
        (refused("SlowDown", 503), ServiceBusy),
        (refused("AccessDenied", 403), ServiceBusy),
        (refused("NoSuchBucket", 404), ServiceBusy),
        (refused("QuotaExceeded", 403), StoreFull),
        (refused("Whatever", 507), StoreFull),
    ],
)
def test_what_fails_passes_and_is_worded_for_strangers(
    bench: Bench, error: Exception, meaning: type[Exception]
) -> None:
    def fail(name: str, about: str, act: Act) -> Answer:
        if name == "put_object":
            raise error
        return act()

    backend = bench.over(fail)
    writer = backend.create(ONE, None)
    writer.write(b"bytes")
    with pytest.raises(meaning) as raised:
        writer.seal(sidecar_of_bytes(ONE, b"bytes"))
    assert "127.0.0.1" not in str(raised.value)
    assert bench.settings.bucket not in str(raised.value)
    writer.abort()
    assert bench.keys() == []


def test_an_end_whose_answer_was_lost_is_an_end(bench: Bench) -> None:
    """botocore makes the call again, and is told that there is no such upload."""

    def twice(name: str, about: str, act: Act) -> Answer:
        if name == "complete_multipart_upload":
            act()
            raise refused("NoSuchUpload", 404)
        return act()

    data = bench.data(5)
    writer = bench.over(twice).create(ONE, None)
    writer.write(data)
    writer.seal(sidecar_of_bytes(ONE, data))
    writer.close()
    assert bench.content(ONE) == data


def test_an_upload_that_others_ended_is_no_end(bench: Bench) -> None:
    def ended(name: str, about: str, act: Act) -> Answer:
        if name == "complete_multipart_upload":
            raise refused("NoSuchUpload", 404)
        return act()

    writer = bench.over(ended).create(ONE, None)
    writer.write(bench.data(5))
    with pytest.raises(ServiceBusy):
        writer.seal(sidecar_of_bytes(ONE, bench.data(5)))
    writer.abort()
    assert (bench.keys(), bench.uploads()) == ([], 0)


def test_a_writer_whose_bucket_is_gone_lets_go_all_the_same(bench: Bench) -> None:
    dead = False

    def watch(name: str, about: str, act: Act) -> Answer:
        if dead:
            raise EndpointConnectionError(endpoint_url="http://127.0.0.1:9")
        return act()

    backend = bench.over(watch)
    writer = backend.create(ONE, None)
    writer.write(bench.data(5))
    dead = True
    with pytest.raises(ServiceBusy):
        writer.write(bench.data(5))
    writer.abort()
    writer.abort()
    dead = False
    assert list(backend.numbers()) == [ONE]
    backend.delete(ONE)
    assert list(backend.numbers()) == []
