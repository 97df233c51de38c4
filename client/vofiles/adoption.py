"""What stores and FileManagers agree on about files that a store has adopted: bytes that lie where others put them.

Rule: pure; the only place where these words stand. An adopted container is told from others by the transfer that it
names as its maker, which there never was.
"""

from collections.abc import Mapping
from typing import Final

PREFIX: Final = "adopted-"
"""What the transfer of an adopted container begins with; the container's number follows."""

STANDING: Final = "adopted.standing"
"""Property of an adopted container: how the file stands now, one of `Standing`."""
DIRECTORY: Final = "adopted.directory"
"""Property of an adopted container: the name of the directory it was found in."""
REPLACES: Final = "adopted.replaces"
"""Property of an adopted container: the number of the one that the same path was adopted as before."""


class Standing:
    """How a file stands that was adopted."""

    UNCHANGED: Final = "UNCHANGED"
    CHANGED: Final = "CHANGED"
    """Its size or the time of its last change is another one; the bytes that were adopted are no more."""
    VANISHED: Final = "VANISHED"
    UNREACHABLE: Final = "UNREACHABLE"
    """Its directory is not there, or cannot be read: nothing can be said of the file."""


def transfer_of(number: str) -> str:
    """What stands in the place of the transfer that made an adopted container."""
    return PREFIX + number


def is_adopted(transfer: str) -> bool:
    """Whether the container that names this transfer is an adopted one."""
    return transfer.startswith(PREFIX)


def standing_of(properties: Mapping[str, str]) -> str:
    """How a container's file stands, by the container's properties; UNCHANGED where nothing is said."""
    return properties.get(STANDING, Standing.UNCHANGED)
