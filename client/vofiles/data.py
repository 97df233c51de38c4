"""The bytes on their way: one PUT or PATCH to an endpoint, one GET from it, over HTTP.

Rule: one attempt each, streamed in bounded blocks; what ends an attempt is told apart as *lost* (the same again may
work) and *answered* (an error of the tree). Whether to try again is `transfers`' business. Credentials never go to an
endpoint: its URL is the right.
"""

import base64
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import requests
import urllib3

from vofiles import contract, faults, requestid
from vofiles.errors import Incomplete, StoreUnreachable
from vofiles.sources import BLOCK, Sendable, Source
from vofiles.zeepcarrier import why

TIMEOUTS = (10.0, 300.0)
"""Seconds to connect, and without any progress: a store makes the bytes durable before it answers."""

Progress = Callable[[int, int | None], None]
"""Told (bytes done, bytes in all or None) as bytes flow; goes back, at most to 0, when some are sent again."""


class ConnectionLost(Exception):
    """The connection ended before the answer did; the same may be tried again."""


def find_endpoint(transfer: contract.Transfer, method: str) -> contract.Endpoint | None:
    """The first endpoint of a transfer that we can use."""
    for endpoint in transfer.endpoints:
        speaks = endpoint.protocol == contract.HTTP and endpoint.method == method
        if speaks and endpoint.url.startswith(("http://", "https://")):
            return endpoint
    return None


def call(
    session: requests.Session,
    endpoint: contract.Endpoint,
    headers: Mapping[str, str],
    *,
    method: str | None = None,
    body: object = None,
    stream: bool = False,
) -> requests.Response:
    """The answer to one request to an endpoint, whatever it is; `method` in place of the endpoint's own. Raises
    ConnectionLost, StoreUnreachable.
    """
    announced = {header.name: header.value for header in endpoint.headers} | {requestid.HEADER: requestid.request_id()}
    try:
        return session.request(
            method or endpoint.method, endpoint.url, headers=announced | dict(headers), data=body,  # type: ignore[arg-type]
            timeout=TIMEOUTS, stream=stream, allow_redirects=False,
        )  # fmt: skip
    except (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError) as error:
        raise ConnectionLost(why(error)) from error
    except requests.RequestException as error:
        raise StoreUnreachable(_host(endpoint), reason=why(error)) from error


def _host(endpoint: contract.Endpoint) -> str:
    # Never the URL itself: it is a right, and messages end up in logs.
    return endpoint.url.split("/", 3)[2]


class _Body:
    """A source as requests sends it: with a length it is Content-Length, without one chunked."""

    def __init__(self, source: Sendable, progress: Progress | None) -> None:
        self._source, self._progress = source, progress
        self.failure: Exception | None = None

    def __iter__(self) -> Iterator[bytes]:
        try:
            while block := self._source.read():
                yield block
                if self._progress:
                    self._progress(self._source.done, self._source.size)
        except Exception as error:
            # Kept apart: the HTTP library takes any OSError in here for one of the network.
            self.failure = error
            raise


class _SizedBody(_Body):
    def __init__(self, source: Sendable, progress: Progress | None) -> None:
        super().__init__(source, progress)
        self._length = (source.size or 0) - source.done

    def __len__(self) -> int:
        return self._length


def send(
    session: requests.Session,
    endpoint: contract.Endpoint,
    source: Source,
    *,
    content_type: str | None = None,
    progress: Progress | None = None,
) -> tuple[contract.Digest, ...]:
    """PUT a source from its start; the digests that the store answers, of all that it has then.

    Raises ConnectionLost, an error of the tree, OSError of the source.
    """
    source.rewind()
    headers = {"Content-Type": content_type} if content_type else {}
    with send_rest(session, endpoint, source, headers, progress=progress) as response:
        require_success(response)
        return digests_of(response)


def send_rest(
    session: requests.Session,
    endpoint: contract.Endpoint,
    source: Sendable,
    headers: Mapping[str, str],
    *,
    method: str | None = None,
    progress: Progress | None = None,
) -> requests.Response:
    """The answer to a request with all that a source has left, whatever it is. Raises ConnectionLost,
    StoreUnreachable, OSError of the source.
    """
    body = _Body(source, progress) if source.size is None else _SizedBody(source, progress)
    if progress:
        progress(source.done, source.size)
    try:
        return call(session, endpoint, headers, method=method, body=body if source.size != source.done else b"")
    except ConnectionLost:
        if body.failure is not None:
            raise body.failure from None
        raise


