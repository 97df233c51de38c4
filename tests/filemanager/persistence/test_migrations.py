"""The migrations lead to the tables that the code has, on every kind of database."""

import pytest
from alembic import command
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


_EARLIER = """
INSERT INTO accounts (identifier, community, name, kind, home, administrator, created)
VALUES ('ivo://a/d', 'ivo://a', 'd', 'PERSON', 'h', false, 1);
INSERT INTO nodes (number, name, kind, owner, created, modified, generation, version)
SELECT 'h', 'home', 'FOLDER', key, 1, 1, 1, 4 FROM accounts;
INSERT INTO content_versions (node, number, size, created) SELECT key, 1, 1, 10 FROM nodes;
INSERT INTO content_versions (node, number, size, created) SELECT key, 2, 1, 20 FROM nodes;
INSERT INTO content_versions (node, number, size, created) SELECT key, 4, 1, 40 FROM nodes
"""


def test_what_was_superseded_before_this_was_noted_is_known_to_be(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        to = command.upgrade
        patch.setattr(command, "upgrade", lambda config, _: to(config, "0004"))
        upgrade(url, PACKAGE)
    database = Database(url, lambda connection: connection)
    for statement in _EARLIER.split(";"):
        database.write(lambda connection, statement=statement: connection.execute(text(statement)))  # type: ignore[misc]
    database.close()
    upgrade(url, PACKAGE)
    database = Database(url, lambda connection: connection)
    rows = database.read(
        lambda connection: connection.execute(text("SELECT number, superseded FROM content_versions")).all()
    )
    database.close()
    assert sorted(map(tuple, rows)) == [(1, 20), (2, 40), (4, None)]


def test_a_newer_schema_is_refused_and_left_alone(url: str) -> None:
    upgrade(url, PACKAGE)

    def make_newer(connection: Connection) -> None:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    database = Database(url, lambda connection: connection)
    database.write(make_newer)
    with pytest.raises(SchemaRefused, match=r"newer release.*9999"):
        upgrade(url, PACKAGE)
    database.close()
