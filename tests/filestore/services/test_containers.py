"""Deleting, cancelling and asking; and whose business a container is."""

import pytest

from filestore.services import callbacks
from filestore.services.containers import cancel_transfer, delete_container, get_properties, list_containers
from filestore.services.imports import Sent, open_upload
from tests.support.filestore_core import DAVE, MANAGER, NODE, OTHER_MANAGER, Core
from vofiles.contract import DeleteContainer, GetProperties, ListContainers, StoreCancelTransfer, TransferFailed
from vofiles.errors import ContainerNotFound, InvalidArgument, TransferEnded, TransferNotFound
from vofiles.ivorn import Ivorn

DATA = b"abc" * 1000


def outgoing(core: Core) -> list[str]:
    return [row.transfer for row in callbacks.list_due(core.store, core.clock.now, 10)]


def test_a_deleted_container_and_its_bytes_are_gone(core: Core) -> None:
    receipt = core.stored(DATA).receipt
    delete_container(core.store, MANAGER, DeleteContainer(receipt.container))
    delete_container(core.store, MANAGER, DeleteContainer(receipt.container))
    assert not core.store.backend.has(receipt.container.fragment)
    with pytest.raises(ContainerNotFound):
        get_properties(core.store, MANAGER, GetProperties(receipt.container))


