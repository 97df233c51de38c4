"""duplicate."""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

import pytest

from filestore.domain.sidecar import Sidecar
from filestore.ports import Records, StorageFailure
from filestore.services.containers import cancel_transfer, delete_container
from filestore.services.copies import duplicate
from filestore.services.sweep import sweep
from tests.support.filestore_core import DAVE, MANAGER, NODE, OTHER_MANAGER, Core
from tests.support.rotting import rot
from vofiles.contract import DeleteContainer, Duplicate, StoreCancelTransfer, TransferState
from vofiles.errors import Conflict, ContainerNotFound, Damaged, PermissionDenied, ServiceBusy, TransferEnded
from vofiles.ivorn import Ivorn

R = TypeVar("R")

DATA = bytes(range(256)) * 40


def request(container: Ivorn, transfer: str = "d1", manager: Ivorn = MANAGER) -> Duplicate:
    return Duplicate(transfer, manager, container, NODE, DAVE)


def test_a_duplicate_is_a_container_of_its_own(core: Core) -> None:
    first = core.stored(DATA, "image/fits").receipt
    answer = duplicate(core.store, MANAGER, request(first.container)).transfer
    assert (answer.state, answer.bytes_done) == ("COMPLETED", len(DATA))
    assert answer.receipt is not None
    assert answer.container is not None
    assert answer.container != first.container
    assert (answer.receipt.size, answer.receipt.digests) == (first.size, first.digests)
    assert answer.receipt.content_type == "image/fits"
    delete_container(core.store, MANAGER, DeleteContainer(first.container))
    assert core.get(answer.container) == DATA


def test_a_repeat_makes_no_third_container(core: Core) -> None:
    first = core.stored(DATA).receipt
    answer = duplicate(core.store, MANAGER, request(first.container))
    delete_container(core.store, MANAGER, DeleteContainer(first.container))
    assert duplicate(core.store, MANAGER, request(first.container)) == answer
    assert len(list(core.store.backend.numbers())) == 1
    with pytest.raises(Conflict):
        duplicate(core.store, MANAGER, Duplicate("d1", MANAGER, first.container, NODE, MANAGER))


def test_what_cannot_be_duplicated(core: Core) -> None:
    first = core.stored(DATA).receipt
    empty = core.offer().container
    assert empty is not None
    with pytest.raises(ContainerNotFound):
        duplicate(core.store, MANAGER, request(empty))
    with pytest.raises(ContainerNotFound):
        duplicate(core.store, OTHER_MANAGER, request(first.container, "d2", OTHER_MANAGER))
    with pytest.raises(PermissionDenied):
        duplicate(core.store, OTHER_MANAGER, request(first.container))


def test_damaged_bytes_are_not_multiplied_and_a_repeat_tries_again(core: Core) -> None:
    first = core.stored(DATA).receipt
    sidecar = core.store.backend.find_sidecar(first.container.fragment)
    assert sidecar is not None

    def rewrite(data: bytes) -> None:
        writer = core.store.backend.create(first.container.fragment, None)
        writer.write(data)
        writer.seal(sidecar)
        writer.close()

    rewrite(DATA[:-1])
    with pytest.raises(Damaged):
        duplicate(core.store, MANAGER, request(first.container))
    assert len(list(core.store.backend.numbers())) == 1
    rewrite(DATA)
    assert duplicate(core.store, MANAGER, request(first.container)).transfer.state == "COMPLETED"


def test_after_a_crash_in_the_middle_a_repeat_ends_it(core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    first = core.stored(DATA).receipt

    class Killed(BaseException):
        pass

    def killed(*arguments: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(core.store.backend, "duplicate", killed)
        # Nothing after the kill runs, so the lease must not be given back by the one who died.
        patch.setattr("filestore.services.copies._undo", lambda *arguments: None)
        with pytest.raises(Killed):
            duplicate(core.store, MANAGER, request(first.container))
    assert core.transfer("d1").state == "RECEIVING"
    after = core.restarted()
    assert sweep(after.store).leases == 1
    assert duplicate(after.store, MANAGER, request(first.container)).transfer.state == "COMPLETED"


def test_a_copy_that_is_cancelled_meanwhile_is_not_published(core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    first = core.stored(DATA).receipt
    copy = core.store.backend.duplicate

    def cancelled(number: str, other: str, sidecar: Sidecar) -> None:
        copy(number, other, sidecar)
        cancel_transfer(core.store, MANAGER, StoreCancelTransfer("d1"))

    with monkeypatch.context() as patch:
        patch.setattr(core.store.backend, "duplicate", cancelled)
        with pytest.raises(TransferEnded):
            duplicate(core.store, MANAGER, request(first.container))
    assert core.transfer("d1").state == "CANCELLED"
    assert list(core.store.backend.numbers()) == [first.container.fragment]


def test_a_copy_that_was_published_though_nobody_was_told_stays(core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    first = core.stored(DATA).receipt
    write, copy = core.store.catalogue.write, core.store.backend.duplicate

    def committed_but_silent(fn: Callable[[Records], R]) -> R:
        write(fn)
        raise ServiceBusy("no answer")

    with monkeypatch.context() as patch:

        def then_silent(number: str, other: str, sidecar: Sidecar) -> None:
            copy(number, other, sidecar)
            patch.setattr(core.store.catalogue, "write", committed_but_silent)

        patch.setattr(core.store.backend, "duplicate", then_silent)
        with pytest.raises(ServiceBusy):
            duplicate(core.store, MANAGER, request(first.container))
    answer = duplicate(core.store, MANAGER, request(first.container)).transfer
    assert answer.container is not None
    assert core.get(answer.container) == DATA


def test_a_failing_disk_makes_the_store_read_only(core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    first = core.stored(DATA).receipt

    def failing(*arguments: object) -> None:
        raise StorageFailure("EIO")

    monkeypatch.setattr(core.store.backend, "duplicate", failing)
    with pytest.raises(StorageFailure):
        duplicate(core.store, MANAGER, request(first.container))
    assert core.store.health.failure == "EIO"
    assert core.transfer("d1").state == "REQUESTED"


def test_bytes_that_are_to_be_read_first_are_read(core: Core) -> None:
    first = core.stored(DATA).receipt.container
    suspected = list[str]()
    store = replace(core.store, suspect=suspected.append)
    duplicate(store, MANAGER, Duplicate("well", MANAGER, first, NODE, DAVE, verify=True))
    rot(core, first)
    with pytest.raises(Damaged):
        duplicate(store, MANAGER, Duplicate("rotten", MANAGER, first, NODE, DAVE, verify=True))
    assert suspected == [first.fragment]
    assert core.transfer("rotten").state == TransferState.REQUESTED
