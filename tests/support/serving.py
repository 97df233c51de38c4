"""Runs sites of our HTTP engine over real sockets on loopback, the reactor in a thread of this process.

    with running_site([Route(...)]) as served:
        served.url          # http://127.0.0.1:PORT
        served.port

`clock="frozen"` gives the server a clock that only `served.advance(seconds)` moves.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import TypeVar

from twisted.internet.defer import Deferred, maybeDeferred, succeed
from twisted.internet.task import Clock as FrozenClock

from vofiles.serving.http import AccessRecord, Limits, Listening, Pool, Reactor, Route, Site, get_reactor, serve
from vofiles.serving.listening import bind
from vofiles.serving.tls import ServerTls

T = TypeVar("T")
PATIENCE = 30.0  # how long a test waits for what must happen before it fails


@cache
def running_reactor() -> Reactor:
    """The process's reactor, running in a thread of its own until the process ends."""
    reactor = get_reactor()
    ready = threading.Event()
    reactor.callWhenRunning(ready.set)
    threading.Thread(target=lambda: reactor.run(installSignalHandlers=False), name="reactor", daemon=True).start()
    assert ready.wait(PATIENCE)
    return reactor


def on_reactor(function: Callable[[], T]) -> T:
    """What `function` gives when called on the reactor."""
    return await_reactor(lambda: succeed(function()))


def await_reactor(function: Callable[[], Deferred[T]]) -> T:
    """What the Deferred that `function` makes on the reactor fires with."""
    outcome: Future[T] = Future()

    def call() -> None:
        deferred = maybeDeferred(function)
        deferred.addCallbacks(outcome.set_result, lambda failure: outcome.set_exception(failure.value))

    running_reactor().callFromThread(call)
    return outcome.result(PATIENCE)


def wait_until(condition: Callable[[], object], what: str) -> None:
    """Return as soon as `condition` holds; fail with `what` when it never does."""
    gate = threading.Event()
    for _ in range(int(PATIENCE / 0.005)):
        if condition():
            return
        gate.wait(0.005)
    raise AssertionError(f"never happened: {what}")


@dataclass
class Served:
    """A site that is being served."""

    listening: Listening
    secure: bool
    clock: FrozenClock | None
    pool: Pool
    accesses: list[AccessRecord] = field(default_factory=list)

    @property
    def port(self) -> int:
        return self.listening.port

    @property
    def url(self) -> str:
        return f"http{'s' if self.secure else ''}://127.0.0.1:{self.port}"

    def advance(self, seconds: float) -> None:
        """Let the frozen clock pass by `seconds`, in small steps as real time would."""
        clock = self.clock
        assert clock is not None
        steps = max(1, int(seconds / 0.5))
        on_reactor(lambda: clock.pump([seconds / steps] * steps))

    def stop(self, grace: float = 5.0) -> None:
        await_reactor(lambda: self.listening.stop(grace))


@contextmanager
def running_site(
    routes: Iterable[Route],
    *,
    limits: Limits | None = None,
    tls: ServerTls | None = None,
    threads: int = 4,
    waiting: int = 1024,
    clock: str = "real",
) -> Iterator[Served]:
    """Serve `routes` on a free port of loopback while the block runs."""
    reactor = running_reactor()
    pool, readers = Pool("control", threads, waiting), Pool("readers", 2)
    frozen = FrozenClock() if clock == "frozen" else None
    accesses: list[AccessRecord] = []
    site = Site(routes)

    def start() -> Listening:
        return serve(
            reactor,
            site,
            bind("127.0.0.1", 0),
            pool=pool,
            readers=readers,
            access=accesses.append,
            limits=limits,
            tls=tls,
            clock=frozen,
        )

    served = Served(on_reactor(start), tls is not None, frozen, pool, accesses)
    try:
        yield served
    finally:
        await_reactor(lambda: _stop_now(served))
        pool.stop()
        readers.stop()


def _stop_now(served: Served) -> Deferred[None]:
    stopping = served.listening.stop(0.0)
    if served.clock is not None:
        served.clock.advance(0)
    return stopping
