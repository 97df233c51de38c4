"""Jobs and items: where each state leads, and that a job's counts are always those of its items."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filemanager.domain.job import ITEM_TRANSITIONS, JOB_TRANSITIONS, Job, JobItem
from filemanager.domain.treepaths import parse_path, write_path
from vofiles.contract import Failure, ItemState, JobState
from vofiles.errors import InvalidName, JobEnded
from vofiles.instant import Instant
from vofiles.ivorn import Ivorn
from vofiles.names import parse_name

DAVE = Ivorn.parse("ivo://ast.cam.ac.uk/dave")
T0 = Instant(1_000)
JOB = Job("number", "copy", DAVE, DAVE, T0, T0, total=3)


def known(words: type) -> set[str]:
    return {value for name, value in vars(words).items() if name.isupper() and isinstance(value, str)}


def test_every_state_that_a_caller_can_meet_has_its_row() -> None:
    for table, words in ((JOB_TRANSITIONS, JobState), (ITEM_TRANSITIONS, ItemState)):
        assert set(table) == known(words)
        assert {following for row in table.values() for following in row} <= set(table)


def test_a_job_that_is_complete_stays_so() -> None:
    complete = replace(JOB, state=JobState.COMPLETED)
    for state in known(JobState) - {JobState.COMPLETED}:
        with pytest.raises(JobEnded):
            complete.moved_to(state)


@pytest.mark.parametrize("state", sorted(ItemState.ENDED - {ItemState.FAILED}))
def test_an_item_that_has_ended_stays_so_unless_it_failed(state: str) -> None:
    ended = JobItem(1, "", state=state)
    for other in known(ItemState) - {state}:
        with pytest.raises(ValueError, match="does not go"):
            ended.moved_to(other)


ITEMS = st.builds(
    JobItem,
    st.just(1),
    st.just(""),
    state=st.sampled_from(sorted(ITEM_TRANSITIONS)),
    size=st.none() | st.integers(0, 10**12),
    bytes_done=st.integers(0, 10**12),
)


@given(st.lists(st.tuples(ITEMS, ITEMS), max_size=8), st.integers(0, 2_000))
def test_counts_are_those_of_the_items(changes: list[tuple[JobItem, JobItem]], now: int) -> None:
    before, after = [each[0] for each in changes], [each[1] for each in changes]
    counted = replace(JOB, total=len(changes)).with_items([], before, T0)
    job = counted.with_items(before, after, Instant(now))
    expected = replace(JOB, total=len(changes)).with_items([], after, T0)
    assert replace(job, modified=T0) == expected
    assert job.waiting == sum(item.state == ItemState.WAITING for item in after)
    assert job.left == sum(not item.has_ended for item in after)
    assert job.modified == max(T0, now)


def test_the_end_says_what_became_of_the_items() -> None:
    busy = replace(JOB, state=JobState.RUNNING, request={"secret": "yes"})
    assert replace(busy, done=3).at_end(T0).state == JobState.COMPLETED
    assert replace(busy, done=2, failed=1).at_end(T0).state == JobState.FAILED
    assert replace(busy, failed=1, cancelled=2).at_end(T0).state == JobState.CANCELLED
    failed = replace(busy, done=3).at_end(T0, Failure("Busy", "It is busy"))
    assert (failed.state, failed.failure) == (JobState.FAILED, Failure("Busy", "It is busy"))
    # Needed again only where something can be tried again.
    assert replace(busy, done=3).at_end(T0).request == {}
    assert replace(busy, failed=3).at_end(T0).request == {"secret": "yes"}


NAMES = st.text(min_size=1, max_size=20).filter(
    lambda name: name not in {".", ".."} and name.isprintable() and "/" not in name
)


@given(st.lists(NAMES, min_size=1, max_size=5))
def test_a_path_is_written_in_one_way(names: list[str]) -> None:
    try:
        path = tuple(map(parse_name, names))
    except InvalidName:
        return
    assert parse_path(write_path(path)) == path
    assert parse_path(f"//{write_path(path)}/") == path
