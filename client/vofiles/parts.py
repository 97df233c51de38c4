"""A content on its way past the store, in the parts that its addresses are for, several at a time.

Rule: the addresses alone say which bytes go where: as many as each one's Content-Length, one behind the other. Each
part is sent until it has been taken, and no other one with it; the digests are of all bytes in their order, made
meanwhile.
"""

import re
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import suppress
from contextvars import copy_context
from dataclasses import dataclass
from http import HTTPStatus
from threading import Event, Lock

import requests

from vofiles import data
from vofiles.contract import COMPLETE_KEY, COMPLETE_REQUIRED, HTTP, Endpoint, Transfer
from vofiles.data import ConnectionLost, Progress
from vofiles.errors import ChecksumMismatch, Incomplete, StoreUnreachable, TicketExpired
from vofiles.sources import BLOCK, Source
from vofiles.waiting import Patience, Waiter

CONNECTIONS = 4
"""Parts sent at a time."""
_TAKEN = frozenset({HTTPStatus.OK, HTTPStatus.CREATED, HTTPStatus.NO_CONTENT})
_LATER = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS})

ATTEMPTS = 6
"""How often a part is sent before giving up."""
RETRY_PATIENCE = 30.0
"""Seconds spent on pauses between those attempts."""


def are_asked_for(transfer: Transfer) -> bool:
    """Whether a transfer's bytes are to be sent so, and its completion told."""
    return any(each.key == COMPLETE_KEY and each.value == COMPLETE_REQUIRED for each in transfer.properties)


class Stopped(Exception):
    """Another part has failed for good: there is no use in this one."""


@dataclass(eq=False)
class Slice:
    """A stretch of a source, to be sent."""

    source: Source
    endpoint: Endpoint
    offset: int
    size: int
    """Bytes."""
    stop: Event
    done: int = 0
    """Bytes of it that have been read."""

    def read(self) -> bytes:
        """The next block, empty at the end. Raises Incomplete where the source has become shorter, Stopped, OSError."""
        if self.stop.is_set():
            raise Stopped
        wanted = min(BLOCK, self.size - self.done)
        block = self.source.peek(self.offset + self.done, wanted) if wanted else b""
        if wanted and not block:
            raise Incomplete(self.source.label, reason=f"it has become shorter than {self.offset + self.size} bytes")
        self.done += len(block)
        return block


class Parts:
    """One source, cut for the endpoints of a transfer."""

    def __init__(
        self, session: requests.Session, transfer: Transfer, source: Source, progress: Progress | None, wait: Waiter
    ) -> None:
        """Raises StoreUnreachable where the endpoints do not say where the bytes go."""
        self._session, self._source, self._progress, self._wait = session, source, progress, wait
        self._stop, self._lock = Event(), Lock()
        slices = list(self._cut(transfer))
        if not slices or sum(each.size for each in slices) != source.size:
            raise StoreUnreachable("", reason="its addresses do not say which bytes go where")
        safe = transfer.bytes_done
        self._slices = [each for each in slices if not safe or each.offset + each.size > safe]
        """Those that are not there yet, from an earlier run."""
        self._sent = {each.offset: each.size for each in slices if each not in self._slices}

    def _cut(self, transfer: Transfer) -> Iterator[Slice]:
        offset = 0
        for endpoint in transfer.endpoints:
            length = data.number_of(_length_of(endpoint))
            if endpoint.protocol == HTTP and endpoint.method == "PUT" and length is not None:
                yield Slice(self._source, endpoint, offset, length, self._stop)
                offset += length

    def send(self) -> None:
        """All of them. Raises an error of the tree, OSError of the source; none is under way any more then."""
        with ThreadPoolExecutor(CONNECTIONS, "vofiles-part") as pool:
            try:
                sent: list[Future[None]] = [pool.submit(copy_context().run, self._send, each) for each in self._slices]
                self._source.rewind()
                self._source.go_to(self._source.size or 0)
                for each in as_completed(sent):
                    # Why they were stopped, another one knows.
                    with suppress(Stopped):
                        each.result()
            except BaseException:
                self._stop.set()
                pool.shutdown(wait=False, cancel_futures=True)
                raise

    def _send(self, part: Slice) -> None:
        patience = Patience(self._wait, attempts=ATTEMPTS, seconds=RETRY_PATIENCE)
        while True:
            part.done = 0
            try:
                with data.send_rest(self._session, part.endpoint, part, {}, progress=self._note(part)) as response:
                    _require_taken(response, self._source.label)
                    return
            except ConnectionLost as error:
                if self._stop.is_set():
                    raise Stopped from error
                patience.pause(error, 0)
            except BaseException:
                # The others need not go on.
                self._stop.set()
                raise

    def _note(self, part: Slice) -> Progress | None:
        told = self._progress
        if told is None:
            return None

        def note(done: int, _size: int | None) -> None:
            with self._lock:
                self._sent[part.offset] = done
                told(sum(self._sent.values()), self._source.size)

        return note


def _require_taken(response: requests.Response, label: str) -> None:
    """Raise what an answer of S3 stands for, unless it has taken the part: ConnectionLost where the same may work."""
    status = response.status_code
    if status in _TAKEN:
        return
    text = response.content[: 64 * 1024].decode("utf-8", "replace")
    code, message = (found[1] if (found := re.search(f"<{name}>([^<]*)", text)) else "" for name in ("Code", "Message"))
    reason = f"{status} {code or response.reason}: {message}".rstrip(": ")
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in _LATER or code == "RequestTimeout":
        raise ConnectionLost(reason)
    if code in {"BadDigest", "XAmzContentChecksumMismatch"}:
        raise ChecksumMismatch(label, reason=reason)
    if "expired" in message:
        raise TicketExpired
    raise StoreUnreachable("", reason=f"a part is refused: {reason}")


def _length_of(endpoint: Endpoint) -> str:
    found = (header.value for header in endpoint.headers if header.name.lower() == "content-length")
    return next(found, "")
