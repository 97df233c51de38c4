"""What the engine needs of twisted's reactor, as types that a type checker understands (zope's interfaces are none).

The rule that keeps it so: nobody else in vofiles.serving imports twisted's global reactor.
"""

# ruff: noqa: N802 - these are twisted's names

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Protocol, cast

from OpenSSL import SSL
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.defer import Deferred


class DelayedCall(Protocol):
    """A call that will be made."""

    def active(self) -> bool: ...

    def cancel(self) -> None: ...


class Wire(Protocol):
    """The transport of one connection: twisted's TCP transport, or its TLS layer over one."""

    def getHandle(self) -> socket.socket: ...

    def getPeer(self) -> IPv4Address | IPv6Address: ...

    def setTcpNoDelay(self, enabled: bool, /) -> None: ...  # noqa: FBT001 - twisted's signature

    def write(self, data: bytes, /) -> None: ...

    def startWriting(self) -> None: ...

    def registerProducer(self, producer: object, streaming: bool, /) -> None: ...  # noqa: FBT001 - likewise

    def unregisterProducer(self) -> None: ...

    def pauseProducing(self) -> None: ...

    def resumeProducing(self) -> None: ...

    def loseConnection(self) -> None: ...

    def loseWriteConnection(self) -> None: ...

    def abortConnection(self) -> None: ...


class ListeningPort(Protocol):
    """A listening socket of the reactor."""

    def stopListening(self) -> Deferred[None] | None: ...


class TlsContext(Protocol):
    """The certificate to serve with; see `vofiles.serving.tls`."""

    def getContext(self) -> SSL.Context: ...


class Clock(Protocol):
    """Time in seconds from any beginning, and calls later; `twisted.internet.task.Clock` in tests."""

    def seconds(self) -> float: ...

    def callLater(self, delay: float, call: Callable[..., object], /, *args: object) -> DelayedCall: ...


class Reactor(Clock, Protocol):
    """The reactor of this process."""

    def callFromThread(self, call: Callable[..., object], /, *args: object) -> None: ...

    def callWhenRunning(self, call: Callable[..., object], /, *args: object) -> object: ...

    def adoptStreamPort(self, descriptor: int, family: socket.AddressFamily, factory: object, /) -> ListeningPort: ...

    def addSystemEventTrigger(
        self, phase: str, event: str, call: Callable[..., object], /, *args: object
    ) -> object: ...

    def run(self, installSignalHandlers: bool = True) -> None: ...  # noqa: FBT001, FBT002, N803 - twisted's signature

    def stop(self) -> None: ...


def get_reactor() -> Reactor:
    """The global reactor: epoll, on Linux. Importing it installs it, so it is not done at import time."""
    from .epoll import install

    install()
    from twisted.internet import reactor

    return cast(Reactor, reactor)
