"""Where fetched bytes go: a file on disk that appears only when it is whole, or anything open for writing.

Rule: a name on disk never shows a part of a content; what was begun and not completed is removed.
"""

import os
import secrets
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Protocol, Self

from vofiles.errors import Incomplete


class Target(Protocol):
    """A place for bytes, as a context: leaving it without `complete` leaves nothing."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def write(self, block: bytes, /) -> object: ...

    def restart(self) -> None: ...

    def complete(self) -> None: ...


class NewFile:
    """A file on disk under a passing name beside the final one."""

    def __init__(self, path: Path) -> None:
        self.path = path
        # Beside it, so that the rename stays in one file system; hidden, and never so long that it does not fit.
        self._passing = path.with_name(f".vofiles-{secrets.token_hex(8)}.part")

    def __enter__(self) -> Self:
        # The mode that any new file gets here, by the umask; a file that is replaced keeps its own (see complete).
        self._file = os.fdopen(os.open(self._passing, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666), "wb")
        return self

    def write(self, block: bytes, /) -> object:
        return self._file.write(block)

    def restart(self) -> None:
        self._file.seek(0)
        self._file.truncate()

    def complete(self) -> None:
        """Give it its name, in place of what had it."""
        self._file.close()
        if self.path.is_file():
            self._passing.chmod(self.path.stat().st_mode & 0o777)
        self._passing.replace(self.path)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
        self._passing.unlink(missing_ok=True)


class OpenFile:
    """A file that the caller opened for writing bytes; it stays the caller's."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._start = stream.tell() if stream.seekable() else None
        self._written = False

    def __enter__(self) -> Self:
        return self

    def write(self, block: bytes, /) -> object:
        self._written = True
        return self._stream.write(block)

    def restart(self) -> None:
        if self._start is not None:
            self._stream.seek(self._start)
            self._stream.truncate()
        elif self._written:
            raise Incomplete("the output", reason="its beginning was of another content, and it cannot be rewound")

    def complete(self) -> None:
        self._stream.flush()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None
