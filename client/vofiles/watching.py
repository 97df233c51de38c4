"""Transfers under way, as their FileManager tells of them: waited for, looked after, given up.

Rule: only the FileManager's word counts here, and its silence is borne for a while; nothing is sent or fetched.
"""

from collections.abc import Mapping
from contextlib import suppress

from vofiles import data, faults
from vofiles.contract import (
    CancelTransfer,
    CompleteTransfer,
    Digest,
    GetTransfer,
    Transfer,
    TransferAnswer,
    TransferState,
)
from vofiles.errors import (
    CallbackUnreachable,
    StoreUnreachable,
    TicketExpired,
    TransferEnded,
    Unexpected,
    Unreachable,
    VofilesError,
)
from vofiles.filemanager_port import FileManagerPort
from vofiles.waiting import Pause, Waiter, pauses, tell

END_PATIENCE = 120.0
"""Seconds to wait for the FileManager to learn what the store has acknowledged already, or to hear from the store."""


class Watching:
    """The transfers under one FileManager."""

    def __init__(self, port: FileManagerPort, wait: Waiter) -> None:
        self._port, self._wait = port, wait

    def get_transfer(self, transfer: str) -> TransferAnswer:
        """A transfer as it stands."""
        return self._port.get_transfer(GetTransfer(transfer))

    def offered(self, transfer: Transfer) -> Transfer:
        """The transfer once it has an endpoint: a store may have to fetch a medium first, however long that takes.

        Raises its failure, or Unreachable where the FileManager has been silent for END_PATIENCE.
        """
        between = pauses(float("inf"), first=0.2, longest=10)
        passed = silent = 0.0
        failure: VofilesError | None = None
        while not transfer.endpoints:
            require_not_failed(transfer)
            pause = next(between)
            if failure is None:
                self._pause(f"The file store is not ready: the transfer is {transfer.state}", pause, passed)
            else:
                self._pause(failure, pause, silent, END_PATIENCE)
            passed += pause
            try:
                transfer = self.get_transfer(transfer.transfer).transfer
                silent, failure = 0.0, None
            except Unreachable as error:
                silent, failure = silent + pause, error
                if silent >= END_PATIENCE:
                    raise
        return transfer

    def find_open(self, transfer: str) -> TransferAnswer | None:
        """A transfer that an earlier run has begun: open, with its endpoint told again, or COMPLETED; None where it has
        come to nothing. Raises Unreachable where the FileManager or the store is silent for END_PATIENCE.
        """
        between, passed = pauses(END_PATIENCE, first=0.2, longest=8), 0.0
        while True:
            try:
                answer = self.get_transfer(transfer)
                if answer.transfer.state == TransferState.STORED:
                    answer = self.wait_for_end(transfer)
            except Unreachable as error:
                failure: VofilesError = error
            except VofilesError:
                return None
            else:
                now = answer.transfer
                if now.state == TransferState.COMPLETED or data.find_endpoint(now, "PUT"):
                    return answer
                if now.state in TransferState.ENDED:
                    return None
                failure = StoreUnreachable("", reason=f"it says nothing of transfer {transfer}")
            pause = next(between, None)
            if pause is None:
                raise failure
            self._pause(failure, pause, passed, END_PATIENCE)
            passed += pause

    def complete(self, transfer: str, digests: Mapping[str, str]) -> None:
        """Say that all bytes have been sent, and have the store take them, however long that takes; `digests` by
        algorithm. Raises its failure, Incomplete where bytes are missing, or Unreachable where the FileManager or the
        store has been silent for END_PATIENCE.
        """
        request = CompleteTransfer(transfer, digests=tuple(Digest(name, value) for name, value in digests.items()))
        between = pauses(float("inf"), first=0.2, longest=10)
        passed = silent = 0.0
        while True:
            failure: VofilesError | None = None
            try:
                now = self._port.complete_transfer(request).transfer
                silent = 0.0
            except Unreachable as error:
                failure = error
                if silent >= END_PATIENCE:
                    raise
            else:
                require_not_failed(now)
                if now.state in {TransferState.STORED, TransferState.COMPLETED}:
                    return
            pause = next(between)
            if failure is None:
                self._pause("The file store has not taken all bytes yet", pause, passed)
            else:
                self._pause(failure, pause, silent, END_PATIENCE)
            silent, passed = silent + pause, passed + pause

    def has_arrived(self, transfer: str) -> bool:
        """Whether the bytes did arrive, although the answer did not. Raises the failure where it has failed."""
        try:
            now = self.get_transfer(transfer).transfer
        except Unreachable:
            return False
        require_not_failed(now)
        return now.state in {TransferState.STORED, TransferState.COMPLETED}

    def wait_for_end(self, transfer: str, patience: float = END_PATIENCE) -> TransferAnswer:
        """The transfer when it has completed. Raises its failure, or CallbackUnreachable after `patience` seconds."""
        between, passed = pauses(patience), 0.0
        while True:
            failure: VofilesError | None = None
            try:
                answer = self.get_transfer(transfer)
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
            self._pause(failure or "The FileManager has not heard from the file store yet", pause, passed, patience)
            passed += pause

    def _pause(self, why: VofilesError | str, seconds: float, passed: float, limit: float = float("inf")) -> None:
        """Let seconds pass, because something has failed or, as is said, takes its time."""
        trouble = isinstance(why, VofilesError)
        tell(Pause(why.message if isinstance(why, VofilesError) else why, seconds, passed, limit, trouble=trouble))
        self._wait(seconds)

    def cancel(self, transfer: str) -> None:
        """End a transfer that is given up, if it has not ended and the FileManager can be reached."""
        with suppress(VofilesError):
            self._port.cancel_transfer(CancelTransfer(transfer))


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
