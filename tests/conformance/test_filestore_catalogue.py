"""What every catalogue of a store keeps of its port's word."""

from dataclasses import replace

import pytest

from filestore.domain.backlog import Backlog
from filestore.domain.container import BEGIN, Container, Content, Damage
from filestore.domain.partial import Partial
from filestore.domain.round import Round, next_round
from filestore.domain.staging import Staged
from filestore.domain.transfer import ACKNOWLEDGE, GIVE_BACK, Promise, Remote, Transfer
from filestore.ports import Catalogue, Outgoing, Records
from tests.support.databases import server
from tests.support.filestore_core import DAVE, MANAGER, NODE, OTHER_MANAGER, START, STORE
from vofiles.contract import Digest, Direction, Failure, Header, Receipt, TransferState
from vofiles.errors import Busy, ContainerNotFound, NodeNotFound, TransferNotFound
from vofiles.instant import Instant
from vofiles.ivorn import Ivorn, NodeIdentifier

__all__ = ["server"]

EMPTY = Container("abcd", MANAGER, NODE, DAVE, "t1", "EMPTY", START, START)
OFFER = Transfer(
    "t1", MANAGER, Direction.IMPORT_INIT, "print", "abcd", TransferState.OFFERED, START, START, Instant(START + 10)
)
DIGESTS = (Digest("xxh3-128", "ab"), Digest("sha-256", "cd"))
LATE = Instant(START + 1000)


def add(catalogue: Catalogue, *rows: Container | Transfer | Outgoing) -> None:
    def fn(records: Records) -> None:
        for row in rows:
            if isinstance(row, Container):
                records.add_container(row)
            elif isinstance(row, Transfer):
                records.add_transfer(row)
            else:
                records.add_outgoing(row)

    catalogue.write(fn)


def test_a_container_comes_back_as_it_was(catalogue: Catalogue) -> None:
    full = replace(EMPTY, number="bcde", state="COMPLETE", content=Content(5, DIGESTS, "text/plain; charset=utf-8"))
    add(catalogue, EMPTY, full)
    assert catalogue.read(lambda records: records.find_container("abcd")) == EMPTY
    assert catalogue.read(lambda records: records.find_container("bcde")) == full
    assert catalogue.read(lambda records: records.find_container("none")) is None
    with pytest.raises(Busy):
        add(catalogue, EMPTY)


def test_damage_is_kept_and_listed(catalogue: Catalogue) -> None:
    damage = Damage(LATE, "its bytes are others, by xxh3-128")
    full = replace(EMPTY, state="COMPLETE", content=Content(5, DIGESTS))
    rows = [
        full,
        replace(full, number="bcde", damage=damage),
        replace(full, number="cdef", damage=damage, manager=OTHER_MANAGER),
        replace(full, number="defg", damage=damage, state="DELETED"),
        replace(full, number="efgh", damage=damage),
    ]
    add(catalogue, *rows)
    assert catalogue.read(lambda records: records.find_container("bcde")) == rows[1]

    def damaged(manager: Ivorn | None, after: str = "", limit: int = 9) -> list[str]:
        return [row.number for row in catalogue.read(lambda records: records.list_damaged(manager, after, limit))]

    assert damaged(None) == ["bcde", "cdef", "efgh"]
    assert (damaged(MANAGER), damaged(MANAGER, "bcde"), damaged(MANAGER, "", 1)) == (
        ["bcde", "efgh"],
        ["efgh"],
        ["bcde"],
    )
    counts = catalogue.read(lambda records: [records.count_damaged(each) for each in (None, MANAGER, OTHER_MANAGER)])
    assert counts == [3, 2, 1]
    catalogue.write(lambda records: records.set_container(replace(rows[1], damage=None)))
    assert (damaged(None), catalogue.read(lambda records: records.find_container("bcde"))) == (
        ["cdef", "efgh"],
        replace(rows[1], damage=None),
    )


