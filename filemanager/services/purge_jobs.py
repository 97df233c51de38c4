"""Jobs that purge: what is too much to go within a call.

Rule: a job removes the entries of the trash that it has claimed, which are there for nobody else, a batch at each step.
An item is a batch and not a node: what nobody sees any more is removed as a whole, and a folder of a million files
should not make a million rows in order to lose as many. How many items there are is counted when the job begins; the
last one goes on until nothing is left.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from filemanager.config import Config
from filemanager.domain.caller import Caller
from filemanager.domain.job import Job, JobItem
from filemanager.domain.node import Node
from filemanager.domain.step import Done, Failed, Step, Waiting
from filemanager.ports import Clock, Database, Transaction
from filemanager.services.jobs import begin_job
from filemanager.services.purging import BATCH, purge_some
from filemanager.services.settlement import Settlements
from vofiles.contract import Failure, JobVerb
from vofiles.instant import Instant
from vofiles.ivorn import Ivorn

SMALL: Final = 100
"""Nodes that are removed for good within the call, without a job."""


def count_nodes(tx: Transaction, top: Node) -> int:
    """How many nodes a tree is; 0 where they are few."""
    if tx.usages.if_small(top.key, SMALL) is not None:
        return 0
    usage = tx.usages.of_nodes([top.key])[top.key]
    return usage.files + usage.folders


def begin_purge(
    tx: Transaction,
    config: Config,
    caller: Caller,
    owner: Ivorn,
    now: Instant,
    number: str,
    nodes: int,
    top: str | None = None,
) -> Job:
    """A job that removes about so many nodes, whose entries it is still to claim; `top`: of the only one."""
    items = [JobItem(place, "", top) for place in range(1, max(1, -(-nodes // BATCH)) + 1)]
    return begin_job(tx, config, now, number, caller, JobVerb.DELETE, owner, items, node=top)


@dataclass(frozen=True)
class PurgeWork:
    """The port `Work` for JobVerb.DELETE."""

    database: Database
    clock: Clock
    settlements: Settlements
    wake_errands: Callable[[], None]

    def step(self, job: Job, item: JobItem) -> Step:
        now = self.clock.now()

        def purge(tx: Transaction) -> tuple[tuple[str, ...], bool]:
            claimed = lock_entries(tx, [entry.node for entry in tx.trash.claimed(job.number, BATCH)], job.number)
            if not claimed:
                return (), False
            cancelled = purge_some(tx, job.caller, claimed, now).cancelled
            return cancelled, bool(tx.trash.claimed(job.number, 1))

        cancelled, more = self.database.write(purge)
        self.wake_errands()
        for each in cancelled:
            self.settlements.publish(each)
        return Waiting(now) if more and item.number == job.total else Done()

    def cancel(self, job: Job, item: JobItem) -> Step:
        del job, item
        return Failed(Failure("JobEnded", "It was cancelled"))

    def finish(self, tx: Transaction, job: Job) -> None:
        """What is left of a cancelled job can be restored again; what is left of one that failed the upkeep removes."""
        if job.cancelling or job.cancelled:
            tx.trash.release(job.number)
        else:
            tx.trash.hand_over(job.number, self.clock.now())


def lock_entries(tx: Transaction, nodes: list[int], *purgers: str | None) -> list[Node]:
    """Those of these entries' nodes that are still there for one of these purgers, kept from being restored."""
    locked = [tx.nodes.lock_node(key) for key in sorted(nodes)]
    entries = tx.trash.entries_among(nodes)
    return [node for node in locked if node is not None and node.key in entries and entries[node.key].purger in purgers]
