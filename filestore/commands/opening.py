"""A store's folder as a command has it that serves nobody: the catalogue and the contents, not locked.

Rule: the store may be serving from the same folder, so nothing is swept here and nothing made that is not there.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from filestore.config import Config

if TYPE_CHECKING:
    from filestore.services.store import Store


@contextmanager
def open_store(settings: Config) -> "Iterator[Store]":
    """The store of a configuration, while a block runs. Raises FileNotFoundError where there is none."""
    from filestore.assembly import clock
    from filestore.backends.adopting import AdoptingBackend, archives_of
    from filestore.backends.folder import DataFolder
    from filestore.backends.own import find_own
    from filestore.domain.terms import Terms
    from filestore.domain.ticket import Tickets
    from filestore.persistence.catalogue import open_catalogue
    from filestore.services.store import Store
    from vofiles.instant import SECOND
    from vofiles.ivorn import new_number

    folder = DataFolder(settings.data)
    own = find_own(settings, folder)
    if settings.s3 and settings.database is None and not (folder.path / "catalogue.db").exists():
        raise FileNotFoundError(f"there is no store in {folder.path}")
    catalogue = open_catalogue(settings.database or folder.catalogue_url)
    archives = archives_of(settings.adopted)
    try:
        yield Store(
            identifier=settings.identifier,
            catalogue=catalogue,
            backend=AdoptingBackend(own, archives, catalogue),
            archives=archives,
            clock=clock,
            numbers=new_number,
            terms=Terms(grace=settings.content.grace * SECOND, sha256=settings.content.sha256),
            # No address is made here, so the tickets need not be the store's own.
            tickets=Tickets(secrets.token_bytes(32)),
            urls=lambda token: token,
            wake=lambda: None,
        )
    finally:
        catalogue.close()
