"""One value of any wire class, always the same, made from what `shape` says of it; and its element as it is sent.

Rule: as in `wirevalues`, no field is written down here; where that has any values, this has one, with all parts set.
"""

from typing import Any, Final

from vofiles.instant import Instant
from vofiles.ivorn import Ivorn, LongIdentifier, NodeIdentifier
from vofiles.serving import replies
from vofiles.shape import parts

_SIMPLE: Final[dict[Any, Any]] = {
    str: "text",
    int: 17,
    bool: True,
    Instant: Instant(1_800_000_000_000_000),
    Ivorn: Ivorn.parse("ivo://ast.cam.ac.uk/dave"),
    NodeIdentifier: NodeIdentifier.parse("ivo://ast.cam.ac.uk/filemanager#17"),
    LongIdentifier: LongIdentifier.parse("ivo://ast.cam.ac.uk/filemanager#17/results/query-7.vot"),
}


def sample(value_type: type) -> Any:
    """A value of a wire class with every optional part set, and every repeated one there once."""
    values: dict[str, Any] = {}
    for part in parts(value_type):
        one = _SIMPLE[part.type] if part.simple is not None else sample(part.type)
        values[part.field] = (one,) if part.many else one
    return value_type(**values)


def envelope_of(namespace: str, element: str, value_type: type) -> bytes:
    """An envelope with a sample in its Body."""
    return replies.message(namespace, element, sample(value_type))
