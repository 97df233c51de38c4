"""The folder that a store keeps everything in: one process at a time, or one parent's workers; its secret made once.

    <data>/lock            held while a store serves from here
    <data>/ticket.key      the secret of its tickets, made at the first start, for its owner's eyes only
    <data>/catalogue.db    the catalogue, where the configuration names no database for it
    <data>/contents/       the contents
    <data>/small.db        the small ones among them

Rule: nothing here knows what is in the catalogue or in the contents.
"""

import fcntl
import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Final

SECRET_BYTES: Final = 32


class FolderTaken(Exception):
    """Another process serves from this folder; the message names it."""


class DataFolder:
    """A store's folder, made where it is not there, locked from `open` to `close`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.catalogue_url = f"sqlite:///{path / 'catalogue.db'}"
        self.contents = path / "contents"
        self.small = path / "small.db"
        self._lock: int | None = None

    def open(self) -> int:
        """Make and lock it; answers the descriptor of the lock, which a child may inherit: then it is held until the
        last of them has ended. Raises FolderTaken, OSError.
        """
        _make(self.path, 0o700)
        lock = os.open(self.path / "lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(lock)
            if isinstance(error, BlockingIOError):
                raise FolderTaken(f"another process serves the store in {self.path}") from error
            raise
        self._lock = lock
        return lock

    def close(self) -> None:
        """Let others have it. Closing twice is no error."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def ticket_secret(self) -> bytes:
        """The secret of this store's tickets; while it is open. Raises OSError, ValueError for a damaged one."""
        path = self.path / "ticket.key"
        try:
            secret = path.read_bytes()
        except FileNotFoundError:
            return self._make_secret(path)
        if len(secret) != SECRET_BYTES:
            raise ValueError(f"{path} is damaged: restore it, or remove it, which ends all open tickets")
        return secret

    def _make_secret(self, path: Path) -> bytes:
        secret = secrets.token_bytes(SECRET_BYTES)
        fresh = path.with_name("ticket.key.new")
        fresh.unlink(missing_ok=True)
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(secret)
            file.flush()
            os.fsync(file.fileno())
        # A tear between these leaves the old state or the new one; tickets made with either survive power loss.
        fresh.rename(path)
        _sync(self.path)
        return secret


def _make(path: Path, mode: int) -> None:
    """Make a directory, and those above it, and have them survive power loss; one that is there is synced too, because
    who made it may have been killed before that.
    """
    if not path.parent.is_dir():
        _make(path.parent, 0o777)
    path.mkdir(mode=mode, exist_ok=True)
    # What may not be read was not made by us.
    with suppress(PermissionError):
        _sync(path.parent)


def _sync(folder: Path) -> None:
    """Make a directory's entries durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
