"""The port Staging in memory: for tests, and for those of the users of this package.

Rule: it keeps every word of the port, and refuses at its addresses what a medium refuses: another length, other bytes
than were signed, and what comes too late. It forgets all when the process ends.
"""

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count

from filestore.domain.checksum import Digester
from filestore.domain.ingest import require_digests
from filestore.domain.sidecar import Sidecar
from filestore.domain.staging import Staged, parts_of
from filestore.domain.transfer import Promise
from filestore.ports import Backend
from vofiles.contract import HTTP, Endpoint, Header
from vofiles.errors import ContainerNotFound, Incomplete, TicketExpired, TicketUnknown
from vofiles.instant import Instant

PIECE = 1000
"""Bytes read at a time: few, so that tests see several."""


@dataclass(slots=True, eq=False)
class _Upload:
    """A content that is sent in parts."""

    number: str
    parts: dict[int, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Address:
    """What an address is good for."""

    number: str
    part: int
    length: int
    staged: Staged
    promise: Promise
    until: Instant


class MemoryStaging:
    """Staged contents in dictionaries, beside the containers of a back end."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._lock = threading.RLock()
        self._names = count(1)
        self._uploads: dict[str, _Upload] = {}
        self._wholes: dict[str, bytes] = {}
        self._addresses: dict[str, _Address] = {}

    def begin(self, number: str) -> str:
        with self._lock:
            name = f"upload-{next(self._names)}"
            self._uploads[name] = _Upload(number)
        return name

    def endpoints(self, number: str, staged: Staged, promise: Promise, until: Instant) -> tuple[Endpoint, ...]:
        made = []
        for part in parts_of(promise.size or 0, staged.part):
            url = f"memory:{number}/{staged.upload or 'whole'}/{part.number}?until={until}"
            with self._lock:
                self._addresses[url] = _Address(number, part.number, part.length, staged, promise, until)
            made.append(Endpoint(url, HTTP, "PUT", (Header("Content-Length", str(part.length)),)))
        return tuple(made)

    def put(self, url: str, data: bytes, now: Instant) -> None:
        """What a client does with an address. Raises TicketUnknown, TicketExpired, Incomplete, ChecksumMismatch."""
        with self._lock:
            address = self._addresses.get(url)
            if address is None:
                raise TicketUnknown
            if now > address.until:
                raise TicketExpired
            if len(data) != address.length:
                raise Incomplete(url, reason=f"{len(data)} bytes instead of {address.length}")
            if address.staged.upload is None:
                digester = Digester(digest.algorithm for digest in address.promise.digests)
                digester.update(data)
                require_digests(address.promise.digests, digester.digests())
                self._wholes[address.number] = bytes(data)
            elif address.staged.upload not in self._uploads:
                raise TicketUnknown
            else:
                self._uploads[address.staged.upload].parts[address.part] = bytes(data)

    def received(self, number: str, staged: Staged) -> Mapping[int, int]:
        with self._lock:
            if staged.upload is not None:
                upload = self._uploads.get(staged.upload)
                return {} if upload is None else {part: len(data) for part, data in upload.parts.items()}
            return {1: len(self._wholes[number])} if number in self._wholes else {}

    def open(self, number: str, staged: Staged) -> "MemoryWhole":
        with self._lock:
            upload = self._uploads.pop(staged.upload, None) if staged.upload is not None else None
            if upload is not None:
                self._wholes[number] = b"".join(data for _, data in sorted(upload.parts.items()))
            if number not in self._wholes:
                raise ContainerNotFound(number, reason="nothing is staged")
            return MemoryWhole(self, number, self._wholes[number])

    def drop(self, number: str) -> None:
        with self._lock:
            self._wholes.pop(number, None)
            for name in [name for name, upload in self._uploads.items() if upload.number == number]:
                del self._uploads[name]

    def numbers(self) -> Iterator[tuple[str, bool]]:
        with self._lock:
            numbers = {*self._wholes, *(upload.number for upload in self._uploads.values())}
            return iter([(number, number in self._wholes) for number in sorted(numbers)])

    def take(self, number: str, data: bytes, sidecar: Sidecar) -> None:
        """Make bytes a container's."""
        with self._lock:
            writer = self._backend.create(number, len(data))
            writer.write(data)
            writer.seal(sidecar)
            writer.close()


class MemoryWhole:
    """The bytes that were staged when it was opened."""

    def __init__(self, staging: MemoryStaging, number: str, data: bytes) -> None:
        self._staging, self._number, self._data = staging, number, data

    @property
    def size(self) -> int:
        return len(self._data)

    def pieces(self) -> Iterator[bytes]:
        for start in range(0, len(self._data), PIECE):
            yield self._data[start : start + PIECE]

    def take(self, sidecar: Sidecar) -> None:
        self._staging.take(self._number, self._data, sidecar)

    def close(self) -> None:
        """There is nothing to let go of."""
