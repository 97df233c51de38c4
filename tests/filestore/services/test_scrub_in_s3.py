"""Scrubbing in a bucket of whose objects something in between says that they are not there: nothing that was
acknowledged is lost.
"""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from filestore.backends.s3 import S3Backend
from filestore.backends.s3client import Answer
from filestore.persistence.memory import MemoryCatalogue
from tests.support.filestore_core import Core, make_core
from tests.support.objectstores import ObjectStore, object_store, running_object_store
from tests.support.rotting import scrubbed
from tests.support.s3calls import Act, WatchedClient
from vofiles.errors import ContainerNotFound, ServiceBusy

__all__ = ["object_store", "running_object_store"]

DATA = bytes(range(256)) * 40


class Front:
    """Says without a word that some objects are not there."""

    def __init__(self) -> None:
        self.hides: str | None = None
        """What their keys end with."""

    def __call__(self, name: str, about: str, act: Act) -> Answer:
        if name == "head_object" and self.hides is not None and about.endswith(self.hides):
            told: Any = {"Error": {"Code": "404"}, "ResponseMetadata": {"HTTPStatusCode": 404}}
            raise ClientError(told, "HeadObject")
        return act()


@pytest.fixture
def front() -> Front:
    return Front()


@pytest.fixture
def backend(object_store: ObjectStore, front: Front) -> S3Backend:
    return S3Backend(WatchedClient(object_store.client, front), object_store.part())


@pytest.fixture
def core(backend: S3Backend) -> Core:
    return make_core(MemoryCatalogue(), backend)


def keys(backend: S3Backend) -> list[str]:
    prefix = backend.settings.prefix
    return [found.key.removeprefix(prefix) for found in backend.bucket.objects(prefix)]


def test_what_is_listed_is_not_condemned(core: Core, backend: S3Backend, front: Front) -> None:
    container = core.stored(DATA).receipt.container
    front.hides = ""
    with pytest.raises(ServiceBusy):
        scrubbed(core)
    with pytest.raises(ServiceBusy):
        backend.has(container.fragment)
    with pytest.raises(ServiceBusy):
        core.get(container)
    front.hides = None
    assert scrubbed(core) == []
    assert core.get(container) == DATA


def test_nothing_goes_that_was_not_copied(core: Core, backend: S3Backend, front: Front) -> None:
    number = core.stored(DATA).receipt.container.fragment
    for hidden in ("", number, ".json", f"quarantine/{number}"):
        front.hides = hidden
        with pytest.raises(ServiceBusy):
            backend.set_aside(number)
        assert {number, f"{number}.json"} <= set(keys(backend))
    front.hides = None
    backend.set_aside(number)
    assert keys(backend) == [f"quarantine/{number}", f"quarantine/{number}.json"]
    # It is lost now, and every listing says so.
    with pytest.raises(ContainerNotFound):
        backend.open(number)
    assert not backend.has(number)
