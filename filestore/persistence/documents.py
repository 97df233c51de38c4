"""Documents: values of the domain and of the wire as JSON, for columns that are never searched.

Rule: it works from the values' annotations (`vofiles.shape`), so that a field that is added is kept without a word
here; fields that are absent are left out, so that older documents can be read.
"""

import json
from typing import Any, TypeVar

from vofiles.shape import Part, parts

T = TypeVar("T")


def to_text(value: Any) -> str:
    """A value, or a tuple of values, as JSON."""
    return json.dumps(_plain_many(value) if isinstance(value, tuple) else _plain(value), ensure_ascii=False)


def from_text(kind: type[T], text: str) -> T:
    """The value in a document."""
    made: T = _made(kind, json.loads(text))
    return made


def many_from_text(kind: type[T], text: str) -> tuple[T, ...]:
    """The values in a document."""
    return tuple(_made(kind, item) for item in json.loads(text))


def _plain_many(values: tuple[Any, ...]) -> list[Any]:
    return [_plain(value) for value in values]


def _plain(value: Any) -> dict[str, Any]:
    document = {}
    for part in parts(value.__class__):
        field = getattr(value, part.field)
        if field is not None and field != ():
            document[part.field] = [_leaf(part, item) for item in field] if part.many else _leaf(part, field)
    return document


def _leaf(part: Part, value: Any) -> Any:
    if part.simple is None:
        return _plain(value)
    return value if part.type in {int, bool, str} else part.simple.text(value)


def _made(kind: Any, document: dict[str, Any]) -> Any:
    fields: dict[str, Any] = {}
    for part in parts(kind):
        if part.field in document:
            value = document[part.field]
            fields[part.field] = tuple(_grown(part, item) for item in value) if part.many else _grown(part, value)
    return kind(**fields)


def _grown(part: Part, value: Any) -> Any:
    if part.simple is None:
        return _made(part.type, value)
    return value if part.type in {int, bool, str} else part.simple.parse(value)
