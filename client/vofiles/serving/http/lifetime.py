"""How long a connection lasts: its phases, their deadlines, and how it ends.

The rule that keeps it so: a phase is entered with its deadline, and whoever is late is answered where that can still be
done, else cut. What happens in time is `connection`'s.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

from twisted.internet.protocol import Protocol

from .exchange import Abort
from .output import Output
from .phase import NEVER, Phase
from .reactor import Wire
from .refusal import Refusal
from .turn import Turn

if TYPE_CHECKING:
    from .server import Server


class Lifetime(Protocol):
    """What `Connection` is, seen by the clock."""

    _wire: Wire
    _output: Output

    def __init__(self, server: Server) -> None:
        self.workshop = server.workshop
        self.peer = ""
        self._server = server
        self._limits = server.limits
        self._turn: Turn | None = None
        self._held = b""  # read and not yet used
        self._lingered = 0
        self._driving = False
        self._eof = False

    @abstractmethod
    def _drive(self) -> None: ...

    @abstractmethod
    def _refuse_head(self, refusal: Refusal, held: bytes) -> None: ...

    @abstractmethod
    def _abort_body(self, turn: Turn, reason: Abort, status: int, message: str) -> None: ...

    # Deadlines

    def _enter(self, phase: Phase, seconds: float) -> None:
        self._phase = phase
        self._deadline = self._server.now + seconds

    def tick(self, now: float) -> None:
        """Look at the deadline."""
        if now < self._deadline:
            return
        phase, turn = self._phase, self._turn
        if phase is Phase.IDLE:
            self._leave()
        elif phase is Phase.HEAD:
            self._refuse_head(Refusal(408, "the request's head took too long"), self._held)
        elif phase is Phase.BODY and turn is not None and turn.is_slow(self._limits):
            self._abort_body(turn, Abort.SLOW, 408, "the body comes too slowly")
        elif phase is Phase.BODY and turn is not None:
            turn.restart_window()
            self._enter(Phase.BODY, self._limits.body_window)
        elif phase is Phase.SEND and turn is not None and self._output.progress > turn.progress:
            turn.progress = self._output.progress
            self._enter(Phase.SEND, self._limits.send_seconds)
        else:
            self.cut()

    # Ending

    def _close(self, *, unread: bool) -> None:
        """Close after what was sent. When the client may be sending still, only our side at first: closing both would
        make its kernel drop the answer it has not read yet.
        """
        self._turn = None
        if self._eof or not unread:
            self._leave()
            return
        self._output.detach()
        self._enter(Phase.LINGER, self._limits.linger_seconds)
        if not self._server.secure:
            self._wire.loseWriteConnection()
        if not self._driving:
            self._drive()

    def _leave(self) -> None:
        """Close the transport as soon as it has sent what it has."""
        self._output.detach()
        self._enter(Phase.CLOSED, self._limits.linger_seconds)
        self._wire.loseConnection()

    def cut(self) -> None:
        """End the connection here and now."""
        self._enter(Phase.CLOSED, NEVER)
        self._wire.abortConnection()

    def hurry(self) -> None:
        """The server stops: finish what was begun, begin nothing."""
        if self._phase is Phase.IDLE:
            self._leave()
        elif self._turn is not None and self._turn.run is not None:
            self._turn.run.hurry()

    def _drop(self) -> bool:
        self._lingered += len(self._held)
        self._held = b""
        if self._lingered > self._limits.linger_bytes:
            self.cut()
        return False
