"""`check` of a store: clean where all is well, whatever is under way; and it sees each thing that can be wrong."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from filestore.domain import findings as kinds
from filestore.domain.terms import Terms
from filestore.ports import Records
from filestore.services import callbacks
from filestore.services import check as checking
from filestore.services.check import check
from filestore.services.check_contents import SETTLING, Wish
from filestore.services.containers import delete_container
from filestore.services.imports import Sent, open_upload
from tests.support.filestore_core import MANAGER, Core, disk_core
from vofiles.contract import ContainerState, DeleteContainer, Receipt, TransferState
from vofiles.errors import InvalidArgument
from vofiles.findings import Finding, Repair, Report
from vofiles.instant import SECOND, Instant
from vofiles.ivorn import Ivorn

GRACE = 1000 * SECOND
DATA = b"abc" * 1000


@pytest.fixture
def core(tmp_path: Path) -> Iterator[Core]:
    with disk_core(tmp_path, terms=Terms(reserve=0, grace=GRACE)) as made:
        made.store.catalogue.write(lambda records: records.born(made.clock.now))
        yield made


def report(core: Core, *, repair: bool = False, digests: bool = False) -> Report:
    return Report("store").add(check(core.store, Wish(repair, digests)))


def found(core: Core, *, repair: bool = False, digests: bool = False) -> list[tuple[str, str, str]]:
    made = report(core, repair=repair, digests=digests)
    assert made.next is None
    return [(each.kind, each.subject.rpartition("#")[2], each.repair) for each in made.findings]


def path_of(core: Core, tmp_path: Path, container: Ivorn) -> Path:
    return tmp_path / "containers" / container.fragment[:2] / container.fragment


def acknowledge(core: Core) -> None:
    for row in callbacks.list_due(core.store, Instant(1 << 62), 1000):
        callbacks.acknowledge(core.store, row.id)


def stored(core: Core, data: bytes = DATA) -> Receipt:
    receipt = core.stored(data).receipt
    acknowledge(core)
    return receipt


def test_a_store_in_use_is_clean(core: Core) -> None:
    stored(core)
    core.stored(DATA)  # its callback has not been delivered
    core.offer()
    upload = open_upload(core.store, core.token(core.offer()), Sent(None))
    upload.write(DATA)
    deleted = stored(core)
    delete_container(core.store, MANAGER, DeleteContainer(deleted.container))
    made = report(core, digests=True)
    assert made.findings == []
    assert made.counted["containers"] == 5
    assert made.counted["files"] == 3
    core.clock.move(2 * SETTLING)
    assert report(core, digests=True).findings == []
    upload.complete()
    assert report(core, digests=True).findings == []


def test_bytes_that_are_gone_are_reported_and_nothing_deleted(core: Core, tmp_path: Path) -> None:
    receipt = stored(core)
    path_of(core, tmp_path, receipt.container).unlink()
    for repair in (False, True, True):
        assert found(core, repair=repair) == [(kinds.MISSING_BYTES, receipt.container.fragment, Repair.NONE)]
    assert core.container_state(receipt.container) == ContainerState.COMPLETE


def test_a_file_of_another_size(core: Core, tmp_path: Path) -> None:
    receipt = stored(core)
    with path_of(core, tmp_path, receipt.container).open("ab") as file:
        file.write(b"x")
    assert found(core, repair=True) == [(kinds.WRONG_SIZE, receipt.container.fragment, Repair.NONE)]


def test_one_turned_bit_is_seen_by_the_digests_only(core: Core, tmp_path: Path) -> None:
    receipt = stored(core)
    path = path_of(core, tmp_path, receipt.container)
    path.write_bytes(bytes([DATA[0] ^ 1]) + DATA[1:])
    assert found(core) == []
    assert found(core, digests=True, repair=True) == [(kinds.WRONG_DIGEST, receipt.container.fragment, Repair.NONE)]


def test_a_file_that_cannot_be_read(core: Core, tmp_path: Path) -> None:
    receipt = stored(core)
    path = path_of(core, tmp_path, receipt.container)
    path.unlink()
    path.symlink_to("/nowhere")  # it is never followed
    assert found(core) == [(kinds.UNREADABLE, receipt.container.fragment, Repair.NONE)]


@pytest.mark.parametrize(
    ("damage", "kind"),
    [
        (lambda path: path.unlink(), kinds.NO_SIDECAR),
        (lambda path: path.write_text("{"), kinds.NO_SIDECAR),
        (lambda path: path.write_text(path.read_text().replace("/dave", "/eve")), kinds.WRONG_SIDECAR),
    ],
)
def test_a_sidecar_that_is_gone_or_wrong(core: Core, tmp_path: Path, damage: Callable[[Path], None], kind: str) -> None:
    receipt = stored(core)
    damage(path_of(core, tmp_path, receipt.container).with_suffix(".json"))
    assert found(core) == [(kind, receipt.container.fragment, Repair.NONE)]


def test_orphan_bytes_are_reclaimed_when_seen_twice_over_the_grace_period(core: Core, tmp_path: Path) -> None:
    receipt = stored(core)
    number = receipt.container.fragment
    core.store.catalogue.write(lambda records: records.delete_container(number))
    assert found(core, repair=True) == [(kinds.ORPHAN, number, Repair.LATER)]
    core.clock.move(GRACE + 1)
    assert found(core) == [(kinds.ORPHAN, number, Repair.POSSIBLE)]
    assert path_of(core, tmp_path, receipt.container).exists()
    assert found(core, repair=True) == [(kinds.ORPHAN, number, Repair.DONE)]
    assert not path_of(core, tmp_path, receipt.container).exists()
    assert found(core) == []


def test_what_is_older_than_the_catalogue_is_never_reclaimed(core: Core, tmp_path: Path) -> None:
    receipt = stored(core)
    (tmp_path / "other").mkdir()
    with disk_core(tmp_path / "other", terms=core.store.terms) as new:
        core.clock.move(1)
        new.store.catalogue.write(lambda records: records.born(core.clock.now))
        young = replace(core.store, catalogue=new.store.catalogue)
        core.clock.move(10 * GRACE)
        for _ in range(2):
            made = Report("store").add(check(young, Wish(repair=True)))
            assert [(each.kind, each.repair) for each in made.findings] == [(kinds.OLDER, Repair.NONE)]
    assert path_of(core, tmp_path, receipt.container).exists()


def test_bytes_of_a_deleted_container(core: Core, tmp_path: Path) -> None:
    receipt = stored(core)
    core.store.catalogue.write(lambda records: _set_state(records, receipt.container, ContainerState.DELETED))
    core.store.catalogue.write(lambda records: _change(records, receipt.container, core.clock.now))
    assert found(core, repair=True) == []  # they may be going just now
    core.clock.move(SETTLING + 1)
    assert found(core) == [(kinds.LEFTOVER, receipt.container.fragment, Repair.POSSIBLE)]
    assert found(core, repair=True) == [(kinds.LEFTOVER, receipt.container.fragment, Repair.DONE)]
    assert not path_of(core, tmp_path, receipt.container).exists()
    assert found(core) == []


def test_a_container_that_nothing_will_fill(core: Core) -> None:
    offer = core.offer("t1")
    assert offer.container is not None
    core.store.catalogue.write(lambda records: records.delete_transfer("t1"))
    core.clock.move(SETTLING + 1)
    assert found(core) == [(kinds.STRANDED, offer.container.fragment, Repair.POSSIBLE)]
    assert found(core, repair=True) == [(kinds.STRANDED, offer.container.fragment, Repair.DONE)]
    assert core.container_state(offer.container) == ContainerState.DELETED
    assert found(core) == []


def test_a_lease_that_nobody_ends(core: Core) -> None:
    offer = core.offer("t1")

    def start(records: Records) -> None:
        held = records.hold_transfer("t1")
        container = records.hold_container(held.container if held else "")
        assert held is not None
        assert container is not None
        records.set_transfer(held.start("lease", Instant(core.clock.now + 10), core.clock.now))
        records.set_container(container.step("begin", core.clock.now))

    assert offer.transfer == "t1"
    core.store.catalogue.write(start)
    core.clock.move(GRACE)
    assert found(core) == []
    core.clock.move(11)
    assert found(core) == [(kinds.LOST_LEASE, "t1", Repair.NONE)]


def test_a_callback_that_was_lost_is_said_again(core: Core) -> None:
    receipt = core.stored(DATA).receipt
    (row,) = callbacks.list_due(core.store, core.clock.now, 10)
    core.store.catalogue.write(lambda records: records.delete_outgoing(row.id))
    core.clock.move(SETTLING + 1)
    assert found(core) == [(kinds.UNACKNOWLEDGED, receipt.transfer, Repair.POSSIBLE)]
    assert found(core, repair=True) == [(kinds.UNACKNOWLEDGED, receipt.transfer, Repair.DONE)]
    assert [row.transfer for row in callbacks.list_due(core.store, core.clock.now, 10)] == [receipt.transfer]
    assert found(core) == []


def test_a_callback_that_nobody_takes(core: Core) -> None:
    receipt = core.stored(DATA).receipt
    core.clock.move(GRACE)
    assert found(core) == []
    core.clock.move(1)
    assert found(core, repair=True) == [(kinds.UNDELIVERED, receipt.transfer, Repair.NONE)]


def test_an_outcome_that_is_not_what_happened(core: Core) -> None:
    receipt = stored(core)

    def change(records: Records) -> None:
        held = records.hold_transfer(receipt.transfer)
        assert held is not None
        assert held.state == TransferState.COMPLETED
        records.set_transfer(replace(held, receipt=replace(receipt, size=1)))

    core.store.catalogue.write(change)
    assert found(core) == [(kinds.WRONG_OUTCOME, receipt.transfer, Repair.NONE)]
    core.store.catalogue.write(lambda records: _set_state(records, receipt.container, ContainerState.EMPTY))
    assert (kinds.WRONG_OUTCOME, receipt.transfer, Repair.NONE) in found(core)


def test_a_check_goes_on_where_it_was_stopped(core: Core, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checking, "PAGE", 3)
    receipts = [stored(core) for _ in range(10)]
    for receipt in receipts[::2]:
        path_of(core, tmp_path, receipt.container).unlink()
    whole = report(core)
    assert {each.subject for each in whole.findings} == {str(receipt.container) for receipt in receipts[::2]}
    seen: list[Finding] = []
    counted: dict[str, int] = {}
    after: str | None = None
    steps = 0
    while True:
        part = Report("store").add(check(core.store, Wish(), after), limit=1)
        seen += part.findings
        counted = {name: counted.get(name, 0) + part.counted.get(name, 0) for name in counted.keys() | part.counted}
        after, steps = part.next, steps + 1
        if after is None:
            break
    assert seen == whole.findings
    assert counted == dict(whole.counted)
    assert steps > 8
    with pytest.raises(InvalidArgument):
        check(core.store, Wish(), "nowhere:abcd")


def _set_state(records: Records, container: Ivorn, state: str) -> None:
    held = records.hold_container(container.fragment)
    assert held is not None
    records.set_container(replace(held, state=state))


def _change(records: Records, container: Ivorn, now: Instant) -> None:
    held = records.hold_container(container.fragment)
    assert held is not None
    records.set_container(replace(held, changed=now))
