"""Uploads in parts: whatever interrupts them, the whole is what one PUT would have made of it."""

import hashlib
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filestore.backends.memory import MemoryBackend
from filestore.domain.stretch import Checksum, Stretch
from filestore.persistence.memory import MemoryCatalogue
from filestore.services import parts
from filestore.services.containers import delete_container
from filestore.services.kept import OFFSET, Kept
from filestore.services.partials import Partials
from filestore.services.parts import Part
from filestore.services.resuming import Told, begin_anew, find_kept
from filestore.services.sweep import sweep
from filestore.services.uploads import Stored
from tests.support.filestore_core import MANAGER, Core, make_core
from tests.support.parts import DATA, begun, kept, last, on_disk, place
from vofiles.contract import (
    DeleteContainer,
    Digest,
    Durability,
)
from vofiles.errors import (
    ChecksumMismatch,
    Conflict,
    InvalidArgument,
    TooLarge,
)

# --- going on ---------------------------------------------------------------------------------------------------------


def test_parts_are_one_content(core: Core) -> None:
    whole = core.stored(DATA).receipt
    offer = core.offer(size=len(DATA))
    token = core.token(offer)
    assert find_kept(core.store, token) == Kept(0, len(DATA), offer.expiry)
    assert kept(core, token, DATA[:1000]).offset == 1000
    part = begun(core, token, 1000, DATA[1000:5000])
    part.abort()
    part.abort()
    assert find_kept(core.store, token).offset == 5000
    assert (core.transfer(offer.transfer).state, core.transfer(offer.transfer).bytes_done) == ("OFFERED", 5000)
    made = last(core, token, DATA[5000:], 5000)
    assert (made.size, made.digests) == (whole.size, whole.digests)
    assert core.get(made.container) == DATA
    told = find_kept(core.store, token)
    assert (told.offset, told.length, told.until, told.receipt) == (len(DATA), len(DATA), None, made)
    assert core.store.backend.find_sidecar(place(offer).fragment) is not None


@settings(max_examples=80, deadline=None)
@given(
    st.binary(max_size=60),
    st.lists(
        st.tuples(st.integers(0, 30), st.sampled_from(["kept", "broken", "crash", "displaced", "sum"])), max_size=12
    ),
    st.booleans(),
)
def test_however_it_comes_it_is_the_whole(data: bytes, steps: list[tuple[int, str]], appended: bool) -> None:
    """Any split, with any interruptions and restarts, makes the receipt that one PUT makes, and no offset goes back."""
    core = make_core(MemoryCatalogue(), MemoryBackend())
    first = core.stored(b"first ").receipt.container
    whole = core.put(core.token(core.append(first) if appended else core.offer()), data).receipt
    token, safe = core.token(core.append(first, size=len(data)) if appended else core.offer()), 0
    for length, how in steps:
        end = min(len(data) - 1, safe + length)
        if end < safe:
            break
        piece = data[safe:end]
        sums = (Checksum("sha256", hashlib.sha256(piece).digest()),) if how == "sum" else ()
        part = begun(core, token, safe, piece, total=len(data), checksums=sums)
        if how == "crash":
            core = core.restarted()
            assert sweep(core.store).missing == 0
        elif how == "displaced":
            find_kept(core.store, token)
            part.abort()
        elif how == "broken":
            part.abort()
        else:
            part.complete()
        told = find_kept(core.store, token).offset
        assert told == (safe if how == "crash" else end)
        safe = told
    made = last(core, token, data[safe:], safe, total=len(data))
    assert (made.size, made.digests, made.content_type) == (whole.size, whole.digests, whole.content_type)
    assert core.get(made.container) == (b"first " if appended else b"") + data


def test_what_comes_is_safe_every_so_many_bytes(core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "SAFE_EVERY", 2000)
    token = core.token(core.offer(size=len(DATA)))
    part = begun(core, token, 0, DATA[:1999])
    again = core.restarted()
    sweep(again.store)
    assert find_kept(again.store, token).offset == 0
    part = begun(again, token, 0, DATA[:2000])
    part.write(DATA[2000:2500])
    again = again.restarted()
    assert sweep(again.store).dropped == 0
    assert find_kept(again.store, token).offset == 2000
    assert last(again, token, DATA[2000:], 2000).size == len(DATA)


def test_and_after_a_while(core: Core) -> None:
    token = core.token(core.offer(size=len(DATA)))
    part = begun(core, token, 0, DATA[:100])
    core.clock.move(parts.SAFE_AFTER)
    part.write(DATA[100:200])
    part.write(DATA[200:300])
    again = core.restarted()
    sweep(again.store)
    assert find_kept(again.store, token).offset == 200


