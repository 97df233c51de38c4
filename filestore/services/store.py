"""The store as its use cases see it: who it is, what it stands on, and how it puts itself to those who ask.

Rule: one frozen value, put together once by `assembly`; a use case gets it as its first argument and reaches everything
outside through it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from filestore.domain.adopted import Adopted
from filestore.domain.checksum import Beside
from filestore.domain.container import Container, Damage
from filestore.domain.terms import Terms
from filestore.domain.ticket import Ticket, Tickets
from filestore.domain.transfer import METHODS, Transfer
from filestore.ports import Archive, Backend, Catalogue, Clock, Numbers, Staging
from filestore.services.flows import Flows
from filestore.services.health import Health
from filestore.services.openfiles import OpenFiles
from filestore.services.partials import Partials
from filestore.services.shelf import Shelf
from vofiles import contract
from vofiles.adoption import Standing
from vofiles.contract import COMPLETE_KEY, COMPLETE_REQUIRED, Endpoint, Property, TransferState
from vofiles.damage import DAMAGED, REASON
from vofiles.errors import ContainerNotFound, StoreFull
from vofiles.instant import to_text
from vofiles.ivorn import Ivorn

_OPEN = frozenset({TransferState.OFFERED, TransferState.RECEIVING})
_TO_COMPLETE = (Property(COMPLETE_KEY, COMPLETE_REQUIRED),)
"""Said of a transfer that is complete when its FileManager says so."""


@dataclass(frozen=True)
class Store:
    """One file store."""

    identifier: Ivorn
    catalogue: Catalogue
    backend: Backend
    clock: Clock
    numbers: Numbers
    terms: Terms
    tickets: Tickets
    urls: Callable[[str], str]
    """The announced address of a ticket's token, `<address>/content/<token>`."""
    wake: Callable[[], None]
    """Called after a commit that leaves a callback to deliver."""
    request_id: Callable[[], str | None] = lambda: None
    """The id of the request that is being served, which its callback will carry."""
    archives: Mapping[str, Archive] = field(default_factory=dict)
    """The directories of others' files, by name."""
    health: Health = field(default_factory=Health)
    flows: Flows = field(default_factory=Flows)
    shelf: Shelf = field(default_factory=Shelf)
    open_files: OpenFiles = field(default_factory=OpenFiles)
    partials: Partials = field(default_factory=Partials)
    seat: str = ""
    """What the leases of this process begin with, where several serve the store."""
    tell_revoked: Callable[[str, str], None] = lambda _lease, _about: None
    """Told of a lease that is to end and is another process's, and of what it is about."""
    tell_displaced: Callable[[str], None] = lambda _lease: None
    """Told of a lease of another process's whose bytes are to be kept, because somebody goes on with them here."""
    suspect: Callable[[str], None] = lambda _number: None
    """Told of a container whose bytes were not what they should be when somebody read them: it is read again, and set
    aside if it is rotten. Returns at once; any thread.
    """

    staging: Staging | None = None
    """Where clients send past the store, if the medium has such a place."""

    in_order: Callable[[], Beside] | None = None
    """Threads that make the slow digests of large pieces while those are written, where there are some."""

    def new_lease(self) -> str:
        """A lease of this process's."""
        return self.seat + self.numbers()

    def owns(self, lease: str) -> bool:
        """Whether a lease is this process's, or of one that had its seat before."""
        return lease.startswith(self.seat)

    def number_of(self, container: Ivorn) -> str:
        """The number in a container's identifier. Raises ContainerNotFound for one of another store."""
        if container.service != self.identifier or not container.fragment:
            raise ContainerNotFound(container)
        return container.fragment

    def require_space(self, size: int | None) -> None:
        """Refuse new content that there is no room for, as far as can be told. Raises StoreFull, StoreReadOnly."""
        self.health.require_writable()
        left = self.left()
        if left < 0 or left < (size or 0):
            raise StoreFull(self.identifier, reason=f"{max(0, left)} bytes are left")

    def left(self) -> int:
        """Bytes of new content that there is room for; negative where the reserve is touched. Raises StorageFailure."""
        return self.backend.free_space() - self.terms.reserve

    def transfer_as_it_stands(self, transfer: Transfer) -> contract.Transfer:
        """A transfer as its FileManager is told of it, endpoints included while they are good for something."""
        size = self.flows.find_size(transfer.lease)
        return contract.Transfer(
            transfer.transfer,
            transfer.direction,
            # Whether its bytes wait to be taken or are being taken makes no difference to anybody else.
            TransferState.RECEIVING if transfer.is_taken and not transfer.ended else transfer.state,
            transfer.bytes_done if size is None else size,
            self.identifier.with_fragment(transfer.container),
            transfer.until,
            failure=transfer.failure,
            receipt=transfer.receipt,
            endpoints=self._endpoints(transfer),
            properties=_TO_COMPLETE if self._goes_past(transfer) else (),
        )

    def _goes_past(self, transfer: Transfer) -> bool:
        return self.staging is not None and transfer.staged is not None and transfer.state == TransferState.OFFERED

    def _endpoints(self, transfer: Transfer) -> tuple[Endpoint, ...]:
        method = METHODS.get(transfer.direction)
        if method is None or transfer.state not in _OPEN or transfer.is_taken:
            return ()
        if self._goes_past(transfer):
            assert self.staging is not None
            assert transfer.staged is not None
            return self.staging.endpoints(transfer.container, transfer.staged, transfer.promise, transfer.expiry)
        token = self.tickets.token(Ticket(transfer.transfer, transfer.epoch, method))
        return (Endpoint(self.urls(token), contract.HTTP, method),)

    def standing(self, adopted: Adopted) -> str:
        """How an adopted file stands now. Raises nothing: what cannot be seen is UNREACHABLE."""
        archive = self.archives.get(adopted.directory)
        if archive is None or not archive.is_there():
            return Standing.UNREACHABLE
        return archive.standing(adopted)

    def _described(self, container: Container, adopted: Adopted | None) -> tuple[contract.Property, ...]:
        told = () if adopted is None else adopted.described(self.identifier, self.standing(adopted))
        return (*_damage(container.damage), *told)

    def holding(self, container: Container, adopted: Adopted | None = None) -> contract.Holding:
        """A container as its FileManager compares its tree with it; `adopted`: where its bytes are, if others' are
        looked at for it.
        """
        content = container.content
        return contract.Holding(
            container=self.identifier.with_fragment(container.number),
            state=container.state,
            node=container.node,
            owner=container.owner,
            transfer=container.transfer,
            created=container.created,
            node_identifier=container.identifier,
            completed=container.completed,
            size=content.size if content else None,
            content_type=content.content_type if content else None,
            digests=content.digests if content else (),
            properties=self._described(container, adopted),
        )

    def container_as_it_stands(self, container: Container, adopted: Adopted | None = None) -> contract.Container:
        """A container as its FileManager is told of it."""
        content = container.content
        return contract.Container(
            self.identifier.with_fragment(container.number),
            container.state,
            container.node,
            container.owner,
            container.created,
            content.size if content else None,
            content.content_type if content else None,
            content.digests if content else (),
            self._described(container, adopted),
        )


def _damage(damage: Damage | None) -> tuple[contract.Property, ...]:
    if damage is None:
        return ()
    return contract.Property(DAMAGED, to_text(damage.found)), contract.Property(REASON, damage.reason)
