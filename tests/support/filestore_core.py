"""A file store without its network side, for tests: over any catalogue and back end, with a clock that is set by hand.

core = make_core(MemoryCatalogue(), MemoryBackend())
offer = core.offer(size=3)                    # as the FileManager
core.put(core.token(offer), b"abc")           # as the one who has the ticket
"""

import itertools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from filestore.backends.disk import DiskBackend
from filestore.backends.files import Files
from filestore.domain.checksum import Digester
from filestore.domain.container import Content
from filestore.domain.sidecar import Sidecar
from filestore.domain.terms import Terms
from filestore.domain.ticket import Tickets
from filestore.domain.transfer import Remote
from filestore.persistence.catalogue import open_catalogue
from filestore.ports import Backend, Body, Catalogue, Halt, Incoming, Word
from filestore.services import imports
from filestore.services.appends import begin_append
from filestore.services.exports import begin_export
from filestore.services.imports import Sent, begin_import
from filestore.services.store import Store
from filestore.services.uploads import Stored
from tests.support.downloads import open_download
from vofiles.contract import (
    Digest,
    StoreAppendInit,
    StoreExportInit,
    StoreImportInit,
    Transfer,
    TransferCompleted,
    TransferFailed,
)
from vofiles.errors import AddressRefused, Incomplete, SourceUnreachable, VofilesError
from vofiles.instant import SECOND, Instant
from vofiles.ivorn import Ivorn, LongIdentifier

STORE = Ivorn.parse("ivo://star.le.ac.uk/filestore")
MANAGER = Ivorn.parse("ivo://ast.cam.ac.uk/filemanager")
OTHER_MANAGER = Ivorn.parse("ivo://roe.ac.uk/filemanager")
DAVE = Ivorn.parse("ivo://ast.cam.ac.uk/dave")
NODE = LongIdentifier.parse("ivo://ast.cam.ac.uk/filemanager#1234-5678/solar-project/query-7.vot")
ADDRESS = "http://127.0.0.1:9/content/"
START = Instant(1_800_000_000 * SECOND)


@dataclass
class HandClock:
    """A clock that stands still until it is moved."""

    now: Instant = START

    def __call__(self) -> Instant:
        return self.now

    def move(self, microseconds: int) -> None:
        self.now = Instant(self.now + microseconds)


@dataclass
class Core:
    """A store, and the two who use it."""

    store: Store
    clock: HandClock
    wakes: list[Instant] = field(default_factory=list)
    ids: Iterator[int] = field(default_factory=itertools.count)

    def request(
        self,
        transfer: str | None = None,
        *,
        size: int | None = None,
        maximum_size: int | None = None,
        content_type: str | None = None,
        digests: tuple[Digest, ...] = (),
    ) -> StoreImportInit:
        name = transfer or f"import-{next(self.ids)}"
        return StoreImportInit(name, MANAGER, NODE, DAVE, size, maximum_size, content_type, digests)

    def offer(
        self,
        transfer: str | None = None,
        *,
        size: int | None = None,
        maximum_size: int | None = None,
        content_type: str | None = None,
        digests: tuple[Digest, ...] = (),
    ) -> Transfer:
        """What the FileManager gets when it asks for a place to import to."""
        request = self.request(
            transfer, size=size, maximum_size=maximum_size, content_type=content_type, digests=digests
        )
        return begin_import(self.store, MANAGER, request).transfer

    def append(
        self, container: Ivorn, transfer: str | None = None, *, size: int | None = None, maximum_size: int | None = None
    ) -> Transfer:
        """What the FileManager gets when it asks for a place to add to a container."""
        name = transfer or f"append-{next(self.ids)}"
        request = StoreAppendInit(name, MANAGER, container, NODE, DAVE, size, maximum_size)
        return begin_append(self.store, MANAGER, request).transfer

    def token(self, offer: Transfer) -> str:
        """The ticket in an offer."""
        (endpoint,) = offer.endpoints
        assert endpoint.url.startswith(ADDRESS)
        return endpoint.url.removeprefix(ADDRESS)

    def put(self, token: str, data: bytes, piece: int = 1000, sent: Sent | None = None) -> Stored:
        """PUT bytes; as a data plane does it, whatever fails before the end is aborted."""
        upload = imports.open_upload(self.store, token, sent or Sent(len(data)))
        try:
            for start in range(0, len(data), piece):
                upload.write(data[start : start + piece])
        except BaseException:
            upload.abort()
            raise
        return upload.complete()

    def stored(self, data: bytes, content_type: str | None = None) -> Stored:
        """A container with bytes."""
        return self.put(self.token(self.offer(content_type=content_type)), data)

    def get(self, container: Ivorn) -> bytes:
        """GET a container's bytes by a ticket."""
        request = StoreExportInit(f"export-{next(self.ids)}", MANAGER, container)
        with open_download(self.store, self.token(begin_export(self.store, MANAGER, request).transfer)) as download:
            return download.reader.pread(download.size + 1, 0)

    def transfer(self, name: str) -> Transfer:
        """A transfer as its FileManager sees it."""
        found = self.store.catalogue.read(lambda records: records.find_transfer(name))
        assert found is not None
        return self.store.transfer_as_it_stands(found)

    def container_state(self, container: Ivorn) -> str | None:
        found = self.store.catalogue.read(lambda records: records.find_container(container.fragment))
        return found.state if found else None

    def restarted(self, backend: Backend | None = None) -> "Core":
        """The same catalogue and bytes under a new process: nothing of what was in memory is left."""
        return make_core(
            self.store.catalogue, backend or self.store.backend, terms=self.store.terms, clock=self.clock, ids=self.ids
        )


