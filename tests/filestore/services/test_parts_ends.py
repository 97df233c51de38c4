"""Uploads in parts: what is refused, who may go on, and how they end."""

import threading
from dataclasses import replace

import pytest

from filestore.backends.memory import MemoryBackend
from filestore.domain.stretch import Stretch
from filestore.domain.terms import Terms
from filestore.domain.ticket import Ticket
from filestore.persistence.memory import MemoryCatalogue
from filestore.services import parts
from filestore.services.check import check
from filestore.services.check_contents import Wish
from filestore.services.containers import cancel_transfer, delete_container
from filestore.services.expiry import expire_due
from filestore.services.flows import Flows
from filestore.services.imports import Sent, open_upload
from filestore.services.kept import OFFSET, Kept
from filestore.services.manifest import manifest
from filestore.services.partials import Partials
from filestore.services.parts import Part
from filestore.services.resuming import Told, begin_anew, displace, find_kept, open_part
from filestore.services.store import Store
from filestore.services.sweep import sweep, take_over
from tests.support.filestore_core import MANAGER, Core, make_core
from tests.support.parts import DATA, HOUR, begun, kept, last, on_disk, place
from vofiles.contract import (
    ContainerState,
    DeleteContainer,
    StoreCancelTransfer,
)
from vofiles.errors import (
    Busy,
    Conflict,
    StoreFull,
    TicketExpired,
    TicketUnknown,
    TicketUsed,
    TooLarge,
    TransferEnded,
    WrongMethod,
)

# --- what is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("offset", [0, 999, 1001, 10**18 - 1])
def test_a_part_begins_where_the_last_one_ends(core: Core, offset: int) -> None:
    token = core.token(core.offer(size=len(DATA)))
    kept(core, token, DATA[:1000])
    with pytest.raises(Conflict) as refused:
        begun(core, token, offset)
    assert dict(refused.value.properties) == {OFFSET: "1000"}
    assert find_kept(core.store, token).offset == 1000


def test_no_more_than_was_announced(core: Core) -> None:
    token = core.token(core.offer(maximum_size=1000))
    with pytest.raises(TooLarge):
        begun(core, token, total=1001)
    with pytest.raises(TooLarge):
        begun(core, token, length=1001)
    with pytest.raises(TooLarge):
        begin_anew(core.store, token, Told(1001))
    kept(core, token, DATA[:600])
    part = begun(core, token, 600, DATA[600:900])
    with pytest.raises(TooLarge):
        part.write(DATA[900:1001])
    part.abort()
    assert find_kept(core.store, token).offset == 900, "what came before it is kept"


def test_a_full_disk_takes_nothing_back() -> None:
    core = make_core(MemoryCatalogue(), MemoryBackend(2000))
    token = core.token(core.offer())
    kept(core, token, DATA[:1500])
    part = begun(core, token, 1500)
    with pytest.raises(StoreFull):
        part.write(DATA[1500:2500])
    part.abort()
    assert find_kept(core.store, token).offset == 1500
    assert last(core, token, DATA[1500:1900], 1500, total=1900).size == 1900


def test_parts_leave_the_reserve_alone() -> None:
    """However many come, and whatever is said of their length when some are there."""
    core = make_core(MemoryCatalogue(), MemoryBackend(3000), terms=Terms(reserve=1000))
    token = core.token(core.offer())
    kept(core, token, DATA[:1500])
    with pytest.raises(StoreFull):
        begun(core, token, 1500, total=2001)
    part = begun(core, token, 1500)
    with pytest.raises(StoreFull):
        part.write(DATA[1500:2001])
    part.abort()
    assert (find_kept(core.store, token).offset, core.store.left()) == (1500, 500)
    assert last(core, token, DATA[1500:2000], 1500, total=2000).size == 2000


def test_after_the_end_nothing_goes_on(core: Core) -> None:
    token = core.token(core.offer(size=10))
    last(core, token, DATA[:10], 0)
    with pytest.raises(Conflict, match="byte 10"):
        begun(core, token, 0, DATA[:10])
    assert isinstance(open_part(core.store, token, Stretch(10, 0)), Kept)
    with pytest.raises(TicketUsed):
        begin_anew(core.store, token, Told(10))
    with pytest.raises(TransferEnded):
        begin_anew(core.store, token, None)


def test_tickets_that_are_not_for_it(core: Core) -> None:
    for token in ("", "é", "none", "a.1." + "a" * 26):
        with pytest.raises(TicketUnknown):
            find_kept(core.store, token)
        with pytest.raises(TicketUnknown):
            begun(core, token)
    offer = core.offer()
    cancel_transfer(core.store, MANAGER, StoreCancelTransfer(offer.transfer))
    for attempt in (find_kept, lambda store, token: open_part(store, token, Stretch(0))):
        with pytest.raises(TransferEnded):
            attempt(core.store, core.token(offer))
    with pytest.raises(WrongMethod):
        find_kept(core.store, core.store.tickets.token(Ticket(offer.transfer, 1, "GET")))


# --- beginning anew ---------------------------------------------------------------------------------------------------


