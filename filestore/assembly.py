"""One file store, put together from its configuration: every implementation meets its port here, and nowhere else.

Rule: decides nothing. `prepare` does all that may fail before anybody is served (lock, schema, sweep), `start` serves,
`stop` ends in the reverse order; what does not end in time is as after a crash, which the next start puts right.
"""

import os
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from socket import socket

import structlog
from twisted.internet.defer import Deferred

from filestore import config
from filestore.api import admin, control, measures
from filestore.api.atonce import AtOnce
from filestore.api.blocks import Blocks
from filestore.api.data_plane import CONTENT, DataPlane
from filestore.api.drawing import Bulk
from filestore.api.origins import Origins
from filestore.api.readiness import readiness_route
from filestore.backends.adopting import AdoptingBackend, archives_of
from filestore.backends.files import Files, SystemFiles
from filestore.backends.folder import DataFolder
from filestore.backends.own import find_staging, find_together, open_own
from filestore.backends.unsynced import UnsyncedFiles
from filestore.domain.terms import Terms
from filestore.domain.ticket import Tickets
from filestore.persistence.catalogue import open_catalogue, schema_check
from filestore.persistence.letters import callback_outbox
from filestore.ports import Catalogue, Outgoing
from filestore.remote.addresses import AddressPolicy
from filestore.remote.callback import SoapCallbackSender
from filestore.remote.outbound import GuardedOutbound, OutboundLimits
from filestore.services import moves
from filestore.services.containers import revoke
from filestore.services.expiry import end_own, expire_shared
from filestore.services.health import Health
from filestore.services.lane import Lane
from filestore.services.pace import Pace
from filestore.services.resuming import displace
from filestore.services.scrub import Scrub
from filestore.services.scrubbing import DAY, Rounds, Suspicions
from filestore.services.staging import collect
from filestore.services.store import Store
from filestore.services.sweep import sweep, take_over
from vofiles import contract
from vofiles.contract import Durability, ServiceKind
from vofiles.instant import SECOND, Instant
from vofiles.ivorn import new_number
from vofiles.registry import ListedServices
from vofiles.serving.company import Alone, Company, Duty
from vofiles.serving.http import AccessLog, Reactor, Site
from vofiles.serving.http.beside import Beside
from vofiles.serving.keyring import Key, Keyring, Peer
from vofiles.serving.logs import bound_request_id
from vofiles.serving.nonces import WINDOW, Nonces, SharedNonces
from vofiles.serving.outbox import Outbox
from vofiles.serving.seat import ALONE, Seat
from vofiles.serving.service import READ_THREADS, Service
from vofiles.serving.signatures import Verifier
from vofiles.serving.upkeep import Ticker, end_within

CONTROL_THREADS = 8
BUCKET_THREADS = 32
"""Threads that read what is sent, where it comes from a bucket: they wait for the network."""
DATA_THREADS = 16
"""More than processors: they wait for the disk."""
BULK_THREADS = max(2, min(8, os.cpu_count() or 2))
"""Large bodies that are read and written at a time; others wait for their turn. More would only take each other's place
in the processors' caches.
"""
BESIDE_THREADS = BULK_THREADS
"""Helpers that write, or make digests, while those read."""
LONGEST_PAUSE = 15.0
"""Seconds between two looks at what time has ended, at most."""
PATIENCE = 5.0
"""Seconds that stopping waits for movements of bytes and callbacks under way."""

SCRUBBING = 60.0
"""Seconds between two looks at whether a round of scrubbing is to begin or to go on."""
TELLING = 1.0
"""Seconds between two words to the other processes on how far the bytes are."""
LONGEST_REASON = 500
"""Characters of the reason why the store is read-only, as the others are told."""

