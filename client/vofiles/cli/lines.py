"""What is known of entries as lines: for people aligned, for programs as JSON.

Rule: no name reaches a terminal unescaped, and a line stays a line.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from vofiles.info import NodeInfo
from vofiles.root import printable, shown

DATE = "%Y-%m-%d %H:%M"


def as_json(value: object) -> str:
    """A value as JSON; programs read it, so nothing is escaped but what JSON escapes."""
    return json.dumps(value, ensure_ascii=True, indent=2)


def facts(info: NodeInfo) -> dict[str, Any]:
    """All that is known of an entry, for JSON."""
    return {
        "path": str(info.path),
        "name": info.name,
        "kind": info.kind,
        "size": info.size,
        "type": info.content_type,
        "created": info.created.isoformat(),
        "modified": info.modified.isoformat(),
        "version": info.version,
        "owner": info.owner,
        "location": info.location,
        "store": info.store,
        "digests": dict(info.digests),
        "properties": dict(info.properties),
    }


def short(info: NodeInfo) -> str:
    """An entry's name, a folder's with `/`."""
    return printable(info.name or shown(info.path)) + ("/" if info.is_folder and info.name else "")


def local(moment: datetime) -> str:
    """A time as people here write it."""
    return moment.astimezone().strftime(DATE)


def aligned(cells: Sequence[Sequence[str]], right: Sequence[int] = ()) -> Iterable[str]:
    """Cells in columns, one row a line; those of the columns in `right` end at one place, the others begin there."""
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        padded = (
            f"{cell:>{width}}" if number in right else f"{cell:<{width}}"
            for number, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        yield printable("  ".join(padded).rstrip())


def table(rows: Iterable[NodeInfo], named: Callable[[NodeInfo], str] = short) -> Iterable[str]:
    """Entries with size, date of the last change (local time), store and name, one a line."""
    return aligned([(_size(row), local(row.modified), row.store or "-", named(row)) for row in rows], right=(0,))


def _size(info: NodeInfo) -> str:
    if info.is_folder:
        return "-"
    return "empty" if info.size is None else str(info.size)


def sheet(info: NodeInfo) -> Iterable[str]:
    """All that is known of an entry, one fact a line."""
    known = {
        "path": shown(info.path),
        "kind": info.kind.lower(),
        "size": "" if info.size is None else f"{info.size} bytes",
        "type": info.content_type or "",
        "created": info.created.isoformat(),
        "modified": info.modified.isoformat(),
        "version": str(info.version) if info.is_file else "",
        "store": info.store or "",
    }
    known |= {f"digest {algorithm}": value for algorithm, value in info.digests.items()}
    known |= {f"property {key}": value for key, value in info.properties.items()}
    return listed(known)


def listed(known: Mapping[str, str]) -> Iterable[str]:
    """What is known by name, one fact a line; what is empty is left out."""
    width = max((len(key) for key, value in known.items() if value), default=0) + 1
    for key, value in known.items():
        if value:
            yield f"{printable(key) + ':':<{width}} {printable(value)}"


def measured(size: int) -> str:
    """Bytes as people read them."""
    amount, units = float(size), ["B", "KiB", "MiB", "GiB", "TiB"]
    while amount >= 1024 and len(units) > 1:
        amount /= 1024
        units.pop(0)
    return f"{size} B" if units[0] == "B" else f"{amount:.1f} {units[0]}"


def counted(number: int, thing: str, things: str = "") -> str:
    """So many of something: `1 file`, `2 files`."""
    return f"{number} {thing if number == 1 else things or thing + 's'}"
