"""Uploads in parts, two and more at once: whoever asks, goes on or ends the same one at the same moment."""

import threading

import pytest

from filestore.services.flows import WAITING
from filestore.services.resuming import find_kept
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