def test_a_round_is_kept(catalogue: Catalogue) -> None:
    assert catalogue.read(lambda records: records.find_round()) is None
    first = next_round(None, START).read(3, 1 << 40, 1, "abcd")
    for progress in (first, first.end(LATE), next_round(first.end(LATE), Instant(LATE + 5))):
        catalogue.write(lambda records, progress=progress: records.set_round(progress))  # type: ignore[misc]
        assert catalogue.read(lambda records: records.find_round()) == progress
    assert progress == Round(Instant(LATE + 5), before=LATE)


def test_a_transfer_comes_back_as_it_was(catalogue: Catalogue) -> None:
    receipt = Receipt("t2", STORE.with_fragment("abcd"), 5, START, None, DIGESTS)
    full = replace(
        OFFER,
        transfer="t2",
        epoch=3,
        promise=Promise(5, 6, DIGESTS, "a/b"),
        remote=Remote("http://x/y", "HTTP", "POST", (Header("A", "b"), Header("C", "ü"))),
        file_name="naïve ☉.fits",
        lease="lease",
        deadline=LATE,
        bytes_done=5,
        failure=Failure("Incomplete", "too short"),
        receipt=receipt,
        request_id="0123456789ab",
        staged=Staged(1 << 26, "upload-1", complete=True),
        partial=Partial("lease", 7, "a/b", "filetype YS9i", 5, "ab"),
    )
    add(catalogue, OFFER, full)
    assert catalogue.read(lambda records: records.find_transfer("t1")) == OFFER
    assert catalogue.write(lambda records: records.hold_transfer("t2")) == full
    assert catalogue.read(lambda records: records.find_transfer("none")) is None
    with pytest.raises(Busy):
        add(catalogue, OFFER)


def test_rows_are_replaced(catalogue: Catalogue) -> None:
    add(catalogue, EMPTY, OFFER)
    receiving = EMPTY.step(BEGIN, LATE)
    started = OFFER.start("lease", LATE, LATE)

    def fn(records: Records) -> None:
        records.set_container(receiving)
        records.set_transfer(started)

    catalogue.write(fn)
    assert catalogue.write(lambda records: records.hold_container("abcd")) == receiving
    assert catalogue.read(lambda records: records.find_transfer("t1")) == started
    with pytest.raises(ContainerNotFound):
        catalogue.write(lambda records: records.set_container(replace(EMPTY, number="none")))
    with pytest.raises(TransferNotFound):
        catalogue.write(lambda records: records.set_transfer(replace(OFFER, transfer="none")))


def test_what_came_at_once_is_published_where_nothing_has_changed(catalogue: Catalogue) -> None:
    full = EMPTY.fill(Content(5, DIGESTS, "text/plain"), LATE)
    receipt = Receipt("t1", STORE.with_fragment("abcd"), 5, LATE, "text/plain", DIGESTS)
    after = replace(OFFER.start("", Instant(START + 99), LATE).store(receipt, LATE), request_id="r")

    def publish(before: Transfer) -> bool:
        return catalogue.write(lambda records: records.publish(before, after, full))

    def rows() -> tuple[Transfer | None, Container | None]:
        return catalogue.read(lambda records: (records.find_transfer("t1"), records.find_container("abcd")))

    assert not publish(OFFER)
    add(catalogue, EMPTY, OFFER)
    begun = OFFER.start("lease", Instant(START + 99), LATE)
    for other in (replace(OFFER, epoch=2), replace(OFFER, bytes_done=3), begun):
        catalogue.write(lambda records, other=other: records.set_transfer(other))  # type: ignore[misc]
        assert not publish(OFFER)
        assert rows() == (other, EMPTY)
    catalogue.write(lambda records: records.set_transfer(OFFER))
    assert publish(OFFER)
    assert rows() == (after, full)
    assert not publish(OFFER)
    # A container that is not EMPTY takes all of it back.
    catalogue.write(lambda records: records.set_transfer(OFFER))
    with pytest.raises(ContainerNotFound):
        publish(OFFER)
    assert rows() == (OFFER, full)


def test_rows_are_deleted(catalogue: Catalogue) -> None:
    add(catalogue, EMPTY, OFFER)

    def fn(records: Records) -> None:
        records.delete_container("abcd")
        records.delete_transfer("t1")

    catalogue.write(fn)
    catalogue.write(fn)
    assert catalogue.read(lambda records: records.find_container("abcd")) is None
    assert catalogue.read(lambda records: records.find_transfer("t1")) is None


