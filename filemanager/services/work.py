"""Work: what a long verb does to each item of its jobs.

Rule: a Protocol and nothing else; its docstrings are the contract. The runner of jobs calls it again and again, also
after a kill, so whatever it begins it first writes down in the item, and finds there.
"""

from typing import Protocol

from filemanager.domain.job import Job, JobItem
from filemanager.domain.step import Step
from filemanager.ports import Transaction
from vofiles.contract import Failure


class Work(Protocol):
    """One verb's work. Called from several threads, never for one item twice at a time."""

    def step(self, job: Job, item: JobItem) -> Step:
        """Bring an item forward. Called until it answers Done or Failed; repeating it changes nothing.

        The item is as the database has it: where a transfer is begun, its number is saved there in the transaction of
        its intent. What it raises is the item's failure, but Unreachable has it tried again, a few times.
        """

    def cancel(self, job: Job, item: JobItem) -> Step:
        """End an item that runs, in the place of `step`, once its job is being cancelled: Done where it is done after
        all, Failed once it is over, Waiting until then.
        """

    def finish(self, tx: Transaction, job: Job) -> Failure | None:
        """The last thing a job does, in the transaction that ends it; all items have ended. Run again after a retry.

        Answers why the job as a whole has failed, if it has; an error raised here means the same, with nothing done.
        Where it gives the job more items (`jobs.add_items`) the job goes on, and is finished again after those.
        """
