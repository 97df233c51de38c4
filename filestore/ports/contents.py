"""Where bytes are: back ends, what writes into them and reads from them, and others' directories.

Rule: Protocols; their comments are the contract. What opens a file raises ServiceBusy where too many are open; then it
is as after StoreFull. So does everything that has to go over a network and gets no answer: it may have been done, and
doing it again is right. What is read or taken over a network may go or change meanwhile: ContainerNotFound,
ChecksumMismatch.
"""

from collections.abc import Collection, Generator, Iterator, Sequence
from typing import Protocol

from filestore.domain.adopted import Adopted, LeftOut, Seen
from filestore.domain.sidecar import Sidecar


class StorageFailure(Exception):
    """The medium failed (EIO, a failed fsync): never retried; the bytes concerned are dropped, the store goes
    read-only.
    """


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
