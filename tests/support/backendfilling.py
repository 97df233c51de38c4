"""Contents put into a back end, and read from it again, by its port alone.

Rule: nothing but the port is used, so that it is good for every back end.
"""

from filestore.ports import Backend
from tests.support.filestore_core import sidecar_of_bytes

DATA = bytes(range(256)) * 20


def fill(backend: Backend, number: str, data: bytes = DATA, *, size: int | None = None) -> None:
    writer = backend.create(number, size)
    for start in range(0, len(data), 1000):
        writer.write(data[start : start + 1000])
    writer.seal(sidecar_of_bytes(number, data))
    writer.close()


def content(backend: Backend, number: str) -> bytes:
    reader = backend.open(number)
    try:
        return reader.pread(reader.size, 0)
    finally:
        reader.close()
