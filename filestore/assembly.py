"""One file store, put together from its configuration: every implementation meets its port here, and nowhere else.

Rule: decides nothing. `prepare` does all that may fail before anybody is served (lock, schema, sweep), `start` serves,
`stop` ends in the reverse order; what does not end in time is as after a crash, which the next start puts right.
"""

import ssl
import time
from socket import socket

import structlog
from twisted.internet.defer import Deferred

from filestore import config
from filestore.api import admin, control, measures
from filestore.api.data_plane import CONTENT, DataPlane
from filestore.api.readiness import readiness_route
from filestore.backends.disk import DiskBackend
from filestore.backends.files import Files
from filestore.backends.folder import DataFolder
from filestore.domain.terms import Terms
from filestore.domain.ticket import Tickets
from filestore.persistence.catalogue import open_catalogue, schema_check
from filestore.persistence.letters import CallbackTable
from filestore.ports import Catalogue, Outgoing
from filestore.remote.addresses import AddressPolicy
from filestore.remote.callback import SoapCallbackSender
from filestore.remote.outbound import GuardedOutbound, OutboundLimits
from filestore.services import callbacks, moves
from filestore.services.expiry import expire_due
from filestore.services.lane import Lane
from filestore.services.store import Store
from filestore.services.sweep import sweep
from vofiles import contract
from vofiles.contract import ServiceKind
from vofiles.instant import SECOND, Instant
from vofiles.ivorn import new_number
from vofiles.registry import ListedServices
from vofiles.serving.http import AccessLog, Reactor, Site
from vofiles.serving.keyring import Key, Keyring, Peer
from vofiles.serving.logs import bound_request_id
from vofiles.serving.outbox import Letter, Outbox
from vofiles.serving.service import Service
from vofiles.serving.signatures import Verifier
from vofiles.serving.upkeep import Ticker, end_within

CONTROL_THREADS = 8
DATA_THREADS = 16
"""More than processors: they wait for the disk."""
LONGEST_PAUSE = 15.0
"""Seconds between two looks at what time has ended, at most."""
PATIENCE = 5.0
"""Seconds that stopping waits for movements of bytes and callbacks under way."""

_log = structlog.get_logger(__name__)


