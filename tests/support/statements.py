"""What goes to the SQL databases in a folder, counted. Import the fixture `sent` where it is used.

Rule: of one folder, for services that other tests have left running in this process talk to databases of their own.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event


@contextmanager
def hearing(folder: Path, hear: Callable[[str, Any], None]) -> Iterator[None]:
    """Have `hear` told each statement, with its cursor, that goes to a database in the folder meanwhile; one for many
    rows is told once.
    """
    within = str(folder)

    def note(connection: Connection, cursor: Any, statement: str, _values: Any, _context: Any, _many: bool) -> None:
        if (connection.engine.url.database or "").startswith(within):
            hear(statement, cursor)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield
    finally:
        event.remove(Engine, "before_cursor_execute", note)


@pytest.fixture
def sent(tmp_path: Path) -> Iterator[Counter[str]]:
    """The statements that go to databases in the test's own folder."""
    statements: Counter[str] = Counter()

    def count(statement: str, _cursor: Any) -> None:
        statements[statement] += 1

    with hearing(tmp_path, count):
        yield statements
