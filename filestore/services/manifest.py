"""The manifest: all that a store holds, one line of JSON a container, from the sidecars alone.

Rule: it reads the back end and nothing else, so that it can be made when the catalogue is lost, and a tree be rebuilt
from it. What has no sidecar was never complete.
"""

from collections.abc import Iterator

from filestore.ports import Backend


def manifest(backend: Backend) -> Iterator[str]:
    """The lines, in the order of the containers' numbers. Raises StorageFailure."""
    for number in sorted(backend.numbers()):
        sidecar = backend.find_sidecar(number)
        if sidecar is not None:
            yield sidecar.to_json()
