"""Usage: how much there is of a node and all below it.

Rule: pure, and numbers only; they are counted when they are asked for, so that no sum is kept that could be wrong.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Usage:
    """How much there is."""

    files: int = 0
    folders: int = 0
    size: int = 0
    """Bytes of the current contents."""
    kept: int = 0
    """Bytes of earlier contents that are still kept."""

    @property
    def space(self) -> int:
        """Bytes of all contents."""
        return self.size + self.kept
