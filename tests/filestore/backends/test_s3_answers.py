"""Something else answers where the store of objects should: whatever it says is not taken for an answer, so that
nothing is listed as empty, held to be stored, or read.
"""

import socketserver
import threading
from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import Any

import pytest

from filestore.backends.s3 import S3Backend
from filestore.backends.s3bucket import Bucket, Found, Part, Upload
from filestore.backends.s3client import connect
from filestore.backends.s3direct import S3Staging
from filestore.backends.s3errors import Changed
from filestore.config import S3
from filestore.domain.staging import Staged
from tests.support.filestore_core import HandClock
from vofiles.errors import ServiceBusy

DATA = bytes(range(100))
FOUND, UPLOAD = Found("key", 100, '"tag"'), Upload("key", "upload")
PAGE = b"<html><body>We are back soon</body></html>"
CALLS: dict[str, Callable[[Bucket], object]] = {
    "find": lambda bucket: bucket.find("key"),
    "get": lambda bucket: bucket.get("key", 0, 100, None),
    "read": lambda bucket: bucket.read("key"),
    "put": lambda bucket: bucket.put("key", b"abc"),
    "copy": lambda bucket: bucket.copy(FOUND, "other"),
    "objects": lambda bucket: list(bucket.objects("prefix")),
    "uploads": lambda bucket: list(bucket.uploads("prefix")),
    "parts": lambda bucket: list(bucket.parts(UPLOAD)),
    "begin": lambda bucket: bucket.begin("key"),
    "send a part": lambda bucket: bucket.send_part(UPLOAD, 1, b"abc"),
    "copy a part": lambda bucket: bucket.copy_part(UPLOAD, 1, FOUND, 0, 3),
    "complete": lambda bucket: bucket.complete(UPLOAD, [Part(1, "tag", 3)]),
}


def answer(body: bytes, *headers: str, status: HTTPStatus = HTTPStatus.OK, length: object = None) -> bytes:
    told = len(body) if length is None else length
    lines = [f"HTTP/1.1 {status} {status.phrase}", f"Content-Length: {told}", "Connection: close", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


class Handler(socketserver.StreamRequestHandler):
    """Says the same to everybody."""

    says: bytes

    def handle(self) -> None:
        headers = {}
        while line := self.rfile.readline().strip():
            name, _, value = line.partition(b":")
            headers[name.lower()] = value
        if b"expect" not in headers:
            # A body that waits to be asked for is not.
            self.rfile.read(int(headers.get(b"content-length", 0)))
        self.wfile.write(self.says)


@pytest.fixture(scope="module")
def bucket() -> Iterator[Bucket]:
    """A bucket at an address where `Handler` answers."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server, pytest.MonkeyPatch.context() as patch:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        patch.setattr("filestore.backends.s3client.ATTEMPTS", 1)
        client: Any = connect(S3("contents", "some", "secret", f"http://127.0.0.1:{server.server_address[1]}"))
        try:
            yield Bucket(client, "contents")
        finally:
            client.close()
            server.shutdown()
            thread.join()


@pytest.mark.parametrize(
    "page",
    [answer(PAGE), answer(b""), answer(b'{"a": 1}'), answer(b"<R/>", length="banana")],
    ids=["a page", "nothing", "no XML", "no length"],
)
@pytest.mark.parametrize("call", CALLS)
def test_what_is_no_answer_is_none(bucket: Bucket, page: bytes, call: str) -> None:
    Handler.says = page
    with pytest.raises(ServiceBusy):
        CALLS[call](bucket)


@pytest.mark.parametrize("member", ["<Size>1</Size>", "<Key>k</Key><Size>x</Size>"])
def test_a_listing_of_what_has_no_name_or_no_length_is_none(bucket: Bucket, member: str) -> None:
    listing = f"<R><IsTruncated>false</IsTruncated><Contents><ETag>t</ETag>{member}</Contents></R>"
    Handler.says = answer(listing.encode())
    with pytest.raises(ServiceBusy):
        list(bucket.objects("prefix"))


@pytest.mark.parametrize("listing", ["objects", "uploads", "parts"])
def test_a_listing_that_goes_on_nobody_knows_where_is_none(bucket: Bucket, listing: str) -> None:
    Handler.says = answer(b"<R><IsTruncated>true</IsTruncated></R>")
    with pytest.raises(ServiceBusy):
        CALLS[listing](bucket)


@pytest.mark.parametrize(
    "told",
    [
        answer(DATA, 'ETag: "tag"'),
        answer(DATA[:10], 'ETag: "tag"', "Content-Range: bytes 0-9/100", status=HTTPStatus.PARTIAL_CONTENT),
        answer(DATA[10:30], 'ETag: "tag"', "Content-Range: bytes 10-29/100", status=HTTPStatus.PARTIAL_CONTENT),
    ],
    ids=["all", "others", "more"],
)
def test_other_bytes_than_were_asked_for_are_not_read(bucket: Bucket, told: bytes) -> None:
    Handler.says = told
    with pytest.raises(ServiceBusy):
        bucket.get("key", 10, 20, '"tag"')


def test_bytes_of_another_object_are_not_read(bucket: Bucket) -> None:
    """Not everybody looks at the condition of a GET."""
    ten = ('ETag: "other"', "Content-Range: bytes 10-19/100")
    Handler.says = answer(DATA[10:20], *ten, status=HTTPStatus.PARTIAL_CONTENT)
    with pytest.raises(Changed):
        bucket.get("key", 10, 20, '"tag"')
    assert bucket.get("key", 10, 20, None).read(20) == DATA[10:20]


def test_all_bytes_are_as_good_as_all_that_were_asked_for(bucket: Bucket) -> None:
    Handler.says = answer(DATA, 'ETag: "tag"')
    assert bucket.get("key", 0, 100, '"tag"').read(200) == DATA


@pytest.mark.parametrize("call", [name for name in CALLS if name not in {"find", "copy a part"}])
def test_an_absence_has_a_word(bucket: Bucket, call: str) -> None:
    """Whoever does not know the bucket says 404, too."""
    Handler.says = answer(b"", status=HTTPStatus.NOT_FOUND)
    with pytest.raises(ServiceBusy):
        CALLS[call](bucket)


@pytest.mark.parametrize("staged", [Staged(), Staged(upload="upload")])
def test_what_was_sent_is_not_lost_because_somebody_says_404(bucket: Bucket, staged: Staged) -> None:
    Handler.says = answer(b"", status=HTTPStatus.NOT_FOUND)
    staging = S3Staging(S3Backend(bucket.client, S3("contents", "some", "secret")), bucket.client, HandClock())
    with pytest.raises(ServiceBusy):
        staging.open("abcd2345", staged)