def test_a_plain_put_begins_anew(core: Core) -> None:
    offer = core.offer()
    token = core.token(offer)
    kept(core, token, DATA[:1000], total=5000)
    assert core.put(token, DATA, sent=Sent(len(DATA))).receipt.size == len(DATA)
    assert core.get(place(offer)) == DATA


def test_a_plain_put_that_breaks_off_leaves_nothing_to_go_on_with(core: Core) -> None:
    token = core.token(core.offer())
    kept(core, token, DATA[:1000], total=5000)
    upload = open_upload(core.store, token, Sent())
    upload.write(b"anew")
    assert find_kept(core.store, token) == Kept(0, None, find_kept(core.store, token).until)
    with pytest.raises(Busy):
        begun(core, token)
    upload.abort()
    assert (find_kept(core.store, token).offset, find_kept(core.store, token).length) == (0, None)
    assert on_disk(core) == []


def test_beginning_anew_drops_what_came_and_remembers_what_is_told(core: Core) -> None:
    offer = core.offer(content_type=None)
    token = core.token(offer)
    kept(core, token, DATA[:1000])
    told = begin_anew(core.store, token, Told(len(DATA), "application/fits", "filetype YQ=="))
    assert isinstance(told, Kept)
    assert (told.offset, told.length, told.metadata, told.until) == (0, len(DATA), "filetype YQ==", offer.expiry)
    assert on_disk(core) == []
    assert find_kept(core.restarted().store, token) == told
    assert last(core, token, DATA, 0).content_type == "application/fits"


def test_it_may_begin_with_its_first_part(core: Core) -> None:
    token = core.token(core.offer())
    kept(core, token, b"others")
    part = begin_anew(core.store, token, Told(len(DATA), metadata="a"), Stretch(0, 100))
    assert isinstance(part, Part)
    part.write(DATA[:100])
    outcome = part.complete()
    assert isinstance(outcome, Kept)
    assert (outcome.offset, outcome.length, outcome.metadata) == (100, len(DATA), "a")
    assert core.get(last(core, token, DATA[100:], 100).container) == DATA


def test_what_came_is_dropped_when_its_sender_says_so(core: Core) -> None:
    offer = core.offer()
    token = core.token(offer)
    begin_anew(core.store, token, None)
    kept(core, token, DATA[:1000], total=len(DATA))
    begin_anew(core.store, token, None)
    assert on_disk(core) == []
    assert (core.transfer(offer.transfer).state, core.container_state(place(offer))) == ("OFFERED", "EMPTY")
    assert find_kept(core.store, token) == Kept(0, None, offer.expiry)
    assert core.put(token, b"other").receipt.size == 5


# --- two at once ------------------------------------------------------------------------------------------------------


def test_the_newest_connection_wins(core: Core) -> None:
    token = core.token(core.offer(size=len(DATA)))
    silent = begun(core, token, 0, DATA[:1000])
    assert find_kept(core.store, token).offset == 1000
    with pytest.raises(Busy):
        silent.write(DATA[1000:1100])
    with pytest.raises(Busy):
        silent.complete()
    silent.abort()
    second = begun(core, token, 1000, DATA[1000:2000])
    with pytest.raises(Conflict, match="byte 2000"):
        begun(core, token, 1000)
    second.abort()
    assert core.get(last(core, token, DATA[2000:], 2000).container) == DATA


def test_what_was_deleted_is_not_told_to_be_there(core: Core) -> None:
    """As a PUT that comes again is refused."""
    token = core.token(core.offer(size=len(DATA)))
    made = last(core, token, DATA, 0)
    delete_container(core.store, MANAGER, DeleteContainer(made.container))
    with pytest.raises(TicketUnknown):
        find_kept(core.store, token)
    with pytest.raises(TicketUnknown):
        begun(core, token, len(DATA), length=0)


def seated(core: Core, mark: str, displaced: list[str]) -> Core:
    """The store as the process in a seat has it."""
    store = replace(core.store, seat=mark, flows=Flows(), partials=Partials(), tell_displaced=displaced.append)
    return replace(core, store=store)


