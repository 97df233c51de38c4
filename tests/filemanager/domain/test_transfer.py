"""The table of a transfer's states: where it leads, and that nothing leads out of an end."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filemanager.domain.transfer import ENDED, OPEN, TRANSITIONS, Transfer
from vofiles.contract import Direction, TransferState
from vofiles.errors import TransferEnded
from vofiles.instant import Instant
from vofiles.ivorn import Ivorn

STORE = Ivorn.parse("ivo://star.le.ac.uk/filestore")
DAVE = Ivorn.parse("ivo://ast.cam.ac.uk/dave")
STATES = st.sampled_from(sorted(TRANSITIONS))


def transfer(state: str) -> Transfer:
    now = Instant(0)
    return Transfer("t", DAVE, Direction.IMPORT_INIT, STORE, state, now, 1, "n", now)


def test_the_table_has_every_state_of_the_contract_and_no_other() -> None:
    known = {value for name, value in vars(TransferState).items() if name.isupper() and isinstance(value, str)}
    assert TRANSITIONS.keys() == known
    assert all(following in known for row in TRANSITIONS.values() for following in row)


def test_every_open_transfer_can_end_well_and_badly() -> None:
    for state in OPEN:
        assert all(transfer(state).may_become(end) for end in ENDED)


@given(STATES, STATES)
def test_an_end_is_an_end(first: str, second: str) -> None:
    begun = transfer(first)
    if first in ENDED:
        with pytest.raises(TransferEnded):
            begun.moved_to(second)
    elif first == second or begun.may_become(second):
        assert begun.moved_to(second, bytes_done=3).state == second
    else:
        with pytest.raises(ValueError, match="does not go"):
            begun.moved_to(second)


def test_bytes_that_are_stored_are_not_offered_again() -> None:
    assert not transfer(TransferState.STORED).may_become(TransferState.OFFERED)
    assert transfer(TransferState.RECEIVING).may_become(TransferState.OFFERED), "a lease is given back"
    assert not transfer(TransferState.OFFERED).may_become(TransferState.REQUESTED)
