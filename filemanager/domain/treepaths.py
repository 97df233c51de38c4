"""Paths below a folder, as who imports a tree gives them.

Rule: pure; all of them are right and fit together, or none is taken.
"""

from collections.abc import Sequence

from vofiles.errors import InvalidArgument
from vofiles.ivorn import decode_segment, encode_segment
from vofiles.names import MAX_DEPTH, NodeName, parse_name

Path = tuple[NodeName, ...]


def parse_path(text: str) -> Path:
    """The steps of a percent-encoded path; needless `/` are ignored.

    Raises InvalidArgument, InvalidIdentifier, InvalidName.
    """
    steps = [step for step in text.split("/") if step]
    if not steps:
        raise InvalidArgument("path", reason="it names no file")
    if len(steps) >= MAX_DEPTH:
        raise InvalidArgument("path", reason=f"it has at most {MAX_DEPTH - 1} steps")
    return tuple(parse_name(decode_segment(step)) for step in steps)


def write_path(path: Path) -> str:
    """The path, percent-encoded: one text for each path."""
    return "/".join(map(encode_segment, path))


def require_tree(paths: Sequence[Path]) -> None:
    """Refuse paths that cannot all be files of one tree. Raises InvalidArgument."""
    files: set[Path] = set()
    for path in paths:
        if path in files:
            raise InvalidArgument("path", reason=f"{write_path(path)} is given twice")
        files.add(path)
    for path in paths:
        for length in range(1, len(path)):
            if path[:length] in files:
                raise InvalidArgument(
                    "path", reason=f"{write_path(path[:length])} would be a file, and a folder for {write_path(path)}"
                )
