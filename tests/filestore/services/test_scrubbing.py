"""Rounds: everything is read once in its time, at its pace, and a restart goes on where the round was."""

import threading
from dataclasses import replace

import pytest

from filestore.api.measures import register
from filestore.domain import findings as kinds
from filestore.domain.round import Round
from filestore.services import scrub
from filestore.services.containers import delete_container
from filestore.services.lane import Lane
from filestore.services.pace import Halted, Pace
from filestore.services.scrubbing import DAY, Rounds, Suspicions
from tests.support.filestore_core import MANAGER, Core
from tests.support.rotting import HandTime, rot, scrub_of
from tests.support.serving import wait_until
from vofiles.contract import DeleteContainer
from vofiles.instant import SECOND
from vofiles.serving.metrics import Measures


def progress(core: Core) -> Round:
    found = core.store.catalogue.read(lambda records: records.find_round())
    assert found is not None
    return found


def filled(core: Core, number: int, size: int = 1000) -> list[str]:
    """The numbers of containers, in their order."""
    return sorted(core.stored(bytes([each]) * size).receipt.container.fragment for each in range(number))


@pytest.fixture(autouse=True)
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Steps of a few containers."""
    monkeypatch.setattr(scrub, "PAGE", 4)


# --- the pace ---------------------------------------------------------------------------------------------------------


def test_bytes_are_read_no_faster_than_the_rate() -> None:
    time = HandTime()
    pace, before = Pace(1000, time.elapsed, time.wait), time.seconds
    for _ in range(100):
        pace.spend(500)
    assert time.seconds - before == pytest.approx(50.0)


def test_a_slow_disk_is_not_slowed_further() -> None:
    time = HandTime()
    pace = Pace(1000, time.elapsed, time.wait)
    for _ in range(10):
        time.seconds += 0.75
        pace.spend(500)
    assert sum(time.waits) == 0.0


def test_an_hour_of_rest_is_not_made_up_for_at_once() -> None:
    time = HandTime()
    pace = Pace(1000, time.elapsed, time.wait)
    time.seconds += 3600
    before = time.seconds
    for _ in range(10):
        pace.spend(500)
    assert time.seconds - before == pytest.approx(4.0)


def test_without_a_rate_nothing_is_waited_for_and_an_end_is_heard() -> None:
    time = HandTime()
    pace = Pace(0, time.elapsed, time.wait)
    pace.spend(1 << 40)
    assert time.waits == [0.0]
    time.over = True
    with pytest.raises(Halted):
        pace.spend(1)


def test_a_scrub_goes_at_its_pace(core: Core) -> None:
    filled(core, 5, 10_000)
    time = HandTime()
    before = time.seconds
    for _ in scrub_of(core.store, 1000, time).steps():
        pass
    assert time.seconds - before == pytest.approx(50.0)


# --- rounds -----------------------------------------------------------------------------------------------------------


def test_a_round_reads_everything_and_the_next_one_comes_in_its_time(core: Core) -> None:
    numbers = filled(core, 9)
    began = core.clock.now
    rounds = Rounds(scrub_of(core.store), 30 * DAY)
    rounds.turn()
    assert progress(core) == Round(began, numbers[7], 9, 9000, 0, ended=began)
    core.clock.move(30 * DAY - 1)
    rounds.turn()
    assert progress(core).began == began
    core.clock.move(1)
    rounds.turn()
    assert (progress(core).began, progress(core).containers, progress(core).before) == (core.clock.now, 9, began)


def test_a_store_without_anything_has_its_round_too(core: Core) -> None:
    Rounds(scrub_of(core.store), DAY).turn()
    assert (progress(core).ended, progress(core).containers) == (core.clock.now, 0)


def test_findings_are_counted_and_logged(core: Core, caplog: pytest.LogCaptureFixture) -> None:
    rotten = core.stored(b"rotten").receipt.container
    filled(core, 5)
    rot(core, rotten)
    Rounds(scrub_of(core.store), DAY).turn()
    assert progress(core).findings == 1
    assert any(kinds.DAMAGED in record.message and rotten.fragment in record.message for record in caplog.records)


def test_a_restart_in_the_middle_goes_on_there(core: Core) -> None:
    numbers = filled(core, 10)
    time = HandTime()
    # Each container is told of twice: before it is read and behind.
    time.on_wait = lambda: setattr(time, "over", len(time.waits) > 14)
    Rounds(scrub_of(core.store, 0, time), DAY).turn()
    stopped = progress(core)
    assert (stopped.ended, stopped.after, stopped.containers) == (None, numbers[3], 4)
    core.clock.move(SECOND)
    seen = HandTime()
    Rounds(scrub_of(core.restarted().store, 0, seen), DAY).turn()
    done = progress(core)
    assert (done.began, done.containers, done.ended) == (stopped.began, 10, core.clock.now)
    assert len(seen.waits) == 12


def test_what_is_deleted_in_a_round_is_passed_over(core: Core) -> None:
    numbers = filled(core, 6)
    time = HandTime()

    def delete() -> None:
        if len(time.waits) == 1:
            for number in numbers[1:]:
                delete_container(core.store, MANAGER, DeleteContainer(core.store.identifier.with_fragment(number)))

    time.on_wait = delete
    Rounds(scrub_of(core.store, 0, time), DAY).turn()
    assert (progress(core).findings, progress(core).size) == (0, 1000)
    assert progress(core).ended is not None


def test_a_step_ends_behind_many_bytes(core: Core) -> None:
    numbers = filled(core, 3)
    page = scrub_of(core.store).read_all(numbers, 1500)
    assert page.counted == {"containers": 2, "bytes": 2000}


def test_a_round_that_takes_too_long_is_told(core: Core, caplog: pytest.LogCaptureFixture) -> None:
    filled(core, 1)
    time = HandTime()
    time.on_wait = lambda: core.clock.move(2 * DAY)
    Rounds(scrub_of(core.store, 0, time), DAY).turn()
    assert any("raise scrub.rate" in record.message for record in caplog.records)


# --- suspicions -------------------------------------------------------------------------------------------------------


def test_what_is_suspected_is_read_at_once(core: Core) -> None:
    rotten, well = core.stored(b"rotten").receipt.container, core.stored(b"well").receipt.container
    rot(core, rotten)
    suspicions = Suspicions(scrub_of(core.store).read)
    store = replace(core.store, suspect=suspicions.suspect)
    for container in (rotten, well, core.store.identifier.with_fragment("nobody")):
        store.suspect(container.fragment)
    wait_until(lambda: store.catalogue.read(lambda records: records.count_damaged(None)) == 1, "the rot to be found")
    suspicions.stop()
    assert core.get(well) == b"well"


def test_one_that_fails_does_not_keep_the_next_one(caplog: pytest.LogCaptureFixture) -> None:
    read = list[str]()

    def fail(number: str) -> None:
        read.append(number)
        raise RuntimeError(number)

    suspicions = Suspicions(fail)
    suspicions.suspect("a")
    suspicions.suspect("b")
    wait_until(lambda: read == ["a", "b"], "both to be tried")
    suspicions.stop()
    assert "could not be read" in caplog.text


def test_stopping_waits_for_the_one_under_way_and_takes_no_more() -> None:
    begun, go_on, read = threading.Event(), threading.Event(), list[str]()

    def slow(number: str) -> None:
        begun.set()
        assert go_on.wait(30)
        read.append(number)

    suspicions = Suspicions(slow)
    suspicions.suspect("a")
    assert begun.wait(30)
    suspicions.suspect("b")
    stopping = threading.Thread(target=suspicions.stop)
    stopping.start()
    go_on.set()
    stopping.join(30)
    suspicions.suspect("c")
    assert read[:1] == ["a"]
    assert "c" not in read
    suspicions.stop()


# --- what is measured -------------------------------------------------------------------------------------------------


def test_it_is_measured(core: Core) -> None:
    measures = Measures()
    register(measures, core.store, Lane(lambda transfer: None, threads=0), dict)

    def found(name: str) -> float:
        return next(metric.samples[0].value for metric in measures.collect() if metric.name == f"vofiles_{name}")

    assert (found("damaged_containers"), found("scrub_last_end_seconds")) == (0, 0)
    rotten = core.stored(b"rotten").receipt.container
    core.stored(b"well")
    rot(core, rotten)
    Rounds(scrub_of(core.store), DAY).turn()
    assert (found("damaged_containers"), found("scrub_findings")) == (1, 1)
    assert (found("scrub_containers"), found("scrub_bytes")) == (2, 10)
    assert found("scrub_last_end_seconds") == core.clock.now / SECOND
