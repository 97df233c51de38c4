"""Files of a store that is told not to wait for its disk (`durability = "memory"`).

Rule: everything is done as on a disk that is synced, in the same order, and only the syncing is left out: what was
written is in the system's memory and survives the end of this process, not of the machine. What is missing or torn
after that is found by its size and its digests, like any other damage.
"""

from pathlib import Path

from filestore.backends.files import SystemFiles


class UnsyncedFiles(SystemFiles):
    """The file system of this machine, which writes things down when it likes."""

    def write_directly(self, descriptor: int) -> bool:  # noqa: ARG002 - the port's signature
        """Memory is where it is to be written."""
        return False

    def sync(self, descriptor: int) -> None:
        """Nothing is asked of the disk."""

    def sync_directory(self, path: Path) -> None:
        """Nothing is asked of the disk."""
