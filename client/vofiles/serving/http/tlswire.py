"""twisted's TLS, which takes a large piece as a whole.

twisted encrypts each 16 KiB by itself, and hands each on by itself: for large bodies that takes twice the time of all
the rest. A large piece goes through OpenSSL here and then to the socket in one go, record by record all the same.

Rule: only what is written is dealt with here, and of that only how much at a time; handshakes, what is wrong and ends
are twisted's own.
"""

from __future__ import annotations

from typing import Any, Final, cast

from OpenSSL import SSL
from twisted.protocols.tls import BufferingTLSTransport, TLSMemoryBIOFactory
from twisted.python.failure import Failure

from .reactor import Reactor, TlsContext

LARGE: Final = 1 << 14
"""Bytes of a record: what is longer twisted would take apart."""
ROOM: Final = 288 * 1024
"""Bytes that are taken from OpenSSL at a time: a block of a body, and what TLS adds to it."""


class TlsWire(BufferingTLSTransport):
    """The TLS layer of one connection."""

    def makeConnection(self, transport: Any) -> None:  # noqa: N802 - twisted's name
        transport.SEND_LIMIT = ROOM
        cast(Any, super()).makeConnection(transport)

    def _write(self, data: bytes) -> None:
        whole = cast(Any, super())._write
        connection = self._tlsConnection
        if len(data) <= LARGE or self._lostTLSConnection or connection is None:
            whole(data)
            return
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[connection.send(rest) :]
        except SSL.WantReadError:
            self._hand_on(connection)
            cast(Any, self)._bufferedWrite(bytes(rest))
        except SSL.Error:
            cast(Any, self)._tlsShutdownFinished(cast(Any, Failure)())
        else:
            self._hand_on(connection)

    def _hand_on(self, connection: SSL.Connection) -> None:
        """Give the socket what OpenSSL has for it."""
        try:
            while True:
                cast(Any, self.transport).write(connection.bio_read(ROOM))
        except SSL.WantReadError:
            pass  # that was all


def with_tls(context: TlsContext, factory: object, reactor: Reactor) -> object:
    """The factory of connections with that certificate, which `factory` makes the protocols for."""
    made = cast(Any, TLSMemoryBIOFactory)(context, isClient=False, wrappedFactory=factory, clock=reactor)
    made.protocol = TlsWire
    return cast(object, made)
