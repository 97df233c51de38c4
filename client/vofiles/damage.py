"""What stores tell their FileManagers of containers whose bytes are not what came.

Rule: pure; the only place where these words stand. A damaged container is COMPLETE and has properties that say so; a
store's status says how many there are, so that they are looked for only where there are some.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from vofiles.contract import Property

DAMAGED: Final = "content.damaged"
"""Property of a container: since when its bytes are known not to be what came."""
REASON: Final = "content.damaged.reason"
"""Property of a container: what is wrong with them."""
NUMBER: Final = "damaged"
"""Property of a store's status: how many of the caller's containers are damaged."""


def damage_of(properties: Mapping[str, str]) -> str | None:
    """What is wrong with a container's bytes, by the container's properties; None where nothing is known."""
    return properties.get(REASON, "they are not what came") if DAMAGED in properties else None


def number_of_damaged(properties: Iterable[Property]) -> int:
    """How many containers are damaged, by the properties of a store's status; 0 where it does not say."""
    told = next((each.value for each in properties if each.key == NUMBER), "")
    return int(told) if told.isascii() and told.isdigit() else 0
