"""Wire values that a column holds whole, as JSON: digests, a failure, a receipt, values before and after.

Rule: what was written by any release is read by every later one: a field is only ever added to a wire value, and one
that is missing here gets its default.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from vofiles.shape import Part, parts

V = TypeVar("V")


def write(value: Any) -> str:
    """JSON, as short as it gets."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def write_value(value: Any) -> str | None:
    """A wire value of `vofiles.contract`; None for None."""
    return None if value is None else write(_fields(value))


def read_value(kind: type[V], text: str | None) -> V | None:
    """The wire value that `write_value` wrote."""
    return None if text is None else _value(kind, json.loads(text))


def write_list(values: Sequence[Any]) -> str:
    """Wire values of one kind."""
    return write([_fields(value) for value in values])


def read_list(kind: type[V], text: str) -> tuple[V, ...]:
    """The wire values that `write_list` wrote."""
    return tuple(_value(kind, fields) for fields in json.loads(text))


def write_texts(values: Mapping[str, str | None]) -> str:
    """Texts and Nones by name."""
    return write(dict(values))


def read_texts(text: str) -> dict[str, str | None]:
    """What `write_texts` wrote."""
    values: dict[str, str | None] = json.loads(text)
    return values


def _fields(value: Any) -> dict[str, Any]:
    fields = {}
    for part in parts(type(value)):  # type: ignore[arg-type]  # a class is hashable
        content = getattr(value, part.field)
        if part.many and content:
            fields[part.field] = [_write_one(part, each) for each in content]
        elif not part.many and content is not None:
            fields[part.field] = _write_one(part, content)
    return fields


def _write_one(part: Part, content: Any) -> Any:
    return _fields(content) if part.simple is None else part.simple.text(content)


def _value(kind: type[V], fields: dict[str, Any]) -> V:
    arguments = {}
    for part in parts(kind):  # type: ignore[arg-type]  # likewise
        if part.field in fields:
            content = fields[part.field]
            arguments[part.field] = (
                tuple(_read_one(part, each) for each in content) if part.many else _read_one(part, content)
            )
    return kind(**arguments)


def _read_one(part: Part, content: Any) -> Any:
    return _value(part.type, content) if part.simple is None else part.simple.parse(content)
