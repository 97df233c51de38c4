"""A service's life: from a listening socket to the last thread's end. What both servers' assemblies stand on.

    prepare (all that may fail before anybody is served)  →  start (serve)  →  stop (in the reverse order)

Rule: knows nothing of what is served. What was opened is closed, the last first, whatever fails on the way; what does
not end in time is as after a crash, which the next start puts right.
"""

import threading
from collections.abc import Callable
from socket import socket

import structlog
from twisted.internet.defer import Deferred

from vofiles.configuration import ConfigurationError
from vofiles.listen import ALL_INTERFACES, Limits, Listen, Metrics, is_loopback
from vofiles.serving.http import AccessLog, AccessRecord, Listening, Pool, Reactor, Site, serve
from vofiles.serving.http import Limits as Bounds
from vofiles.serving.listening import bind, url_of
from vofiles.serving.metrics import Measures, Meter
from vofiles.serving.tls import server_tls

READ_THREADS = 4
"""Threads that read files and send them, where nothing else is said: a few more than processors, as disks are quick."""

_log = structlog.get_logger(__name__)


class Service:
    """One server process's worth of sockets, pools and things to close; it owns the listening socket from now on."""

    def __init__(
        self,
        listen: Listen,
        listener: socket,
        reactor: Reactor,
        access: AccessLog,
        limits: Limits | None = None,
        metrics: Metrics | None = None,
        *,
        readers: int = READ_THREADS,
    ) -> None:
        """`readers` is how many threads read what is sent."""
        self._readers = readers
        self._listen, self._listener, self._reactor, self._access = listen, listener, reactor, access
        self._limits = limits or Limits()
        self._metrics = metrics or Metrics()
        self.measures = Measures()
        """What it is measured by; served where the configuration gives a port."""
        self.metrics_address = ""
        """Base URL of the metrics, once it serves; empty where there are none."""
        self.address = _announced(listen, listener)
        """The base URL by which others are told to reach it."""
        self._listening: Listening | None = None
        self._measured: Listening | None = None
        self._closers: list[Callable[[], None]] = []
        self._pools: dict[str, Pool] = {}
        self.measures.gauge("pool_waiting", "Jobs that wait for a thread.", self._waiting, "pool")

    def to_close(self, close: Callable[[], None]) -> None:
        """Have something closed at the end; the last opened first."""
        self._closers.append(close)

    def make_pool(self, name: str, threads: int, waiting: int = 1024) -> Pool:
        """A pool that ends with the service."""
        pool = Pool(name, threads, waiting)
        self.to_close(pool.stop)
        self._pools[name] = pool
        return pool

    def start(self, site: Site, control: Pool) -> None:
        """Serve. On the reactor, or before it runs. Raises ValueError, OSError for an unusable certificate."""
        tls = (
            server_tls(self._listen.certificate, self._listen.key)
            if self._listen.certificate and self._listen.key
            else None
        )
        # Each connection has one job at a time in this pool, so that its queue is never full.
        readers = self.make_pool("read", self._readers, 2 * self._limits.connections)
        access = self._measure(site)
        self._listening = serve(
            self._reactor,
            site,
            self._listener,
            pool=control,
            readers=readers,
            access=access,
            limits=bounds_of(self._limits),
            tls=tls,
        )

    def _measure(self, site: Site) -> AccessLog:
        """Serve the metrics, if anybody wants them; the access log that counts for them."""
        if self._metrics.port is None:
            return self._access
        meter = Meter(site)
        self.measures.add(meter.collect)
        self.measures.gauge("connections", "Connections that are open.", self._connections)
        # A pool of its own: when the others are full, that is what one wants to see.
        pool = self.make_pool("metrics", 1, 16)
        listener = bind(self._metrics.interface, self._metrics.port)
        self.metrics_address = url_of(listener)
        pages = Site([self.measures.route()])
        self._measured = serve(self._reactor, pages, listener, pool=pool, readers=pool, access=_unlogged)
        _log.info("metrics", address=self.metrics_address)
        return meter.watching(self._access)

    def _waiting(self) -> list[tuple[tuple[str, ...], float]]:
        return [((name,), pool.waiting) for name, pool in self._pools.items()]

    def _connections(self) -> int:
        return self._listening.connections if self._listening is not None else 0

    def stop(self, grace: float | None = None) -> Deferred[None]:
        """Accept no more, give what runs `grace` seconds (else as configured), and close everything. On the reactor."""
        done: Deferred[None] = Deferred()

        def close() -> None:
            self.close()
            self._reactor.callFromThread(done.callback, None)

        def close_elsewhere(_: object) -> None:
            # What is closed waits for threads, and those may wait for the reactor.
            threading.Thread(target=close, name="closing").start()

        if self._measured is not None:
            self._measured.stop(0.0)
        if self._listening is None:
            close_elsewhere(None)
        else:
            self._listening.stop(self._limits.stop_seconds if grace is None else grace).addBoth(close_elsewhere)
        return done

    def close(self) -> None:
        """Close what is to be closed; also after a `prepare` that failed."""
        while self._closers:
            try:
                self._closers.pop()()
            except Exception:  # noqa: BLE001 - the others must be closed too
                _log.exception("closing failed")


def _unlogged(_record: AccessRecord) -> None:
    """The metrics are asked for every few seconds; that is no news."""


def bounds_of(limits: Limits) -> Bounds:
    """What the engine puts up with."""
    return Bounds(
        connections=limits.connections,
        connections_per_address=limits.connections_per_address,
        head_seconds=limits.head_seconds,
        idle_seconds=limits.idle_seconds,
        body_rate=limits.body_rate,
        body_window=limits.body_window,
        send_seconds=limits.send_seconds,
    )


def _announced(listen: Listen, listener: socket) -> str:
    """How others reach it. Raises ConfigurationError where that is not said, or would not be safe."""
    interface = listener.getsockname()[0]
    if not (listen.certificate or listen.behind_proxy or listen.trusted_network or is_loopback(interface)):
        # The socket may be an inherited one, which the configuration says nothing of.
        raise ConfigurationError(f"listen: passwords and tickets would leave this machine in plain HTTP by {interface}")
    if listen.address:
        return listen.address
    if interface in ALL_INTERFACES:
        raise ConfigurationError("listen.address: say how others reach a service that listens on all interfaces")
    return url_of(listener, secure=listen.certificate is not None)
