"""Everything there is, in order: for the checker and for operators.

Rule: a Protocol and nothing else; its docstrings are the contract of every implementation.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from filemanager.domain.backlog import Backlog
from filemanager.domain.content import ContentVersion
from filemanager.domain.errand import Errand
from filemanager.domain.node import Node
from filemanager.domain.replica import Replica
from filemanager.domain.store import Held
from filemanager.domain.transfer import Transfer
from vofiles.instant import Instant
from vofiles.ivorn import Ivorn


class Census(Protocol):
    """Everything in order, at most `limit` at a time, for the checker; and what it has to remember."""

    def nodes(self, after: int, limit: int) -> list[Node]:
        """The nodes with keys above `after`, in the order of keys."""

    def transfers(self, after: str, limit: int) -> list[Transfer]:
        """The transfers, ended or not, with numbers above `after`, in the order of numbers."""

    def errands(self, after: int, limit: int) -> list[Errand]:
        """The errands with keys above `after`, due or not, in the order of keys."""

    def replicas(self, store: Ivorn, after: str, limit: int) -> list[Replica]:
        """A store's replicas with container numbers above `after`, in the order of those."""

    def versions(self, keys: Sequence[int]) -> dict[int, ContentVersion]:
        """Those of these content versions that there are, by key."""

    def versions_like(self, hashes: Collection[str], limit: int) -> list[ContentVersion]:
        """At most `limit` content versions that have one of these as their SHA-256. Takes its time where there are many
        versions.
        """

    def replicas_in(self, containers: Collection[Ivorn]) -> dict[Ivorn, Replica]:
        """The replicas in these containers, by container."""

    def subjects_among(self, subjects: Collection[str]) -> set[str]:
        """Those of these subjects that an errand is still to be done about."""

    def mark_replica(self, key: int, state: str) -> None:
        """Store a replica's state. One that is gone is no error."""

    def note_orphans(
        self, store: Ivorn, after: str, upto: str, containers: Collection[Ivorn], now: Instant
    ) -> Mapping[Ivorn, Instant]:
        """Note that exactly these of a store's containers, with numbers above `after` and up to `upto`, belong to
        nothing; answers since when that is known of each.
        """


class Standing(Protocol):
    """How much there is and is to do, for operators."""

    def open_transfers(self) -> dict[str, int]:
        """How many transfers have not ended, by state; states without any are left out."""

    def errands(self) -> Backlog:
        """How many errands there are, due or not."""

    def open_jobs(self) -> dict[str, int]:
        """How many jobs have not ended, by state; states without any are left out."""

    def waiting_items(self) -> int:
        """How many items of jobs have not begun."""

    def held(self, owner: Ivorn | None) -> dict[Ivorn, Held]:
        """How many contents of an account (None: of all) each store has, and their bytes; what a store is to delete
        does not count, and stores without any are left out.
        """
