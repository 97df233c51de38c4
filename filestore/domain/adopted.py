"""An adopted file: a container whose bytes lie where others put them, in a directory that the store only reads.

Rule: pure; a container's number follows from what was adopted, so that who adopts the same files anew, because the
catalogue was lost, has the same containers, and every tree that knows them is right again.
"""

from base64 import b32encode
from dataclasses import dataclass
from hashlib import sha256

from vofiles.adoption import DIRECTORY, REPLACES, STANDING
from vofiles.contract import Property
from vofiles.instant import Instant, to_text
from vofiles.ivorn import Ivorn


@dataclass(frozen=True, slots=True)
class Seen:
    """A file as it stands in its directory."""

    path: str
    """From the directory, its steps parted by `/`, as they are written there."""
    size: int
    """Bytes."""
    mtime: int
    """When it last changed, in nanoseconds."""
    mode: int
    """Permission bits."""
    uid: int
    gid: int

    @property
    def properties(self) -> tuple[Property, ...]:
        """What is known of it besides its bytes."""
        return (
            Property("posix.mode", f"{self.mode:04o}"),
            Property("posix.uid", str(self.uid)),
            Property("posix.gid", str(self.gid)),
            Property("posix.mtime", to_text(Instant(self.mtime // 1000))),
        )


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What lies in a directory and cannot be adopted."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Adopted:
    """Where an adopted container's bytes are, and how they stood then."""

    number: str
    """Of the container."""
    directory: str
    """The name of the directory in the configuration."""
    path: str
    size: int
    mtime: int
    """Nanoseconds."""
    properties: tuple[Property, ...] = ()
    replaces: str | None = None
    """The number of the container that the same path was adopted as before."""
    forgotten: bool = False
    """Whether the container has been deleted, which the file never is."""

    def is_of(self, seen: Seen) -> bool:
        """Whether a file still stands as it was adopted."""
        return (self.path, self.size, self.mtime) == (seen.path, seen.size, seen.mtime)

    def described(self, store: Ivorn, standing: str) -> tuple[Property, ...]:
        """What a FileManager is told of it besides size and digests."""
        replaced = (Property(REPLACES, str(store.with_fragment(self.replaces))),) if self.replaces else ()
        return (Property(DIRECTORY, self.directory), Property(STANDING, standing), *replaced, *self.properties)


def adopted_number(store: Ivorn, directory: str, seen: Seen, turn: int) -> str:
    """The number of the container for a file: 128 bits in lower-case base32; `turn` counts the containers that the
    path was adopted as before.
    """
    told = "\0".join([str(store), directory, seen.path, str(seen.size), str(seen.mtime), str(turn)])
    mark = sha256(told.encode("utf-8")).digest()[:16]
    return b32encode(mark).decode("ascii").rstrip("=").lower()
