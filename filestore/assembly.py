"""One file store, put together from its configuration: every implementation meets its port here, and nowhere else.

Rule: decides nothing. `prepare` does all that may fail before anybody is served (lock, schema, sweep), `start` serves,
`stop` ends in the reverse order; what does not end in time is as after a crash, which the next start puts right.
"""

import ssl
import threading
import time
from collections.abc import Callable
from socket import socket

import structlog
from twisted.internet.defer import Deferred

from filestore import config
from filestore.api import admin, control
from filestore.api.data_plane import CONTENT, DataPlane
from filestore.backends.disk import DiskBackend
from filestore.backends.files import Files
from filestore.backends.folder import DataFolder
from filestore.domain.terms import Terms
from filestore.domain.ticket import Tickets
from filestore.persistence.catalogue import open_catalogue
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
from vofiles.configuration import ConfigurationError
from vofiles.instant import SECOND, Instant
from vofiles.ivorn import new_number
from vofiles.serving.http import AccessLog, Limits, Listening, Pool, Reactor, Site, serve
from vofiles.serving.keyring import Key, Keyring, Peer
from vofiles.serving.listening import url_of
from vofiles.serving.outbox import Letter, Outbox
from vofiles.serving.signatures import Verifier
from vofiles.serving.tls import server_tls

CONTROL_THREADS = 8
DATA_THREADS = 16
"""More than processors: they wait for the disk."""
READ_THREADS = 4
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
        self._files = files
        self._settings, self._listener, self._reactor, self._access = settings, listener, reactor, access
        self.address = announced_address(settings, listener)
        """The base URL by which others are told to reach it."""
        self.folder = DataFolder(settings.data)
        self._listening: Listening | None = None
        self._closers: list[Callable[[], None]] = []

    def prepare(self) -> None:
        """Lock the folder, open and sweep what is in it. Blocks.

        Raises ConfigurationError, FolderTaken, SchemaRefused, ServiceBusy, StorageFailure, OSError.
        """
        try:
            self._prepare()
        except BaseException:
            self._close()
            raise

    def _prepare(self) -> None:
        self.folder.open()
        self._closers.append(self.folder.close)
        catalogue = open_catalogue(self.folder.catalogue_url)
        self._closers.append(catalogue.close)
        self.store = self._make_store(catalogue)
        _log.info("swept", **{name: getattr(found, name) for found in [sweep(self.store)] for name in found.__slots__})
        keyring = keyring_of(self._settings)
        self._outbound = _make_outbound(self._settings.outbound)
        self._lane = self._make_lane()
        self._outbox = self._make_outbox(keyring)
        self._ticker = Ticker(self._tick, min(LONGEST_PAUSE, self._settings.tickets.lifetime / 4))
        self._closers.append(self._ticker.stop)
        self._control_pool = self._make_pool("control", CONTROL_THREADS, 1024)
        # Each connection has one job at a time in this pool, so that its queue is never full.
        self._data_pool = self._make_pool("data", DATA_THREADS, 2 * Limits().connections)
        self._read_pool = self._make_pool("read", READ_THREADS, 1024)
        self.site = self._make_site(keyring)

    def start(self) -> None:
        """Serve. On the reactor, or before it runs. Raises ValueError, OSError for an unusable certificate."""
        listen = self._settings.listen
        tls = server_tls(listen.certificate, listen.key) if listen.certificate and listen.key else None
        self._listening = serve(
            self._reactor,
            self.site,
            self._listener,
            pool=self._control_pool,
            readers=self._read_pool,
            access=self._access,
            tls=tls,
        )
        moves.resume(self.store, self._lane)
        self._outbox.start()
        self._ticker.start()

    def stop(self, grace: float = 10.0) -> Deferred[None]:
        """Accept no more, give what runs `grace` seconds, and close everything. On the reactor."""
        done: Deferred[None] = Deferred()

        def close() -> None:
            self._close()
            self._reactor.callFromThread(done.callback, None)

        def close_elsewhere(_: object) -> None:
            # What is closed waits for threads, and those may wait for the reactor.
            threading.Thread(target=close, name="closing").start()

        if self._listening is None:
            close_elsewhere(None)
        else:
            self._listening.stop(grace).addBoth(close_elsewhere)
        return done

    def _close(self) -> None:
        while self._closers:
            try:
                self._closers.pop()()
            except Exception:  # noqa: BLE001 - the others must be closed too
                _log.exception("closing failed")

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
        )

    def _make_lane(self) -> Lane:
        limits = self._settings.outbound
        lane = Lane(
            lambda transfer: moves.run(self.store, self._outbound, transfer),
            threads=limits.threads,
            per_peer=limits.per_peer,
        )
        self._closers.append(lambda: _wait_for(lane.close, "lane"))
        return lane

    def _make_outbox(self, keyring: Keyring) -> Outbox[Outgoing]:
        addresses = {manager.identifier: manager.address for manager in self._settings.managers}
        sender = SoapCallbackSender(addresses, keyring, clock, authorities=self._settings.outbound.authorities)
        self._closers.append(sender.close)

        def deliver(letter: Letter[Outgoing]) -> None:
            callbacks.deliver(self.store, sender, letter.body)

        outbox = Outbox(CallbackTable(self.store), deliver, clock=clock, name="callbacks")
        self._closers.append(lambda: _wait_for(outbox.stop, "outbox"))
        return outbox

    def _make_pool(self, name: str, threads: int, waiting: int) -> Pool:
        pool = Pool(name, threads, waiting)
        self._closers.append(pool.stop)
        return pool

    def _make_site(self, keyring: Keyring) -> Site:
        operations = control.functions(self.store, self._outbound, self._lane)
        service = control.control_plane(operations, self.address, Verifier(keyring), clock)
        data_plane = DataPlane(self.store, self._data_pool)
        return Site([service.route(control.PATH), data_plane.route(), admin.health_route(self.store)])

    def _wake(self) -> None:
        self._outbox.wake()

    def _tick(self) -> None:
        expire_due(self.store)