def test_an_empty_part_changes_nothing(core: Core) -> None:
    token = core.token(core.offer(size=len(DATA)))
    assert kept(core, token, b"").offset == 0
    assert on_disk(core) == []
    kept(core, token, DATA[:10])
    assert kept(core, token, b"", 10).offset == 10


def test_the_length_may_be_said_last(core: Core) -> None:
    offer = core.offer()
    token = core.token(offer)
    assert kept(core, token, DATA[:10]).length is None
    assert kept(core, token, DATA[10:20], 10, total=len(DATA)).length == len(DATA)
    with pytest.raises(InvalidArgument):
        begun(core, token, 20, total=len(DATA) + 1)
    core = core.restarted()
    assert find_kept(core.store, token).length == len(DATA)
    last(core, token, DATA[20:], 20)
    other = core.token(core.offer())
    kept(core, other, DATA)
    with pytest.raises(InvalidArgument):
        begun(core, other, len(DATA), total=len(DATA) - 1)
    assert last(core, other, b"", len(DATA), total=len(DATA)).size == len(DATA)


def test_a_content_without_bytes(core: Core) -> None:
    assert last(core, core.token(core.offer(size=0)), b"", 0).size == 0
    outcome = begin_anew(core.store, core.token(core.offer()), Told(0), Stretch(0, 0))
    assert isinstance(outcome, Part)
    assert isinstance(outcome.complete(), Stored)


def test_what_is_added_comes_in_parts_too(core: Core) -> None:
    first = core.stored(b"first, ").receipt.container
    offer = core.append(first, size=len(DATA))
    token = core.token(offer)
    begun(core, token).abort()
    assert on_disk(core) == [first.fragment]
    kept(core, token, DATA[:100])
    delete_container(core.store, MANAGER, DeleteContainer(first))
    core = core.restarted()
    sweep(core.store)
    made = last(core, token, DATA[100:], 100)
    assert core.get(made.container) == b"first, " + DATA
    assert find_kept(core.store, token).offset == len(DATA)


def test_what_is_to_be_added_to_has_gone(core: Core) -> None:
    first = core.stored(b"first, ").receipt.container
    offer = core.append(first, size=len(DATA))
    delete_container(core.store, MANAGER, DeleteContainer(first))
    with pytest.raises(Exception, match="no container"):
        begun(core, core.token(offer), 0, DATA[:100])
    assert core.transfer(offer.transfer).state == "FAILED"


@pytest.mark.parametrize("how", ["broken", "displaced"])
def test_who_leaves_after_the_last_byte_has_sent_all(core: Core, how: str) -> None:
    """Somebody who is told that all is safe asks for nothing more."""
    token = core.token(core.offer(size=len(DATA)))
    part = begun(core, token, 0, DATA)
    if how == "broken":
        part.abort()
    told = find_kept(core.store, token)
    assert (told.offset, told.until) == (len(DATA), None)
    assert told.receipt is not None
    assert core.get(told.receipt.container) == DATA


def test_all_that_came_is_not_safe_before_it_is_published(core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "SAFE_EVERY", 1000)
    token = core.token(core.offer(size=len(DATA)))
    begun(core, token, 0, DATA[:2000]).write(DATA[2000:])
    core = core.restarted()
    sweep(core.store)
    assert find_kept(core.store, token).offset == 2000
    with pytest.raises(TooLarge):
        begun(core, token, 2000, DATA[2000:]).write(b"more")


def test_all_that_is_safe_when_its_length_is_heard_of_is_published_for_who_asks(core: Core) -> None:
    token = core.token(core.offer())
    kept(core, token, DATA)
    begun(core, token, len(DATA), total=len(DATA))
    core = core.restarted()
    sweep(core.store)
    assert find_kept(core.store, token).receipt is not None


# --- digests ----------------------------------------------------------------------------------------------------------


