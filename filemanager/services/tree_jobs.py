"""Jobs on trees: how the verbs that move whole trees in and out begin, and what they have in common.

Rule: the folder is asked for in the transaction that stores the job; what the verb makes of it there is its own.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from filemanager.config import Config
from filemanager.domain.caller import Caller
from filemanager.domain.job import Job, JobItem
from filemanager.domain.node import Node, require_folder
from filemanager.domain.step import Step
from filemanager.ports import Clock, Numbers, Transaction
from filemanager.services.description import describe_node
from filemanager.services.finding import get_node
from filemanager.services.job_headers import write_headers
from filemanager.services.job_transfers import JobTransfers
from filemanager.services.jobs import begin_job, describe_job
from filemanager.services.repeats import Once
from vofiles.contract import ExportTree, Failure, ImportTree, NodeJobAnswer

Look = Callable[[Transaction, Node], tuple[Sequence[JobItem], Mapping[str, str]]]
"""The items of a folder's job, and what its verb has to know besides the headers."""


@dataclass(frozen=True)
class TreeJobs:
    """How a tree's job begins."""

    config: Config
    clock: Clock
    numbers: Numbers
    once: Once
    wake: Callable[[], None]

    def is_repeat(self, tx: Transaction, caller: Caller, request: ImportTree | ExportTree) -> bool:
        """Whether the caller has used the request's idempotency key before."""
        key = request.idempotency_key
        return key is not None and tx.repeats.find_repeat(caller.account, key) is not None

    def begin(self, caller: Caller, request: ImportTree | ExportTree, verb: str, look: Look) -> NodeJobAnswer:
        """The folder and its job, which is committed. Raises NodeNotFound, NotAFolder, TooLarge, StoreNotFound,
        KeyReused, and what `look` does.
        """
        now, number, service = self.clock.now(), self.numbers.new_number(), self.config.identifier

        def commit(tx: Transaction) -> NodeJobAnswer:
            folder = require_folder(get_node(tx, service, caller, request.node))
            items, told = look(tx, folder)
            told = {**told, **write_headers(request.headers)}
            job = begin_job(
                tx, self.config, now, number, caller, verb, folder.owner, items, node=folder.number, request=told
            )
            return NodeJobAnswer(describe_node(tx, service, folder), describe_job(service, job))

        answer = self.once.write(caller, request, NodeJobAnswer, commit)
        self.wake()
        return answer


@dataclass(frozen=True)
class TreeWork:
    """What the works of trees have in common: an item is one transfer, and after the last there is nothing to do."""

    transfers: JobTransfers

    def cancel(self, job: Job, item: JobItem) -> Step:
        """Cancel its transfer. A file that was made for it stays, without content."""
        return self.transfers.cancel(job, item)

    def finish(self, tx: Transaction, job: Job) -> Failure | None:
        """There is nothing more to do."""
        del tx, job
        return None
