"""What a local file system knows of a file besides its bytes, as properties, and back.

    posix.mode   0644                            permission bits, octal
    posix.uid    1000     posix.gid    100       numbers of owner and group there
    posix.mtime  2026-11-22T10:15:00.000000Z     when the content last changed there

Rule: what comes back is only ever a mode without set-user-ID, set-group-ID and sticky bits; owner and group are for
root alone to restore, as with tar; a value that is none of these is left out and not guessed at.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from vofiles.errors import InvalidArgument
from vofiles.instant import Instant, parse_instant, to_text

MODE: Final = "posix.mode"
UID: Final = "posix.uid"
GID: Final = "posix.gid"
MTIME: Final = "posix.mtime"

_MODE = re.compile(r"[0-7]{1,6}\Z")
_NUMBER = re.compile(r"[0-9]{1,10}\Z")


def properties_of(path: Path) -> dict[str, str]:
    """What is known of a file or folder here. Raises OSError."""
    known = path.stat()
    return {
        MODE: f"{known.st_mode & 0o7777:04o}",
        UID: str(known.st_uid),
        GID: str(known.st_gid),
        MTIME: to_text(Instant(known.st_mtime_ns // 1000)),
    }


def restore(path: Path, properties: Mapping[str, str]) -> None:
    """Give a file or folder here the mode and time that properties tell, where they do; as root, owner and group too.

    Raises OSError.
    """
    owner, group = (_number(properties.get(key)) for key in (UID, GID))
    if os.geteuid() == 0 and (owner is not None or group is not None):
        os.chown(path, -1 if owner is None else owner, -1 if group is None else group)
    mode = properties.get(MODE, "")
    if _MODE.match(mode):
        path.chmod(int(mode, 8) & 0o777)
    changed = _instant(properties.get(MTIME, ""))
    if changed is not None:
        os.utime(path, ns=(path.stat().st_atime_ns, changed * 1000))


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and _NUMBER.match(text) else None


def _instant(text: str) -> Instant | None:
    try:
        return parse_instant(text)
    except InvalidArgument:
        return None
