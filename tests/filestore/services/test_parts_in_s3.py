"""Uploads in parts into a bucket, which does not always answer."""

import pytest
from botocore.exceptions import EndpointConnectionError

from filestore.backends.s3 import S3Backend
from filestore.backends.s3client import Answer
from filestore.backends.s3parts import Sizes
from filestore.persistence.memory import MemoryCatalogue
from filestore.services.check import check
from filestore.services.check_contents import Wish
from tests.support.filestore_core import Core, make_core
from tests.support.objectstores import ObjectStore, object_store, running_object_store
from tests.support.parts import DATA, begun, kept, last, place
from tests.support.s3calls import READING, Act, WatchedClient
from vofiles.errors import ServiceBusy

__all__ = ["object_store", "running_object_store"]


SIZES = Sizes(part=4096, least=1024, copied=8192)
"""DATA is a few parts."""


class Line:
    """What leads to the bucket, and may be cut."""

    def __init__(self) -> None:
        self.cut: frozenset[str] | None = None

    def __call__(self, name: str, about: str, act: Act) -> Answer:
        if self.cut is not None and name in self.cut:
            raise EndpointConnectionError(endpoint_url="http://bucket.example")
        return act()


@pytest.fixture
def line() -> Line:
    return Line()


@pytest.fixture
def core(object_store: ObjectStore, line: Line) -> Core:
    client = WatchedClient(object_store.client, line)
    return make_core(MemoryCatalogue(), S3Backend(client, object_store.part(), SIZES))


WRITING = frozenset({"put_object", "upload_part", "create_multipart_upload", "complete_multipart_upload"})


def test_a_part_whose_end_cannot_be_kept_leaves_what_was_safe_to_the_next(core: Core, line: Line) -> None:
    offer = core.offer(size=len(DATA))
    token = core.token(offer)
    kept(core, token, DATA[:3000])
    part = begun(core, token, 3000, b"")
    part.write(DATA[3000:3010])
    line.cut = WRITING
    part.abort()
    line.cut = None
    assert last(core, token, DATA[3000:], 3000).size == len(DATA)
    assert core.get(place(offer)) == DATA


def test_a_line_that_is_cut_makes_no_store_read_only(core: Core, line: Line) -> None:
    offer = core.offer(size=len(DATA))
    line.cut = WRITING | READING
    with pytest.raises(ServiceBusy):
        core.put(core.token(offer), DATA)
    line.cut = None
    core.store.health.require_writable()
    core.put(core.token(offer), DATA)
    assert core.get(place(offer)) == DATA


def test_an_object_that_changes_while_it_is_read_is_found(core: Core, object_store: ObjectStore) -> None:
    core.stored(DATA)
    backend = core.store.backend
    assert isinstance(backend, S3Backend)
    (number,) = backend.numbers()

    def change(name: str, about: str, act: Act) -> Answer:
        if name == "get_object" and about == backend.keys.content(number):
            backend.bucket.put(about, DATA[::-1])
        return act()

    watched = WatchedClient(object_store.client, change)
    other = S3Backend(watched, backend.settings, SIZES)
    findings = [each.kind for page in check(core.restarted(other).store, Wish(digests=True)) for each in page.findings]
    assert findings == ["wrong-digest"]
