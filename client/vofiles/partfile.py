"""A file on disk that is not whole yet, filled in any order, which a later program goes on to fill.

    NAME.vofiles-part          the bytes, each in its place; has the lock of who fills it
    NAME.vofiles-part.json     what they are (entity tag and size), then, line by line, which of them are on the disk

Rule: beside the file that it will be, under a name that says so, until it is whole and verified; then it takes the
file's name and nothing else is left. What is there counts only for the same content, and as far as it was synced
before it was noted: any doubt, and all of it comes anew. One that nobody else may go on with is nameless, and gone
when it is left.
"""

import fcntl
import json
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Final, Self

from vofiles.stretches import Stretches, parse_stretches

SUFFIX: Final = ".vofiles-part"

_FLAGS: Final = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
_LONGEST: Final = 255 - len(".vofiles-part.json")


def part_path(path: Path) -> Path:
    """Where the part of a file lies."""
    name = path.name
    if len(os.fsencode(name)) > _LONGEST:
        # One that fits, and is no other file's.
        name = f"{name[:40]}-{sha256(os.fsencode(name)).hexdigest()[:16]}"
    return path.with_name(name + SUFFIX)


class PartFile:
    """The bytes of a content on their way to a file; for any number of threads."""

    def __init__(self, path: Path, tag: str, size: int, *, resume: bool = True) -> None:
        """`resume`: go on with what an earlier one has left, and leave what has come if this one is not completed.
        Raises OSError.
        """
        self._path, self._size = path, size
        self._lock = Lock()
        self._done, self._kept = Stretches(), 0
        self._part, self._journal = part_path(path), _journal_path(path)
        found = _open_locked(self._part) if resume else None
        self.stays = found is not None
        """Whether it is left for a later one."""
        if found is None:
            if not resume:
                remove_abandoned(path)
            self._part = path.with_name(f".vofiles-{secrets.token_hex(8)}.part")
            found = os.open(self._part, _FLAGS | os.O_EXCL, 0o666)
        self._file = found
        if self.stays:
            self._open_journal({"tag": tag, "size": size})

    def _open_journal(self, head: dict[str, object]) -> None:
        told = _read_journal(self._journal, head, os.fstat(self._file).st_size)
        if told is None:
            os.ftruncate(self._file, 0)
            self._journal.unlink(missing_ok=True)
        self._lines = os.open(self._journal, _FLAGS | os.O_APPEND, 0o666)
        if told is None:
            self._write_line(head)
        else:
            self._done, self._kept = told, len(told)

    # --- filling it ---

    @property
    def done(self) -> int:
        """Bytes that are there."""
        with self._lock:
            return len(self._done)

    @property
    def prefix(self) -> int:
        """Bytes that are there from the first on without a gap."""
        with self._lock:
            return self._done.prefix

    @property
    def unkept(self) -> int:
        """Bytes that are there, and would not count for a later one."""
        with self._lock:
            return len(self._done) - self._kept

    def missing(self, piece: int) -> list[tuple[int, int]]:
        """What is not there, in pieces."""
        with self._lock:
            return list(self._done.missing(self._size, piece))

    @contextmanager
    def opened(self) -> Iterator[int]:
        """A descriptor of one's own, good however long the block takes."""
        descriptor = os.dup(self._file)
        try:
            yield descriptor
        finally:
            os.close(descriptor)

    def write(self, descriptor: int, start: int, block: bytes) -> None:
        """Bytes to their place. Raises OSError, which names the file."""
        rest, place = memoryview(block), start
        while rest:
            try:
                written = os.pwrite(descriptor, rest, place)
            except OSError as error:
                raise OSError(error.errno, error.strerror, str(self._part)) from error
            rest, place = rest[written:], place + written
        with self._lock:
            self._done.add(start, place)

    def read(self, start: int, length: int) -> bytes:
        """Bytes that are there, as many as can be had at once. Raises OSError."""
        return os.pread(self._file, length, start)

    def keep(self) -> None:
        """Have all that is there by now count for a later one. Raises OSError."""
        if not self.stays:
            return
        with self._lock:
            done, kept = [list(each) for each in self._done], len(self._done)
        os.fdatasync(self._file)
        self._write_line(done)
        with self._lock:
            self._kept = max(self._kept, kept)

    def _write_line(self, told: object) -> None:
        os.write(self._lines, json.dumps(told, separators=(",", ":")).encode() + b"\n")
        os.fdatasync(self._lines)

    # --- its end ---

    def complete(self) -> None:
        """Give it its name, in place of what had it."""
        if self._path.is_file():
            os.fchmod(self._file, self._path.stat().st_mode & 0o777)
        self._part.replace(self._path)
        if self.stays:
            self._journal.unlink(missing_ok=True)

    def discard(self) -> None:
        """Leave nothing of it."""
        self._part.unlink(missing_ok=True)
        if self.stays:
            self._journal.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self.stays or not self.done:
            self.discard()
        if self.stays:
            os.close(self._lines)
        os.close(self._file)


def remove_abandoned(path: Path) -> None:
    """Remove what nobody has gone on with of a file that is there now, or is fetched anew."""
    part = part_path(path)
    if part.is_file() and (file := _open_locked(part)) is not None:
        with suppress(OSError):
            part.unlink(missing_ok=True)
            _journal_path(path).unlink(missing_ok=True)
        os.close(file)


def _journal_path(path: Path) -> Path:
    part = part_path(path)
    return part.with_name(part.name + ".json")


def _open_locked(part: Path) -> int | None:
    """The part, open and locked; None where somebody else is at it, or has made it."""
    while True:
        try:
            file = os.open(part, _FLAGS, 0o666)
        except OSError:
            return None
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            status = os.fstat(file)
            with suppress(FileNotFoundError):
                if os.path.samestat(status, part.lstat()):
                    if stat.S_ISREG(status.st_mode) and status.st_uid == os.geteuid() and status.st_nlink == 1:
                        return file
                    break
        except OSError:
            break
        # Completed or removed between the two calls, by who had it before.
        os.close(file)
    os.close(file)
    return None


def _read_journal(journal: Path, head: dict[str, object], length: int) -> Stretches | None:
    """What is on the disk of the content that `head` tells of, in a part of so many bytes; None where in doubt."""
    try:
        with os.fdopen(os.open(journal, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW), "rb") as file:
            if os.fstat(file.fileno()).st_uid != os.geteuid():
                return None
            # A line that broke off in a crash says nothing.
            lines = file.read().split(b"\n")[:-1]
        told = json.loads(lines[0])
        if told != head:
            return None
        size = told["size"]
        done = parse_stretches(json.loads(lines[-1]), size) if len(lines) > 1 else Stretches()
    except (OSError, ValueError, IndexError, RecursionError):
        return None
    return done if done is not None and done.end <= length else None
