"""Everybody and everything else: the clock, numbers, FileManagers, and addresses elsewhere.

Rule: Protocols; their comments are the contract.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from filestore.domain.transfer import Remote
from vofiles.contract import Digest, TransferCompleted, TransferFailed
from vofiles.errors import VofilesError
from vofiles.instant import Instant
from vofiles.ivorn import Ivorn

Clock = Callable[[], Instant]
"""Now, by this service's clock."""

Numbers = Callable[[], str]
"""A fresh number: 128 random bits in lower-case base32."""


@dataclass(frozen=True, slots=True)
class Word:
    """What a FileManager is told of one transfer."""

    message: TransferCompleted | TransferFailed
    request_id: str | None
    """The request that the transfer goes back to, if it is known."""


class CallbackSender(Protocol):
    """Tells FileManagers how transfers ended."""

    def send(self, manager: Ivorn, words: Sequence[Word]) -> Iterable[Sequence[tuple[int, VofilesError | None]]]:
        """Tell one of them, all at once; answers what has become of each, by its place in the sequence, some at a time:
        None when it is acknowledged; CallbackUnreachable or ServiceUnreachable (try again); else what the FileManager
        answered. Raises such an error where it stands for all that have not been told of.
        """


class Incoming(Protocol):
    """A body that a fetch answers."""

    @property
    def length(self) -> int | None:
        """Bytes that its sender announces."""

    @property
    def content_type(self) -> str | None: ...

    def chunks(self) -> Iterable[bytes]:
        """The pieces as they come; where the connection breaks and the source can go on with the same bytes, from
        another one. Raises SourceUnreachable, Incomplete when they end or stall too early all the same.
        """


@dataclass(frozen=True, slots=True)
class Body:
    """A body to send."""

    size: int
    content_type: str | None
    digests: tuple[Digest, ...]
    chunks: Callable[[], Iterator[bytes]]
    """The bytes, from the start at each call."""


class Halt(Protocol):
    """How who waits for another side is told that nobody waits for the bytes any more."""

    def on_halt(self, stop: Callable[[], None]) -> None:
        """Have `stop` called, by any thread, when the movement is to end; at once if it is to end already. It takes
        the place of the one given before.
        """


class Outbound(Protocol):
    """Fetches from and sends to other people's addresses, guarded (design: safety, SSRF). Blocks; used by lanes
    only.
    """

    def require_allowed(self, remote: Remote) -> None:
        """Refuse what can be refused before a connection is made; another store (`remote.source`) may be where nobody
        else's address may lead. Raises AddressRefused, InvalidArgument for a scheme, protocol or method that is not
        spoken.
        """

    def fetch(self, remote: Remote, halt: Halt) -> AbstractContextManager[Incoming]:
        """Raises AddressRefused, SourceUnreachable (also for a status other than 200, and after a halt)."""

    def push(self, remote: Remote, body: Body, halt: Halt) -> None:
        """Returns when the other side has taken the body (2xx). Raises AddressRefused, SourceUnreachable (also after a
        halt).
        """
