"""What the service does with the trash by itself: counts what was too much to count when it was deleted, and removes
for good what has been there for long enough.

Rule: a few steps in each turn, each one commit, and the tree alone says how far they have come; so it may be stopped
anywhere, and done by several processes.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from filemanager.config import Config
from filemanager.domain.trash import UPKEEP
from filemanager.ports import Clock, Database, Transaction
from filemanager.services.purge_jobs import lock_entries
from filemanager.services.purging import BATCH, purge_some
from filemanager.services.settlement import Settlements

COUNTS: Final = 10
"""Entries counted in one turn."""
BATCHES: Final = 20
"""Batches removed in one turn."""


@dataclass(frozen=True)
class TrashUpkeep:
    """The turns."""

    config: Config
    database: Database
    clock: Clock
    settlements: Settlements
    wake_errands: Callable[[], None]

    def sweep(self) -> int:
        """One turn; answers how many batches were removed."""
        self._count()
        for done in range(BATCHES):
            if not self._purge():
                return done
        return BATCHES

    def _count(self) -> None:
        for entry in self.database.read(lambda tx: tx.trash.uncounted(COUNTS)):
            # While readers read; nobody waits for it.
            usage = self.database.read(lambda tx, node=entry.node: tx.usages.of_nodes([node]).get(node))  # type: ignore[misc]
            if usage is not None:
                self.database.write(
                    lambda tx, node=entry.node, usage=usage: tx.trash.note_count(node, usage.files, usage.space)  # type: ignore[misc]
                )

    def _purge(self) -> bool:
        """Remove a batch of what is due; answers whether there was any."""
        now, who = self.clock.now(), self.config.identifier
        if not self.database.read(lambda tx: tx.trash.due_entries(now, 1)):
            return False

        def purge(tx: Transaction) -> tuple[str, ...]:
            due = [entry.node for entry in tx.trash.due_entries(now, BATCH)]
            purged = purge_some(tx, who, lock_entries(tx, due, None, UPKEEP), now)
            for node in purged.left:
                # Half of it is not restored.
                tx.trash.claim(node.key, UPKEEP)
            return purged.cancelled

        for each in self.database.write(purge):
            self.settlements.publish(each)
        self.wake_errands()
        return True
