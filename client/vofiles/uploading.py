"""One put as a whole: begun at the FileManager, sent to the store, ended when the file has it.

Rule: a lost connection is tried again on the same transfer, so that a repeat can never become a second version. With a
journal a later run goes on with it, unless there is any doubt that it is the same file for the same purpose: then the
old transfer is cancelled and a new one begun. What is given up for good is never left open.
"""

import requests

from vofiles import data, parts
from vofiles.contract import AppendInit, Digest, Direction, ImportInit, Transfer, TransferAnswer, TransferState
from vofiles.data import ConnectionLost, Progress
from vofiles.errors import (
    Busy,
    ChecksumMismatch,
    Conflict,
    Incomplete,
    NotFound,
    Refused,
    ServiceBusy,
    StoreFull,
    StoreReadOnly,
    StoreUnreachable,
    Unreachable,
    VofilesError,
)
from vofiles.filemanager_port import FileManagerPort
from vofiles.journals import Begun, Journal
from vofiles.repeats import once_more
from vofiles.sending import Sending
from vofiles.sources import Source
from vofiles.waiting import Patience, Waiter
from vofiles.watching import Watching

ATTEMPTS = 6
"""How often bytes are sent from their start before giving up."""
RETRY_PATIENCE = 30.0
"""Seconds spent on pauses between those attempts."""
LONG_PATIENCE = 120.0
"""Seconds spent on pauses that brought nothing, where what has arrived is not sent again: a store may be restarted."""


class Uploading:
    """Puts under one FileManager."""

    def __init__(self, port: FileManagerPort, session: requests.Session, watching: Watching, wait: Waiter) -> None:
        self._port, self._session, self._watching, self._wait = port, session, watching, wait

    def append(self, request: AppendInit, source: Source, progress: Progress | None) -> TransferAnswer:
        """Send a source to be added to a file; answers when the two together are its next version. Much of it is gone
        on with after a lost connection, never by a later run: what it was to be added to may be another content then.
        """
        transfer = once_more(self._port.append_init, request).transfer
        try:
            self._bring(transfer, source, progress, resume=source.is_large)
        except BaseException:
            self._watching.cancel(transfer.transfer)
            raise
        return self._watching.wait_for_end(transfer.transfer)

    def put(
        self, request: ImportInit, source: Source, progress: Progress | None, journal: Journal | None
    ) -> TransferAnswer:
        """Send a source as the next version of a file. With a journal it goes on where it has stopped."""
        before = self._find_begun(request, source, journal) if journal is not None else None
        if before is not None and before.transfer.state == TransferState.COMPLETED:
            return before
        transfer = before.transfer if before is not None else self._begin(request, source, journal)
        try:
            self._bring(transfer, source, progress, request.content_type, resume=journal is not None)
        except BaseException as error:
            self._give_up(transfer, journal, error)
            if before is not None and isinstance(error, NotFound | Refused | Conflict) and not _may_pass(error):
                # It was over when this run began, only nobody had said so yet.
                return self.put(request, source, progress, journal)
            raise
        ended = self._watching.wait_for_end(transfer.transfer)
        if journal is not None:
            journal.forget()
        _require_received(ended, source)
        return ended

    def _begin(self, request: ImportInit, source: Source, journal: Journal | None) -> Transfer:
        transfer = once_more(self._port.import_init, request).transfer
        begun = _begun(transfer.transfer, request, source)
        if journal is not None and begun is not None:
            journal.note(begun)
        return transfer

    def _bring(
        self,
        transfer: Transfer,
        source: Source,
        progress: Progress | None,
        content_type: str | None = None,
        *,
        resume: bool = False,
    ) -> None:
        """All bytes to the store, once it is ready for them."""
        transfer = self._watching.offered(transfer)
        if parts.are_asked_for(transfer):
            parts.Parts(self._session, transfer, source, progress, self._wait).send()
            self._watching.complete(transfer.transfer, source.checksums.values)
            return
        endpoint = data.find_endpoint(transfer, "PUT")
        if endpoint is None:
            raise StoreUnreachable("", reason="it offers no way to send bytes that this client knows")
        sending = Sending(self._session, endpoint, source, content_type=content_type, progress=progress, resume=resume)
        told = self._send(transfer, sending)
        if told and transfer.direction != Direction.APPEND_INIT:
            # Of the whole content; what is added has a digest of its own that nobody tells.
            source.checksums.require_same(told, source.label)

    def _send(self, transfer: Transfer, sending: Sending) -> tuple[Digest, ...]:
        """Over as many connections as it takes; the digests that the store answers, if the answer was not lost."""
        short = Patience(self._wait, attempts=ATTEMPTS, seconds=RETRY_PATIENCE)
        long = Patience(self._wait, attempts=float("inf"), seconds=LONG_PATIENCE)
        while True:
            try:
                return sending.go_on()
            except (ConnectionLost, Busy, ServiceBusy) as error:
                # Busy: the store still holds the lease of the connection that was lost.
                if self._watching.has_arrived(transfer.transfer):
                    return ()
                sending.require_repeatable(error)
                (long if sending.resumes else short).pause(error, sending.reached)

    def _give_up(self, transfer: Transfer, journal: Journal | None, error: BaseException) -> None:
        if journal is not None and journal.is_kept and _may_pass(error):
            return
        # What was begun and is given up must not count as open; that it failed is the news, not this.
        self._watching.cancel(transfer.transfer)
        if journal is not None:
            journal.forget()

    # --- what an earlier run has begun ---

    def drop(self, journal: Journal) -> None:
        """End for good what an earlier run has noted."""
        begun = journal.find()
        if begun is not None:
            journal.forget()
            self._watching.cancel(begun.transfer)

    def _find_begun(self, request: ImportInit, source: Source, journal: Journal) -> TransferAnswer | None:
        """The transfer that an earlier run has begun with the same file for the same purpose: open, with its endpoint,
        or COMPLETED with the very bytes that the file still has. None where a new one must be begun; an old one has
        been cancelled then.
        """
        begun = journal.find()
        if begun is None:
            return None
        if begun != _begun(begun.transfer, request, source):
            self.drop(journal)
            return None
        answer = self._watching.find_open(begun.transfer)
        if answer is None or answer.transfer.state == TransferState.COMPLETED:
            journal.forget()
        if answer is not None and answer.transfer.state == TransferState.COMPLETED:
            return answer if _is_what_the_file_has(answer, source) else None
        return answer