def test_who_opens_a_container_while_it_is_deleted_does_not_keep_it(
    core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    container = core.stored(DATA).receipt.container
    delete = core.store.backend.delete

    def open_and_delete(number: str) -> None:
        core.store.open_files.keep(number, core.store.backend.open(number)).close()
        delete(number)

    monkeypatch.setattr(core.store.backend, "delete", open_and_delete)
    delete_container(core.store, MANAGER, DeleteContainer(container))
    assert core.store.open_files.find(container.fragment) is None


@pytest.mark.parametrize("text", ["ivo://star.le.ac.uk/filestore#none", "ivo://other/filestore#abcd", "ivo://other/x"])
def test_deleting_what_is_not_there_is_no_error(core: Core, text: str) -> None:
    delete_container(core.store, MANAGER, DeleteContainer(Ivorn.parse(text)))


def test_another_file_manager_can_neither_delete_nor_see(core: Core) -> None:
    receipt = core.stored(DATA).receipt
    delete_container(core.store, OTHER_MANAGER, DeleteContainer(receipt.container))
    assert core.get(receipt.container) == DATA
    with pytest.raises(ContainerNotFound):
        get_properties(core.store, OTHER_MANAGER, GetProperties(receipt.container))
    with pytest.raises(TransferNotFound):
        get_properties(core.store, OTHER_MANAGER, GetProperties(transfer=receipt.transfer))
    with pytest.raises(TransferNotFound):
        cancel_transfer(core.store, OTHER_MANAGER, StoreCancelTransfer(receipt.transfer))


def test_deleting_an_empty_container_cancels_its_transfer(core: Core) -> None:
    offer = core.offer("t1")
    assert offer.container is not None
    delete_container(core.store, MANAGER, DeleteContainer(offer.container))
    assert core.transfer("t1").state == "CANCELLED"
    with pytest.raises(TransferEnded):
        open_upload(core.store, core.token(offer), Sent())
    message = callbacks.message_of(core.store, "t1")
    assert isinstance(message, TransferFailed)
    assert (message.state, outgoing(core)) == ("CANCELLED", ["t1"])


def test_deleting_while_bytes_come_stops_them(core: Core) -> None:
    offer = core.offer("t1")
    assert offer.container is not None
    upload = open_upload(core.store, core.token(offer), Sent())
    upload.write(b"abc")
    delete_container(core.store, MANAGER, DeleteContainer(offer.container))
    with pytest.raises(TransferEnded):
        upload.write(b"def")
    upload.abort()
    assert list(core.store.backend.numbers()) == []
    assert core.container_state(offer.container) == "DELETED"


def test_a_cancelled_upload_cannot_be_completed(core: Core) -> None:
    offer = core.offer("t1")
    upload = open_upload(core.store, core.token(offer), Sent())
    upload.write(b"abc")
    assert cancel_transfer(core.store, MANAGER, StoreCancelTransfer("t1")).transfer.state == "CANCELLED"
    with pytest.raises(TransferEnded):
        upload.complete()
    assert list(core.store.backend.numbers()) == []


def test_an_upload_that_another_process_cancelled_is_not_published(core: Core) -> None:
    offer = core.offer("t1")
    upload = open_upload(core.store, core.token(offer), Sent())
    upload.write(b"abc")
    cancel_transfer(core.restarted().store, MANAGER, StoreCancelTransfer("t1"))
    with pytest.raises(TransferEnded):
        upload.complete()
    assert list(core.store.backend.numbers()) == []
    assert offer.container is not None
    assert core.container_state(offer.container) == "DELETED"


def test_cancelling_twice_is_no_error_but_what_ended_otherwise_stays(core: Core) -> None:
    core.offer("t1")
    first = cancel_transfer(core.store, MANAGER, StoreCancelTransfer("t1"))
    assert cancel_transfer(core.store, MANAGER, StoreCancelTransfer("t1")) == first
    assert first.transfer.failure is not None
    stored = core.stored(DATA).receipt
    with pytest.raises(TransferEnded):
        cancel_transfer(core.store, MANAGER, StoreCancelTransfer(stored.transfer))
    assert core.get(stored.container) == DATA
    with pytest.raises(TransferNotFound):
        cancel_transfer(core.store, MANAGER, StoreCancelTransfer("none"))


def test_properties_of_a_container(core: Core) -> None:
    receipt = core.stored(DATA, "text/plain").receipt
    answer = get_properties(core.store, MANAGER, GetProperties(receipt.container))
    assert answer.transfer is None
    assert answer.container is not None
    assert (answer.container.state, answer.container.node, answer.container.owner) == ("COMPLETE", NODE, DAVE)
    assert (answer.container.size, answer.container.content_type) == (len(DATA), "text/plain")
    assert answer.container.digests == receipt.digests


def test_properties_of_a_transfer_come_with_its_container(core: Core) -> None:
    offer = core.offer("t1")
    upload = open_upload(core.store, core.token(offer), Sent())
    upload.write(DATA)
    answer = get_properties(core.store, MANAGER, GetProperties(transfer="t1"))
    assert answer.transfer is not None
    assert answer.container is not None
    assert (answer.transfer.state, answer.transfer.bytes_done) == ("RECEIVING", len(DATA))
    assert (answer.container.state, answer.container.size) == ("RECEIVING", None)
    upload.complete()
    cancelled = core.offer("t2")
    cancel_transfer(core.store, MANAGER, StoreCancelTransfer("t2"))
    after = get_properties(core.store, MANAGER, GetProperties(transfer="t2"))
    assert after.container is None
    assert after.transfer is not None
    assert (after.transfer.state, after.transfer.container) == ("CANCELLED", cancelled.container)


def test_properties_of_nothing(core: Core) -> None:
    with pytest.raises(InvalidArgument):
        get_properties(core.store, MANAGER, GetProperties())
    with pytest.raises(TransferNotFound):
        get_properties(core.store, MANAGER, GetProperties(transfer="none"))
    with pytest.raises(ContainerNotFound):
        get_properties(core.store, MANAGER, GetProperties(Ivorn.parse("ivo://other/filestore#abcd")))


def test_a_filemanager_lists_what_is_held_for_it(core: Core) -> None:
    stored = core.stored(b"one", "text/plain")
    offer = core.offer()
    deleted = core.stored(b"two")
    delete_container(core.store, MANAGER, DeleteContainer(deleted.receipt.container))
    answer = list_containers(core.store, MANAGER, ListContainers())
    found = {holding.container: holding for holding in answer.holdings}
    assert answer.next is None
    assert found.keys() == {stored.receipt.container, offer.container}
    full = found[stored.receipt.container]
    assert (full.state, full.size, full.digests, full.content_type) == (
        "COMPLETE",
        3,
        stored.receipt.digests,
        "text/plain",
    )
    assert (full.node, full.owner, full.transfer, full.completed) == (
        NODE,
        DAVE,
        stored.receipt.transfer,
        stored.receipt.created,
    )
    assert offer.container is not None
    assert (found[offer.container].state, found[offer.container].completed) == ("EMPTY", None)
    assert list_containers(core.store, OTHER_MANAGER, ListContainers()).holdings == ()


def test_the_list_comes_in_pages(core: Core) -> None:
    numbers = sorted(core.stored(b"x").receipt.container.fragment for _ in range(5))
    seen, after = [], None
    while True:
        answer = list_containers(core.store, MANAGER, ListContainers(after, 2))
        assert len(answer.holdings) <= 2
        seen += [holding.container.fragment for holding in answer.holdings]
        after = answer.next
        if after is None:
            break
    assert seen == numbers
    with pytest.raises(InvalidArgument):
        list_containers(core.store, MANAGER, ListContainers(limit=0))