def test_what_is_raised_takes_everything_back(catalogue: Catalogue) -> None:
    def fn(records: Records) -> None:
        records.add_container(EMPTY)
        records.add_outgoing(Outgoing("t1", MANAGER, START, START))
        raise NodeNotFound("x")

    with pytest.raises(NodeNotFound):
        catalogue.write(fn)
    assert catalogue.read(lambda records: records.find_container("abcd")) is None
    assert catalogue.read(lambda records: records.list_outgoing(LATE, 10, ())) == []


def test_a_refused_row_does_not_spoil_the_rest_of_the_transaction(catalogue: Catalogue) -> None:
    add(catalogue, EMPTY)

    def fn(records: Records) -> None:
        with pytest.raises(Busy):
            records.add_container(EMPTY)
        records.add_transfer(OFFER)

    catalogue.write(fn)
    assert catalogue.read(lambda records: records.find_transfer("t1")) == OFFER


def test_containers_are_listed_by_state_and_age_in_pages(catalogue: Catalogue) -> None:
    old = [replace(EMPTY, number=f"old{number}", state="DELETED") for number in range(5)]
    young = replace(EMPTY, number="young", state="DELETED", changed=LATE)
    add(catalogue, EMPTY, young, *old)

    def page(after: str) -> list[str]:
        return [row.number for row in catalogue.read(lambda r: r.list_containers("DELETED", LATE, after, 3))]

    assert page("") == ["old0", "old1", "old2"]
    assert page("old2") == ["old3", "old4"]
    assert page("old4") == []


def test_numbers_and_states_are_told_many_at_once(catalogue: Catalogue) -> None:
    states = {"a": "COMPLETE", "b": "DELETED", "c": "COMPLETE", "d": "EMPTY", "e": "COMPLETE"}
    add(catalogue, *(replace(EMPTY, number=number, state=state) for number, state in states.items()))

    def page(after: str) -> list[str]:
        return catalogue.read(lambda records: records.list_numbers("COMPLETE", after, 2))

    assert (page(""), page("c"), page("e")) == (["a", "c"], ["e"], [])
    asked = ["a", "b", "d", "none", *(f"none-{number}" for number in range(996))]
    known = catalogue.read(lambda records: records.states_of(asked))
    assert known == {"a": "COMPLETE", "b": "DELETED", "d": "EMPTY"}
    assert catalogue.read(lambda records: records.states_of([])) == {}


def test_transfers_are_listed_by_state_in_pages(catalogue: Catalogue) -> None:
    add(catalogue, *(replace(OFFER, transfer=name) for name in ("b", "c", "a")), replace(OFFER, state="FAILED"))

    def page(after: str) -> list[str]:
        return [row.transfer for row in catalogue.read(lambda r: r.list_transfers("OFFERED", after, 2))]

    assert page("") == ["a", "b"]
    assert page("b") == ["c"]


def test_transfers_are_overdue_by_expiry_and_by_deadline(catalogue: Catalogue) -> None:
    soon, later = replace(OFFER, transfer="soon", expiry=Instant(START + 1)), replace(OFFER, transfer="later")
    receiving = replace(OFFER, transfer="receiving", expiry=START).start("lease", Instant(START + 5), START)
    add(catalogue, later, soon, receiving)

    def overdue(state: str, before: int, limit: int = 9) -> list[str]:
        return [row.transfer for row in catalogue.read(lambda r: r.list_overdue(state, Instant(before), limit))]

    assert overdue("OFFERED", START) == []
    assert overdue("OFFERED", START + 2) == ["soon"]
    assert overdue("OFFERED", LATE) == ["soon", "later"]
    assert overdue("OFFERED", LATE, 1) == ["soon"]
    assert overdue("RECEIVING", START + 5) == []
    assert overdue("RECEIVING", START + 6) == ["receiving"]


