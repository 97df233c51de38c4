"""What is known of entries as lines: for people aligned, for programs as JSON.

Rule: no name reaches a terminal unescaped, and a line stays a line.
"""

import json
from collections.abc import Iterable
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


def table(rows: Iterable[NodeInfo]) -> Iterable[str]:
    """Entries with size, date of the last change (local time), store and name, one a line."""
    cells = [(_size(row), row.modified.astimezone().strftime(DATE), row.store or "-", short(row)) for row in rows]
    size = max((len(row[0]) for row in cells), default=0)
    store = max((len(row[2]) for row in cells), default=0)
    for row in cells:
        yield f"{row[0]:>{size}}  {row[1]}  {row[2]:<{store}}  {row[3]}"


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
    width = max(len(key) for key, value in known.items() if value) + 1
    for key, value in known.items():
        if value:
            yield f"{printable(key) + ':':<{width}} {printable(value)}"
