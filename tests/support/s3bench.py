"""A back end in a bucket whose calls are known, for tests of how contents are cut and put together.

Rule: nothing is answered but by the bucket; calls are only written down.
"""

import random
from collections.abc import Callable

from filestore.backends.s3 import S3Backend
from filestore.backends.s3client import Answer
from filestore.ports import Reader
from tests.support.filestore_core import sidecar_of_bytes
from tests.support.objectstores import ObjectStore
from tests.support.s3calls import Act, Recorded, WatchedClient


class Bench:
    """A back end whose calls are known, and a content of so many shortest parts."""

    def __init__(self, store: ObjectStore) -> None:
        self.store, self.settings = store, store.part()
        self.recorded = Recorded()
        self.least = store.least
        self.backend = self.over(self.recorded)

    def over(self, watch: Callable[[str, str, Act], Answer]) -> S3Backend:
        return S3Backend(WatchedClient(self.store.client, watch), self.settings, self.store.sizes)

    def data(self, parts: float, seed: int = 1) -> bytes:
        return random.Random(seed).randbytes(int(parts * self.least))

    def fill(self, number: str, data: bytes, size: int | None = None) -> None:
        writer = self.backend.create(number, size)
        writer.write(data)
        writer.seal(sidecar_of_bytes(number, data))
        writer.close()

    def content(self, number: str) -> bytes:
        return whole(self.backend.open(number))

    def keys(self) -> list[str]:
        found = self.backend.bucket.objects(self.settings.prefix)
        return [each.key.removeprefix(self.settings.prefix) for each in found]

    def uploads(self) -> int:
        return len(list(self.backend.bucket.uploads(self.settings.prefix)))

    def count(self, work: Callable[[], object]) -> list[str]:
        before = len(self.recorded.calls)
        work()
        return self.recorded.calls[before:]


def whole(reader: Reader) -> bytes:
    try:
        return reader.pread(reader.size, 0)
    finally:
        reader.close()