def test_what_has_begun_to_come_in_parts_is_overdue_by_its_deadline(catalogue: Catalogue) -> None:
    part = replace(OFFER, expiry=Instant(START + 1)).start_part("lease", Partial("lease"), Instant(START + 5), START)
    begun = part.keep(3, Partial("lease", digested=3, digest="ab")).step(GIVE_BACK, START)
    empty = replace(part.step(GIVE_BACK, START), transfer="t2")
    add(catalogue, begun, empty)

    def overdue(before: int) -> list[Transfer]:
        return catalogue.read(lambda records: records.list_overdue("OFFERED", Instant(before), 9))

    assert overdue(START + 2) == [empty]
    assert overdue(START + 5) == [empty]
    assert overdue(START + 6) == [empty, begun]


def test_only_what_ended_long_ago_and_was_told_is_forgettable(catalogue: Catalogue) -> None:
    ended = [
        replace(OFFER, transfer=state, state=state, changed=START, expiry=LATE)
        for state in ("COMPLETED", "FAILED", "EXPIRED", "CANCELLED", "STORED")
    ]
    untold = replace(ended[0], transfer="untold")
    young = replace(ended[0], transfer="young", changed=LATE)
    add(catalogue, OFFER, *ended, untold, young, Outgoing("untold", MANAGER, START, START))
    found = catalogue.read(lambda records: records.list_forgettable(Instant(START + 1), 10))
    assert {row.transfer for row in found} == {row.transfer for row in ended}
    assert len(catalogue.read(lambda records: records.list_forgettable(Instant(START + 1), 2))) == 2


def test_callbacks_are_listed_when_due_the_longest_first(catalogue: Catalogue) -> None:
    late = Outgoing("late", MANAGER, START, LATE)
    first = Outgoing("first", MANAGER, START, START)
    second = Outgoing("second", OTHER_MANAGER, START, Instant(START + 1))
    add(catalogue, late, second, first)
    due = catalogue.read(lambda records: records.list_outgoing(Instant(START + 1), 10, ()))
    assert [row.transfer for row in due] == ["first", "second"]
    assert len({row.id for row in due}) == 2
    others = catalogue.read(lambda records: records.list_outgoing(Instant(START + 1), 10, [MANAGER]))
    assert [row.transfer for row in others] == ["second"]
    assert len(catalogue.read(lambda records: records.list_outgoing(LATE, 1, ()))) == 1


def test_acknowledged_callbacks_go_and_their_transfers_are_completed(catalogue: Catalogue) -> None:
    stored, failed, other = (
        replace(OFFER, transfer=name, state=state, lease="l")
        for name, state in (
            ("stored", TransferState.STORED),
            ("failed", TransferState.FAILED),
            ("other", TransferState.STORED),
        )
    )
    calls = [Outgoing(each.transfer, MANAGER, START, START) for each in (stored, failed, other)]
    add(catalogue, stored, failed, other, *calls)
    rows = {row.transfer: row.id for row in catalogue.read(lambda records: records.list_outgoing(LATE, 10, ()))}
    for _ in range(2):
        catalogue.write(lambda records: records.acknowledge([rows["stored"], rows["failed"], 1000], LATE))
        assert catalogue.read(lambda records: records.find_transfer("stored")) == stored.step(ACKNOWLEDGE, LATE)
        assert catalogue.read(lambda records: records.find_transfer("failed")) == failed
        assert catalogue.read(lambda records: records.find_transfer("other")) == other
        left = catalogue.read(lambda records: records.list_outgoing(LATE, 10, ()))
        assert [row.transfer for row in left] == ["other"]
    catalogue.write(lambda records: records.acknowledge([], LATE))
    for before, counts in ((LATE, False), (Instant(LATE + 1), True)):
        found = catalogue.read(lambda records, before=before: records.list_forgettable(before, 9))  # type: ignore[misc]
        assert ("stored" in [row.transfer for row in found]) == counts, "it has ended at that instant"


def test_a_transfer_has_one_callback(catalogue: Catalogue) -> None:
    add(catalogue, Outgoing("t1", MANAGER, START, START), Outgoing("t1", MANAGER, LATE, LATE))
    (row,) = catalogue.read(lambda records: records.list_outgoing(LATE, 10, ()))
    assert row == Outgoing("t1", MANAGER, START, START, id=row.id)


