"""A whole movement of bytes: ask the FileManager, move them to or from the store, learn how it ended.

Rule: nothing is done when it is merely sent. A put ends when the FileManager says COMPLETED, with the size and the
digests of what was sent; a get ends when the bytes are those of the node. Lost connections are tried again a bounded
number of times, always on the same transfer, so that a repeat can never become a second version.
"""

from collections.abc import Iterable
from contextlib import suppress
from typing import Protocol

import requests

from vofiles import data, faults, requestid, waiting
from vofiles.checksums import Checksums
from vofiles.contract import (
    AppendInit,
    CancelTransfer,
    Digest,
    Direction,
    ExportInit,
    GetTransfer,
    ImportInit,
    Transfer,
    TransferAnswer,
    TransferState,
)
from vofiles.data import ConnectionLost, Progress
from vofiles.errors import (
    Busy,
    CallbackUnreachable,
    Incomplete,
    NotFound,
    ServiceBusy,
    StoreUnreachable,
    TicketExpired,
    TransferEnded,
    Unexpected,
    Unreachable,
    VofilesError,
)
from vofiles.filemanager_port import FileManagerPort
from vofiles.repeats import once_more
from vofiles.sources import Source
from vofiles.waiting import Waiter, pauses

ATTEMPTS = 6
"""How often bytes are sent, or fetched without getting any further, before giving up."""
RETRY_PATIENCE = 30.0
"""Seconds spent on pauses between attempts, counted anew whenever a get has come further."""
ADDRESSES = 3
"""How many addresses one get asks for, where the content that each leads to has been replaced meanwhile."""
END_PATIENCE = 120.0
"""Seconds to wait for the FileManager to learn what the store has acknowledged already."""


class Sink(Protocol):
    """Where fetched bytes go."""

    def write(self, block: bytes, /) -> object: ...

    def restart(self) -> None:
        """Throw away what was written: it comes again from the first byte."""


class Transfers:
    """The movements of bytes under one FileManager."""

    def __init__(self, port: FileManagerPort, session: requests.Session, wait: Waiter = waiting.sleep) -> None:
        self._port, self._session, self._wait = port, session, wait

    def put(self, request: ImportInit, source: Source, progress: Progress | None = None) -> TransferAnswer:
        """Send a source as the next version of a file; answers when it is that. Raises VofilesError, OSError."""
        with requestid.job():
            begun = once_more(self._port.import_init, request).transfer
            ended = self._complete(begun, source, request.content_type, progress)
            receipt = ended.transfer.receipt
            if receipt is not None:
                if receipt.size != source.done:
                    raise Incomplete(source.label, reason=f"sent {source.done} bytes, stored {receipt.size}")
                source.checksums.require_same(receipt.digests, source.label)
            return ended

    def append(self, request: AppendInit, source: Source, progress: Progress | None = None) -> TransferAnswer:
        """Send a source to be added to a file; answers when the two together are its next version. Raises as `put`."""
        with requestid.job():
            begun = once_more(self._port.append_init, request).transfer
            return self._complete(begun, source, None, progress)

    def _complete(
        self, transfer: Transfer, source: Source, content_type: str | None, progress: Progress | None
    ) -> TransferAnswer:
        try:
            transfer = self._offered(transfer)
            self._send(transfer, source, content_type, progress)
        except BaseException:
            # What was begun and is given up must not count as open; that it failed is the news, not this.
            with suppress(VofilesError):
                self._port.cancel_transfer(CancelTransfer(transfer.transfer))
            raise
        return self.wait_for_end(transfer.transfer)

    def _send(self, transfer: Transfer, source: Source, content_type: str | None, progress: Progress | None) -> None:
        endpoint = data.find_endpoint(transfer, "PUT")
        if endpoint is None:
            raise StoreUnreachable("", reason="it offers no way to send bytes that this client knows")
        between = pauses(RETRY_PATIENCE, first=0.1, longest=8)
        for attempt in range(1, ATTEMPTS + 1):
            try:
                told = data.send(self._session, endpoint, source, content_type=content_type, progress=progress)
                if transfer.direction != Direction.APPEND_INIT:
                    # Of the whole content; what is added has a digest of its own that nobody tells.
                    source.checksums.require_same(told, source.label)
            except (ConnectionLost, Busy, ServiceBusy) as error:
                # Busy: the store still holds the lease of the connection that was lost.
                if self._is_complete(transfer.transfer):
                    return
                if source.done and not source.rewindable:
                    reason = f"the connection was lost after {source.done} bytes; it cannot be read a second time"
                    raise Incomplete(source.label, reason=reason) from error
                pause = next(between, None)
                if attempt == ATTEMPTS or pause is None:
                    raise _given_up(error, attempt) from error
                self._wait(pause)
            else:
                return

    def _is_complete(self, transfer: str) -> bool:
        """Whether the bytes did arrive, although the answer did not. Raises the failure where it has failed."""
        try:
            now = self._port.get_transfer(GetTransfer(transfer)).transfer
        except Unreachable:
            return False
        require_not_failed(now)
        return now.state in {TransferState.STORED, TransferState.COMPLETED}

    def _offered(self, transfer: Transfer) -> Transfer:
        """The transfer once it has an endpoint: a store may have to fetch a medium first, however long that takes.

        Raises its failure, or Unreachable where the FileManager has been silent for END_PATIENCE.
        """
        between = pauses(float("inf"), first=0.2, longest=10)
        silent = 0.0
        while not transfer.endpoints:
            require_not_failed(transfer)
            pause = next(between)
            self._wait(pause)
            try:
                transfer = self._port.get_transfer(GetTransfer(transfer.transfer)).transfer
                silent = 0.0
            except Unreachable:
                silent += pause
                if silent >= END_PATIENCE:
                    raise
        return transfer

    def get_transfer(self, transfer: str) -> TransferAnswer:
        """A transfer as it stands."""
        return self._port.get_transfer(GetTransfer(transfer))

    def wait_for_end(self, transfer: str, patience: float = END_PATIENCE) -> TransferAnswer:
        """The transfer when it has completed. Raises its failure, or CallbackUnreachable after `patience` seconds."""
        between = pauses(patience)
        while True:
            failure: VofilesError | None = None
            try:
                answer = self._port.get_transfer(GetTransfer(transfer))
            except Unreachable as error:
                failure = error
            else:
                require_not_failed(answer.transfer)
                if answer.transfer.state == TransferState.COMPLETED:
                    return answer
            pause = next(between, None)
            if pause is None:
                raise failure or CallbackUnreachable(
                    f"transfer {transfer}", reason="the store has the bytes; the FileManager has not heard of it yet"
                )
            self._wait(pause)

    def get(self, request: ExportInit, sink: Sink, label: object, progress: Progress | None = None) -> Checksums:
        """Fetch a content of a file and verify it. Raises VofilesError, and OSError of the sink."""
        with requestid.job():
            return self._get(request, sink, label, progress)

    def _get(self, request: ExportInit, sink: Sink, label: object, progress: Progress | None) -> Checksums:
        left = ADDRESSES
        while True:
            left -= 1
            answer = self._port.export_init(request)
            transfer = self._offered(answer.transfer)
            fetching = _Fetching(transfer, sink, label, progress)
            try:
                self._fetch(fetching)
                break
            except NotFound:
                # The content is gone from the store: most likely the file was written anew since we asked.
                if not left:
                    raise
                sink.restart()
        # The node tells of its current content, which an earlier one is not.
        known = transfer.receipt or (answer.node if request.version is None else None)
        if known is not None:
            fetching.require_same(known.size, known.digests)
        return fetching.checksums

    def _fetch(self, fetching: "_Fetching") -> None:
        """All of one content, going on where a connection was lost."""
        between = pauses(RETRY_PATIENCE, first=0.1, longest=8)
        fruitless = furthest = 0
        while True:
            try:
                fetching.go_on(self._session)
                return
            except (ConnectionLost, ServiceBusy) as error:
                if fetching.done > furthest:
                    between, fruitless = pauses(RETRY_PATIENCE, first=0.1, longest=8), 0
                    furthest = fetching.done
                else:
                    fruitless += 1
                pause = next(between, None)
                if fruitless == ATTEMPTS or pause is None:
                    raise _given_up(error, fruitless) from error
                self._wait(pause)