class Ticker:
    """Does something again and again, in a thread of its own; a failure is logged, and the next turn comes."""

    def __init__(self, work: Callable[[], None], pause: float) -> None:
        self._work, self._pause = work, pause
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="ticker", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Finish the turn under way. Stopping twice, or what never started, is no error."""
        self._stopped.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._stopped.wait(self._pause):
            try:
                self._work()
            except Exception:  # noqa: BLE001 - a busy database, a failing disk: the next turn may do better
                _log.exception("a turn failed")


def announced_address(settings: config.Config, listener: socket) -> str:
    """The configured address, else the listening socket's. Raises ConfigurationError where neither says one."""
    if settings.listen.address:
        return settings.listen.address
    if listener.getsockname()[0] in {"0.0.0.0", "::"}:  # noqa: S104 - told apart, not bound to
        raise ConfigurationError("listen.address: say how others reach a store that listens on all interfaces")
    return url_of(listener, secure=settings.listen.certificate is not None)


def keyring_of(settings: config.Config) -> Keyring:
    """The keys shared with FileManagers."""
    return Keyring(
        Peer(manager.identifier, tuple(Key(key.id, key.secret) for key in manager.keys))
        for manager in settings.managers
    )


def _make_outbound(settings: config.Outbound) -> GuardedOutbound:
    return GuardedOutbound(
        AddressPolicy(settings.allow),
        OutboundLimits(seconds=settings.longest, idle=settings.idle),
        tls=ssl.create_default_context(cafile=settings.authorities),
    )


def _wait_for(end: Callable[[], None], name: str) -> None:
    thread = threading.Thread(target=end, name=f"ending-{name}", daemon=True)
    thread.start()
    thread.join(PATIENCE)
    if thread.is_alive():
        _log.warning("left unfinished, to be done again after the next start", what=name)
