"""exportInit and the GETs that follow."""

from dataclasses import replace

import pytest

from filestore.ports import StorageFailure
from filestore.services.containers import cancel_transfer, delete_container
from filestore.services.exports import begin_export, check_of
from filestore.services.imports import Sent, open_upload
from tests.support.downloads import open_download
from tests.support.filestore_core import MANAGER, OTHER_MANAGER, Core
from vofiles.contract import DeleteContainer, StoreCancelTransfer, StoreExportInit
from vofiles.errors import (
    Conflict,
    ContainerNotFound,
    Damaged,
    PermissionDenied,
    ServiceBusy,
    TicketExpired,
    TicketUnknown,
    TransferEnded,
    WrongMethod,
)
from vofiles.ivorn import Ivorn

DATA = bytes(range(256)) * 40


def offer(core: Core, container: Ivorn, transfer: str = "x1", name: str | None = None) -> str:
    request = StoreExportInit(transfer, MANAGER, container, name, None)
    answer = begin_export(core.store, MANAGER, request).transfer
    assert (answer.direction, answer.state, answer.endpoints[0].method) == ("exportInit", "OFFERED", "GET")
    return core.token(answer)


def test_a_download_has_the_bytes_and_all_that_is_known_of_them(core: Core) -> None:
    receipt = core.stored(DATA, "image/fits").receipt
    token = offer(core, receipt.container, name="naïve ☉.fits")
    with open_download(core.store, token) as download:
        assert (download.size, download.content_type, download.file_name) == (len(DATA), "image/fits", "naïve ☉.fits")
        assert (download.digests, download.created) == (receipt.digests, receipt.created)
        assert download.container == receipt.container.fragment
        assert download.reader.pread(100, 300) == DATA[300:400]
    with open_download(core.store, token, "HEAD") as again:
        assert again.size == len(DATA)


def test_the_file_managers_type_goes_first(core: Core) -> None:
    container = core.stored(DATA, "image/fits").receipt.container
    request = StoreExportInit("x1", MANAGER, container, None, "text/plain")
    with open_download(core.store, core.token(begin_export(core.store, MANAGER, request).transfer)) as download:
        assert download.content_type == "text/plain"


def test_a_repeat_has_the_same_address_and_another_request_is_a_conflict(core: Core) -> None:
    container = core.stored(DATA).receipt.container
    assert offer(core, container) == offer(core, container)
    with pytest.raises(Conflict):
        offer(core, container, name="other")


def test_an_address_expires(core: Core) -> None:
    token = offer(core, core.stored(DATA).receipt.container)
    core.clock.move(core.store.terms.ticket_lifetime)
    open_download(core.store, token).close()
    core.clock.move(1)
    with pytest.raises(TicketExpired):
        open_download(core.store, token)


def test_what_began_goes_on_after_expiry_and_deletion(core: Core) -> None:
    container = core.stored(DATA).receipt.container
    with open_download(core.store, offer(core, container)) as download:
        core.clock.move(core.store.terms.ticket_lifetime + 1)
        delete_container(core.store, MANAGER, DeleteContainer(container))
        assert download.reader.pread(len(DATA), 0) == DATA


def test_a_deleted_containers_address_is_unknown(core: Core) -> None:
    container = core.stored(DATA).receipt.container
    token = offer(core, container)
    delete_container(core.store, MANAGER, DeleteContainer(container))
    with pytest.raises(TicketUnknown):
        open_download(core.store, token)
    with pytest.raises(ContainerNotFound):
        offer(core, container, "x2")


def test_bytes_that_are_gone_do_not_look_like_an_empty_file(core: Core) -> None:
    container = core.stored(DATA).receipt.container
    token = offer(core, container)
    core.store.backend.delete(container.fragment)
    with pytest.raises(Damaged, match="not there"):
        open_download(core.store, token)


def test_a_cancelled_export_is_worth_nothing(core: Core) -> None:
    token = offer(core, core.stored(DATA).receipt.container)
    answer = cancel_transfer(core.store, MANAGER, StoreCancelTransfer("x1")).transfer
    assert (answer.state, answer.endpoints) == ("CANCELLED", ())
    with pytest.raises(TransferEnded):
        open_download(core.store, token)


def test_only_complete_containers_can_be_exported(core: Core) -> None:
    waiting = core.offer()
    assert waiting.container is not None
    with pytest.raises(ContainerNotFound):
        offer(core, waiting.container)
    upload = open_upload(core.store, core.token(waiting), Sent())
    with pytest.raises(ContainerNotFound):
        offer(core, waiting.container)
    upload.abort()


@pytest.mark.parametrize(
    "text", ["ivo://star.le.ac.uk/filestore#none", "ivo://other/filestore#abcd", "ivo://star.le.ac.uk/filestore"]
)
def test_what_is_not_here_is_not_found(core: Core, text: str) -> None:
    with pytest.raises(ContainerNotFound):
        offer(core, Ivorn.parse(text))


def test_to_another_file_manager_it_looks_absent(core: Core) -> None:
    container = core.stored(DATA).receipt.container
    with pytest.raises(ContainerNotFound):
        begin_export(core.store, OTHER_MANAGER, StoreExportInit("x9", OTHER_MANAGER, container))
    with pytest.raises(PermissionDenied):
        begin_export(core.store, OTHER_MANAGER, StoreExportInit("x9", MANAGER, container))


def test_a_get_address_is_for_no_put(core: Core) -> None:
    with pytest.raises(WrongMethod):
        open_upload(core.store, offer(core, core.stored(DATA).receipt.container), Sent())


@pytest.mark.parametrize(("error", "told"), [(StorageFailure("EIO"), 1), (ServiceBusy("the bucket"), 0)])
def test_a_medium_that_does_not_answer_is_not_taken_for_rot(core: Core, error: Exception, told: int) -> None:
    suspected: list[str] = []
    store = replace(core.store, suspect=suspected.append)
    with open_download(store, offer(core, core.stored(DATA).receipt.container)) as download:
        check_of(store, download).unreadable(error)
    assert (store.health.damaged, len(suspected)) == (told, told)
