"""One request being served, as its connection sees it, and the connection as the run sees it.

The rule that keeps it so: ports only, so that control and streaming know no connection and the connection knows
neither.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from .exchange import BodyConsumer
from .loan import Loan
from .mailbox import Mailbox
from .messages import Refuse, Request, Response
from .pool import Pool
from .reactor import Clock


@dataclass(frozen=True, slots=True)
class Workshop:
    """What runs work with: the control pool, the way back from it, and the clock for parked answers."""

    pool: Pool
    mailbox: Mailbox
    clock: Clock


class Run(Protocol):
    """Everything is called on the reactor."""

    request: Request
    refuse: Refuse

    def begin(self) -> None:
        """The head is there. What this raises becomes a 500."""

    def closed(self) -> None:
        """The connection has gone before the answer was sent wholly. The last call."""

    def half_closed(self) -> bool:
        """The client will send no more; whether that means that it waits no longer."""

    def hurry(self) -> None:
        """The server stops: answer soon."""


class Link(Protocol):
    """A run's way back to its connection."""

    workshop: Workshop

    def answer(self, run: Run, response: Response, /) -> None:
        """Send the answer of `run`; dropped when the connection has gone on without it."""

    def has_more(self) -> bool:
        """Whether the client has sent the beginning of another request already."""

    def start_body(self, run: Run, sink: BodyConsumer, /) -> None:
        """Say 100 Continue if that is awaited, and let the body flow to `sink`, never before this returns."""

    def hold_body(self, run: Run, /) -> None:
        """Stop reading from the socket."""

    def release_body(self, run: Run, /) -> None:
        """Go on, never before this returns."""

    def lend_body(self, run: Run, /) -> Loan | None:
        """Stop reading from the socket, and have a thread do it; None where only the reactor can."""

    def take_back(self, run: Run, loan: Loan, /) -> None:
        """Go on where the thread stopped, never before this returns."""
