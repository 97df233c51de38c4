"""The migrations lead to the tables that the code has, on every kind of database."""

import pytest
from sqlalchemy import Connection, text

from filemanager.persistence.schema import METADATA
from tests.support.databases import server, url
from vofiles.serving.database import Database
from vofiles.serving.migrations import SchemaRefused, differences, upgrade

__all__ = ["server", "url"]

PACKAGE = "filemanager.persistence"

# What is compared on SQLite leaves out the index of the properties' values; test_search_plans uses it on both.
pytestmark = [
    pytest.mark.filterwarnings("ignore:Skipped unsupported reflection of expression-based index"),
    pytest.mark.filterwarnings("ignore:autogenerate skipping metadata-specified expression-based index"),
]


def test_the_migrations_make_the_tables_of_the_code(url: str) -> None:
    upgrade(url, PACKAGE)
    assert differences(url, METADATA) == []


def test_an_empty_database_differs(url: str) -> None:
    assert len(differences(url, METADATA)) >= len(METADATA.tables)


def test_upgrading_again_changes_nothing_and_keeps_what_is_there(url: str) -> None:
    upgrade(url, PACKAGE)
    database = Database(url, lambda connection: connection)
    database.write(lambda connection: connection.execute(text("UPDATE counters SET value = 7")))
    database.close()
    upgrade(url, PACKAGE)
    database = Database(url, lambda connection: connection)
    assert database.read(lambda connection: connection.scalar(text("SELECT value FROM counters"))) == 7
    database.close()


def test_a_newer_schema_is_refused_and_left_alone(url: str) -> None:
    upgrade(url, PACKAGE)

    def make_newer(connection: Connection) -> None:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    database = Database(url, lambda connection: connection)
    database.write(make_newer)
    with pytest.raises(SchemaRefused, match=r"newer release.*9999"):
        upgrade(url, PACKAGE)
    database.close()
