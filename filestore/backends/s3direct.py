"""The port Staging in a bucket: presigned addresses, by which clients send objects and parts of them there themselves.

    <prefix>staging/<number>      the object, or the upload in parts that becomes it

Rule: an address is good for one key, one length and, where digests were announced, these bytes; S3 refuses all else.
What was sent is copied under the container's key first, and read there: whoever has an address may send anew, and an
ETag is no digest to rely on. A part of an upload that has been put together or dropped can no longer be sent; an object
can, until its address is no longer good, and is dropped again.
"""

from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import chain
from threading import BoundedSemaphore
from typing import Any, Final

from filestore.backends.s3 import NUMBER, S3Backend
from filestore.backends.s3bucket import Found, Upload
from filestore.backends.s3client import S3Client
from filestore.backends.s3errors import Gone
from filestore.backends.s3reader import S3Reader
from filestore.domain.checksum import MD5
from filestore.domain.sidecar import Sidecar
from filestore.domain.staging import Part, Staged, parts_of
from filestore.domain.transfer import Promise
from filestore.ports import Clock
from vofiles.contract import HTTP, Digest, DigestAlgorithm, Endpoint, Header
from vofiles.errors import ChecksumMismatch, ContainerNotFound, ServiceBusy
from vofiles.instant import SECOND, Instant

PIECE: Final = 1 << 20
"""Bytes read at a time."""
ASKING: Final = 4
"""Callers at a time who wait for the bucket; fewer than a store has threads for requests."""
PATIENCE: Final = 1.0
"""Seconds that another one waits for a place."""
LONGEST: Final = 7 * 24 * 3600
"""Seconds that an address can be good for (AWS Signature Version 4)."""

_SIGNED: Final = {
    MD5: ("ContentMD5", "Content-MD5"),
    DigestAlgorithm.SHA256: ("ChecksumSHA256", "x-amz-checksum-sha256"),
}
"""What the client library and HTTP call the digests that S3 compares."""


class S3Staging:
    """What clients send past the store, beside the containers of a back end."""

    def __init__(self, backend: S3Backend, client: S3Client, clock: Clock) -> None:
        """`client` signs the addresses: it may know the bucket by another address than the store itself does."""
        self._backend, self._client, self._clock = backend, client, clock
        self._bucket, self._keys = backend.bucket, backend.keys
        self._places = BoundedSemaphore(ASKING)

    @contextmanager
    def _asking(self) -> Iterator[None]:
        """A bucket that hangs shall not hold all who serve requests. Raises ServiceBusy."""
        if not self._places.acquire(timeout=PATIENCE):
            raise ServiceBusy("the object store takes long to answer")
        try:
            yield
        finally:
            self._places.release()

    def begin(self, number: str) -> str:
        with self._asking():
            return self._bucket.begin(self._keys.staging(number)).id

    def endpoints(self, number: str, staged: Staged, promise: Promise, until: Instant) -> tuple[Endpoint, ...]:
        seconds = max(1, min(LONGEST, (until - self._clock()) // SECOND))
        parts = parts_of(promise.size or 0, staged.part)
        return tuple(self._endpoint(number, staged, part, promise.digests, seconds) for part in parts)

    def _endpoint(self, number: str, staged: Staged, part: Part, digests: tuple[Digest, ...], seconds: int) -> Endpoint:
        arguments: dict[str, Any] = {
            "Bucket": self._bucket.name,
            "Key": self._keys.staging(number),
            "ContentLength": part.length,
        }
        headers = [Header("Content-Length", str(part.length))]
        if staged.upload is not None:
            arguments |= {"UploadId": staged.upload, "PartNumber": part.number}
        else:
            for digest in digests:
                if digest.algorithm in _SIGNED:
                    argument, header = _SIGNED[digest.algorithm]
                    arguments[argument] = b64encode(bytes.fromhex(digest.value)).decode("ascii")
                    headers.append(Header(header, arguments[argument]))
        call = "put_object" if staged.upload is None else "upload_part"
        url = self._client.generate_presigned_url(call, Params=arguments, ExpiresIn=seconds)
        return Endpoint(url, HTTP, "PUT", tuple(headers))

    def received(self, number: str, staged: Staged) -> Mapping[int, int]:
        with self._asking():
            return self._received(number, staged)

    def _received(self, number: str, staged: Staged) -> Mapping[int, int]:
        if staged.upload is None:
            found = self._bucket.find(self._keys.staging(number))
            return {} if found is None else {1: found.size}
        try:
            return {part.number: part.size for part in self._bucket.parts(self._upload(number, staged.upload))}
        except Gone:
            return {}

    def open(self, number: str, staged: Staged) -> "S3Whole":
        key = self._keys.staging(number)
        found = self._bucket.find(key)
        if staged.upload is not None and found is None:
            upload = self._upload(number, staged.upload)
            try:
                self._bucket.complete(upload, list(self._bucket.parts(upload)))
            except Gone as error:
                raise ContainerNotFound(number, reason="its parts have gone") from error
            found = self._bucket.find(key)
        if found is None:
            # What was sent is given up for lost only when a listing says so.
            self._bucket.require_absent(key)
            raise ContainerNotFound(number, reason="nothing is staged")
        return S3Whole(self._backend, number, found)

    def drop(self, number: str) -> None:
        key = self._keys.staging(number)
        self._bucket.delete(key)
        for upload in list(self._bucket.uploads(key)):
            if upload.key == key:
                self._bucket.abort(upload)

    def numbers(self) -> Iterator[tuple[str, bool]]:
        prefix, seen = self._keys.staging_prefix, set()
        wholes = ((found.key, True) for found in self._bucket.objects(prefix))
        for key, whole in chain(wholes, ((upload.key, False) for upload in self._bucket.uploads(prefix))):
            number = key.removeprefix(prefix)
            # Whatever else lies there is another store's, or an operator's.
            if number not in seen and NUMBER.match(number):
                seen.add(number)
                yield number, whole

    def _upload(self, number: str, name: str) -> Upload:
        return Upload(self._keys.staging(number), name)


class S3Whole:
    """A staged object as it was when it was opened: its copy under the container's own key, where no client writes."""

    def __init__(self, backend: S3Backend, number: str, found: Found) -> None:
        """Raises StoreFull, ServiceBusy."""
        try:
            self._copied = backend.copy_in(found, number)
        except (ChecksumMismatch, ContainerNotFound) as error:
            raise ServiceBusy("other bytes have been sent meanwhile") from error
        self.size = found.size
        self._reader = S3Reader(backend.bucket, number, self._copied.found)

    def pieces(self) -> Iterator[bytes]:
        done = 0
        while done < self.size:
            try:
                piece = self._reader.pread(PIECE, done)
            except (ChecksumMismatch, ContainerNotFound) as error:
                raise ServiceBusy("what was copied is not there any more") from error
            done += len(piece)
            yield piece

    def take(self, sidecar: Sidecar) -> None:
        self._copied.seal(sidecar)

    def close(self) -> None:
        self._reader.close()
        self._copied.close()
