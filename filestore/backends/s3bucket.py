"""A bucket: objects by key, and uploads in parts; each call once, with its checks.

Rule: every byte that goes up has its MD5 beside it, which the other side compares. What fails raises what `s3errors`
says; so does an answer without what such an answer has, because something else may answer in the store's place (a proxy
with a page of its own), and nothing is not what was asked for. Deletions go one by one: the call for many wants
checksums that stores of some years ago do not know.
"""

from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import md5
from typing import Any, Final, Protocol

from filestore.backends.s3client import Answer, S3Client
from filestore.backends.s3errors import Changed, Gone, answering
from vofiles.errors import ServiceBusy

PAGE: Final = 1000
"""Keys in one listing."""

Data = bytes | bytearray | memoryview


class Stream(Protocol):
    """An answer's body while it comes."""

    def read(self, length: int, /) -> bytes: ...
    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Found:
    """An object."""

    key: str
    size: int
    tag: str
    """Its ETag, as it came."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part of an upload, as it is named at its end."""

    number: int
    tag: str
    size: int


@dataclass(frozen=True, slots=True)
class Upload:
    """An upload in parts that is under way."""

    key: str
    id: str


class Bucket:
    """One bucket, for any number of threads."""

    def __init__(self, client: S3Client, name: str) -> None:
        self.client, self.name = client, name

    # --- objects ---

    def find(self, key: str) -> Found | None:
        """An object's size and ETag. Raises ServiceBusy."""
        try:
            answer = self._call(self.client.head_object, key, "ContentLength", "ETag")
        except Gone:
            return None
        return Found(key, answer["ContentLength"], answer["ETag"])

    def require_absent(self, key: str) -> None:
        """Raises ServiceBusy where a listing has what was not found: a 404 without a word may be anybody's."""
        listed = next(self.objects(key, page=1), None)
        if listed is not None and listed.key == key:
            raise ServiceBusy("the object store does not find what it lists")

    def require_same(self, found: Found) -> None:
        """Raises Gone, Changed where an object is not the one that was found, ServiceBusy."""
        now = self.find(found.key)
        if now is None:
            self.require_absent(found.key)
            raise Gone(found.key)
        if now.tag != found.tag:
            raise Changed(found.key)

    def get(self, key: str, start: int, end: int, tag: str | None) -> Stream:
        """The bytes from `start` to before `end`; `tag`: of the only object that will do.

        Raises Gone, Changed, ServiceBusy.
        """
        condition = {} if tag is None else {"IfMatch": tag}
        answer = self._call(
            self.client.get_object, key, "ContentLength", "ETag", Range=f"bytes={start}-{end - 1}", **condition
        )
        stream: Stream = answer["Body"]
        try:
            _require_asked_for(answer, key, start, end, tag)
        except BaseException:
            stream.close()
            raise
        return stream

    def read(self, key: str) -> bytes:
        """A small object. Raises Gone, ServiceBusy."""
        with answering(key):
            stream = _require(self.client.get_object(Bucket=self.name, Key=key), "ETag")["Body"]
            try:
                data: bytes = stream.read()
            finally:
                stream.close()
        return data

    def put(self, key: str, data: Data) -> Found:
        """Durable on return. Raises StoreFull, ServiceBusy."""
        answer = self._call(self.client.put_object, key, "ETag", Body=_body(data), ContentMD5=_digest(data))
        return Found(key, len(data), answer["ETag"])

    def copy(self, source: Found, key: str) -> None:
        """A small object under another key, without what its sender has said of it in headers. Raises Gone, Changed,
        StoreFull, ServiceBusy.
        """
        answer = self._call(
            self.client.copy_object, key, "CopyObjectResult",
            CopySource=self._source(source.key), CopySourceIfMatch=source.tag, MetadataDirective="REPLACE",
        )  # fmt: skip
        with answering(key):
            _require(answer["CopyObjectResult"], "ETag")

    def delete(self, key: str) -> None:
        """What is not there is no error. Raises ServiceBusy."""
        self._call(self.client.delete_object, key)

    def objects(self, prefix: str, after: str = "", page: int = PAGE) -> Iterator[Found]:
        """Objects whose keys begin so, above `after`, in the order of keys; `page` at a time. Raises ServiceBusy."""
        more: dict[str, Any] = {"StartAfter": after} if after else {}
        while True:
            with answering(prefix):
                answer = self.client.list_objects_v2(Bucket=self.name, Prefix=prefix, MaxKeys=page, **more)
                found = [Found(each["Key"], each["Size"], each["ETag"]) for each in answer.get("Contents", ())]
                more = _more(answer, ContinuationToken="NextContinuationToken")
            yield from found
            if not more:
                return

    # --- uploads in parts ---

    def uploads(self, prefix: str) -> Iterator[Upload]:
        """Those under way whose keys begin so, in no order. Raises ServiceBusy."""
        more: dict[str, Any] = {}
        while True:
            with answering(prefix):
                answer = self.client.list_multipart_uploads(Bucket=self.name, Prefix=prefix, **more)
                found = [Upload(each["Key"], each["UploadId"]) for each in answer.get("Uploads", ())]
                more = _more(answer, KeyMarker="NextKeyMarker", UploadIdMarker="NextUploadIdMarker")
            yield from found
            if not more:
                return

    def parts(self, upload: Upload) -> Iterator[Part]:
        """Those that have come, in their order. Raises Gone, ServiceBusy."""
        more: dict[str, Any] = {}
        while True:
            answer = self._call(self.client.list_parts, upload.key, UploadId=upload.id, **more)
            with answering(upload.key):
                found = [Part(each["PartNumber"], each["ETag"], each["Size"]) for each in answer.get("Parts", ())]
                more = _more(answer, PartNumberMarker="NextPartNumberMarker")
            yield from found
            if not more:
                return

    def begin(self, key: str) -> Upload:
        """Raises ServiceBusy."""
        return Upload(key, self._call(self.client.create_multipart_upload, key, "UploadId")["UploadId"])

    def send_part(self, upload: Upload, number: int, data: Data) -> Part:
        """Raises Gone, StoreFull, ServiceBusy."""
        answer = self._call(
            self.client.upload_part, upload.key, "ETag",
            UploadId=upload.id, PartNumber=number, Body=_body(data), ContentMD5=_digest(data),
        )  # fmt: skip
        return Part(number, answer["ETag"], len(data))

    def copy_part(self, upload: Upload, number: int, source: Found, start: int, end: int) -> Part:
        """A part made of what another object has, without its bytes coming here. Raises Gone, Changed, StoreFull,
        ServiceBusy.
        """
        answer = self._call(
            self.client.upload_part_copy, upload.key, "CopyPartResult",
            UploadId=upload.id, PartNumber=number, CopySource=self._source(source.key),
            CopySourceRange=f"bytes={start}-{end - 1}", CopySourceIfMatch=source.tag,
        )  # fmt: skip
        with answering(upload.key):
            return Part(number, answer["CopyPartResult"]["ETag"], end - start)

    def complete(self, upload: Upload, parts: list[Part]) -> None:
        """Have the object, all of it at once; durable on return. Raises Changed, StoreFull, ServiceBusy."""
        named = [{"PartNumber": part.number, "ETag": part.tag} for part in parts]
        try:
            self._call(
                self.client.complete_multipart_upload,
                upload.key,
                "ETag",
                UploadId=upload.id,
                MultipartUpload={"Parts": named},
            )
        except Gone:
            # An answer was lost, and the call made again: then it has been done.
            found = self.find(upload.key)
            if found is None or found.size != sum(part.size for part in parts):
                raise

    def abort(self, upload: Upload) -> None:
        """What is not there is no error. Raises ServiceBusy."""
        try:
            self._call(self.client.abort_multipart_upload, upload.key, UploadId=upload.id)
        except Gone:
            return

    def _call(self, call: Callable[..., Answer], key: str, *members: str, **arguments: object) -> Answer:
        """`members`: what the answer must have."""
        with answering(key):
            return _require(call(Bucket=self.name, Key=key, **arguments), *members)

    def _source(self, key: str) -> dict[str, str]:
        return {"Bucket": self.name, "Key": key}


