"""What is sent past the store, where something of it goes wrong: it concerns nobody else."""

from dataclasses import replace
from typing import Any

import pytest

from filestore.domain.staging import PART
from filestore.services.containers import cancel_transfer
from filestore.services.staging import PATIENCE, collect
from tests.support.filestore_core import MANAGER
from tests.support.parts import kept, place
from tests.support.sentpast import Direct
from vofiles.contract import StoreCancelTransfer
from vofiles.errors import ServiceBusy

DATA = bytes(range(256)) * 10


@pytest.fixture
def direct() -> Direct:
    return Direct()


def refuse(direct: Direct, call: str, *, of: str, seconds: int = 0) -> None:
    """Have the medium refuse a call for one number."""
    made = getattr(direct.staging, call)

    def refusing(number: str, *arguments: Any) -> Any:
        if number == of:
            direct.core.clock.move(seconds)
            raise ServiceBusy("it is refused")
        return made(number, *arguments)

    setattr(direct.staging, call, refusing)


def test_one_that_cannot_be_looked_at_keeps_no_other_waiting(direct: Direct) -> None:
    """Its sender may have seen to that, by a header of which the medium makes something."""
    names = {}
    for name in ("t1", "t2", "t3"):
        offer = direct.core.offer(name, size=len(DATA))
        direct.send(offer, DATA)
        names[place(offer).fragment] = name
    refuse(direct, "received", of=direct.staged[0])
    with pytest.raises(ServiceBusy, match="refused"):
        collect(direct.core.store)
    states = [direct.core.transfer(names[number]).state for number in direct.staged]
    assert states == ["OFFERED", "RECEIVING", "RECEIVING"]


def test_one_that_cannot_be_dropped_keeps_no_other_there(direct: Direct) -> None:
    for name in ("t1", "t2", "t3"):
        direct.send(direct.core.offer(name, size=len(DATA)), DATA)
        cancel_transfer(direct.core.store, MANAGER, StoreCancelTransfer(name))
    refused = direct.staged[0]
    refuse(direct, "drop", of=refused)
    for _ in range(2):
        with pytest.raises(ServiceBusy, match="refused"):
            collect(direct.core.store)
        assert direct.staged == [refused]


def test_a_medium_that_takes_long_to_refuse_is_not_asked_for_all(direct: Direct) -> None:
    for name in ("t1", "t2"):
        direct.send(direct.core.offer(name, size=len(DATA)), DATA)
        cancel_transfer(direct.core.store, MANAGER, StoreCancelTransfer(name))
    first, second = direct.staged
    refuse(direct, "drop", of=first, seconds=PATIENCE + 1)
    with pytest.raises(ServiceBusy):
        collect(direct.core.store)
    assert direct.staged == [first, second]


def test_what_has_begun_to_come_by_ticket_goes_on_so(direct: Direct) -> None:
    """A store that is told to be direct only now has partial uploads, of which its FileManager may ask again."""
    core, size = direct.core, PART + 7
    terms = core.store.terms
    object.__setattr__(core.store, "terms", replace(terms, direct=False))
    token = core.token(core.offer("t1", size=size))
    kept(core, token, DATA)
    object.__setattr__(core.store, "terms", terms)
    again = core.offer("t1", size=size)
    assert (core.token(again), again.bytes_done, again.properties) == (token, len(DATA), ())
    assert direct.staged == []