class _Fetching:
    """One content on its way here, over as many connections as it takes."""

    def __init__(self, transfer: Transfer, sink: Sink, label: object, progress: Progress | None) -> None:
        endpoint = data.find_endpoint(transfer, "GET")
        if endpoint is None:
            raise StoreUnreachable("", reason="it offers no way to fetch bytes that this client knows")
        self._endpoint, self._sink, self._label, self._progress = endpoint, sink, label, progress
        self._tag: str | None = None
        self.done = 0
        self.checksums = Checksums()

    def go_on(self, session: requests.Session) -> None:
        """One connection's worth. Raises ConnectionLost, an error of the tree, OSError."""
        with data.fetch(session, self._endpoint, start=self.done if self._tag else 0, tag=self._tag) as fetched:
            if fetched.start not in {0, self.done}:
                raise Incomplete(self._label, reason=f"asked for from byte {self.done}, it came from {fetched.start}")
            if fetched.start != self.done:
                self._sink.restart()
                self.done, self.checksums = 0, Checksums()
            self._tag = fetched.tag
            if self._progress:
                self._progress(self.done, fetched.size)
            for block in fetched.blocks():
                self._sink.write(block)
                self.checksums.update(block)
                self.done += len(block)
                if self._progress:
                    self._progress(self.done, fetched.size)
        self.require_same(fetched.size, fetched.digests)

    def require_same(self, size: int | None, digests: Iterable[Digest]) -> None:
        """Refuse what is not what it should be. Raises Incomplete, ChecksumMismatch."""
        if size is not None and size != self.done:
            raise Incomplete(self._label, reason=f"{self.done} bytes instead of {size}")
        self.checksums.require_same(digests, self._label)


def _given_up(error: Exception, attempts: int) -> VofilesError:
    if isinstance(error, VofilesError):
        return error
    return StoreUnreachable("", reason=f"{error} (tried {attempts} times)")


def require_not_failed(transfer: Transfer) -> None:
    """Raise what a transfer failed by."""
    if transfer.state not in TransferState.ENDED or transfer.state == TransferState.COMPLETED:
        return
    if transfer.failure is not None:
        raise faults.error_of(transfer.failure.name, transfer.failure.message)
    if transfer.state == TransferState.EXPIRED:
        raise TicketExpired
    if transfer.state == TransferState.CANCELLED:
        raise TransferEnded(transfer.transfer, reason="it was cancelled")
    raise Unexpected(transfer.transfer)
