"""Items of jobs that are one transfer each: begun, followed, ended with it.

Rule: a transfer of a job is begun as any caller's is, with an idempotency key that says which item it is for and which
try; so a step that is done again, wherever the service was killed, finds the transfer that it had begun.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from filemanager.domain.caller import Caller
from filemanager.domain.job import Job, JobItem
from filemanager.domain.step import Done, Failed, Step, Waiting
from filemanager.ports import Clock, Database
from filemanager.services.transfers import TransferService
from vofiles import contract
from vofiles.contract import Failure, TransferState
from vofiles.errors import TransferEnded
from vofiles.instant import SECOND, Instant

LOOK_EVERY: Final = 2 * SECOND
"""How often the store of a transfer under way is asked how far it is, in microseconds."""


@dataclass(frozen=True)
class JobTransfers:
    """What becomes of items that are one transfer each."""

    database: Database
    clock: Clock
    transfers: TransferService

    def step(self, job: Job, item: JobItem, begin: Callable[[str], contract.Transfer]) -> Step:
        """Begin the item's transfer, or look how far it is. `begin` is given the idempotency key.

        Raises what `begin` does, TransferNotFound.
        """
        if item.transfer is None:
            return self._seen(begin(_key(job, item)))
        return self._seen(self.transfers.get_transfer(Caller(job.caller), item.transfer).transfer)

    def cancel(self, job: Job, item: JobItem) -> Step:
        """Cancel the item's transfer, if it has begun one. Raises StoreUnreachable."""
        caller, number = Caller(job.caller), item.transfer or self._begun(job, item)
        if number is None:
            return Failed(Failure(TransferEnded.__name__, "It was cancelled before it began"))
        try:
            return self._seen(self.transfers.cancel_transfer(caller, number).transfer)
        except TransferEnded:
            return self._seen(self.transfers.read_transfer(caller, number).transfer)

    def _begun(self, job: Job, item: JobItem) -> str | None:
        """What a step has begun that was killed before it could say so."""
        repeat = self.database.read(lambda tx: tx.repeats.find_repeat(job.caller, _key(job, item)))
        return repeat.transfer if repeat is not None else None

    def _seen(self, transfer: contract.Transfer) -> Step:
        if transfer.state == TransferState.COMPLETED:
            return Done(size=transfer.receipt.size if transfer.receipt is not None else None)
        if transfer.state in TransferState.ENDED:
            failure = transfer.failure or Failure(TransferEnded.__name__, f"The transfer is {transfer.state}")
            return Failed(failure)
        due = Instant(self.clock.now() + LOOK_EVERY)
        return Waiting(due, transfer.bytes_done, transfer.transfer)


def _key(job: Job, item: JobItem) -> str:
    return f"{job.number}/{item.number}/{item.tries}"