def clock() -> Instant:
    """Now, by this machine's clock."""
    return Instant(time.time_ns() // 1000)


class FileStore:
    """A file store that serves on a listening socket, which it owns from now on."""

    def __init__(
        self,
        settings: config.Config,
        listener: socket,
        reactor: Reactor,
        access: AccessLog,
        *,
        files: Files | None = None,
    ) -> None:
        self._settings, self._files = settings, files
        self._service = Service(settings.listen, listener, reactor, access, settings.limits, settings.metrics)
        self.address = self._service.address
        """The base URL by which others are told to reach it."""
        self.folder = DataFolder(settings.data)

    @property
    def metrics_address(self) -> str:
        """Base URL of its metrics, once it serves; empty where there are none."""
        return self._service.metrics_address

    def prepare(self) -> None:
        """Lock the folder, open and sweep what is in it. Blocks.

        Raises ConfigurationError, FolderTaken, SchemaRefused, ServiceBusy, StorageFailure, OSError.
        """
        try:
            self._prepare()
        except BaseException:
            self._service.close()
            raise

    def _prepare(self) -> None:
        self.folder.open()
        self._service.to_close(self.folder.close)
        catalogue = open_catalogue(self.folder.catalogue_url)
        self._service.to_close(catalogue.close)
        self.store = self._make_store(catalogue)
        _log.info("swept", **{name: getattr(found, name) for found in [sweep(self.store)] for name in found.__slots__})
        self._keyring = Keyring(peers_of(self._settings))
        self._outbound = _make_outbound(self._settings.outbound)
        self._lane = self._make_lane()
        self._outbox = self._make_outbox(self._keyring)
        self._ticker = Ticker(self._tick, min(LONGEST_PAUSE, self._settings.tickets.lifetime / 4))
        self._service.to_close(self._ticker.stop)
        self._control_pool = self._service.make_pool("control", CONTROL_THREADS)
        # Each connection has one job at a time in this pool, so that its queue is never full.
        self._data_pool = self._service.make_pool("data", DATA_THREADS, 2 * self._settings.limits.connections)
        self.site = self._make_site(self._keyring)
        measures.register(self._service.measures, self.store, self._lane, lambda: catalogue.groups)

    def start(self) -> None:
        """Serve. On the reactor, or before it runs. Raises ValueError, OSError for an unusable certificate."""
        self._service.start(self.site, self._control_pool)
        moves.resume(self.store, self._lane)
        self._outbox.start()
        self._ticker.start()

    def reload(self, settings: config.Config) -> None:
        """Take the keys, and nothing else, from a configuration that was read anew."""
        self._keyring.replace(peers_of(settings))

    def stop(self, grace: float | None = None) -> Deferred[None]:
        """Accept no more, give what runs `grace` seconds (else as configured), and close everything. On the reactor."""
        return self._service.stop(grace)

    def _make_store(self, catalogue: Catalogue) -> Store:
        tickets, content = self._settings.tickets, self._settings.content
        terms = Terms(
            ticket_lifetime=tickets.lifetime * SECOND,
            longest_transfer=tickets.longest * SECOND,
            grace=content.grace * SECOND,
            maximum_size=content.maximum_size,
            reserve=content.reserve,
            sha256=content.sha256,
        )
        return Store(
            identifier=self._settings.identifier,
            catalogue=catalogue,
            backend=DiskBackend(self.folder.contents, self._files),
            clock=clock,
            numbers=new_number,
            terms=terms,
            tickets=Tickets(self.folder.ticket_secret()),
            urls=lambda token: f"{self.address}{CONTENT}{token}",
            wake=self._wake,
            request_id=bound_request_id,
        )

    def _make_lane(self) -> Lane:
        limits = self._settings.outbound
        lane = Lane(
            lambda transfer: moves.run(self.store, self._outbound, transfer),
            threads=limits.threads,
            per_peer=limits.per_peer,
        )
        self._service.to_close(lambda: end_within(lane.close, PATIENCE, "lane"))
        return lane

    def _make_outbox(self, keyring: Keyring) -> Outbox[Outgoing]:
        sender = SoapCallbackSender(
            registry_of(self._settings), keyring, clock, authorities=self._settings.outbound.authorities
        )
        self._service.to_close(sender.close)

        def deliver(letter: Letter[Outgoing]) -> None:
            callbacks.deliver(self.store, sender, letter.body)

        outbox = Outbox(CallbackTable(self.store), deliver, clock=clock, name="callbacks")
        self._service.to_close(lambda: end_within(outbox.stop, PATIENCE, "outbox"))
        return outbox

    def _make_site(self, keyring: Keyring) -> Site:
        operations = control.functions(self.store, self._outbound, self._lane)
        service = control.control_plane(operations, self.address, Verifier(keyring), clock)
        data_plane = DataPlane(self.store, self._data_pool)
        return Site(
            [
                service.route(control.PATH),
                data_plane.route(),
                admin.health_route(self.store),
                readiness_route(self.store, schema_check(self.folder.catalogue_url)),
            ]
        )

    def _wake(self) -> None:
        self._outbox.wake()

    def _tick(self) -> None:
        try:
            expire_due(self.store)
        finally:
            moves.resume(self.store, self._lane)


def peers_of(settings: config.Config) -> tuple[Peer, ...]:
    """The FileManagers and the keys shared with them."""
    return tuple(
        Peer(manager.identifier, tuple(Key(key.id, key.secret) for key in manager.keys))
        for manager in settings.managers
    )


def registry_of(settings: config.Config) -> ListedServices:
    """Where the FileManagers are: as the operator has written down, and nowhere else."""
    return ListedServices(
        contract.Service(manager.identifier, ServiceKind.FILEMANAGER, manager.address) for manager in settings.managers
    )


def _make_outbound(settings: config.Outbound) -> GuardedOutbound:
    return GuardedOutbound(
        AddressPolicy(settings.allow),
        OutboundLimits(seconds=settings.longest, idle=settings.idle),
        stores=AddressPolicy((*settings.allow, *settings.stores)),
        tls=ssl.create_default_context(cafile=settings.authorities),
    )
