"""Ports: what the store's services need of the world, as Protocols; their comments are the contract.

Rule: no implementation here. Bytes on disk, commits, remote calls, the clock and randomness are reached through these
alone, so that a test can record, fail or kill at every one of them. Each port has one conformance suite in
tests/conformance/ that all its implementations pass.
"""

from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol, TypeVar

from filestore.domain.adopted import Adopted, LeftOut, Seen
from filestore.domain.backlog import Backlog
from filestore.domain.container import Container
from filestore.domain.round import Round
from filestore.domain.sidecar import Sidecar
from filestore.domain.transfer import Remote, Transfer
from vofiles.contract import Digest, TransferCompleted, TransferFailed
from vofiles.instant import Instant
from vofiles.ivorn import Ivorn

R = TypeVar("R")

Clock = Callable[[], Instant]
"""Now, by this service's clock."""

Numbers = Callable[[], str]
"""A fresh number: 128 random bits in lower-case base32."""


class StorageFailure(Exception):
    """The medium failed (EIO, a failed fsync): never retried; the bytes concerned are dropped, the store goes
    read-only.
    """


# --- bytes ------------------------------------------------------------------------------------------------------------
# What opens a file raises ServiceBusy where too many are open; then it is as after StoreFull. So does everything that
# has to go over a network and gets no answer: it may have been done, and doing it again is right. What is read or taken
# over a network may go or change meanwhile: ContainerNotFound, ChecksumMismatch.


class Writer(Protocol):
    """One container's bytes on their way in. Used by one thread at a time, never the reactor's: it may block."""

    def write(self, data: bytes | memoryview) -> None:
        """Append; the buffer may be reused afterwards. Raises StoreFull, StorageFailure; after either only abort and
        close are allowed.
        """

    def take(self, reader: "Reader", offset: int, length: int) -> None:
        """Append so many bytes of a container of the same back end, from there: by reference where the file system can
        share them. Raises StoreFull, StorageFailure, also where there are fewer; after either only abort is allowed.
        """

    def keep(self) -> int:
        """Make what was written so far durable, so that another attempt can go on from there (`Backend.resume`), and
        answer how many bytes from the start are safe: a back end that keeps whole parts may answer fewer than were
        written, never fewer than before. `close` afterwards leaves them.

        Raises StoreFull, StorageFailure; after either only abort and close are allowed, and what was kept before is as
        safe as it was.
        """

    def seal(self, sidecar: Sidecar) -> None:
        """Make bytes, sidecar and directory entries durable; on return they survive power loss, and may be opened.

        Raises StoreFull, StorageFailure; after either only abort is allowed.
        """

    def abort(self) -> None:
        """Drop what was written, sealed or not. May be called any number of times, also after a failure; never raises
        for the medium's sake: what cannot be removed now is swept at the next start.
        """

    def close(self) -> None:
        """Let go, and leave what was sealed or kept; after it abort does nothing."""


class Reader(Protocol):
    """One container's bytes on their way out. They stay readable until close, also when the container is deleted."""

    @property
    def size(self) -> int:
        """Bytes."""

    def pread(self, length: int, offset: int) -> bytes:
        """At most so many bytes from there; fewer only at the end. Any number of threads at once. Raises
        StorageFailure.
        """

    def fileno(self) -> int | None:
        """A descriptor to send from (sendfile), open until close; None where there is no file. Its own offset is not
        used: give one.
        """

    def close(self) -> None:
        """Let go. May be called twice."""


