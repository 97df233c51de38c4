"""One listening server: accepts connections within limits, looks at their deadlines, and stops in good order.

The rule that keeps it so: what connections share is here, and nothing about any one request is.
"""

from __future__ import annotations

import secrets
import socket
import time
from collections import Counter
from itertools import count

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import Factory

from .access import AccessLog
from .answer import AnswerHeads
from .connection import Connection
from .limits import Limits
from .mailbox import Mailbox
from .pool import Pool
from .reactor import Clock, DelayedCall, ListeningPort, Reactor, TlsContext
from .repeats import Repeats
from .run import Workshop
from .site import Site
from .tlswire import with_tls


class _MonotonicClock:
    """The reactor's timers with a clock that nobody sets: deadlines must not pass because the time was corrected."""

    def __init__(self, reactor: Reactor) -> None:
        self.callLater = reactor.callLater
        self.seconds = time.monotonic


class Server(Factory):
    """What the connections of one listening socket share. Everything happens on the reactor."""

    noisy = False

    def __init__(
        self,
        site: Site,
        limits: Limits,
        workshop: Workshop,
        readers: Pool,
        access: AccessLog,
        *,
        secure: bool,
    ) -> None:
        self.site = site
        self.limits = limits
        self.workshop = workshop
        self.readers = readers
        self.access = access
        self.secure = secure
        self.heads = AnswerHeads()
        self.repeats = Repeats(self.heads, access, self.new_request_id)
        self.stopping = False
        self.now = 0.0
        self._connections: set[Connection] = set()
        self._addresses: Counter[str] = Counter()
        self._emptied: Deferred[None] | None = None
        self._ticker: DelayedCall | None = None
        self._ids = count(1)
        self._id_prefix = secrets.token_hex(8)
        self._tick()

    def buildProtocol(self, addr: IAddress | None) -> Connection:  # noqa: ARG002, N802 - twisted's signature
        return Connection(self)

    def new_request_id(self) -> str:
        """An id that no other request of any server has: random for the process, then counted."""
        return f"{self._id_prefix}-{next(self._ids):x}"

    def admit(self, connection: Connection) -> bool:
        """Whether there is room for one more connection."""
        full = (
            len(self._connections) >= self.limits.connections
            or self._addresses[connection.peer] >= self.limits.connections_per_address
        )
        if full or self.stopping:
            return False
        self._connections.add(connection)
        self._addresses[connection.peer] += 1
        return True

    def forget(self, connection: Connection) -> None:
        """A connection has gone."""
        if connection in self._connections:
            self._connections.remove(connection)
            self._addresses[connection.peer] -= 1
            if not self._addresses[connection.peer]:
                del self._addresses[connection.peer]
        if not self._connections and self._emptied is not None:
            emptied, self._emptied = self._emptied, None
            emptied.callback(None)

    @property
    def connections(self) -> int:
        """How many there are."""
        return len(self._connections)

    def _tick(self) -> None:
        self.now = self.workshop.clock.seconds()
        self.heads.set_date(time.time())
        for connection in list(self._connections):
            connection.tick(self.now)
        self._ticker = self.workshop.clock.callLater(self.limits.tick, self._tick)

    def stop(self, grace: float) -> Deferred[None]:
        """Let connections finish what they have begun, for `grace` seconds; fires when the last one has gone."""
        self.stopping = True
        done: Deferred[None] = Deferred()
        if not self._connections:
            done.callback(None)
        else:
            self._emptied = done
            deadline = self.workshop.clock.callLater(grace, self._cut)
            done.addBoth(lambda _: deadline.cancel() if deadline.active() else None)
            for connection in list(self._connections):
                connection.hurry()
        done.addBoth(lambda _: self._stop_ticking())
        return done

    def _cut(self) -> None:
        for connection in list(self._connections):
            connection.cut()

    def _stop_ticking(self) -> None:
        if self._ticker is not None and self._ticker.active():
            self._ticker.cancel()


class Listening:
    """A server that listens."""

    def __init__(self, port: ListeningPort, server: Server, address: tuple[str, int]) -> None:
        self.host, self.port = address
        self._port = port
        self._server = server

    @property
    def connections(self) -> int:
        """How many connections are open."""
        return self._server.connections

    def stop(self, grace: float = 10.0) -> Deferred[None]:
        """Accept nothing more at once; finish running requests for up to `grace` seconds, then cut. On the reactor.

        Fires when the last connection has gone. Parked answers are finished at once. Stop the pools afterwards.
        """
        stopped = self._port.stopListening()
        ended = self._server.stop(grace)
        if stopped is None:
            return ended
        return stopped.addCallback(lambda _: ended)


def serve(
    reactor: Reactor,
    site: Site,
    listener: socket.socket,
    *,
    pool: Pool,
    readers: Pool,
    access: AccessLog,
    limits: Limits | None = None,
    tls: TlsContext | None = None,
    clock: Clock | None = None,
) -> Listening:
    """Serve `site` on `listener` (see `vofiles.serving.listening`), which belongs to the server from now on.

    On the reactor, or before it runs. `pool` runs control handlers, `readers` reads files that are not in the page
    cache; both may be shared by several servers. `clock` is there for tests.
    """
    workshop = Workshop(pool, Mailbox(reactor), clock or _MonotonicClock(reactor))
    server = Server(site, limits or Limits(), workshop, readers, access, secure=tls is not None)
    factory: object = server
    if tls is not None:
        factory = with_tls(tls, server, reactor)
    address = listener.getsockname()[:2]
    listener.setblocking(False)  # noqa: FBT003 - its one argument
    port = reactor.adoptStreamPort(listener.fileno(), listener.family, factory)
    listener.close()  # the reactor has a descriptor of its own
    return Listening(port, server, address)
