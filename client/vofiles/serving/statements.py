"""Statements on SQLite, written out once and given to the driver past SQLAlchemy's own way of running them.

For each run SQLAlchemy looks up what it has compiled and makes a context, a cursor and a result: 40 to 60 µs of Python
where SQLite needs 5. A repository sees no difference: it calls `execute`, and takes the answer apart.

Rule: the same text with the same values goes to SQLite either way, and errors are SQLAlchemy's. What cannot be run
here (lists that expand, many rows with RETURNING) goes SQLAlchemy's way, and so does everything while somebody listens
to what is executed.
"""

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, Final
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Dialect, Executable
from sqlalchemy.exc import DBAPIError, MultipleResultsFound, NoResultFound
from sqlalchemy.sql.compiler import SQLCompiler

Values = Mapping[str, Any]
Process = Callable[[Any], Any]

_NOTHING: Final[Values] = {}
_ONCE: Final = "once"
"""Of a statement that has been run once: one that is made anew at each call is never worth writing out."""


class Answer:
    """The rows that a statement gave, all of them read: as much of SQLAlchemy's result as repositories use."""

    __slots__ = ("_names", "_rows", "rowcount")

    def __init__(self, rows: list[Any], names: tuple[str, ...], rowcount: int) -> None:
        self._rows, self._names = rows, names
        self.rowcount = rowcount
        """How many rows a change has changed."""

    def __iter__(self) -> Iterator[Any]:
        return iter(self._rows)

    def all(self) -> list[Any]:
        return self._rows

    def first(self) -> Any:
        return self._rows[0] if self._rows else None

    def one_or_none(self) -> Any:
        if len(self._rows) > 1:
            raise MultipleResultsFound("there are several rows where there is at most one")
        return self.first()

    def one(self) -> Any:
        if not self._rows:
            raise NoResultFound("there is no row where there is one")
        return self.one_or_none()

    def scalar(self) -> Any:
        return self._rows[0][0] if self._rows else None

    def scalar_one(self) -> Any:
        return self.one()[0]

    def scalars(self) -> "Answer":
        return Answer([row[0] for row in self._rows], self._names[:1], self.rowcount)

    def mappings(self) -> "Answer":
        """The same with a dictionary for each row."""
        rows = [dict(zip(self._names, row, strict=True)) for row in self._rows]
        return Answer(rows, self._names, self.rowcount)


class Written:
    """A statement as text, with how its values go in and its columns come out."""

    __slots__ = ("_constants", "_in", "_names", "_out", "_values", "text")

    def __init__(self, compiled: SQLCompiler, dialect: Dialect) -> None:
        self.text = str(compiled)
        """As it is given to the driver, with `?` for each parameter."""
        self._values = tuple(compiled.positiontup or ())
        binds = [compiled.binds[name] for name in self._values]
        self._constants = {
            name: compiled.params[name] for name, bind in zip(self._values, binds, strict=True) if not bind.required
        }
        self._in = _processes(bind.type.dialect_impl(dialect).bind_processor(dialect) for bind in binds)
        columns = compiled._result_columns
        self._out = _processes(each.type.dialect_impl(dialect).result_processor(dialect, None) for each in columns)
        self._names = tuple(each.keyname for each in columns)

    def parameters(self, values: Values) -> list[Any]:
        """The values in the order of the text. Raises KeyError for one that is missing."""
        if self._constants:
            values = {**self._constants, **values}
        found = [values[name] for name in self._values]
        return found if self._in is None else _processed(self._in, found)

    def answer(self, cursor: sqlite3.Cursor) -> Answer:
        """What came of it."""
        rows = cursor.fetchall()
        if self._out is not None:
            out = self._out
            rows = [tuple(_processed(out, row)) for row in rows]
        # A statement given as text has no columns that SQLAlchemy knows of.
        names = self._names or tuple(column[0] for column in cursor.description or ())
        return Answer(rows, names, cursor.rowcount)


def _processes(found: Iterator[Process | None]) -> tuple[Process | None, ...] | None:
    """What is to be done to each value, or None where nothing is to any."""
    processes = tuple(found)
    return processes if any(processes) else None


def _processed(processes: tuple[Process | None, ...], values: Sequence[Any]) -> list[Any]:
    return [value if process is None else process(value) for process, value in zip(processes, values, strict=True)]


Kept = dict[tuple[str, ...], Written | str | None]
"""A statement's texts by the names of the values that it is given, which say what a change writes; None where
SQLAlchemy has to run it.
"""


class Quick(Connection):
    """A connection to SQLite that runs what it can without SQLAlchemy."""

    _written: ClassVar["WeakKeyDictionary[Executable, Kept]"] = WeakKeyDictionary()
    """Of all connections, in any thread: it is the same for each, and nothing breaks where two write it out at once."""

    def execute(self, statement: Executable, parameters: Any = None, **options: Any) -> Any:
        """As SQLAlchemy's."""
        many = isinstance(parameters, list)
        first = (parameters[0] if many else parameters) if parameters else _NOTHING
        written = None if options or self.dispatch.before_cursor_execute else self._find_written(statement, first)
        if written is None or (many and " RETURNING " in written.text):
            return super().execute(statement, parameters, **options)
        driver = self.connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)
        try:
            if many:
                given = [written.parameters(values) for values in parameters]
                return written.answer(driver.cursor().executemany(written.text, given))
            return written.answer(driver.execute(written.text, written.parameters(first)))
        except sqlite3.Error as error:
            raise _as_sqlalchemys(written.text, parameters, error, self.dialect) from error

    def scalar(self, statement: Executable, parameters: Any = None, **options: Any) -> Any:
        """As SQLAlchemy's."""
        return self.execute(statement, parameters, **options).scalar()

    def scalars(self, statement: Executable, parameters: Any = None, **options: Any) -> Any:
        """As SQLAlchemy's."""
        return self.execute(statement, parameters, **options).scalars()

    def _find_written(self, statement: Executable, values: Values) -> Written | None:
        kept = self._written.get(statement)
        if kept is None:
            kept = self._written[statement] = {}
        names = tuple(values) if statement.is_dml else ()
        written = kept.get(names)
        if isinstance(written, Written):
            return written
        if written is None:
            if names not in kept:
                kept[names] = _ONCE
            return None
        kept[names] = _write(statement, names, self.dialect)
        return self._find_written(statement, values) if kept[names] is not None else None


def _write(statement: Executable, names: tuple[str, ...], dialect: Dialect) -> Written | None:
    compiled = statement.compile(dialect=dialect, column_keys=list(names))  # type: ignore[attr-defined]
    assert isinstance(compiled, SQLCompiler)
    if compiled.post_compile_params or compiled.literal_execute_params:
        return None
    return Written(compiled, dialect)


def _as_sqlalchemys(text: str, parameters: Any, error: sqlite3.Error, dialect: Dialect) -> Exception:
    """The driver's error as SQLAlchemy would raise it."""
    told = DBAPIError.instance(text, parameters, error, sqlite3.Error, dialect=dialect)
    assert isinstance(told, Exception)
    return told
