"""Uploads under way from this machine, noted so that a later run goes on with what an earlier one began.

    with journals.held(server, node, source.identity) as journal:
        journal.find()          # what an earlier run has begun, if this is the only one at it
        journal.note(Begun(…))
        journal.forget()        # it has ended

One small file an upload, in `$XDG_STATE_HOME/vofiles/uploads` (`~/.local/state/…` without it), its owner's alone.

Rule: it holds no address and no secret: a transfer is asked for again by its id, as its caller. Whoever has the file
locked is the only one who uses it; others, and whoever cannot write there, work without one. What cannot be read in it
says nothing, and what is older than a week is removed.
"""

import fcntl
import hashlib
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, get_type_hints

from vofiles.ivorn import NodeIdentifier
from vofiles.sources import Identity

LONGEST: Final = 7 * 24 * 3600
"""Seconds that a journal is kept for which nobody comes back."""


def default_folder() -> Path:
    """Where journals are kept."""
    configured = os.environ.get("XDG_STATE_HOME", "")
    # The XDG specification: a path that is not absolute is ignored.
    root = Path(configured) if configured.startswith("/") else Path.home() / ".local" / "state"
    return root / "vofiles" / "uploads"


@dataclass(frozen=True, slots=True)
class Begun:
    """An upload that was begun: the transfer, and all that it was begun with."""

    transfer: str
    path: str
    size: int
    modified: int
    inode: int
    content_type: str | None = None
    store: str | None = None
    if_version: int | None = None


class Journal:
    """What is noted of one upload; of one that nobody can note, nothing."""

    def __init__(self, file: int | None = None, path: Path | None = None) -> None:
        """`file` is open and locked."""
        self._file, self._path = file, path

    @property
    def is_kept(self) -> bool:
        """Whether what is noted is there for a later run."""
        return self._file is not None

    def find(self) -> Begun | None:
        """What was noted, if it can be read."""
        if self._file is None:
            return None
        with suppress(OSError, ValueError, TypeError, RecursionError):
            told = json.loads(os.pread(self._file, 1 << 16, 0))
            if isinstance(told, dict) and all(
                isinstance(told.get(name), kind) for name, kind in get_type_hints(Begun).items()
            ):
                return Begun(**told)
        return None

    def note(self, begun: Begun) -> None:
        """Note an upload, in place of what was."""
        if self._file is None:
            return
        try:
            os.ftruncate(self._file, 0)
            os.pwrite(self._file, json.dumps(asdict(begun)).encode(), 0)
            os.fsync(self._file)
        except OSError:
            # No room there: the upload goes its way all the same.
            self.forget()

    def forget(self) -> None:
        """Note nothing any more: it has ended."""
        if self._file is not None:
            with suppress(OSError):
                os.ftruncate(self._file, 0)

    def close(self) -> None:
        """Let others have it; one that says nothing is not left behind."""
        if self._file is None or self._path is None:
            return
        if self.find() is None:
            with suppress(OSError):
                self._path.unlink(missing_ok=True)
        os.close(self._file)
        self._file = self._path = None


@contextmanager
def held(
    server: str, node: NodeIdentifier, identity: Identity | None, folder: Path | None = None, *, create: bool = True
) -> Iterator[Journal]:
    """The journal of a file's upload to a node, this program's alone as long as the block runs. Without `create` only
    one that an earlier run has left is kept.
    """
    journal = _open(folder or default_folder(), server, node, identity, create=create) if identity else None
    journal = journal or Journal()
    try:
        yield journal
    finally:
        journal.close()


def _open(folder: Path, server: str, node: NodeIdentifier, identity: Identity, *, create: bool) -> Journal | None:
    key = hashlib.sha256("\0".join((server, str(node), identity.path)).encode("utf-8", "surrogateescape"))
    path = folder / f"{key.hexdigest()[:32]}.json"
    try:
        if create:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _sweep(folder)
        file = _lock(path, os.O_CREAT if create else 0)
    except OSError:
        return None
    return Journal(file, path) if file is not None else None


def _lock(path: Path, flags: int = 0) -> int | None:
    """The file, open and locked; None where another one has it. Raises OSError."""
    file = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW | flags, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Removed between the two calls by who had it before: then it is nobody's journal any more.
        if os.path.samestat(os.fstat(file), path.stat()):
            return file
    except OSError:
        pass
    os.close(file)
    return None


def _sweep(folder: Path) -> None:
    """Remove what nobody has come back for."""
    before = time.time() - LONGEST
    for path in folder.glob("*.json"):
        with suppress(OSError):
            if path.stat().st_mtime < before and (file := _lock(path)) is not None:
                path.unlink()
                os.close(file)