def test_another_process_is_asked_to_keep_what_it_has(core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    one, two = seated(core, "1.", []), seated(core, "2.", told)
    token = core.token(core.offer(size=len(DATA)))
    part = begun(one, token, 0, DATA[:1000])
    with monkeypatch.context() as quick:
        quick.setattr("filestore.services.resuming.PATIENCE", 0.05)
        with pytest.raises(Busy):
            find_kept(two.store, token)
    assert told == [part.lease]
    heard: Store = replace(two.store, tell_displaced=lambda lease: displace(one.store, lease))
    two = replace(two, store=heard)
    assert find_kept(two.store, token).offset == 1000
    kept(two, token, DATA[1000:2000], 1000)
    kept(one, token, DATA[2000:3000], 2000)
    assert core.get(last(two, token, DATA[3000:], 3000).container) == DATA


def test_what_a_dead_process_had_made_safe_is_taken_over(core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "SAFE_EVERY", 1000)
    one = seated(core, "1.", [])
    token = core.token(core.offer(size=len(DATA)))
    begun(one, token, 0, DATA[:1500])
    next_one = seated(core, "1.", [])
    assert take_over(next_one.store) == 1
    assert find_kept(next_one.store, token).offset == 1500
    assert core.get(last(next_one, token, DATA[1500:], 1500).container) == DATA


# --- the end ----------------------------------------------------------------------------------------------------------


def test_once_begun_it_may_go_on_until_the_hard_cap_of_its_first_byte(core: Core) -> None:
    offer = core.offer(size=len(DATA))
    token = core.token(offer)
    core.clock.move(HOUR // 2)
    cap = core.clock.now + core.store.terms.longest_transfer
    assert kept(core, token, DATA[:1000]).until == cap
    core.clock.move(20 * HOUR)
    expire_due(core.store)
    assert core.transfer(offer.transfer).expiry == cap
    assert kept(core, token, DATA[1000:2000], 1000).until == cap
    core.clock.move(4 * HOUR + 1)
    with pytest.raises(TicketExpired):
        find_kept(core.store, token)
    with pytest.raises(TicketExpired):
        begun(core, token, 2000)
    expire_due(core.store)
    assert core.transfer(offer.transfer).state == "EXPIRED"
    assert (core.container_state(place(offer)), on_disk(core)) == ("DELETED", [])
    assert core.store.catalogue.read(lambda records: records.has_outgoing(offer.transfer))
    with pytest.raises(TicketExpired):
        find_kept(core.store, token)


def test_what_never_began_expires_with_its_ticket(core: Core) -> None:
    offer = core.offer()
    token = core.token(offer)
    begin_anew(core.store, token, Told(10))
    core.clock.move(HOUR + 1)
    with pytest.raises(TicketExpired):
        begun(core, token)
    expire_due(core.store)
    assert core.transfer(offer.transfer).state == "EXPIRED"


def test_the_hard_cap_ends_a_part_on_its_way(core: Core) -> None:
    token = core.token(core.offer(size=len(DATA)))
    part = begun(core, token, 0, DATA[:1000])
    core.clock.move(25 * HOUR)
    with pytest.raises(TicketExpired):
        part.write(DATA[1000:])
    part.abort()
    expire_due(core.store)
    assert on_disk(core) == []


@pytest.mark.parametrize("flowing", [False, True])
def test_cancelling_and_deleting_drop_what_came(core: Core, flowing: bool) -> None:
    cancelled, deleted = core.offer(), core.offer()
    flows = []
    for offer in (cancelled, deleted):
        kept(core, core.token(offer), DATA[:1000])
        if flowing:
            flows.append(begun(core, core.token(offer), 1000, DATA[1000:1010]))
    cancel_transfer(core.store, MANAGER, StoreCancelTransfer(cancelled.transfer))
    delete_container(core.store, MANAGER, DeleteContainer(place(deleted)))
    for part in flows:
        with pytest.raises(TransferEnded):
            part.write(b"more")
        part.abort()
    assert on_disk(core) == []
    for offer in (cancelled, deleted):
        with pytest.raises(TransferEnded):
            find_kept(core.store, core.token(offer))


def test_what_is_kept_is_neither_orphan_nor_leftover_nor_content(core: Core) -> None:
    offer = core.offer(size=len(DATA))
    kept(core, core.token(offer), DATA[:1000])
    core = core.restarted()
    swept = sweep(core.store)
    assert (swept.dropped, swept.orphans, swept.missing, swept.leases) == (0, 0, 0, 0)
    core.clock.move(HOUR)
    findings = [each for page in check(core.store, Wish(repair=True, digests=True)) for each in page.findings]
    assert findings == []
    assert list(manifest(core.store.backend)) == []
    assert on_disk(core) == [place(offer).fragment]
    assert core.container_state(place(offer)) == ContainerState.RECEIVING


def test_what_was_sealed_and_not_published_is_gone_on_with(core: Core) -> None:
    """The process stopped between the two; nobody is to take it for a content meanwhile."""
    offer = core.offer(size=len(DATA))
    token = core.token(offer)
    kept(core, token, DATA[:1000])
    part = begun(core, token, 1000, DATA[1000:])
    part._seal()
    core = core.restarted()
    sweep(core.store)
    assert list(manifest(core.store.backend)) == []
    assert find_kept(core.store, token).offset == 1000
    assert core.get(last(core, token, DATA[1000:], 1000).container) == DATA


def test_the_newest_lock_is_not_waited_for_too_long(core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever holds a part while it is being completed is not interrupted in that."""
    monkeypatch.setattr("filestore.services.resuming.PATIENCE", 0.05)
    token = core.token(core.offer(size=len(DATA)))
    part = begun(core, token, 0, DATA[:1000])
    held, go = threading.Event(), threading.Event()

    def hold() -> None:
        with part._lock:
            held.set()
            go.wait(30)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(30)
    with pytest.raises(Busy):
        find_kept(core.store, token)
    go.set()
    thread.join()
    assert find_kept(core.store, token).offset == 1000
