"""Uploads in parts, two and more at once: whoever asks, goes on or ends the same one at the same moment."""

import threading

import pytest

from filestore.domain.stretch import Stretch
from filestore.services.flows import WAITING
from filestore.services.parts import Part
from filestore.services.resuming import begin_anew, displace, find_kept, open_part
from filestore.services.senders import SILENCE
from filestore.services.uploads import Stored
from tests.support.filestore_core import Core
from tests.support.parts import DATA, begun, last
from tests.support.serving import wait_until
from vofiles.errors import Busy


@pytest.mark.parametrize("asked", [True, False])
def test_who_sent_the_last_byte_hears_that_it_is_stored_whoever_came_between(core: Core, asked: bool) -> None:
    """Somebody asks how far it is when all has come, and its sender has not said yet that this is all."""
    token = core.token(core.offer(size=len(DATA)))
    part = begun(core, token, 0, DATA)
    if asked:
        assert find_kept(core.store, token).offset == len(DATA)
    else:
        assert part.displace(1.0)
    made = part.complete()
    assert isinstance(made, Stored)
    assert core.get(made.receipt.container) == DATA
    part.abort()
    assert core.get(made.receipt.container) == DATA


def test_one_upload_keeps_few_threads_waiting(core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    """However often somebody asks how far it is while a part of it cannot be ended at once."""
    monkeypatch.setattr("filestore.services.resuming.PATIENCE", 60.0)
    token = core.token(core.offer(size=len(DATA)))
    part = begun(core, token, 0, DATA[:1000])
    told: list[int] = []
    with part._lock:
        askers = [
            threading.Thread(target=lambda: told.append(find_kept(core.store, token).offset)) for _ in range(WAITING)
        ]
        for asker in askers:
            asker.start()
        wait_until(lambda: core.store.flows._waited_for.total() == WAITING, "they wait")
        with pytest.raises(Busy, match="others wait"):
            find_kept(core.store, token)
        with pytest.raises(Busy, match="others wait"):
            begun(core, token, 1000)
    for asker in askers:
        asker.join()
    assert told == [1000] * WAITING
    assert last(core, token, DATA[1000:], 1000).size == len(DATA)


# --- who is there is left in peace, who is silent makes room ----------------------------------------------------------


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("filestore.services.resuming.PATIENCE", 0.05)


@pytest.mark.usefixtures("impatient")
def test_a_sender_whose_bytes_come_is_left_in_peace(core: Core) -> None:
    """However often somebody asks, and whatever else he wants to begin."""
    token = core.token(core.offer(size=len(DATA)))
    part = begun(core, token, 0, DATA[:1000])
    for end in range(2000, 5000, 1000):
        core.clock.move(SILENCE)
        part.sender.hear()
        core.clock.move(SILENCE - 1)
        with pytest.raises(Busy, match="on their way"):
            find_kept(core.store, token)
        with pytest.raises(Busy, match="on their way"):
            begun(core, token, 1000)
        with pytest.raises(Busy, match="on their way"):
            begin_anew(core.store, token, None)
        part.write(DATA[end - 1000 : end])
    part.write(DATA[4000:])
    made = part.complete()
    assert isinstance(made, Stored)
    assert core.get(made.receipt.container) == DATA


@pytest.mark.usefixtures("impatient")
def test_who_is_held_up_by_the_store_is_not_silent(core: Core) -> None:
    """Before he is asked for his bytes, and while they wait for a thread or for the disk, however long that takes."""
    token = core.token(core.offer(size=len(DATA)))
    part = open_part(core.store, token, Stretch(0), heard=True)
    assert isinstance(part, Part)
    for end in (1000, 2000):
        core.clock.move(60 * SILENCE)
        with pytest.raises(Busy):
            find_kept(core.store, token)
        part.sender.release()
        core.clock.move(SILENCE - 1)
        with pytest.raises(Busy):
            find_kept(core.store, token)
        part.sender.hold()
        part.write(DATA[end - 1000 : end])
    part.sender.release()
    core.clock.move(SILENCE)
    assert find_kept(core.store, token).offset == 2000
    with pytest.raises(Busy):
        part.write(DATA[2000:])
    assert last(core, token, DATA[2000:], 2000).size == len(DATA)


def test_who_asks_waits_until_it_is_silent(core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("filestore.services.resuming.PATIENCE", 60.0)
    token = core.token(core.offer(size=len(DATA)))
    begun(core, token, 0, DATA[:1000]).sender.hear()
    told: list[int] = []
    asker = threading.Thread(target=lambda: told.append(find_kept(core.store, token).offset))
    asker.start()
    wait_until(lambda: core.store.flows._waited_for.total() == 1, "it waits")
    core.clock.move(SILENCE)
    asker.join()
    assert told == [1000]


@pytest.mark.usefixtures("impatient")
def test_another_process_does_not_end_it_either(core: Core) -> None:
    token = core.token(core.offer(size=len(DATA)))
    part = begun(core, token, 0, DATA[:1000])
    part.sender.hear()
    displace(core.store, part.lease)
    part.write(DATA[1000:2000])
    core.clock.move(SILENCE)
    displace(core.store, part.lease)
    with pytest.raises(Busy):
        part.write(DATA[2000:])
    assert find_kept(core.store, token).offset == 2000


def test_a_part_that_is_just_about_to_begin_is_waited_for(core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its lease is taken a moment before anybody can tell that it should end."""
    monkeypatch.setattr("filestore.services.resuming.PATIENCE", 60.0)
    token = core.token(core.offer(size=len(DATA)))
    part = begun(core, token, 0, DATA[:1000])
    flows = core.store.flows
    flows.delete(part.lease)
    told: list[int] = []
    asker = threading.Thread(target=lambda: told.append(find_kept(core.store, token).offset))
    asker.start()
    wait_until(lambda: flows._waited_for.total() == 1, "it waits")
    flows.add(part.lease, part)
    asker.join()
    assert told == [1000]
