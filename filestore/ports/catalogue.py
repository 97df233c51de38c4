"""The catalogue: what the store knows, in transactions.

Rule: Protocols; their comments are the contract.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Protocol, TypeVar

from filestore.domain.adopted import Adopted
from filestore.domain.backlog import Backlog
from filestore.domain.container import Container
from filestore.domain.round import Round
from filestore.domain.transfer import Transfer
from vofiles.instant import Instant
from vofiles.ivorn import Ivorn

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A callback that has not been acknowledged: the end of a transfer that its FileManager does not know yet."""

    transfer: str
    manager: Ivorn
    created: Instant
    due: Instant
    attempts: int = 0
    """Deliveries that have failed."""
    error: str | None = None
    """Of the last attempt."""
    id: int = 0
    """Given by the catalogue."""


class Records(Protocol):
    """The rows, inside one transaction. `hold_` finds a row and keeps others from changing it until the end."""

    def born(self, now: Instant) -> Instant:
        """When this catalogue was made; the first call makes it now."""

    def add_container(self, container: Container) -> None:
        """Raises Busy where the number is taken."""

    def find_container(self, number: str) -> Container | None: ...
    def hold_container(self, number: str) -> Container | None: ...
    def set_container(self, container: Container) -> None:
        """Replace the row of the same number. Raises ContainerNotFound."""

    def delete_container(self, number: str) -> None: ...
    def list_containers(self, state: str, changed_before: Instant, after: str, limit: int) -> list[Container]:
        """Those in a state since before an instant, with numbers above `after`, in their order."""

    def list_numbers(self, state: str, after: str, limit: int) -> list[str]:
        """The numbers of those in a state, above `after`, in their order."""

    def states_of(self, numbers: Collection[str]) -> dict[str, str]:
        """The states of those of these, at most a thousand, that are known."""

    def list_held(self, manager: Ivorn, after: str, limit: int) -> list[Container]:
        """Those that a FileManager made and that are not DELETED, with numbers above `after`, in their order."""

    def measure_held(self, manager: Ivorn) -> tuple[int, int]:
        """How many COMPLETE containers a FileManager has, and their bytes."""

    def list_damaged(self, manager: Ivorn | None, after: str, limit: int) -> list[Container]:
        """Those COMPLETE ones whose bytes are known to be damaged, that a FileManager (None: any) made, with numbers
        above `after`, in their order.
        """

    def count_damaged(self, manager: Ivorn | None) -> int:
        """How many of those there are."""

    def list_all(self, after: str, limit: int) -> list[Container]:
        """Those in any state, with numbers above `after`, in their order."""

    def add_transfer(self, transfer: Transfer) -> None:
        """Raises Busy where the id is taken."""

    def find_transfer(self, transfer: str) -> Transfer | None: ...
    def hold_transfer(self, transfer: str) -> Transfer | None: ...
    def set_transfer(self, transfer: Transfer) -> None:
        """Replace the row of the same id. Raises TransferNotFound."""

    def publish(self, before: Transfer, after: Transfer, container: Container) -> bool:
        """Replace a transfer if it still has the state, the epoch and the safe bytes that it had `before`, and the
        container that it fills, which is EMPTY until then; False where it has not, and nothing is done. Raises
        ContainerNotFound where the container is not EMPTY.
        """

    def delete_transfer(self, transfer: str) -> None: ...
    def list_transfers(self, state: str, after: str, limit: int) -> list[Transfer]:
        """Those in a state, with ids above `after`, in their order."""

    def list_overdue(self, state: str, before: Instant, limit: int) -> list[Transfer]:
        """Those in a state whose time was up before an instant: the deadline where bytes are on their way (RECEIVING),
        else the expiry. Earliest first.
        """

    def list_forgettable(self, before: Instant, limit: int) -> list[Transfer]:
        """Those that have ended or are STORED since before an instant, and of which no callback is outstanding."""

    def add_outgoing(self, outgoing: Outgoing) -> None:
        """Adding one for a transfer that has one changes nothing. Its id is ignored and a fresh one given."""

    def count_transfers(self) -> dict[str, int]:
        """How many transfers there are, by state; states without any are left out."""

    def backlog(self) -> Backlog:
        """How many callbacks there are, due or not."""

    def has_outgoing(self, transfer: str) -> bool:
        """Whether a transfer's callback is still to be acknowledged."""

    def hold_outgoing(self, number: int) -> Outgoing | None: ...
    def set_outgoing(self, outgoing: Outgoing) -> None: ...
    def delete_outgoing(self, number: int) -> None: ...
    def list_outgoing(self, due: Instant, limit: int, without: Collection[Ivorn]) -> list[Outgoing]:
        """Those due at an instant, the longest due first, none for the FileManagers in `without`."""

    def acknowledge(self, numbers: Collection[int], now: Instant) -> None:
        """Delete these callbacks; the transfers that they are about are COMPLETED since now, if they were STORED."""

    def add_orphan(self, number: str, now: Instant) -> Instant:
        """Note that something is kept under a number that the catalogue does not know; answers when it was first
        seen.
        """

    def delete_orphan(self, number: str) -> None: ...

    def find_round(self) -> Round | None:
        """How far the reading of all that is held is, None where none has begun."""

    def set_round(self, progress: Round) -> None:
        """Replace it."""

    def add_nonce(self, key_id: str, nonce: str, created: int) -> bool:
        """Write down that a signed request, made then (in seconds), has been used; False when it is there."""

    def prune_nonces(self, before: int) -> int:
        """Forget those made before then; answers how many."""

    def add_adopted(self, adopted: Adopted) -> None:
        """Note where a container's bytes are. Raises Busy where the number is taken."""

    def find_adopted(self, number: str) -> Adopted | None: ...
    def adopted_among(self, numbers: Collection[str]) -> dict[str, Adopted]:
        """Those of these, at most a thousand, that are adopted, by number."""

    def adopted_at(self, directory: str, paths: Collection[str]) -> dict[str, list[Adopted]]:
        """What these paths of a directory, at most a thousand, were adopted as, in the order in which they were."""

    def forget_adopted(self, number: str) -> None:
        """Note that a container is deleted; one that is not adopted is no error."""


class Catalogue(Protocol):
    """The database. `fn` does SQL only and may be run again, so it must not change anything else."""

    def read(self, fn: Callable[[Records], R]) -> R:
        """Run in a transaction that changes nothing. Raises ServiceBusy."""

    def write(self, fn: Callable[[Records], R]) -> R:
        """Run in a transaction; on return it is committed and durable, whatever is raised takes it back.

        Raises ServiceBusy, and what `fn` raises.
        """