_ACKNOWLEDGED = {
    True: "content is on the disk when it is acknowledged",
    False: "acknowledged content survives the end of this process, but NOT the loss of power",
}

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
        seat: Seat = ALONE,
        *,
        files: Files | None = None,
    ) -> None:
        self._settings, self._seat, self._reactor = settings, seat, reactor
        self._durable = settings.content.durability == Durability.DISK
        self._files = files if files is not None or self._durable else UnsyncedFiles()
        metrics = seat.metrics(settings.metrics)
        readers = READ_THREADS if settings.s3 is None else BUCKET_THREADS
        self._service = Service(settings.listen, listener, reactor, access, settings.limits, metrics, readers=readers)
        self.address = self._service.address
        """The base URL by which others are told to reach it."""
        self.folder = DataFolder(settings.data)
        self._outbox: Outbox[Outgoing] | None = None

    @property
    def metrics_address(self) -> str:
        """Base URL of its metrics, once it serves; empty where there are none."""
        return self._service.metrics_address

    def prepare(self) -> None:
        """Lock the folder, open and sweep what is in it, as far as this process's seat asks for it. Blocks.

        Raises ConfigurationError, FolderTaken, SchemaRefused, ServiceBusy, StorageFailure, OSError.
        """
        try:
            self._prepare()
        except BaseException:
            self._service.close()
            raise

    def _prepare(self) -> None:
        if self._seat.alone:
            # Among several, their parent holds it.
            self.folder.open()
            self._service.to_close(self.folder.close)
        url = self._catalogue_url = self._settings.database or self.folder.catalogue_url
        catalogue = self._catalogue = open_catalogue(url, durable=self._durable)
        self._service.to_close(catalogue.close)
        _log.info("durability", level=self._settings.content.durability, acknowledged=_ACKNOWLEDGED[self._durable])
        alone = self._seat.alone
        self._company: Company = Alone() if alone else _company(url, str(self._settings.identifier))
        self._beside = Beside("beside", BESIDE_THREADS)
        self._service.to_close(self._beside.stop)
        self.store = self._make_store(catalogue)
        self._service.to_close(self.store.open_files.close)
        self._suspicions = self._make_suspicions()
        self._listen()
        self._put_right()
        self._keyring = Keyring(peers_of(self._settings))
        self._outbound = _make_outbound(self._settings.outbound)
        self._lane = self._make_lane()
        self._sender = SoapCallbackSender(
            registry_of(self._settings), self._keyring, clock, authorities=self._settings.outbound.authorities
        )
        self._service.to_close(self._sender.close)
        self._service.to_close(self._company.stop)
        self._tickers = [self._make_ticker(self._look_after_own, "own")]
        if not self._seat.alone:
            self._tickers.append(Ticker(self._tell_progress, TELLING, "progress"))
        for ticker in self._tickers:
            self._service.to_close(ticker.stop)
        self._control_pool = self._service.make_pool("control", CONTROL_THREADS)
        # Each connection has one job at a time in this pool, so that its queue is never full.
        self._data_pool = self._service.make_pool("data", DATA_THREADS, 2 * self._settings.limits.connections)
        self._bulk = self._make_bulk()
        self.site = self._make_site(self._keyring)
        measures.register(self._service.measures, self.store, self._lane, lambda: catalogue.groups)

    def start(self) -> None:
        """Serve. On the reactor, or before it runs. Raises ValueError, OSError for an unusable certificate."""
        self._service.start(self.site, self._control_pool)
        self._company.start(self._duties)
        for ticker in self._tickers:
            ticker.start()

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
            durability=content.durability,
            direct=self._settings.s3 is not None and self._settings.s3.direct,
        )
        archives = archives_of(self._settings.adopted)
        own = open_own(self._settings, self.folder, self._files, self._service.to_close)
        # Only a lease in the catalogue keeps others away that are other processes.
        self._together = find_together(own) if self._seat.alone else None
        return Store(
            identifier=self._settings.identifier,
            catalogue=catalogue,
            backend=AdoptingBackend(own, archives, catalogue),
            staging=find_staging(self._settings, own, clock),
            archives=archives,
            clock=clock,
            numbers=new_number,
            terms=terms,
            tickets=Tickets(self.folder.ticket_secret()),
            urls=lambda token: f"{self.address}{CONTENT}{token}",
            wake=lambda: self._company.tell("callbacks"),
            request_id=bound_request_id,
            health=Health(lambda reason: self._company.tell("failed", reason[:LONGEST_REASON])),
            seat=self._seat.mark,
            tell_revoked=lambda lease, about: self._company.tell("revoke", f"{lease} {about}"),
            tell_displaced=lambda lease: self._company.tell("displace", lease),
            in_order=self._beside.in_order,
            suspect=lambda number: self._suspicions.suspect(number),  # noqa: PLW0108 - they are made of the store
        )

    def _make_scrub(self, rate: int, halted: threading.Event) -> Scrub:
        """What reads containers at so many bytes a second (0: as fast as it can) until it is halted."""
        forget = (self._files or SystemFiles()).forget
        return Scrub(self.store, Pace(rate, time.monotonic, halted.wait), forget)

    def _make_suspicions(self) -> Suspicions:
        halted = threading.Event()
        suspicions = Suspicions(self._make_scrub(0, halted).read)

        def stop() -> None:
            halted.set()
            suspicions.stop()

        self._service.to_close(lambda: end_within(stop, PATIENCE, "suspicions"))
        return suspicions

    def _make_scrubbing(self) -> Ticker:
        settings, halted = self._settings.scrub, threading.Event()
        rounds = Rounds(self._make_scrub(settings.rate, halted), settings.every * DAY)
        return Ticker(rounds.turn, SCRUBBING, "scrubbing", halt=halted.set)

    def _make_bulk(self) -> Bulk:
        pool = self._service.make_pool("bulk", BULK_THREADS, 2 * self._settings.limits.connections)
        return Bulk(pool, Blocks(2 * BULK_THREADS))

    def _make_lane(self) -> Lane:
        limits = self._settings.outbound
        lane = Lane(
            lambda transfer: moves.run(self.store, self._outbound, transfer),
            threads=self._seat.share(limits.threads),
            per_peer=self._seat.share(limits.per_peer),
        )
        self._service.to_close(lambda: end_within(lane.close, PATIENCE, "lane"))
        return lane

    def _listen(self) -> None:
        """Hear what the others that serve this store say, and what this process tells itself."""
        self._company.hear("callbacks", lambda _word: self._wake())
        self._company.hear("revoke", lambda word: self._revoke(*word.split(" ", 1)))
        self._company.hear("displace", self._displace)
        self._company.hear("progress", self.store.flows.note_progress)
        self._company.hear("failed", self.store.health.fail)

    def _put_right(self) -> None:
        """What a crash left: of all, where nobody serves yet; else of who had this seat."""
        if self._seat.first:
            found = sweep(self.store)
            _log.info("swept", **{name: getattr(found, name) for name in found.__slots__})
        else:
            _log.info("took over", leases=take_over(self.store))

    def _duties(self) -> Iterator[tuple[str, Duty]]:
        """What is done once among all processes that serve the store, by the one that leads."""
        self._outbox = callback_outbox(self.store, self._sender, clock)
        moves.resume(self.store, self._lane)
        yield "outbox", self._outbox
        yield "upkeep", self._make_ticker(self._look_after_all, "upkeep")
        if self._settings.scrub.rate:
            yield "scrubbing", self._make_scrubbing()

    def _make_ticker(self, work: Callable[[], object], name: str) -> Ticker:
        return Ticker(work, min(LONGEST_PAUSE, self._settings.tickets.lifetime / 4), name)

    def _nonces(self) -> Nonces | None:
        """The memory of nonces, where there are others to share it with."""
        if self._seat.alone:
            return None
        catalogue = self._catalogue
        return SharedNonces(
            lambda key, nonce, created: catalogue.write(lambda records: records.add_nonce(key, nonce, created))
        )

    def _make_site(self, keyring: Keyring) -> Site:
        operations = control.functions(self.store, self._outbound, self._lane)
        verifier = Verifier(keyring, nonces=self._nonces())
        service = control.control_plane(operations, self.address, verifier, clock, str(self.store.identifier))
        origins, ready = Origins(self._settings.origins), self._catalogue.at_once()
        at_once = AtOnce(self.store, ready) if ready is not None else None
        data_plane = DataPlane(
            self.store,
            self._data_pool,
            origins,
            at_once,
            together=self._together,
            clock=self._reactor,
            bulk=self._bulk,
        )
        return Site(
            [
                service.route(control.PATH),
                data_plane.route(),
                admin.health_route(self.store),
                readiness_route(self.store, schema_check(self._catalogue_url)),
            ]
        )

    def _wake(self) -> None:
        if self._outbox is not None:
            self._outbox.wake()

    def _revoke(self, lease: str, about: str) -> None:
        if self.store.flows.find(lease) is not None:
            revoke(self.store, lease, about)

    def _displace(self, lease: str) -> None:
        if self.store.flows.find(lease) is not None:
            # It waits for the disk, and hearers return soon.
            self._data_pool.submit(lambda: displace(self.store, lease))

    def _look_after_own(self) -> None:
        self.store.open_files.drop_old()
        end_own(self.store)

    def _look_after_all(self) -> None:
        try:
            # What has come wholly must not expire.
            collect(self.store)
        finally:
            self._end_what_is_due()

    def _end_what_is_due(self) -> None:
        try:
            expire_shared(self.store)
            before = clock() // SECOND - 2 * WINDOW
            self._catalogue.write(lambda records: records.prune_nonces(before))
        finally:
            moves.resume(self.store, self._lane)

    def _tell_progress(self) -> None:
        for word in self.store.flows.progress():
            self._company.tell("progress", word)


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


def _company(url: str, identifier: str) -> Company:
    """Workers' company on PostgreSQL, whose driver is in the [postgresql] extra."""
    from vofiles.serving.postgresqlcompany import PostgresqlCompany

    return PostgresqlCompany(url, identifier)
