"""Several processes of one store on one catalogue: whose a lease is, and what is taken over from one that died."""

from dataclasses import replace

import pytest

from filestore.services.containers import cancel_transfer
from filestore.services.expiry import expire_shared
from filestore.services.flows import Flows
from filestore.services.health import Health
from filestore.services.imports import Sent, open_upload
from filestore.services.store import Store
from filestore.services.sweep import take_over
from filestore.services.uploads import Upload
from tests.support.filestore_core import MANAGER, Core
from vofiles.contract import StoreCancelTransfer
from vofiles.errors import StoreReadOnly


def seated(core: Core, mark: str) -> Store:
    """The store as the process in a seat has it."""
    return replace(core.store, seat=mark, flows=Flows(), health=Health())


def begun(core: Core, store: Store, name: str) -> Upload:
    """An upload of which some bytes have come to a process."""
    upload = open_upload(store, core.token(core.offer(name)), Sent())
    assert isinstance(upload, Upload)
    upload.write(b"half")
    return upload


def test_who_takes_a_seat_takes_over_its_leases_and_no_others(core: Core) -> None:
    begun(core, seated(core, "1."), "t1")
    alive = begun(core, seated(core, "2."), "t2")
    assert take_over(seated(core, "1.")) == 1
    assert take_over(seated(core, "1.")) == 0
    assert core.transfer("t1").state == "OFFERED"
    assert len(list(core.store.backend.numbers())) == 1
    assert alive.complete().receipt.size == 4


def test_time_takes_a_lease_back_where_it_was_taken(core: Core) -> None:
    begun(core, seated(core, "2."), "t1")
    core.clock.move(10 * core.store.terms.longest_transfer)
    expire_shared(seated(core, "1."))
    assert core.transfer("t1").state == "RECEIVING"


def test_a_lease_of_another_process_is_revoked_there(core: Core) -> None:
    told: list[tuple[str, str]] = []
    upload = begun(core, seated(core, "2."), "t1")
    other = replace(seated(core, "1."), tell_revoked=lambda lease, about: told.append((lease, about)))
    cancel_transfer(other, MANAGER, StoreCancelTransfer("t1"))
    assert told == [(upload.lease, "t1")]


def test_how_far_bytes_are_is_told_to_the_others(core: Core) -> None:
    one, two = seated(core, "1."), seated(core, "2.")
    for number in range(30):
        begun(core, two, f"t{number}")
    for word in two.flows.progress():
        assert len(word) < 1000
        one.flows.note_progress(word)
    found = one.catalogue.read(lambda records: records.find_transfer("t7"))
    assert found is not None
    assert one.transfer_as_it_stands(found).bytes_done == 4


def test_a_failure_of_the_disk_is_told_once(core: Core) -> None:
    told: list[str] = []
    health = Health(told.append)
    health.fail("EIO")
    health.fail("EIO again")
    assert told == ["EIO"]
    with pytest.raises(StoreReadOnly):
        replace(core.store, health=health).require_space(1)
