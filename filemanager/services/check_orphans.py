"""The check of containers that no replica has: which belong to nothing (I6).

Rule: a container belongs to nothing only if the store still has it after the tree knew of no replica, open transfer or
errand about it, and no callback about it is still to come. It is reclaimed, with `repair`, when that has been seen
twice over the grace period; and only if this database made it: what it never asked for may be all that is left of a
lost one, and is `rebuild`'s.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from filemanager.domain.errand import Errand, ErrandVerb
from filemanager.domain.findings import NOT_ADOPTED, ORPHAN, UNKNOWN, found
from filemanager.domain.transfer import Transfer
from filemanager.ports import Clock, Database, StoreControl, Transaction
from vofiles.adoption import is_adopted
from vofiles.contract import Holding, TransferState
from vofiles.errors import ContainerNotFound, TransferNotFound
from vofiles.findings import Finding, Repair
from vofiles.instant import Instant
from vofiles.ivorn import Ivorn

PATIENCE: Final = 30.0
"""Seconds that a store has to answer."""


@dataclass(frozen=True)
class OrphanCheck:
    """Judges containers without a replica, and has them deleted if told to."""

    database: Database
    control: StoreControl
    clock: Clock
    grace: int
    """Microseconds."""
    repair: bool

    def judge(self, store: Ivorn, after: str, last: str, unwanted: Sequence[Holding]) -> list[Finding]:
        """What of these belongs to nothing: all containers without a replica between two numbers. Raises what the
        store raises.
        """
        transfers = self.database.read(lambda tx: _belonging_to_nothing(tx, unwanted))
        orphans = [holding for holding in unwanted if holding.container in transfers and self._stays(store, holding)]
        now = self.clock.now()
        containers = [holding.container for holding in orphans]
        since = self.database.write(lambda tx: tx.census.note_orphans(store, after, last, containers, now))
        return [self._finding(holding, transfers, since[holding.container], now) for holding in orphans]

    def _stays(self, store: Ivorn, holding: Holding) -> bool:
        """Whether the store still has it, and has nothing more to say of the transfer that made it."""
        try:
            self.control.get_container(store, holding.container, PATIENCE)
        except ContainerNotFound:
            return False
        try:
            transfer = self.control.get_transfer(store, holding.transfer, PATIENCE)
        except TransferNotFound:
            return True
        # STORED: the callback has not been acknowledged.
        return transfer.state in TransferState.ENDED

    def _finding(
        self, holding: Holding, transfers: Mapping[Ivorn, Transfer | None], since: Instant, now: Instant
    ) -> Finding:
        size = f"{holding.size} bytes" if holding.size is not None else holding.state
        what = f"{size} of {holding.node}, made by transfer {holding.transfer}"
        if transfers[holding.container] is None and is_adopted(holding.transfer):
            what = f"{size} of {'/'.join(holding.node.path)} of {holding.owner}"
            return found(NOT_ADOPTED, holding.container, f"{what}; `adopt` makes a node of it")
        if transfers[holding.container] is None:
            return found(UNKNOWN, holding.container, f"{what}, which is not known here; `rebuild` takes it in")
        repair = Repair.LATER if now - since <= self.grace else Repair.POSSIBLE
        if repair == Repair.POSSIBLE and self.repair:
            repair = self._reclaim(holding, now)
        return found(ORPHAN, holding.container, what, repair)

    def _reclaim(self, holding: Holding, now: Instant) -> str:
        def add(tx: Transaction) -> bool:
            if holding.container not in _belonging_to_nothing(tx, [holding]):
                return False
            store, subject = holding.container.service, str(holding.container)
            tx.errands.add_errand(Errand(store, ErrandVerb.DELETE_CONTAINER, subject, now, now))
            return True

        return Repair.DONE if self.database.write(add) else Repair.LATER


def _belonging_to_nothing(tx: Transaction, holdings: Sequence[Holding]) -> dict[Ivorn, Transfer | None]:
    """Those of these containers about which the tree knows nothing that is still to happen, with the transfers that
    made them.
    """
    replicas = tx.census.replicas_in([holding.container for holding in holdings])
    subjects = {str(holding.container) for holding in holdings} | {holding.transfer for holding in holdings}
    told = tx.census.subjects_among(subjects)
    made: dict[Ivorn, Transfer | None] = {}
    for holding in holdings:
        if holding.container in replicas or str(holding.container) in told or holding.transfer in told:
            continue
        transfer = tx.transfers.find_transfer(holding.transfer)
        if transfer is None or transfer.has_ended:
            made[holding.container] = transfer
    return made
