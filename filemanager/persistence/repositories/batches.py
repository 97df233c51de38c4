"""Lists of keys for `IN (…)`, in a few lengths only.

A statement with another number of parameters is another statement to prepare, so a list is filled up with its last key
to the next of these lengths, and a longer one is cut.
"""

from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, Select, bindparam

K = TypeVar("K", int, str)

LENGTHS = (1, 8, 64, 512)
"""Numbers of parameters that occur."""


def batches(keys: Sequence[K]) -> Iterator[list[K]]:
    """The keys in their order, in lists of one of LENGTHS; nothing for no keys."""
    for start in range(0, len(keys), LENGTHS[-1]):
        batch = list(keys[start : start + LENGTHS[-1]])
        length = next(length for length in LENGTHS if length >= len(batch))
        yield batch + batch[-1:] * (length - len(batch))


class ByKeys:
    """A select of the rows that have one of some keys in a column: one statement for each of LENGTHS, made when it is
    first needed. A list that expands would be written out anew at each call, which costs as much as running it.
    """

    def __init__(self, statement: Select[Any], column: ColumnElement[Any]) -> None:
        self._statement, self._column = statement, column
        self._made: dict[int, tuple[Select[Any], tuple[str, ...]]] = {}

    def rows(self, connection: Connection, keys: Sequence[K], **values: Any) -> Iterator[Any]:
        """The rows, in the statement's order for every 512 keys."""
        for some in batches(keys):
            statement, names = self._made.get(len(some)) or self._make(len(some))
            yield from connection.execute(statement, {**dict(zip(names, some, strict=True)), **values}).all()

    def _make(self, length: int) -> tuple[Select[Any], tuple[str, ...]]:
        names = tuple(f"key_{number}" for number in range(length))
        given = [bindparam(name, type_=self._column.type) for name in names]
        found = self._column == given[0] if length == 1 else self._column.in_(given)
        made = self._made[length] = self._statement.where(found), names
        return made