def _body(data: Data) -> bytes | bytearray:
    return bytes(data) if isinstance(data, memoryview) else data


def _digest(data: Data) -> str:
    return b64encode(md5(data, usedforsecurity=False).digest()).decode("ascii")


def _require(answer: Answer, *members: str) -> Answer:
    """Raises ValueError where an answer lacks any of these."""
    missing = [member for member in members if member not in answer]
    if missing:
        raise ValueError(f"no {' and no '.join(missing)}")
    return answer


def _require_asked_for(answer: Answer, key: str, start: int, end: int, tag: str | None) -> None:
    """Raises ServiceBusy where the bytes of an answer are not those that were asked for, Changed where they are another
    object's.
    """
    told = answer.get("ContentRange", "")
    # All of an object is as good.
    whole = start == 0 and answer["ContentLength"] == end and not told
    with answering(key):
        if not whole and not told.startswith(f"bytes {start}-{end - 1}/"):
            raise ValueError(f"{told or 'all bytes'} instead of {start}-{end - 1}")
    if tag is not None and answer["ETag"] != tag:
        raise Changed(key)


def _more(answer: Answer, **markers: str) -> dict[str, Any]:
    """What to ask for the next page of a listing with; nothing where this was the last one. `markers`: what each is
    called in the answer. Raises LookupError where it is no listing.
    """
    return {name: answer[told] for name, told in markers.items()} if answer["IsTruncated"] else {}