def test_what_a_process_does_not_remember_is_read_back_once(core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    """Small parts after a restart read a share each, the last one the rest: never anything twice."""
    monkeypatch.setattr(parts, "PIECE", 100)
    data = DATA[:5000]
    token = core.token(core.offer(size=len(data)))
    kept(core, token, data[:3000])
    core = core.restarted()
    read: list[tuple[int, int]] = []
    open_kept = core.store.backend.open_kept

    def counting(number: str, size: int) -> object:
        reader = open_kept(number, size)
        pread = reader.pread

        def noting(length: int, offset: int) -> bytes:
            read.append((offset, length))
            return pread(length, offset)

        monkeypatch.setattr(reader, "pread", noting)
        return reader

    monkeypatch.setattr(core.store.backend, "open_kept", counting)
    for offset in range(3000, 4000, 50):
        kept(core, token, data[offset : offset + 50], offset, length=50)
    assert 0 < sum(length for _, length in read) < 4200
    last(core, token, data[4000:], 4000, length=1000)
    at = 0
    for offset, length in read:
        assert offset == at
        at += length
    assert 3000 < at <= 4000


def test_bytes_that_rotted_meanwhile_are_not_gone_on_with(core: Core) -> None:
    offer = core.offer(size=len(DATA))
    token = core.token(offer)
    kept(core, token, DATA[:1000])
    core = core.restarted()
    rot = core.store.backend.resume(place(offer).fragment, 0, None)
    rot.write(b"x" * 1000)
    rot.keep()
    rot.close()
    with pytest.raises(Conflict, match="byte 0"):
        begun(core, token, 1000, DATA[1000:])
    assert find_kept(core.store, token).offset == 0
    assert on_disk(core) == []
    assert core.get(last(core, token, DATA, 0).container) == DATA


def test_bytes_that_are_gone_are_not_gone_on_with(core: Core) -> None:
    offer = core.offer(size=len(DATA))
    token = core.token(offer)
    kept(core, token, DATA[:1000])
    core.store.backend.delete(place(offer).fragment)
    with pytest.raises(Conflict) as refused:
        begun(core, token, 1000)
    assert dict(refused.value.properties) == {OFFSET: "0"}
    last(core, token, DATA, 0)


def test_a_store_that_does_not_wait_for_its_disk_looks_at_what_is_there(
    core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the loss of power what was written may be anything."""
    monkeypatch.setattr(parts, "PIECE", 10)
    core = replace(core, store=replace(core.store, terms=replace(core.store.terms, durability=Durability.MEMORY)))
    offer = core.offer(size=len(DATA))
    token = core.token(offer)
    kept(core, token, DATA[:1000])
    lost = core.store.backend.resume(place(offer).fragment, 900, None)
    lost.write(bytes(100))
    lost.keep()
    lost.close()
    core = replace(core, store=replace(core.store, partials=Partials()))
    with pytest.raises(Conflict, match="byte 0"):
        begun(core, token, 1000, DATA[1000:1010], length=10)


def test_a_wrong_checksum_drops_its_part_and_no_more(core: Core) -> None:
    token = core.token(core.offer(size=len(DATA)))
    kept(core, token, DATA[:1000])
    wrong = (Checksum("sha1", hashlib.sha1(b"").digest()),)
    with pytest.raises(ChecksumMismatch) as refused:
        begun(core, token, 1000, DATA[1000:2000], checksums=wrong).complete()
    assert dict(refused.value.properties) == {parts.PART: "sha1"}
    assert find_kept(core.store, token).offset == 1000
    right = (
        Checksum("md5", hashlib.md5(DATA[1000:]).digest()),
        Checksum("sha512", hashlib.sha512(DATA[1000:]).digest()),
    )
    begun(core, token, 1000, DATA[1000:3000], checksums=right).abort()
    assert find_kept(core.store, token).offset == 1000, "nobody can tell whether it was right"
    assert core.get(last(core, token, DATA[1000:], 1000, checksums=right).container) == DATA


def test_a_whole_that_is_not_what_was_promised_begins_anew(core: Core) -> None:
    promised = (Digest("sha-256", hashlib.sha256(DATA).hexdigest()),)
    offer = core.offer(size=len(DATA), digests=promised)
    token = core.token(offer)
    kept(core, token, b"x" + DATA[1:1000])
    with pytest.raises(ChecksumMismatch) as refused:
        begun(core, token, 1000, DATA[1000:]).complete()
    assert refused.value.properties == ()
    assert (find_kept(core.store, token).offset, on_disk(core)) == (0, [])
    kept(core, token, DATA[:1000])
    assert core.get(last(core, token, DATA[1000:], 1000).container) == DATA


def test_as_many_as_are_remembered() -> None:
    core = make_core(MemoryCatalogue(), MemoryBackend())
    core = replace(core, store=replace(core.store, partials=Partials(2)))
    tokens = [core.token(core.offer(size=len(DATA))) for _ in range(4)]
    for token in tokens:
        kept(core, token, DATA[:1000])
    for token in tokens:
        assert core.get(last(core, token, DATA[1000:], 1000).container) == DATA
