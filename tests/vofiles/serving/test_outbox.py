"""The outbox with a table in memory, a clock and a jitter that the test sets; nothing here sleeps."""

import threading
from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence

import pytest

from tests.support.letters import LONG, NEVER, Clock, Peers, Start, Table, clock, peers, start, table
from vofiles.errors import NotAuthenticated, ServiceBusy, ServiceUnreachable, TransferNotFound, Unexpected, VofilesError
from vofiles.instant import SECOND, Instant
from vofiles.serving import letters as module
from vofiles.serving.letters import Delivery, Letter, Outcome, singly
from vofiles.serving.outbox import Outbox

__all__ = ["clock", "peers", "start", "table"]


def test_what_is_due_at_start_is_delivered_in_order_of_time(
    start: Start, table: Table, peers: Peers, clock: Clock
) -> None:
    table.put(1, "a", clock())
    table.put(2, "a", Instant(clock() - SECOND))
    table.put(3, "a", Instant(clock() + SECOND))
    start(threads=1)
    table.wait(lambda: len(table.gone) == 2)
    assert table.gone == [("delivered", 2), ("delivered", 1)]
    assert list(table.rows) == [3]


def test_waking_delivers_at_once(start: Start, table: Table, clock: Clock) -> None:
    outbox = start()
    table.put(1, "a", clock())
    outbox.wake()
    table.wait(lambda: table.gone == [("delivered", 1)])


def test_rows_that_nobody_woke_us_for_are_found(start: Start, table: Table, clock: Clock) -> None:
    start(poll=0.001)
    table.put(1, "a", clock())
    table.wait(lambda: table.gone == [("delivered", 1)])


@pytest.mark.parametrize("error", [ServiceUnreachable("a"), ServiceBusy("a"), Unexpected("17"), RuntimeError("ours")])
def test_no_answer_and_faults_are_tried_again_later_and_later(
    start: Start, table: Table, peers: Peers, clock: Clock, error: Exception
) -> None:
    peers.answers["a"] = error
    table.put(1, "a", clock())
    outbox = start()
    for attempt in range(1, 14):
        table.wait_for_attempts(1, attempt)
        wait = min(600, 2 ** (attempt - 1)) * SECOND // 2
        assert table.rows[1][0] == clock() + wait
        clock.pass_by(wait - 1)
        outbox.wake()  # too early: nothing is due
        clock.pass_by(1)
        outbox.wake()
    assert type(error).__name__ in table.errors[0]
    table.wait_for_attempts(1, 14)
    assert len(peers.seen) == 14
    del peers.answers["a"]
    clock.pass_by(600 * SECOND)
    outbox.wake()
    table.wait(lambda: table.gone == [("delivered", 1)])


def test_a_retry_comes_by_itself_when_its_time_has_come(start: Start, table: Table, peers: Peers, clock: Clock) -> None:
    peers.answers["a"] = ServiceUnreachable("a")
    table.put(1, "a", clock())
    start(jitter=lambda: 0.000001)  # due again after a microsecond
    table.wait(lambda: table.rows[1][1].attempts >= 1)
    del peers.answers["a"]
    clock.pass_by(SECOND)
    table.wait(lambda: table.gone == [("delivered", 1)])


def test_after_seven_days_a_letter_is_given_up(start: Start, table: Table, peers: Peers, clock: Clock) -> None:
    peers.answers["a"] = ServiceUnreachable("a")
    table.put(1, "a", clock(), created=Instant(clock() - 7 * 86400 * SECOND))
    table.put(2, "a", clock(), created=Instant(clock() - 7 * 86400 * SECOND + SECOND))
    start()
    table.wait(lambda: table.gone == [("given up", 1)] and table.rows[2][1].attempts == 1)


def test_a_refusal_is_final_once_the_policy_has_seen_it(start: Start, table: Table, peers: Peers, clock: Clock) -> None:
    told: list[tuple[int, VofilesError]] = []
    peers.answers["a"] = TransferNotFound("x")
    table.put(1, "a", clock())
    start(refused=lambda letter, error: told.append((letter.key, error)))
    table.wait(lambda: table.gone == [("given up", 1)])
    assert told == [(1, peers.answers["a"])]
    assert "TransferNotFound" in table.errors[0]


def test_a_policy_that_raises_has_the_letter_tried_again(
    start: Start, table: Table, peers: Peers, clock: Clock
) -> None:
    def object_to(letter: Letter[str], error: VofilesError) -> None:
        raise ServiceBusy("the other half")

    peers.answers["a"] = TransferNotFound("x")
    table.put(1, "a", clock())
    start(refused=object_to)
    table.wait_for_attempts(1, 1)
    assert "ServiceBusy" in table.errors[0]


