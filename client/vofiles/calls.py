"""What lies between a client of a service and the way there: calls, replies, and who carries them.

Rule: knows no operation and no transport.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from vofiles.errors import VofilesError

MOST_ANSWERED: Final = 64 * 1024 * 1024
"""Bytes of the longest answer that is read."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request of an operation."""

    operation: str
    """Its name on the wire."""
    request: Any
    """A value of the contract."""
    number: str | None
    """The X-Request-Id to send."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What came for a call, not read yet."""

    status: int
    content_type: str
    body: bytes
    again: bool = False
    """Whether the request went out twice, as it stands, because nothing had come the first time."""


class Carrier(Protocol):
    """Writes requests and takes them to a service. For any number of threads."""

    def ask(self, call: Call) -> Reply:
        """Raises ServiceUnreachable, InvalidArgument."""

    def ask_all(self, calls: Sequence[Call]) -> Iterator[Sequence[tuple[int, Reply | VofilesError]]]:
        """What `ask` answers or raises for each call, by its place in the sequence, some at a time."""

    def close(self) -> None:
        """Give the connections back. The carrier may be used again."""
