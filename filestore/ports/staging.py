"""The port Staging: where clients put contents past the store, as a Protocol; its comments are the contract.

Rule: no implementation here, and one conformance suite.
"""

from collections.abc import Iterator, Mapping
from typing import Protocol

from filestore.domain.sidecar import Sidecar
from filestore.domain.staging import Staged
from filestore.domain.transfer import Promise
from vofiles.contract import Endpoint
from vofiles.instant import Instant


class Whole(Protocol):
    """A content that has been staged: the bytes that were there when it was opened, and no others, wherever those who
    still may send anew do.
    """

    @property
    def size(self) -> int:
        """Bytes."""

    def pieces(self) -> Iterator[bytes]:
        """The bytes from the start, which are those that `take` makes a container's. Raises StorageFailure; ServiceBusy
        where the medium does not answer.
        """

    def take(self, sidecar: Sidecar) -> None:
        """Make them a container's, durable on return, as by `Writer.seal`; what an earlier attempt left under its
        number is dropped. Raises as `pieces` does.
        """

    def close(self) -> None:
        """Let go, of what was not taken, too. May be called twice."""


class Staging(Protocol):
    """A place beside the containers, by their numbers. What is staged is no container's bytes until it is taken.

    Whatever asks the medium raises StorageFailure, and ServiceBusy where it does not answer.
    """

    def begin(self, number: str) -> str:
        """Have a content taken in parts; answers what the upload is called."""

    def endpoints(self, number: str, staged: Staged, promise: Promise, until: Instant) -> tuple[Endpoint, ...]:
        """Where to put each part, in their order, good until then; the promise has a size. What has to be sent with it
        stands in the headers, the length at least, and binds. Asks nobody, so that it may be asked for often.
        """

    def received(self, number: str, staged: Staged) -> Mapping[int, int]:
        """The bytes of each part that is there, by its number."""

    def open(self, number: str, staged: Staged) -> Whole:
        """The whole, made of its parts, which may be asked for again until it is a container's: what an earlier attempt
        left under the number is dropped. From now on no part can be put anew. Raises ContainerNotFound where nothing is
        staged, or not all, and ServiceBusy where it was sent anew just now.
        """

    def drop(self, number: str) -> None:
        """Drop whatever is staged under a number; dropping what is not there is no error."""

    def numbers(self) -> Iterator[tuple[str, bool]]:
        """Every number under which anything is staged, each once, and whether it is a whole."""