def test_wrong_keys_are_no_reason_to_give_up(start: Start, table: Table, peers: Peers, clock: Clock) -> None:
    peers.answers["a"] = NotAuthenticated()
    table.put(1, "a", clock())
    start()
    table.wait_for_attempts(1, 1)


def test_a_silent_peer_neither_holds_up_others_nor_gets_more_than_its_share(
    start: Start, table: Table, peers: Peers, clock: Clock
) -> None:
    peers.held["silent"] = threading.Event()
    for key in range(1, 51):
        table.put(key, "silent", Instant(clock() - SECOND))
    for key in range(51, 61):
        table.put(key, "b", clock())
    start(threads=4, per_peer=2)
    table.wait(lambda: len(table.gone) == 10)
    assert {key for _, key in table.gone} == set(range(51, 61))
    peers.held["silent"].set()
    table.wait(lambda: not table.rows)
    assert peers.most["silent"] == 2
    assert sorted(peers.seen) == list(range(1, 61)), "each exactly once"


def test_a_restart_delivers_again_what_was_under_way(start: Start, table: Table, peers: Peers, clock: Clock) -> None:
    peers.held["a"] = threading.Event()
    table.put(1, "a", clock())
    start()
    peers.wait(lambda: peers.seen == [1])  # and the process dies here: nobody says how it ended
    start()
    peers.wait(lambda: peers.seen == [1, 1])


def test_when_an_outcome_cannot_be_recorded_the_letter_goes_out_again_after_a_rest(
    start: Start, table: Table, peers: Peers, clock: Clock
) -> None:
    table.failing = 1
    table.put(1, "a", clock())
    start(poll=0.001)
    table.wait(lambda: table.gone == [("failed", 1), ("delivered", 1)])
    assert peers.seen == [1, 1]