@dataclass(frozen=True)
class Fetched:
    """The answer to a GET, its body still to be read."""

    response: requests.Response
    start: int
    """Where in the content its body begins."""
    end: int | None
    """Where in the content its body ends, where told."""
    partial: bool
    """Whether it is a part of the content (206), as was asked for."""
    size: int | None
    """Bytes of the whole content, where told."""
    tag: str | None
    """Names these very bytes (ETag)."""
    digests: tuple[contract.Digest, ...]
    """Of the whole content, where told."""

    def blocks(self) -> Iterator[bytes]:
        """The body, block by block. Raises ConnectionLost where it ends early."""
        done = self.start
        while True:
            try:
                block = self.response.raw.read(BLOCK, decode_content=False)
            except (urllib3.exceptions.HTTPError, OSError) as error:
                raise ConnectionLost(str(error)) from error
            if not block:
                break
            done += len(block)
            yield block
        if self.end is not None and done < self.end:
            raise ConnectionLost(f"{done} bytes instead of {self.end}")
        if self.size is None and done == self.start and "Transfer-Encoding" not in self.response.headers:
            # A head that breaks off is taken for a whole one; it says nothing of a length then, and nothing comes.
            raise ConnectionLost("the answer ended in its head")


@contextmanager
def fetch(
    session: requests.Session,
    endpoint: contract.Endpoint,
    *,
    start: int = 0,
    end: int | None = None,
    tag: str | None = None,
) -> Iterator[Fetched]:
    """GET content, from `start` on, and before `end` if it is given, if the bytes are still those of `tag`; else all.

    Raises ConnectionLost, or an error of the tree.
    """
    headers = {"Accept-Encoding": "identity"}
    if start or end is not None:
        last = "" if end is None else end - 1
        headers |= {"Range": f"bytes={start}-{last}"} | ({"If-Range": tag} if tag else {})
    with call(session, endpoint, headers, stream=True) as response:
        require_success(response)
        yield _fetched(response)


def _fetched(response: requests.Response) -> Fetched:
    length = response.headers.get("Content-Length")
    start, partial = 0, response.status_code == 206
    size = end = number_of(length or "")
    if partial:
        # bytes START-END/SIZE (RFC 9110, 14.4)
        span, _, whole = response.headers.get("Content-Range", "").removeprefix("bytes ").partition("/")
        first, _, last = span.partition("-")
        begin, final, size = number_of(first), number_of(last), number_of(whole)
        if begin is None or final is None or size is None:
            raise Incomplete("the answer", reason="it does not say which part of the content it is")
        start, end = begin, final + 1
    return Fetched(response, start, end, partial, size, response.headers.get("ETag"), digests_of(response))


def number_of(text: str) -> int | None:
    """What a header's digits say; None for anything else."""
    # isdigit alone takes "²" too, which int does not.
    return int(text) if text.isascii() and text.isdigit() else None


def digests_of(response: requests.Response) -> tuple[contract.Digest, ...]:
    """The digests in Repr-Digest (RFC 9530); what cannot be read there says nothing."""
    found = []
    for item in response.headers.get("Repr-Digest", "").split(","):
        name, _, value = item.strip().partition("=")
        # Not base64, or not even ASCII.
        with suppress(ValueError):
            found.append(contract.Digest(name.lower(), base64.b64decode(value.strip(":"), validate=True).hex()))
    return tuple(found)


def require_success(response: requests.Response) -> None:
    """Raise the error that an answer stands for."""
    if response.status_code in {200, 201, 204, 206}:
        return
    text = response.raw.read(64 * 1024, decode_content=False) if response.raw is not None else b""
    error = error_from(response.status_code, text or response.content[: 64 * 1024], response.reason or "")
    raise requestid.noted(error, response.headers.get(requestid.HEADER))


def error_from(status: int, body: bytes, reason: str) -> Exception:
    """The error that a store's answer stands for: by its name in a JSON body, else by its status."""
    text = body.decode("utf-8", "replace").strip()
    try:
        told = json.loads(text)
    except ValueError:
        told = None
    if isinstance(told, dict):
        name = str(told.get("name", ""))
        message = str(told.get("message") or told.get("detail") or reason)
        return faults.error_of(name, message, status=status)
    return faults.error_of("", text[:500] or f"{status} {reason}", status=status)