def _begun(transfer: str, request: ImportInit, source: Source) -> Begun | None:
    """What is noted of a transfer; None where nobody could tell whether it is the same file."""
    local = source.identity
    if local is None:
        return None
    return Begun(
        transfer,
        path=local.path,
        size=local.size,
        modified=local.modified,
        inode=local.inode,
        content_type=request.content_type,
        store=str(request.store) if request.store is not None else None,
        if_version=request.if_version,
    )


def _may_pass(error: BaseException) -> bool:
    """Whether the same transfer may do better later: when this program, the network or the store has stopped."""
    return not isinstance(error, VofilesError) or isinstance(error, Unreachable | Busy | StoreFull | StoreReadOnly)


def _is_what_the_file_has(answer: TransferAnswer, source: Source) -> bool:
    """Whether a transfer has brought the very bytes of the source, and the file has those bytes still."""
    receipt, node = answer.transfer.receipt, answer.node
    if receipt is None or node is None or not receipt.digests or set(node.digests) != set(receipt.digests):
        return False
    source.go_to(receipt.size)
    try:
        _require_received(answer, source)
    except (ChecksumMismatch, Incomplete):
        source.rewind()
        return False
    return True


def _require_received(ended: TransferAnswer, source: Source) -> None:
    """Refuse what the store has if it is not what was sent. Raises Incomplete, ChecksumMismatch."""
    receipt = ended.transfer.receipt
    if receipt is not None:
        if receipt.size != source.done:
            raise Incomplete(source.label, reason=f"sent {source.done} bytes, stored {receipt.size}")
        source.checksums.require_same(receipt.digests, source.label)
