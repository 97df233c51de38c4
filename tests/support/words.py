"""A database of words, of every kind, and gates that hold its writers up.

Rule: a module imports the fixtures that it uses.
"""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, text

from tests.support.databases import new_database
from tests.support.serving import wait_until
from vofiles.serving.database import Database

LONG = 30
"""Seconds after which a wait is a failure; nothing waits as long where the code is right."""

ADD = text("INSERT INTO words (word) VALUES (:word)")
ALL = text("SELECT word FROM words ORDER BY word")


class Words:
    """What the tests' databases are bound to."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def add(self, word: str) -> str:
        self.connection.execute(ADD, {"word": word})
        return word

    def all(self) -> list[str]:
        return list(self.connection.scalars(ALL))


def open_words(url: str, **options: Any) -> Database[Words]:
    database = Database(url, Words, **options)
    create = text(
        "CREATE TABLE IF NOT EXISTS words (word VARCHAR(200) PRIMARY KEY, next VARCHAR(200) REFERENCES words)"
    )
    database.write(lambda words: words.connection.execute(create))
    return database


@pytest.fixture
def database(url: str) -> Iterator[Database[Words]]:
    database = open_words(url)
    yield database
    database.close()


@pytest.fixture
def on_sqlite(tmp_path: Path) -> Iterator[Database[Words]]:
    database = open_words(new_database("sqlite", None, tmp_path))
    yield database
    database.close()


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(16) as pool:
        yield pool


class Gate:
    """Holds the writer inside a transaction until the test lets it go."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.open = threading.Event()

    def hold(self, words: Words) -> str:
        words.add("gate")
        self.entered.set()
        assert self.open.wait(LONG)
        return "gate"


def wait_for_queue(database: Database[Words], length: int) -> None:
    """Until so many wait behind a writer that a gate holds."""
    writer = database._transactions._writer  # type: ignore[attr-defined]
    wait_until(lambda: len(writer._waiting) == length, f"{length} wait to write")
