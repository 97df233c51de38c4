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
    """A select of the rows that have one of some keys in a column. For a single key, as most calls have, it is another
    statement with `=`: SQLAlchemy writes out every list anew, which costs as much as running the statement.
    """

    def __init__(self, statement: Select[Any], column: ColumnElement[Any]) -> None:
        self._one = statement.where(column == bindparam("only_key", type_=column.type))
        self._many = statement.where(column.in_(bindparam("some_keys", expanding=True)))

    def rows(self, connection: Connection, keys: Sequence[K], **values: Any) -> Iterator[Any]:
        """The rows, in the statement's order for every 512 keys."""
        if len(keys) == 1:
            yield from connection.execute(self._one, {"only_key": keys[0], **values}).all()
            return
        for some in batches(keys):
            yield from connection.execute(self._many, {"some_keys": some, **values}).all()