def test_callbacks_are_replaced_and_deleted(catalogue: Catalogue) -> None:
    add(catalogue, Outgoing("t1", MANAGER, START, START))
    (row,) = catalogue.read(lambda records: records.list_outgoing(START, 10, ()))
    changed = replace(row, due=LATE, attempts=2, error="no answer")
    catalogue.write(lambda records: records.set_outgoing(changed))
    assert catalogue.write(lambda records: records.hold_outgoing(row.id)) == changed
    catalogue.write(lambda records: records.delete_outgoing(row.id))
    assert catalogue.write(lambda records: records.hold_outgoing(row.id)) is None


def test_the_catalogue_knows_its_age(catalogue: Catalogue) -> None:
    assert catalogue.write(lambda records: records.born(START)) == START
    assert catalogue.write(lambda records: records.born(LATE)) == START


def test_an_orphan_is_remembered_from_its_first_sight(catalogue: Catalogue) -> None:
    assert catalogue.write(lambda records: records.add_orphan("abcd", START)) == START
    assert catalogue.write(lambda records: records.add_orphan("abcd", LATE)) == START
    catalogue.write(lambda records: records.delete_orphan("abcd"))
    assert catalogue.write(lambda records: records.add_orphan("abcd", LATE)) == LATE


def test_the_containers_of_one_filemanager_come_in_pages(catalogue: Catalogue) -> None:
    numbers = ["aaaa", "bbbb", "cccc", "dddd", "eeee"]
    add(catalogue, *(replace(EMPTY, number=number) for number in numbers))
    add(catalogue, replace(EMPTY, number="abcd", manager=OTHER_MANAGER), replace(EMPTY, number="bcde", state="DELETED"))
    assert [row.number for row in catalogue.read(lambda records: records.list_held(MANAGER, "", 9))] == numbers
    assert [row.number for row in catalogue.read(lambda records: records.list_held(MANAGER, "bbbb", 2))] == [
        "cccc",
        "dddd",
    ]
    assert catalogue.read(lambda records: records.list_held(MANAGER, "eeee", 2)) == []
    every = sorted([*numbers, "abcd", "bcde"])
    assert [row.number for row in catalogue.read(lambda records: records.list_all("", 99))] == every
    assert [row.number for row in catalogue.read(lambda records: records.list_all("bbbb", 2))] == ["bcde", "cccc"]


def test_a_container_keeps_its_nodes_own_identifier(catalogue: Catalogue) -> None:
    named = replace(EMPTY, identifier=NodeIdentifier(MANAGER, "node-17"))
    add(catalogue, named)
    assert catalogue.read(lambda records: records.find_container(named.number)) == named


def test_what_there_is_is_counted(catalogue: Catalogue) -> None:
    assert catalogue.read(lambda records: records.count_transfers()) == {}
    assert catalogue.read(lambda records: records.backlog()) == Backlog(0, None)
    add(catalogue, OFFER, replace(OFFER, transfer="t2"), replace(OFFER, transfer="t3", state=TransferState.STORED))
    for transfer, created in (("t1", 5), ("t2", 3), ("t3", 9)):
        add(catalogue, Outgoing(transfer, MANAGER, Instant(START + created), LATE))
    assert catalogue.read(lambda records: records.count_transfers()) == {"OFFERED": 2, "STORED": 1}
    assert catalogue.read(lambda records: records.backlog()) == Backlog(3, Instant(START + 3))


def test_what_a_manager_has_is_measured(catalogue: Catalogue) -> None:
    full = replace(EMPTY, state="COMPLETE", content=Content(5, DIGESTS))
    add(
        catalogue,
        EMPTY,
        replace(full, number="bcde"),
        replace(full, number="cdef", content=Content(1 << 40, ())),
        replace(full, number="defg", state="DELETED"),
        replace(full, number="efgh", manager=OTHER_MANAGER),
    )
    assert catalogue.read(lambda records: records.measure_held(MANAGER)) == (2, 5 + (1 << 40))
    assert catalogue.read(lambda records: records.measure_held(STORE)) == (0, 0)
