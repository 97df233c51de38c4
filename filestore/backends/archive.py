"""A directory that was there before the store, read where it lies.

Rule: read-only. Nothing here creates, changes, locks or removes anything. A file is reached step by step from the
directory, each step opened below the one before and no symbolic link followed, so that no path leads out of it. What is
not as it was adopted is refused before, and again after, bytes of it are read.
"""

import errno
import os
import stat
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from filestore.domain.adopted import Adopted, LeftOut, Seen
from filestore.ports import Reader
from vofiles.adoption import Standing
from vofiles.errors import ContainerNotFound, Damaged, InvalidName, ServiceBusy, SourceUnreachable
from vofiles.names import MAX_DEPTH, parse_name

_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
# A pipe that was put where a file was must not hold us up.
_FILE: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
# No such entry, a file where a folder was, a symbolic link (which is not followed), a socket, a name that was too long.
_GONE: Final = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENXIO, errno.ENAMETOOLONG})
_CROWDED: Final = frozenset({errno.EMFILE, errno.ENFILE})


class DirectoryArchive:
    """The files below one directory."""

    def __init__(self, root: Path, *, hidden: bool = False) -> None:
        """`hidden`: whether names that begin with a dot are files like others."""
        self._root, self._hidden = root, hidden

    def is_there(self) -> bool:
        try:
            os.close(os.open(self._root, _FOLDER))
        except OSError:
            return False
        return True

    def files(self, after: str = "") -> Generator[Seen | LeftOut, None, None]:
        with self._reaching("it"):
            folder = os.open(self._root, _FOLDER)
        yield from self._walk(folder, (), tuple(after.split("/")) if after else ())

    def standing(self, adopted: Adopted) -> str:
        try:
            descriptor = self._open(adopted.path)
        except ContainerNotFound:
            return Standing.VANISHED
        except (SourceUnreachable, ServiceBusy):
            return Standing.UNREACHABLE
        try:
            known = os.fstat(descriptor)
        finally:
            os.close(descriptor)
        return Standing.UNCHANGED if _is_same(known, adopted) else Standing.CHANGED

    def open(self, adopted: Adopted) -> Reader:
        reader = ArchiveReader(self._open(adopted.path), adopted)
        try:
            reader.require_unchanged()
        except BaseException:
            reader.close()
            raise
        return reader

    def _open(self, path: str) -> int:
        """A descriptor of a file. Raises ContainerNotFound, SourceUnreachable, ServiceBusy."""
        *folders, name = _steps(path)
        with self._reaching(path):
            folder = os.open(self._root, _FOLDER)
        try:
            with self._reaching(path, gone=True):
                for step in folders:
                    below = os.open(step, _FOLDER | os.O_NOFOLLOW, dir_fd=folder)
                    os.close(folder)
                    folder = below
                return os.open(name, _FILE, dir_fd=folder)
        finally:
            os.close(folder)

    @contextmanager
    def _reaching(self, path: str, *, gone: bool = False) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if gone and error.errno in _GONE:
                raise ContainerNotFound(f"of {path}", reason=f"the file has gone: {error.strerror}") from error
            if error.errno in _CROWDED:
                raise ServiceBusy("too many files are open") from error
            raise SourceUnreachable("an adopted directory", reason=f"{path}: {error.strerror}") from error

    def _walk(self, folder: int, path: tuple[str, ...], after: tuple[str, ...]) -> Iterator[Seen | LeftOut]:
        """All below an open folder, which is closed at the end, behind `after` in the order of steps."""
        try:
            with os.scandir(folder) as entries:
                names = sorted(entry.name for entry in entries if self._hidden or not entry.name.startswith("."))
            taken: set[str] = set()
            for name in names:
                rest = after[1:] if after and name == after[0] else ()
                reason = _fault(name, path, taken)
                # What is behind us took its name all the same.
                if after and (name < after[0] or (name == after[0] and not rest)):
                    continue
                if reason is not None:
                    yield LeftOut(_shown(path, name), reason)
                else:
                    yield from self._entry(folder, (*path, name), rest)
        except OSError as error:
            yield LeftOut(_shown(path, ""), f"it cannot be read: {error.strerror}")
        finally:
            os.close(folder)

    def _entry(self, folder: int, path: tuple[str, ...], after: tuple[str, ...]) -> Iterator[Seen | LeftOut]:
        try:
            known = os.stat(path[-1], dir_fd=folder, follow_symlinks=False)
            below = None
            if stat.S_ISDIR(known.st_mode):
                below = os.open(path[-1], _FOLDER | os.O_NOFOLLOW, dir_fd=folder)
        except OSError as error:
            yield LeftOut("/".join(path), f"it cannot be read: {error.strerror}")
            return
        if below is not None:
            yield from self._walk(below, path, after)
        elif stat.S_ISREG(known.st_mode):
            mode = stat.S_IMODE(known.st_mode)
            yield Seen("/".join(path), known.st_size, known.st_mtime_ns, mode, known.st_uid, known.st_gid)
        else:
            link = stat.S_ISLNK(known.st_mode)
            yield LeftOut("/".join(path), "it is a symbolic link" if link else "it is neither a file nor a folder")


class ArchiveReader:
    """An adopted file on its way out."""

    def __init__(self, descriptor: int, adopted: Adopted) -> None:
        """`descriptor` is this reader's from now on."""
        self._descriptor: int | None = descriptor
        self._adopted = adopted

    @property
    def size(self) -> int:
        return self._adopted.size

    def pread(self, length: int, offset: int) -> bytes:
        assert self._descriptor is not None
        try:
            data = os.pread(self._descriptor, length, offset)
        except OSError as error:
            raise Damaged(self._adopted.path, reason=f"it cannot be read: {error.strerror}") from error
        self.require_unchanged()
        return data

    def fileno(self) -> int | None:
        return self._descriptor

    def close(self) -> None:
        if self._descriptor is not None:
            descriptor, self._descriptor = self._descriptor, None
            os.close(descriptor)

    def require_unchanged(self) -> None:
        """Refuse a file that is not as it was adopted. Raises Damaged."""
        assert self._descriptor is not None
        if not _is_same(os.fstat(self._descriptor), self._adopted):
            raise Damaged(self._adopted.path, reason="the file was changed after it was adopted")


def _is_same(known: os.stat_result, adopted: Adopted) -> bool:
    return stat.S_ISREG(known.st_mode) and (known.st_size, known.st_mtime_ns) == (adopted.size, adopted.mtime)


def _steps(path: str) -> list[str]:
    """The steps of a path that the catalogue has. Raises ContainerNotFound for what leads anywhere else."""
    steps = path.split("/")
    if not {"", ".", ".."}.isdisjoint(steps) or "\0" in path:
        raise ContainerNotFound(ascii(path[:80]))
    return steps


def _fault(name: str, path: tuple[str, ...], taken: set[str]) -> str | None:
    """Why an entry cannot be a node, None where it can."""
    if len(path) >= MAX_DEPTH:
        return f"a path has at most {MAX_DEPTH} steps"
    try:
        node = parse_name(name)
    except InvalidName as error:
        return error.message
    if node in taken:
        return "another entry beside it has the same name in Unicode's normal form C"
    taken.add(node)
    return None


def _shown(path: tuple[str, ...], name: str) -> str:
    text = "/".join([*path, name]).rstrip("/")
    return text if text.isprintable() else ascii(text)
