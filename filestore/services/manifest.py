"""The manifest: all that a store holds, one line of JSON a container, from the sidecars alone.

Rule: it reads the back end and nothing else, so that it can be made when the catalogue is lost, and a tree be rebuilt
from it. What has no sidecar was never complete.
"""

from collections.abc import Iterator

from filestore.domain.sidecar import sidecar_of
from filestore.ports import Backend
from filestore.services.store import Store
from vofiles.adoption import is_adopted
from vofiles.contract import ContainerState

PAGE = 1000
"""Containers looked at at once."""


def manifest(backend: Backend) -> Iterator[str]:
    """The lines, in the order of the containers' numbers. Raises StorageFailure."""
    for number in sorted(backend.numbers()):
        sidecar = backend.find_sidecar(number)
        if sidecar is not None:
            yield sidecar.to_json()


def manifest_of_adopted(store: Store) -> Iterator[str]:
    """The lines of what is adopted, which has no sidecars: the catalogue alone knows of it, and where that is lost the
    files are adopted anew. Raises ServiceBusy.
    """
    after = ""
    while page := store.catalogue.read(lambda records, after=after: records.list_all(after, PAGE)):  # type: ignore[misc]
        for row in page:
            if row.state == ContainerState.COMPLETE and row.content is not None and is_adopted(row.transfer):
                yield sidecar_of(store.identifier, row, row.content, row.changed).to_json()
        after = page[-1].number
