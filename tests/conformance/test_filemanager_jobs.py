"""What the port `Database` promises of jobs and their items, against every implementation."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from filemanager.domain.job import Job, JobItem
from filemanager.ports import Database
from tests.support.databases import server
from tests.support.treedatabases import tree
from tests.support.treerows import CAMBRIDGE, DAVE, EVE, LEICESTER, T0, database
from vofiles.contract import Failure, ItemState, JobState
from vofiles.errors import Conflict, StoreNotFound
from vofiles.instant import Instant
from vofiles.ivorn import Ivorn, new_number

__all__ = ["database", "server", "tree"]

NOBODY = Ivorn.parse("ivo://ast.cam.ac.uk/filemanager")


def job(owner: Ivorn = DAVE, **told: Any) -> Job:
    return replace(Job(new_number(), "copy", owner, owner, T0, T0), **told)


def numbered(*paths: str, **told: Any) -> list[JobItem]:
    return [replace(JobItem(number, path), **told) for number, path in enumerate(paths, 1)]


def add(database: Database, added: Job, items: Sequence[JobItem] = ()) -> Job:
    return database.write(lambda tx: tx.jobs.add_job(replace(added, total=len(items)), items))


def find(database: Database, number: str) -> Job:
    found = database.read(lambda tx: tx.jobs.find_job(number))
    assert found is not None
    return found


def all_items(database: Database, of: Job, state: str | None = None) -> list[JobItem]:
    return database.read(lambda tx: tx.jobs.items(of.key, state, 0, 100))


def save(database: Database, *items: JobItem) -> None:
    database.write(lambda tx: tx.jobs.save_items(items))


def waiting(database: Database, store: Ivorn | None, after: int = -1, limit: int = 10) -> list[JobItem]:
    return database.write(lambda tx: tx.jobs.waiting_items(store, after, limit))


def paths(items: Sequence[JobItem]) -> list[str]:
    return [item.path for item in items]


def test_a_job_is_found_as_it_was_added_and_saved(database: Database) -> None:
    told = {"url": "http://sink/", "headers": "[]"}
    added = add(database, job(caller=EVE, node="a", result="b", request=told), numbered("x", "y"))
    assert added.key > 0
    assert find(database, added.number) == added
    assert database.write(lambda tx: tx.jobs.lock_job(added.number)) == added
    changed = replace(
        added, state=JobState.FAILED, modified=Instant(T0 + 1), ended=Instant(T0 + 1), running=1, done=2, failed=3,
        cancelled=4, bytes_total=5, bytes_done=6, cancelling=True, failure=Failure("Busy", "It is busy"),
        result="c", request={},
    )  # fmt: skip
    database.write(lambda tx: tx.jobs.save_job(changed))
    assert find(database, added.number) == changed
    assert database.read(lambda tx: tx.jobs.jobs([added.key, added.key + 1000])) == {added.key: changed}


def test_a_job_of_nobody_s_account_is_a_job(database: Database) -> None:
    added = add(database, job(NOBODY), numbered("x"))
    assert find(database, added.number) == added
    assert [item.space for item in all_items(database, added)] == [0]


def test_a_job_s_number_is_new_and_its_stores_are_known(database: Database) -> None:
    added = add(database, job())
    with pytest.raises(Conflict):
        add(database, job(number=added.number))
    unknown = Ivorn.parse("ivo://nowhere/store")
    refused = job()
    with pytest.raises(StoreNotFound):
        add(database, refused, numbered("x", store=unknown))
    assert database.read(lambda tx: tx.jobs.find_job(refused.number)) is None


def test_items_are_found_as_they_were_added_and_saved(database: Database) -> None:
    told = JobItem(1, "a%20b", "node", "result", LEICESTER, 12, {"url": "http://source/"})
    added = add(database, job(), [told, JobItem(2, "c")])
    first, second = all_items(database, added)
    assert first == replace(told, job=added.key, space=first.space)
    assert (second.store, second.size, second.node, second.space) == (None, None, None, first.space)
    changed = replace(
        first, state=ItemState.FAILED, node="n", result="r", size=13, bytes_done=7, transfer="t", tries=2, attempts=3,
        due=Instant(T0 + 5), failure=Failure("Busy", "It is busy"),
    )  # fmt: skip
    save(database, changed, replace(second, state=ItemState.RUNNING))
    assert all_items(database, added) == [changed, replace(second, state=ItemState.RUNNING)]
    assert database.read(lambda tx: tx.jobs.find_items(added.key, [2, 9, 1])) == all_items(database, added)
    assert database.read(lambda tx: tx.jobs.items_of_transfers(["t", "u"])) == [changed]
    assert database.read(lambda tx: tx.jobs.job_of_transfer("t")) == added.number
    assert database.read(lambda tx: tx.jobs.job_of_transfer("u")) is None


def test_items_that_failed_wait_again_as_one_of_them_would(database: Database) -> None:
    added = add(database, job(), numbered(*"abcd"))
    others = add(database, job(), numbered("x"))
    a, b, c, d = all_items(database, added)
    failed = [
        replace(
            item, state=ItemState.FAILED, node="n", result="r", size=5, transfer="t", tries=tries, attempts=3,
            due=Instant(T0 + 5), failure=Failure("Busy", "It is busy"),
        )
        for tries, item in enumerate((a, b))
    ]  # fmt: skip
    done = replace(c, state=ItemState.DONE, transfer="u", bytes_done=7)
    stays = replace(all_items(database, others)[0], state=ItemState.FAILED)
    save(database, *failed, done, stays)
    assert database.write(lambda tx: tx.jobs.retry_items(added.key)) == 2
    assert all_items(database, added) == [*(item.again() for item in failed), done, d]
    assert all_items(database, others) == [stays]
    assert database.write(lambda tx: tx.jobs.retry_items(added.key)) == 0


def test_items_come_page_by_page_and_by_state(database: Database) -> None:
    added = add(database, job(), numbered(*"abcde"))
    others = add(database, job(), numbered("x"))
    items = all_items(database, added)
    save(database, *(replace(item, state=ItemState.FAILED) for item in items[1::2]))
    assert paths(database.read(lambda tx: tx.jobs.items(added.key, None, 1, 2))) == ["b", "c"]
    assert paths(all_items(database, added, ItemState.FAILED)) == ["b", "d"]
    assert paths(database.read(lambda tx: tx.jobs.items(added.key, ItemState.WAITING, 1, 10))) == ["c", "e"]
    assert paths(all_items(database, others)) == ["x"]


def test_jobs_are_listed_the_newest_first(database: Database) -> None:
    a, b, c = add(database, job()), add(database, job(EVE)), add(database, job())
    done = replace(c, state=JobState.COMPLETED)
    database.write(lambda tx: tx.jobs.save_job(done))

    def listed(caller: Ivorn | None, state: str | None, before: int | None, limit: int = 10) -> list[Job]:
        return database.read(lambda tx: tx.jobs.list_jobs(caller, state, before, limit))

    assert listed(None, None, None) == [done, b, a]
    assert listed(None, None, None, 2) == [done, b]
    assert listed(None, None, b.key) == [a]
    assert listed(DAVE, None, None) == [done, a]
    assert listed(None, JobState.QUEUED, None) == [b, a]
    assert listed(DAVE, JobState.QUEUED, None) == [a]
    assert listed(NOBODY, None, None) == []


def test_what_waits_comes_lane_by_lane_and_space_by_space_in_its_order(database: Database) -> None:
    first = add(database, job(), numbered("a", "b", store=LEICESTER))
    eves = add(database, job(EVE), numbered("e", store=LEICESTER))
    add(database, job(), numbered("c", store=LEICESTER))
    add(database, job(), numbered("elsewhere", store=CAMBRIDGE))
    add(database, job(NOBODY), numbered("nowhere"))
    dave, eve = (all_items(database, each)[0].space for each in (first, eves))
    assert paths(waiting(database, LEICESTER, eve)) == paths(waiting(database, LEICESTER, dave - 1)) == ["a", "b", "c"]
    assert paths(waiting(database, LEICESTER, eve, 2)) == ["a", "b"]
    assert paths(waiting(database, LEICESTER, dave)) == ["e"]
    assert paths(waiting(database, CAMBRIDGE)) == ["elsewhere"]
    assert paths(waiting(database, None)) == ["nowhere"]
    assert waiting(database, Ivorn.parse("ivo://nowhere/store")) == []
    (begun, _) = all_items(database, first)
    save(database, replace(begun, state=ItemState.RUNNING))
    assert paths(waiting(database, LEICESTER, eve)) == ["b", "c"]


def test_what_runs_is_counted_and_due(database: Database) -> None:
    added = add(database, job(), [*numbered("a", "b", store=LEICESTER), JobItem(3, "c"), JobItem(4, "d")])
    a, b, c, d = all_items(database, added)
    a, b, c = (replace(item, state=ItemState.RUNNING, due=Instant(T0 + at)) for item, at in ((a, 3), (b, 1), (c, 2)))
    assert database.read(lambda tx: tx.jobs.next_due()) is None
    save(database, a, b, c)
    assert database.read(lambda tx: tx.jobs.running_items()) == {LEICESTER: 2, None: 1}
    assert database.read(lambda tx: tx.jobs.due_items(Instant(T0 + 2), 10)) == [b, c]
    assert database.read(lambda tx: tx.jobs.due_items(Instant(T0 + 3), 1)) == [b]
    assert database.read(lambda tx: tx.jobs.next_due()) == T0 + 1
    assert database.write(lambda tx: tx.jobs.hurry_items(T0)) == 3
    assert len(database.read(lambda tx: tx.jobs.due_items(T0, 10))) == 3
    assert all_items(database, added)[3] == d


def test_jobs_that_are_to_end_are_those_without_anything_left_and_those_to_be_cancelled(database: Database) -> None:
    def put(items: int, **told: Any) -> Job:
        changed = replace(add(database, job(), numbered(*"abcdef"[:items])), **told)
        database.write(lambda tx: tx.jobs.save_job(changed))
        return changed

    put(3, done=1, failed=1)
    ready = put(3, state=JobState.RUNNING, done=1, failed=1, cancelled=1)
    put(3, state=JobState.COMPLETED, done=3)
    cancelled = put(3, cancelling=True, running=1, done=1)
    put(2, cancelling=True, running=1, done=1)
    nothing = put(0)
    assert database.read(lambda tx: tx.jobs.jobs_to_end(10)) == [ready, cancelled, nothing]
    assert database.read(lambda tx: tx.jobs.jobs_to_end(1)) == [ready]


def test_a_job_goes_with_its_items_some_at_a_time(database: Database) -> None:
    kept = add(database, job(), numbered("x"))
    old = add(database, job(), numbered(*"abcde"))
    ended = replace(old, state=JobState.FAILED, ended=Instant(T0 + 10))
    database.write(lambda tx: tx.jobs.save_job(ended))
    assert database.read(lambda tx: tx.jobs.jobs_ended(Instant(T0 + 10), 10)) == []
    assert database.read(lambda tx: tx.jobs.jobs_ended(Instant(T0 + 11), 10)) == [ended]
    assert database.write(lambda tx: tx.jobs.delete_job(old.key, 2)) == 2
    assert paths(all_items(database, old)) == ["c", "d", "e"]
    assert find(database, old.number) == ended
    assert database.write(lambda tx: tx.jobs.delete_job(old.key, 4)) == 3
    assert database.read(lambda tx: tx.jobs.find_job(old.number)) is None
    assert database.write(lambda tx: tx.jobs.delete_job(old.key, 4)) == 0
    assert paths(all_items(database, kept)) == ["x"]


def test_open_jobs_and_what_waits_are_counted(database: Database) -> None:
    assert database.read(lambda tx: tx.standing.waiting_items()) == 0
    add(database, job(), numbered("a", "b"))
    some = replace(add(database, job(), numbered(*"abcd")), state=JobState.RUNNING, running=1, failed=1)
    gone = replace(add(database, job(), numbered("a")), state=JobState.CANCELLED)
    for changed in (some, gone):
        database.write(lambda tx, changed=changed: tx.jobs.save_job(changed))  # type: ignore[misc]
    assert database.read(lambda tx: tx.standing.open_jobs()) == {JobState.QUEUED: 1, JobState.RUNNING: 1}
    assert database.read(lambda tx: tx.standing.waiting_items()) == 4


def test_a_large_job_is_added(database: Database) -> None:
    added = add(database, job(), numbered(*(str(number) for number in range(5001)), store=CAMBRIDGE))
    last = database.read(lambda tx: tx.jobs.items(added.key, None, 5000, 10))
    assert paths(last) == ["5000"]
