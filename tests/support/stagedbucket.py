"""Stores' buckets on a stage: each call that changes something is a call of another process, and may go wrong as one.

Rule: what only looks (head, get, list) is no effect, but a stopped process does not even look. The part of the bucket
that a trial has begins as a copy of what the play's beginning left, made when the trial's store first starts.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from botocore.exceptions import ConnectionClosedError

from filestore.backends.s3 import S3Backend
from filestore.backends.s3bucket import Bucket
from filestore.backends.s3client import Answer
from filestore.backends.s3parts import Sizes
from filestore.config import S3
from filestore.ports import Backend
from tests.support.faultworld import Kept, StoreProcess
from tests.support.objectstores import ObjectStore
from tests.support.s3calls import READING, Act, WatchedClient

SIZES = Sizes(part=1024, least=512, copied=2048)
"""So that the plays' contents are a few parts."""
CALL = "s3 "
"""What such an effect is called begins so."""


@dataclass(frozen=True, slots=True)
class Object:
    """One object."""

    bucket: Bucket
    key: str

    def read_bytes(self) -> bytes:
        return self.bucket.read(self.key)

    def read_text(self) -> str:
        return self.read_bytes().decode("utf-8")


class BucketShelves:
    """Each store has a part of one bucket, by the folder that it runs in."""

    def __init__(self, store: ObjectStore) -> None:
        self._store, self._settings = store, store.part()
        self._bucket = Bucket(store.client, store.settings.bucket)
        self._base = ""
        """The first folder that anything ran in."""
        self._begun: set[str] = set()

    def backend(self, process: StoreProcess) -> Backend:
        settings = self._part(process)
        self._base = self._base or process.folder.parent.name
        if settings.prefix not in self._begun:
            self._begun.add(settings.prefix)
            self._copy(settings.prefix.replace(f"/{process.folder.parent.name}/", f"/{self._base}/"), settings.prefix)
        stage = process.stage

        def watch(name: str, about: str, act: Act) -> Answer:
            del about
            stage.require_alive(process.name)
            if name in READING:
                return act()
            broken = ConnectionClosedError(endpoint_url="http://bucket.example")
            return stage.call(process.name, CALL + name, act, lambda: broken)

        return S3Backend(WatchedClient(self._store.client, watch), settings, SIZES)

    def kept(self, process: StoreProcess) -> Mapping[str, Kept]:
        prefix = self._part(process).prefix
        keys = [found.key for found in self._bucket.objects(prefix)]
        keys += [upload.key for upload in self._bucket.uploads(prefix)]
        return {key.removeprefix(prefix): Object(self._bucket, key) for key in keys}

    def _part(self, process: StoreProcess) -> S3:
        folder = process.folder
        return replace(self._settings, prefix=f"{self._settings.prefix}{folder.parent.name}/{folder.name}/")

    def _copy(self, source: str, target: str) -> None:
        if source != target:
            for found in self._bucket.objects(source):
                self._bucket.copy(found, target + found.key.removeprefix(source))
