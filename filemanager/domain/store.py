"""Stores: the services that hold bytes, as this FileManager knows them.

Rule: pure; whether a store may be given new content is asked here alone.
"""

from dataclasses import dataclass
from typing import Final

from vofiles.ivorn import Ivorn


class StoreClass:
    """How soon a store's bytes can be had."""

    ONLINE: Final = "ONLINE"
    NEARLINE: Final = "NEARLINE"


class StoreState:
    """What a store is used for."""

    ACTIVE: Final = "ACTIVE"
    READONLY: Final = "READONLY"
    DRAINING: Final = "DRAINING"
    OFFLINE: Final = "OFFLINE"


STATES: Final = frozenset({StoreState.ACTIVE, StoreState.READONLY, StoreState.DRAINING, StoreState.OFFLINE})
CLASSES: Final = frozenset({StoreClass.ONLINE, StoreClass.NEARLINE})


@dataclass(frozen=True, slots=True)
class Store:
    """A file store."""

    identifier: Ivorn
    address: str
    """URL of its SOAP service, from the configuration."""
    site: str = ""
    storage_class: str = StoreClass.ONLINE
    state: str = StoreState.ACTIVE
    capabilities: tuple[str, ...] = ()
    free: int | None = None
    """Bytes it had left when it last said so; None if it never did."""
    reachable: bool = True
    """Whether it answered when it was last asked how it is."""
    writable: bool = True
    """Whether it said then that it takes content: a store whose disk has failed does not."""

    def refusal(self, size: int | None) -> str:
        """Why it takes no new content of `size` bytes (None: not known); empty if it does."""
        if self.state != StoreState.ACTIVE:
            return f"it is {self.state}"
        if not self.writable:
            return "it says that it takes none"
        if self.free is not None and self.free < max(size or 0, 1):
            return f"it has {self.free} bytes left"
        return ""


@dataclass(frozen=True, slots=True)
class Held:
    """How much of somebody's is in a store."""

    contents: int = 0
    """Content versions, earlier ones included."""
    size: int = 0
    """Their bytes."""
