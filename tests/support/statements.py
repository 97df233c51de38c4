"""What goes to any SQL database of this process, counted. Import the fixture `sent` where it is used."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, event


@pytest.fixture
def sent() -> Iterator[Counter[str]]:
    """The statements that go to any database; one for many rows counts once."""
    statements: Counter[str] = Counter()

    def note(_connection: Any, _cursor: Any, statement: str, _values: Any, _context: Any, _many: bool) -> None:
        statements[statement] += 1

    event.listen(Engine, "before_cursor_execute", note)
    yield statements
    event.remove(Engine, "before_cursor_execute", note)