def make_core(
    catalogue: Catalogue,
    backend: Backend,
    *,
    terms: Terms | None = None,
    clock: HandClock | None = None,
    ids: Iterator[int] | None = None,
) -> Core:
    """A store over a catalogue and a back end."""
    hand, wakes = clock or HandClock(), list[Instant]()
    store = Store(
        STORE,
        catalogue,
        backend,
        hand,
        _numbers,
        terms or Terms(reserve=0),
        Tickets(b"a secret of at least 32 bytes, so"),
        lambda token: ADDRESS + token,
        lambda: wakes.append(hand.now),
    )
    return Core(store, hand, wakes, ids or itertools.count(1))


_COUNTER = itertools.count(1)


def _numbers() -> str:
    """Numbers that look like ours and are different each time."""
    letters, value = "", next(_COUNTER)
    for _ in range(26):
        value, digit = divmod(value, 32)
        letters += "abcdefghijklmnopqrstuvwxyz234567"[digit]
    return letters


@contextmanager
def disk_core(folder: Path, *, terms: Terms | None = None, files: Files | None = None) -> Iterator[Core]:
    """A store over SQLite and files in a folder, as it is run."""
    catalogue = open_catalogue(f"sqlite:///{folder / 'catalogue.db'}")
    try:
        yield make_core(catalogue, DiskBackend(folder / "containers", files), terms=terms)
    finally:
        catalogue.close()


@dataclass
class MemoryIncoming:
    """A body that a fetch answers."""

    data: bytes
    length: int | None
    content_type: str | None
    on_piece: Callable[[int], None]

    def chunks(self) -> Iterator[bytes]:
        for number, start in enumerate(range(0, len(self.data), 100)):
            self.on_piece(number)
            yield self.data[start : start + 100]
        if self.length is not None and len(self.data) < self.length:
            raise Incomplete("the source", reason="it ended too early")


@dataclass
class MemoryWeb:
    """The port Outbound over a dictionary: addresses that can be fetched from and sent to."""

    pages: dict[str, bytes] = field(default_factory=dict)
    lengths: dict[str, int] = field(default_factory=dict)
    """What a source claims, where it lies about it."""
    on_piece: Callable[[int], None] = lambda number: None
    """Called before each piece with its number."""
    offered: Callable[[Remote], bytes | None] = lambda remote: None
    """The bytes that another store offers there, where it does."""

    def require_allowed(self, remote: Remote) -> None:
        if not remote.url.startswith("http://"):
            raise AddressRefused(remote.url)

    @contextmanager
    def fetch(self, remote: Remote, halt: Halt) -> Iterator[Incoming]:
        data = self.offered(remote) if remote.source is not None else None
        data = self.pages.get(remote.url) if data is None else data
        if data is None:
            raise SourceUnreachable(remote.url, reason="404")
        yield MemoryIncoming(data, self.lengths.get(remote.url, len(data)), "image/fits", self.on_piece)

    def push(self, remote: Remote, body: Body, halt: Halt) -> None:
        received = b""
        for number, piece in enumerate(body.chunks()):
            self.on_piece(number)
            received += piece
        self.pages[remote.url] = received


@dataclass
class MemorySender:
    """The port CallbackSender over a list."""

    sent: list[tuple[Ivorn, TransferCompleted | TransferFailed]] = field(default_factory=list)
    error: VofilesError | None = None
    """Raised instead of sending, while set."""

    def send(self, manager: Ivorn, words: Sequence[Word]) -> Iterator[list[tuple[int, VofilesError | None]]]:
        if self.error is not None:
            raise self.error
        for place, word in enumerate(words):
            self.sent.append((manager, word.message))
            yield [(place, None)]


def sidecar_of_bytes(number: str, data: bytes) -> Sidecar:
    """A sidecar that is true of some bytes."""

    digester = Digester(["xxh3-128", "sha-256"])
    digester.update(data)
    content = Content(len(data), digester.digests(), "text/plain")
    return Sidecar(STORE.with_fragment(number), MANAGER, NODE, DAVE, "import-1", START, START, content)
