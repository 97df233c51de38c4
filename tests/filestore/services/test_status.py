"""What a store says of itself and of what a FileManager has in it."""

from dataclasses import replace

import pytest

from filestore.backends.memory import MemoryBackend
from filestore.domain.terms import Terms
from filestore.persistence.memory import MemoryCatalogue
from filestore.ports import StorageFailure
from filestore.services.containers import delete_container
from filestore.services.status import get_status
from tests.support.filestore_core import MANAGER, OTHER_MANAGER, Core, make_core
from vofiles.contract import DeleteContainer, GetStatus, GetStatusAnswer, Property
from vofiles.errors import StoreFull


def status(core: Core) -> GetStatusAnswer:
    return get_status(core.store, MANAGER, GetStatus())


def test_a_manager_hears_of_its_own(core: Core) -> None:
    first = core.stored(b"abc").receipt.container
    core.stored(b"defgh")
    core.offer(size=7)
    assert (status(core).state, status(core).containers, status(core).size) == ("ACTIVE", 2, 8)
    other = get_status(core.store, OTHER_MANAGER, GetStatus())
    assert (other.containers, other.size) == (0, 0)
    delete_container(core.store, MANAGER, DeleteContainer(first))
    assert (status(core).containers, status(core).size) == (1, 5)


def test_what_is_left_is_what_new_content_may_take() -> None:
    core = make_core(MemoryCatalogue(), MemoryBackend(capacity=100), terms=Terms(reserve=30))
    assert status(core).free == 70
    core.stored(b"x" * 50)
    assert status(core).free == 20
    core.stored(b"x" * 20)
    assert status(core).free == 0
    with pytest.raises(StoreFull):
        core.offer(size=1)


def test_a_failed_disk_is_told(core: Core) -> None:
    core.store.health.fail("EIO")
    assert status(core).state == "READONLY"


def test_a_disk_that_does_not_say_what_is_left_is_no_reason_to_be_silent(core: Core) -> None:
    class Mute(MemoryBackend):
        def free_space(self) -> int:
            raise StorageFailure("statvfs")

    mute = replace(core.store, backend=Mute())
    assert get_status(mute, MANAGER, GetStatus()) == GetStatusAnswer(
        "ACTIVE", 0, 0, properties=(Property("durability", "disk"),)
    )
