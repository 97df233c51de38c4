"""Files of the tree as Python's own file objects.

Rule: both ways by way of a nameless file on the local disk, so that a reader sees verified bytes only and may seek, and
a writer that fails half-way has written nothing.
"""

import io
import tempfile
from collections.abc import Callable
from types import TracebackType
from typing import IO, TYPE_CHECKING, BinaryIO, cast

if TYPE_CHECKING:
    from typing_extensions import Buffer


def open_reader(fetch: Callable[[BinaryIO], object]) -> BinaryIO:
    """What `fetch` writes, as a file open for reading at its start."""
    file = cast("BinaryIO", tempfile.TemporaryFile(prefix="vofiles-"))  # noqa: SIM115 (it is what is returned)
    try:
        fetch(file)
        file.seek(0)
    except BaseException:
        file.close()
        raise
    return file


class Writer(io.BufferedIOBase):
    """A file open for writing, put when it is closed; not put when its `with` block fails."""

    def __init__(self, put: Callable[[BinaryIO], object]) -> None:
        super().__init__()
        self._put = put
        self._file: IO[bytes] = tempfile.TemporaryFile(prefix="vofiles-")  # noqa: SIM115 (closed with self)

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def write(self, block: "Buffer", /) -> int:
        return self._file.write(block)

    def seek(self, offset: int, whence: int = 0, /) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def truncate(self, size: int | None = None, /) -> int:
        return self._file.truncate(size)

    def close(self) -> None:
        """Put what was written. Raises VofilesError, OSError."""
        if self.closed:
            return
        try:
            self._file.seek(0)
            self._put(cast("BinaryIO", self._file))
        finally:
            self._discard()

    def _discard(self) -> None:
        self._file.close()
        super().close()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        else:
            self._discard()

    def __del__(self) -> None:
        # Never closed: nobody said that it was whole, so it is not put.
        self._file.close()