def test_an_outbox_survives_a_table_that_cannot_be_read(
    start: Start, table: Table, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, failed = table.due, threading.Event()

    def due(now: Instant, limit: int, without: Collection[str]) -> list[Letter[str]]:
        if not failed.is_set():
            failed.set()
            raise ServiceBusy("its database is locked")
        return real(now, limit, without)

    monkeypatch.setattr(table, "due", due)
    table.put(1, "a", clock())
    outbox = start()
    assert failed.wait(LONG)
    outbox.wake()
    table.wait(lambda: table.gone == [("delivered", 1)])


def test_stopping_waits_for_deliveries_and_begins_no_more(
    start: Start, table: Table, peers: Peers, clock: Clock
) -> None:
    peers.held["a"] = threading.Event()
    table.put(1, "a", clock())
    outbox = start(threads=1)
    peers.wait(lambda: peers.seen == [1])
    table.put(2, "a", clock())
    outbox.wake()
    stopping = threading.Thread(target=outbox.stop)
    stopping.start()
    assert not table.gone
    peers.held["a"].set()
    stopping.join(LONG)
    assert table.gone == [("delivered", 1)]
    assert peers.seen == [1]
    outbox.stop()


def test_the_longest_delay_and_the_time_kept_are_as_documented() -> None:
    assert (module.FIRST_DELAY, module.LONGEST_DELAY, module.KEPT) == (10**6, 600 * 10**6, 604_800 * 10**6)


def test_letters_to_one_peer_go_in_company_and_are_settled_in_one_transaction(
    start: Start, table: Table, clock: Clock
) -> None:
    seen: list[list[int]] = []

    def deliver(letters: Sequence[Letter[str]]) -> Iterator[list[Outcome[str]]]:
        seen.append([letter.key for letter in letters])
        assert len({letter.peer for letter in letters}) == 1
        yield [(letter, None if letter.key % 2 else ServiceUnreachable("a")) for letter in letters]

    for key in range(1, 13):
        table.put(key, "a" if key <= 8 else "b", Instant(clock() + key - 20))
    start(deliver, together=4, threads=1)
    table.wait(lambda: len(table.companies) == 6)
    assert seen == [[1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11, 12]]
    assert table.companies == [2] * 6, "what was delivered, and what is to be tried again"
    assert [table.rows[key][1].attempts for key in sorted(table.rows)] == [1] * 6


def test_what_is_known_of_some_is_written_down_before_the_others_are_known(
    start: Start, table: Table, clock: Clock
) -> None:
    known = threading.Event()

    def deliver(letters: Sequence[Letter[str]]) -> Iterator[list[Outcome[str]]]:
        yield [(letters[1], None)]
        assert known.wait(LONG)
        yield [(letters[0], None)]

    table.put(1, "a", clock())
    table.put(2, "a", clock())
    start(deliver, together=2)
    table.wait(lambda: table.gone == [("delivered", 2)])
    known.set()
    table.wait(lambda: table.gone == [("delivered", 2), ("delivered", 1)])


def test_a_delivery_that_breaks_off_loses_no_letter(start: Start, table: Table, clock: Clock) -> None:
    def deliver(letters: Sequence[Letter[str]]) -> Iterator[list[Outcome[str]]]:
        yield [(letters[0], None)]
        raise ServiceUnreachable("a")

    for key in (1, 2, 3):
        table.put(key, "a", clock())
    start(deliver, together=3)
    table.wait(lambda: sorted(table.rows) == [2, 3] and all(row.attempts == 1 for _, row in table.rows.values()))
    assert table.gone == [("delivered", 1)]


def test_others_letters_go_while_one_peer_has_all_it_may_have(
    start: Start, table: Table, peers: Peers, clock: Clock
) -> None:
    peers.held["silent"] = threading.Event()
    table.put(1, "silent", clock())
    outbox = start(per_peer=1)
    peers.wait(lambda: peers.seen == [1])
    table.put(2, "b", clock())
    outbox.wake()
    table.wait(lambda: table.gone == [("delivered", 2)])


def test_who_is_due_again_before_his_company_is_back_goes_when_it_is(start: Start, table: Table, clock: Clock) -> None:
    out, back = threading.Event(), threading.Event()

    def deliver(letters: Sequence[Letter[str]]) -> Iterator[list[Outcome[str]]]:
        if len(letters) == 1:
            yield [(letters[0], None)]
            return
        yield [(letters[0], ServiceUnreachable("a"))]
        out.set()
        assert back.wait(LONG)
        yield [(letters[1], None)]

    table.put(1, "a", clock())
    table.put(2, "a", clock())
    outbox = start(deliver, together=2, poll=NEVER)
    assert out.wait(LONG)
    clock.pass_by(SECOND)
    for _ in range(2):
        looks = table.looks
        outbox.wake()
        table.wait(lambda looks=looks: table.looks > looks)  # type: ignore[misc]
    back.set()
    table.wait(lambda: table.gone == [("delivered", 2), ("delivered", 1)])


def test_a_delivery_that_ends_while_it_is_looked_whether_any_has_is_not_overlooked(table: Table, clock: Clock) -> None:
    class JustEnded(deque[Sequence[Letter[str]]]):
        """Has nothing in it when it is asked first."""

        asked = False

        def __bool__(self) -> bool:
            self.asked, before = True, self.asked
            return before and len(self) > 0

    outbox = Outbox(Delivery(table, singly(lambda letter: None), clock=clock))
    outbox._done = JustEnded([[Letter(1, "a", clock(), 0, "")]])
    assert [outbox._forget_done(), outbox._forget_done()] == [False, True]


def test_stopping_ends_a_wait_although_a_look_came_in_between(
    start: Start, table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopping: list[threading.Thread] = []

    def prepare(outbox: Outbox[str]) -> None:
        real = outbox._is_to_look

        def stopped_before(*, ended: bool) -> bool:
            if not stopping:
                stopping.append(threading.Thread(target=outbox.stop))
                stopping[0].start()
                assert outbox._stopping.wait(LONG)
            return real(ended=ended)

        monkeypatch.setattr(outbox, "_is_to_look", stopped_before)

    start(prepare=prepare, poll=NEVER)
    table.wait(lambda: table.looks == 1)
    stopping[0].join(LONG)
    assert not stopping[0].is_alive()


def test_letters_that_the_pool_does_not_take_go_with_the_next_look(
    start: Start, table: Table, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = threading.Event()

    def prepare(outbox: Outbox[str]) -> None:
        real = outbox._pool.submit

        def submit(fn: Callable[..., None], company: Sequence[Letter[str]]) -> object:
            if company[0].peer == "b" and not refused.is_set():
                # As when no thread can be started for it: it stands in the queue all the same.
                real(fn, company)
                refused.set()
                raise RuntimeError("can't start new thread")
            return real(fn, company)

        monkeypatch.setattr(outbox._pool, "submit", submit)

    for key, peer in enumerate("abc"):
        table.put(key, peer, Instant(clock() + key - 3))
    outbox = start(prepare=prepare, poll=NEVER)
    assert refused.wait(LONG)
    outbox.wake()
    table.wait(lambda: not table.rows)
    outbox.stop()
    outbox._forget_done()
    assert (outbox._under_way, outbox._load.total()) == ({}, 0)