class Backend(Protocol):
    """Where containers' bytes are. It knows numbers and sidecars, and no states: the catalogue alone says what
    counts.
    """

    def create(self, number: str, size: int | None) -> Writer:
        """A writer for a container; what an earlier attempt left under that number is dropped. The catalogue's lease
        sees to it that there is one writer at a time. A size that is known is reserved. Raises StoreFull,
        StorageFailure.
        """

    def resume(self, number: str, kept: int, size: int | None) -> Writer:
        """A writer that goes on behind the first `kept` bytes of an attempt that was kept; what lies behind them is
        dropped, and the others are as safe as they were. The size of the whole is reserved where it is known. Raises
        ContainerNotFound where there are fewer, StoreFull, StorageFailure.
        """

    def open(self, number: str) -> Reader:
        """A reader for a sealed container. Raises ContainerNotFound, StorageFailure."""

    def open_kept(self, number: str, kept: int) -> Reader:
        """A reader of the first `kept` bytes of an attempt that was kept, whether or not somebody writes behind them.
        Raises ContainerNotFound where there are fewer, StorageFailure.
        """

    def duplicate(self, number: str, copy: str, sidecar: Sidecar) -> None:
        """Make `copy` hold the bytes of `number`, durable on return, as by seal; what an earlier attempt left of the
        copy is dropped. Raises ContainerNotFound, ChecksumMismatch where the bytes are not what the sidecar says,
        StoreFull, StorageFailure.
        """

    def delete(self, number: str) -> None:
        """Delete bytes and sidecar; deleting what is not there is no error. Raises StorageFailure."""

    def set_aside(self, number: str) -> None:
        """Keep bytes that are not what came, and their sidecar, for an operator to look at, no longer under their
        number: durable on return. What is not there is no error. Raises StorageFailure.
        """

    def numbers(self) -> Iterator[str]:
        """Every number under which anything is kept, sealed or not, in no order."""

    def numbers_after(self, after: str, limit: int) -> list[str]:
        """At most so many of those numbers above `after`, in their order."""

    def has(self, number: str) -> bool:
        """Whether there are bytes under a number."""

    def lacking(self, numbers: Sequence[str]) -> list[str]:
        """Those of these, which are in their order, under which there are no bytes."""

    def find_sidecar(self, number: str) -> Sidecar | None:
        """A container's sidecar, None where there is none that can be read. Raises StorageFailure."""

    def free_space(self) -> int:
        """Bytes that can still be written."""


class SmallContents(Protocol):
    """Where a back end keeps small contents together, so that several become durable at once."""

    @property
    def longest(self) -> int:
        """Bytes of the largest content that is one of them."""

    def add_all(self, attempt: int, contents: Sequence[tuple[str, Sidecar, bytes]]) -> Collection[str]:
        """Make contents durable, as by seal, in one go. Answers the numbers under which something is kept already:
        those are left as they are. Raises StoreFull, StorageFailure, ServiceBusy: nobody knows then which are there.
        """

    def withdraw(self, attempt: int, numbers: Sequence[str]) -> None:
        """Delete those contents that this attempt has added. Raises StorageFailure, ServiceBusy."""


class Archive(Protocol):
    """A directory of others' files, of which some are adopted. It is only ever read."""

    def is_there(self) -> bool:
        """Whether it can be read at all; if not, nothing can be said of its files."""

    def files(self, after: str = "") -> Generator[Seen | LeftOut, None, None]:
        """Every entry behind a path, in the order of steps; symbolic links are left out, not followed. Raises
        SourceUnreachable.
        """

    def standing(self, adopted: Adopted) -> str:
        """How a file stands now (`vofiles.adoption.Standing`)."""

    def open(self, adopted: Adopted) -> Reader:
        """A reader for a file that stands as it was adopted, and that says Damaged where it changes while it is read.
        Raises ContainerNotFound where it has gone, Damaged where it has changed, SourceUnreachable, ServiceBusy.
        """


# --- the catalogue ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A callback that has not been acknowledged: the end of a transfer that its FileManager does not know yet."""

    transfer: str
    manager: Ivorn
    created: Instant
    due: Instant
    attempts: int = 0
    """Deliveries that have failed."""
    error: str | None = None
    """Of the last attempt."""
    id: int = 0
    """Given by the catalogue."""


