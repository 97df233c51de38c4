"""Conditions: what a caller requires of a node before anything is done to it.

Rule: pure; asked of the node as it is locked, so that nothing comes between the question and the deed. Who is refused
is told both sides, for people in the sentence and for programs in the properties.
"""

from filemanager.domain.node import Node
from vofiles.errors import Conflict, GenerationConflict, InvalidArgument, VersionConflict


def require_generation(node: Node, expected: int | None) -> None:
    """Refuse a node that has another generation than the caller says; None: any will do. Raises GenerationConflict."""
    if expected is not None and node.generation != expected:
        raise _conflict(GenerationConflict, node, "generation", expected, node.generation)


def require_version(node: Node, expected: int | None) -> None:
    """Refuse a node whose content has another number than the caller says; None: any will do, 0: there is none yet.

    Raises VersionConflict.
    """
    if expected is not None and node.version != expected:
        raise _conflict(VersionConflict, node, "version", expected, node.version)


def require_possible_version(expected: int | None) -> int | None:
    """The number that a caller requires, if a content can have it. Raises InvalidArgument.

    One that no counter reaches would be kept with a transfer to no purpose.
    """
    if expected is not None and not 0 <= expected < 1 << 31:
        raise InvalidArgument("ifVersion", reason="it is the number of a content, or 0 where nothing has been written")
    return expected


def _conflict(kind: type[Conflict], node: Node, what: str, expected: int, actual: int) -> Conflict:
    return kind(
        node.name,
        reason=f"{what} {expected} was expected, and it has {what} {actual}",
        properties=((f"{what}.expected", str(expected)), (f"{what}.actual", str(actual))),
    )
