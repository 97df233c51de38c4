"""Containers and transfers only ever move along their tables."""

import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filestore.domain import container as containers
from filestore.domain import transfer as transfers
from filestore.domain.container import Container, Content
from filestore.domain.transfer import Transfer, fingerprint
from tests.support.filestore_core import DAVE, MANAGER, NODE, START
from vofiles.contract import ContainerState, Direction, Failure, StoreImportInit, TransferState
from vofiles.errors import Conflict, TransferEnded
from vofiles.instant import Instant

EMPTY = Container("abcd", MANAGER, NODE, DAVE, "t1", ContainerState.EMPTY, START, START)
OFFER = Transfer(
    "t1", MANAGER, Direction.IMPORT_INIT, "print", "abcd", TransferState.OFFERED, START, START, Instant(START + 10)
)
CONTAINER_STATES = [value for name, value in vars(ContainerState).items() if name.isupper()]
CONTAINER_ACTIONS = [containers.BEGIN, containers.ABORT, containers.COMPLETE, containers.DELETE]
TRANSFER_STATES = [value for name, value in vars(TransferState).items() if name.isupper() and isinstance(value, str)]
TRANSFER_ACTIONS = [
    transfers.START,
    transfers.STORE,
    transfers.ACKNOWLEDGE,
    transfers.EXPIRE,
    transfers.CANCEL,
    transfers.FAIL,
]


@pytest.mark.parametrize(("state", "action"), list(itertools.product(CONTAINER_STATES, CONTAINER_ACTIONS)))
def test_a_container_follows_its_table(state: str, action: str) -> None:
    container = replace(EMPTY, state=state)
    follows = containers.TRANSITIONS.get((state, action))
    if follows is None:
        with pytest.raises(Conflict, match=state):
            container.step(action, START)
    else:
        after = container.step(action, Instant(START + 1))
        assert (after.state, after.changed) == (follows, START + 1)


def test_complete_content_never_changes() -> None:
    full = EMPTY.step(containers.BEGIN, START).complete(Content(1, ()), START)
    for action in (containers.BEGIN, containers.ABORT, containers.COMPLETE):
        with pytest.raises(Conflict):
            full.step(action, START)


def test_nothing_follows_deletion() -> None:
    assert not [action for state, action in containers.TRANSITIONS if state == ContainerState.DELETED]


@pytest.mark.parametrize(("state", "action"), list(itertools.product(TRANSFER_STATES, TRANSFER_ACTIONS)))
def test_a_transfer_follows_its_table(state: str, action: str) -> None:
    transfer = replace(OFFER, state=state)
    follows = transfers.TRANSITIONS.get((state, action))
    if follows is None:
        with pytest.raises(TransferEnded, match="t1"):
            transfer.step(action, START)
    else:
        assert transfer.step(action, START).state == follows


@given(st.lists(st.sampled_from([*TRANSFER_ACTIONS, transfers.GIVE_BACK]), max_size=12))
def test_a_transfer_ends_once(actions: list[str]) -> None:
    transfer, endings = OFFER, 0
    for action in actions:
        before = transfer.ended
        try:
            transfer = transfer.step(action, START)
        except TransferEnded:
            continue
        endings += transfer.ended and not before
        assert transfer.ended >= before
    assert endings <= 1


def test_a_lease_is_given_back_to_where_it_was_taken() -> None:
    started = OFFER.start("lease", Instant(START + 99), START)
    assert started.step(transfers.GIVE_BACK, START).state == TransferState.OFFERED
    moved = replace(OFFER, direction=Direction.IMPORT_DATA, state=TransferState.REQUESTED)
    given = moved.start("lease", Instant(START + 99), START).step(transfers.GIVE_BACK, START)
    assert (given.state, given.lease) == (TransferState.REQUESTED, None)
    with pytest.raises(TransferEnded):
        OFFER.step(transfers.GIVE_BACK, START)


def test_a_failure_is_kept() -> None:
    failed = replace(OFFER, state=TransferState.REQUESTED).fail(Failure("Incomplete", "x"), START)
    assert (failed.state, failed.failure) == (TransferState.FAILED, Failure("Incomplete", "x"))


def test_a_fingerprint_tells_requests_apart() -> None:
    request = StoreImportInit("t1", MANAGER, NODE, DAVE, size=3)
    same = StoreImportInit("t1", MANAGER, NODE, DAVE, size=3, content_type=None, digests=())
    assert fingerprint("importInit", request) == fingerprint("importInit", same)
    others = [replace(request, size=4), replace(request, size=None, maximum_size=3), replace(request, content_type="3")]
    marks = {fingerprint("importInit", other) for other in [request, *others]}
    assert len(marks | {fingerprint("importData", request)}) == 5
