"""Stores as their users see them: the operation of the FileManager that tells.

Rule: what is told is what this FileManager knows of its stores and has put into them.
"""

from dataclasses import dataclass

from vofiles.contract.values import Property
from vofiles.ivorn import Ivorn
from vofiles.shape import many


@dataclass(frozen=True, slots=True)
class StoreReport:
    """A store, how it is, and what the caller has in it."""

    identifier: Ivorn
    state: str
    """ACTIVE, READONLY, DRAINING or OFFLINE."""
    site: str
    storage_class: str
    reachable: bool
    """Whether it has been answering."""
    files: int
    """Contents of the caller's that it holds, earlier ones included."""
    size: int
    """Their bytes."""
    free: int | None = None
    """Bytes it had left when it last said so."""
    properties: tuple[Property, ...] = many("property")


@dataclass(frozen=True, slots=True)
class GetStores:
    """The stores of this service; with an identifier that one alone, or none."""

    identifier: Ivorn | None = None


@dataclass(frozen=True, slots=True)
class GetStoresAnswer:
    stores: tuple[StoreReport, ...] = many("store")
