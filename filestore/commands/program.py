"""The program `filestore`. Rule: one value, which every command's file uses."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from filestore.config import Config, load
from vofiles.serving.program import Program


@contextmanager
def _hold_folder(settings: Config) -> Iterator[tuple[int, ...]]:
    """The lock of the data folder, while any worker lives. Raises FolderTaken, OSError."""
    from filestore.backends.folder import DataFolder

    folder = DataFolder(settings.data)
    yield (folder.open(),)
    folder.close()


PROGRAM: Final = Program[Config]("filestore", load, lambda settings: settings.database, _hold_folder)
