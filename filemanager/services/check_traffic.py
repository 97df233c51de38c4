"""The check of what is under way or over: transfers and errands.

Rule: what is late is what the service's own upkeep should long have dealt with; until then nothing is reported.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from filemanager.config import Config
from filemanager.domain.errand import Errand
from filemanager.domain.findings import CONTRADICTED, STUCK, UNDELIVERED, found
from filemanager.domain.replica import Replica
from filemanager.domain.transfer import Transfer
from filemanager.ports import Clock, Database, Transaction
from vofiles.contract import TransferState
from vofiles.findings import Finding, Page, number_in
from vofiles.instant import SECOND, Instant
from vofiles.ivorn import Ivorn

PAGE: Final = 500
"""Transfers or errands in one step."""


@dataclass(frozen=True)
class TrafficCheck:
    """The part of a check that is about transfers and errands."""

    config: Config
    database: Database
    clock: Clock

    def transfers(self, after: str) -> Page:
        """A page of transfers, by their numbers."""
        late = self._late()

        def look(tx: Transaction) -> tuple[list[Transfer], list[Finding]]:
            transfers = tx.census.transfers(after, PAGE)
            replicas = tx.census.replicas_in([each.container for each in transfers if each.container is not None])
            return transfers, [finding for each in transfers for finding in _judge(tx, each, replicas, late)]

        transfers, findings = self.database.read(look)
        following = transfers[-1].number if len(transfers) == PAGE else None
        return Page(tuple(findings), {"transfers": len(transfers)}, following)

    def errands(self, after: str) -> Page:
        """A page of errands, by their keys."""
        start, late = number_in(after), self._late()
        errands = self.database.read(lambda tx: tx.census.errands(start, PAGE))
        findings = tuple(
            found(
                UNDELIVERED,
                each.subject,
                f"{each.store} has not done {each.verb} in {each.attempts} attempts: {each.error}",
            )
            for each in errands
            if _is_late(each, late)
        )
        return Page(findings, {"errands": len(errands)}, str(errands[-1].key) if len(errands) == PAGE else None)

    def _late(self) -> Instant:
        """What should have been done before this is late."""
        return Instant(self.clock.now() - self.config.terms.grace * SECOND)


def _is_late(errand: Errand, late: Instant) -> bool:
    # One that waits on purpose, for readers of what it deletes, has not been tried and is not due.
    return errand.created < late and (errand.attempts > 0 or errand.due < late)


def _judge(tx: Transaction, transfer: Transfer, replicas: dict[Ivorn, Replica], late: Instant) -> Iterator[Finding]:
    if not transfer.has_ended:
        if transfer.due < late:
            yield found(STUCK, transfer.number, f"it is {transfer.state}, and nobody has looked after it")
        return
    if not transfer.is_import:
        return
    if transfer.state != TransferState.COMPLETED:
        if transfer.container in replicas:
            yield found(CONTRADICTED, transfer.number, f"it is {transfer.state}, and its bytes are a version")
    elif transfer.receipt is None or transfer.receipt.container != transfer.container:
        yield found(CONTRADICTED, transfer.number, f"it is {transfer.state} without a receipt for its container")
    elif transfer.node is not None and transfer.container not in replicas:
        node = tx.nodes.find_key(transfer.node)
        if node is not None and node.version == 0:
            yield found(CONTRADICTED, transfer.number, f"it is {transfer.state}, and its node was never written")
