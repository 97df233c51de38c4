"""A directory of others' files and a store that adopts them, for tests.

with adopting_core(tmp_path) as core:
    (tmp_path / "archive" / "a.fits").write_bytes(…)
    adopted(core)                                # filestore adopt
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from filestore.backends.adopting import AdoptingBackend, archives_of
from filestore.backends.disk import DiskBackend
from filestore.config import AdoptedDirectory
from filestore.domain.terms import Terms
from filestore.persistence.catalogue import open_catalogue
from filestore.services.adoption import Manner, adopt
from tests.support.filestore_core import DAVE, MANAGER, Core, make_core
from vofiles.findings import Report
from vofiles.ivorn import Ivorn
from vofiles.names import parse_name

NAME = "archive"


@contextmanager
def adopting_core(folder: Path, *, terms: Terms | None = None, hidden: bool = False) -> Iterator[Core]:
    """A store over SQLite and files, beside a directory `archive` of others' files."""
    (folder / NAME).mkdir(exist_ok=True)
    catalogue = open_catalogue(f"sqlite:///{folder / 'catalogue.db'}")
    archives = archives_of([directory(folder, hidden=hidden)])
    backend = AdoptingBackend(DiskBackend(folder / "containers"), archives, catalogue)
    core = make_core(catalogue, backend, terms=terms)
    core.store = replace(core.store, archives=archives)
    core.store.catalogue.write(lambda records: records.born(core.clock.now))
    try:
        yield core
    finally:
        catalogue.close()


def directory(folder: Path, *, hidden: bool = False, owner: Ivorn = DAVE) -> AdoptedDirectory:
    """What the configuration says of the directory."""
    return AdoptedDirectory(NAME, folder / NAME, MANAGER, owner, (parse_name("data"),), hidden)


def adopted(core: Core, folder: Path, manner: Manner | None = None, *, hidden: bool = False) -> Report:
    """What `filestore adopt` reports."""
    return Report("store").add(adopt(core.store, directory(folder, hidden=hidden), manner or Manner()))