class Records(Protocol):
    """The rows, inside one transaction. `hold_` finds a row and keeps others from changing it until the end."""

    def born(self, now: Instant) -> Instant:
        """When this catalogue was made; the first call makes it now."""

    def add_container(self, container: Container) -> None:
        """Raises Busy where the number is taken."""

    def find_container(self, number: str) -> Container | None: ...
    def hold_container(self, number: str) -> Container | None: ...
    def set_container(self, container: Container) -> None:
        """Replace the row of the same number. Raises ContainerNotFound."""

    def delete_container(self, number: str) -> None: ...
    def list_containers(self, state: str, changed_before: Instant, after: str, limit: int) -> list[Container]:
        """Those in a state since before an instant, with numbers above `after`, in their order."""

    def list_numbers(self, state: str, after: str, limit: int) -> list[str]:
        """The numbers of those in a state, above `after`, in their order."""

    def states_of(self, numbers: Collection[str]) -> dict[str, str]:
        """The states of those of these, at most a thousand, that are known."""

    def list_held(self, manager: Ivorn, after: str, limit: int) -> list[Container]:
        """Those that a FileManager made and that are not DELETED, with numbers above `after`, in their order."""

    def measure_held(self, manager: Ivorn) -> tuple[int, int]:
        """How many COMPLETE containers a FileManager has, and their bytes."""

    def list_damaged(self, manager: Ivorn | None, after: str, limit: int) -> list[Container]:
        """Those COMPLETE ones whose bytes are known to be damaged, that a FileManager (None: any) made, with numbers
        above `after`, in their order.
        """

    def count_damaged(self, manager: Ivorn | None) -> int:
        """How many of those there are."""

    def list_all(self, after: str, limit: int) -> list[Container]:
        """Those in any state, with numbers above `after`, in their order."""

    def add_transfer(self, transfer: Transfer) -> None:
        """Raises Busy where the id is taken."""

    def find_transfer(self, transfer: str) -> Transfer | None: ...
    def hold_transfer(self, transfer: str) -> Transfer | None: ...
    def set_transfer(self, transfer: Transfer) -> None:
        """Replace the row of the same id. Raises TransferNotFound."""

    def publish(self, before: Transfer, after: Transfer, container: Container) -> bool:
        """Replace a transfer if it still has the state, the epoch and the safe bytes that it had `before`, and the
        container that it fills, which is EMPTY until then; False where it has not, and nothing is done. Raises
        ContainerNotFound where the container is not EMPTY.
        """

    def delete_transfer(self, transfer: str) -> None: ...
    def list_transfers(self, state: str, after: str, limit: int) -> list[Transfer]:
        """Those in a state, with ids above `after`, in their order."""

    def list_overdue(self, state: str, before: Instant, limit: int) -> list[Transfer]:
        """Those in a state whose time was up before an instant: the deadline where bytes are on their way (RECEIVING),
        else the expiry. Earliest first.
        """

    def list_forgettable(self, before: Instant, limit: int) -> list[Transfer]:
        """Those that have ended or are STORED since before an instant, and of which no callback is outstanding."""

    def add_outgoing(self, outgoing: Outgoing) -> None:
        """Adding one for a transfer that has one changes nothing. Its id is ignored and a fresh one given."""

    def count_transfers(self) -> dict[str, int]:
        """How many transfers there are, by state; states without any are left out."""

    def backlog(self) -> Backlog:
        """How many callbacks there are, due or not."""

    def has_outgoing(self, transfer: str) -> bool:
        """Whether a transfer's callback is still to be acknowledged."""

    def hold_outgoing(self, number: int) -> Outgoing | None: ...
    def set_outgoing(self, outgoing: Outgoing) -> None: ...
    def delete_outgoing(self, number: int) -> None: ...
    def list_outgoing(self, due: Instant, limit: int, without: Collection[Ivorn]) -> list[Outgoing]:
        """Those due at an instant, the longest due first, none for the FileManagers in `without`."""

    def add_orphan(self, number: str, now: Instant) -> Instant:
        """Note that something is kept under a number that the catalogue does not know; answers when it was first
        seen.
        """

    def delete_orphan(self, number: str) -> None: ...

    def find_round(self) -> Round | None:
        """How far the reading of all that is held is, None where none has begun."""

    def set_round(self, progress: Round) -> None:
        """Replace it."""

    def add_nonce(self, key_id: str, nonce: str, created: int) -> bool:
        """Write down that a signed request, made then (in seconds), has been used; False when it is there."""

    def prune_nonces(self, before: int) -> int:
        """Forget those made before then; answers how many."""

    def add_adopted(self, adopted: Adopted) -> None:
        """Note where a container's bytes are. Raises Busy where the number is taken."""

    def find_adopted(self, number: str) -> Adopted | None: ...
    def adopted_among(self, numbers: Collection[str]) -> dict[str, Adopted]:
        """Those of these, at most a thousand, that are adopted, by number."""

    def adopted_at(self, directory: str, paths: Collection[str]) -> dict[str, list[Adopted]]:
        """What these paths of a directory, at most a thousand, were adopted as, in the order in which they were."""

    def forget_adopted(self, number: str) -> None:
        """Note that a container is deleted; one that is not adopted is no error."""


class Catalogue(Protocol):
    """The database. `fn` does SQL only and may be run again, so it must not change anything else."""

    def read(self, fn: Callable[[Records], R]) -> R:
        """Run in a transaction that changes nothing. Raises ServiceBusy."""

    def write(self, fn: Callable[[Records], R]) -> R:
        """Run in a transaction; on return it is committed and durable, whatever is raised takes it back.

        Raises ServiceBusy, and what `fn` raises.
        """


# --- others -----------------------------------------------------------------------------------------------------------


class CallbackSender(Protocol):
    """Tells FileManagers how transfers ended."""

    def send(self, manager: Ivorn, message: TransferCompleted | TransferFailed) -> None:
        """Returns when the FileManager has acknowledged. Raises CallbackUnreachable or ServiceUnreachable (try again),
        or the error that the FileManager answered.
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
