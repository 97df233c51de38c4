"""Where a store's own bytes are, as its configuration says: in its folder, or in a bucket.

Rule: what only S3 needs is imported where there is one.
"""

from collections.abc import Callable
from dataclasses import replace

from filestore.backends.disk import DiskBackend
from filestore.backends.files import Files
from filestore.backends.folder import DataFolder
from filestore.backends.pack import open_pack
from filestore.backends.packed import PackedBackend
from filestore.config import Config
from filestore.ports import Backend, Clock, SmallContents, Staging
from vofiles.contract import Durability


def open_own(
    settings: Config, folder: DataFolder, files: Files | None, to_close: Callable[[Callable[[], None]], None]
) -> Backend:
    """For a store that is to serve; `to_close` is told what is to be called at its end.

    Raises ConfigurationError for a bucket that cannot be used, StorageFailure.
    """
    if settings.s3 is None:
        large = DiskBackend(folder.contents, files)
        pack = open_pack(folder.small, durable=settings.content.durability == Durability.DISK)
        to_close(pack.close)
        return PackedBackend(pack, large)
    from filestore.backends.s3start import open_bucket

    backend = open_bucket(settings.s3)
    to_close(backend.close)
    return backend


def find_together(own: Backend) -> SmallContents | None:
    """Where small contents become durable together, if its own bytes are kept so."""
    return own if isinstance(own, PackedBackend) else None


def find_staging(settings: Config, own: Backend, clock: Clock) -> Staging | None:
    """Where clients can send past the store, if its own bytes are where they can reach them."""
    if settings.s3 is None:
        return None
    from filestore.backends.s3 import S3Backend
    from filestore.backends.s3client import connect
    from filestore.backends.s3direct import S3Staging

    assert isinstance(own, S3Backend)
    public, client = settings.s3.public_endpoint, own.bucket.client
    if public is not None and public != settings.s3.endpoint:
        # It only signs, and never connects.
        client = connect(replace(settings.s3, endpoint=public))
    return S3Staging(own, client, clock)


def find_own(settings: Config, folder: DataFolder) -> Backend:
    """For a command, which makes nothing that is not there. Raises FileNotFoundError, ConfigurationError."""
    if settings.s3 is None:
        if not folder.contents.is_dir():
            raise FileNotFoundError(f"there is no store in {folder.path}")
        large = DiskBackend(folder.contents)
        return PackedBackend(open_pack(folder.small), large) if folder.small.exists() else large
    from filestore.backends.s3 import S3Backend
    from filestore.backends.s3client import connect

    return S3Backend(connect(settings.s3), settings.s3)
