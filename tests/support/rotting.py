"""Rot: what happens to bytes that nobody touches, on either back end, and a scrub that is run by hand.

rot(core, container)                 one bit of it is another one
rewrite(server, container, changed)  the same, and worse, in a store that serves
scrubbed(core)                       the kinds and numbers of what a scrub of everything finds
"""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from filestore.assembly import FileStore
from filestore.backends.disk import DiskBackend
from filestore.backends.memory import MemoryBackend
from filestore.services.pace import Pace
from filestore.services.scrub import Scrub
from filestore.services.store import Store
from tests.support.filestore_core import Core
from vofiles.ivorn import Ivorn


@dataclass
class HandTime:
    """Seconds that pass by waiting alone."""

    seconds: float = 1000.0
    waits: list[float] = field(default_factory=list)
    over: bool = False
    """Whether a wait is told that all is over."""
    on_wait: Callable[[], object] = lambda: None
    """Called at each wait."""

    def elapsed(self) -> float:
        return self.seconds

    def wait(self, seconds: float) -> bool:
        self.waits.append(seconds)
        self.seconds += seconds
        self.on_wait()
        return self.over


def scrub_of(store: Store, rate: int = 0, time: HandTime | None = None) -> Scrub:
    """A scrub at a pace, by a time of its own."""
    time = time or HandTime()
    return Scrub(store, Pace(rate, time.elapsed, time.wait))


def scrubbed(core: Core) -> list[tuple[str, str]]:
    """What a scrub of everything finds: kinds and container numbers."""
    found = [finding for page in scrub_of(core.store).steps() for finding in page.findings]
    return [(finding.kind, finding.subject.partition("#")[2]) for finding in found]


def path_of(core: Core, number: str) -> Path:
    """The file of a container on a disk."""
    backend = core.store.backend
    assert isinstance(backend, DiskBackend)
    return backend._root / number[:2] / number


def change(core: Core, container: Ivorn, changed: Callable[[bytes], bytes]) -> None:
    """Have a container hold other bytes, behind its store's back."""
    backend, number = core.store.backend, container.fragment
    if isinstance(backend, MemoryBackend):
        kept = backend._kept[number]
        kept.data = bytearray(changed(bytes(kept.data)))
    else:
        path = path_of(core, number)
        path.write_bytes(changed(path.read_bytes()))


def rewrite(server: FileStore, container: Ivorn, changed: Callable[[bytes], bytes]) -> None:
    """Change a content behind a store's back: in its file, or in its row where short ones are."""
    folder, number = server.folder, container.fragment
    path = folder.contents / number[:2] / number
    if path.exists():
        path.write_bytes(changed(path.read_bytes()))
        return
    with closing(sqlite3.connect(folder.path / "small.db")) as pack:
        (content,) = pack.execute("SELECT content FROM small WHERE number = ?", (number,)).fetchone()
        pack.execute("UPDATE small SET content = ? WHERE number = ?", (changed(content), number))
        pack.commit()


def flipped(data: bytes) -> bytes:
    """The bytes with one bit another, in the middle."""
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]


def rot(core: Core, container: Ivorn) -> None:
    """Have one bit of a container be another one."""
    change(core, container, flipped)
