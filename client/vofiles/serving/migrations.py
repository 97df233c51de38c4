"""Bringing a database's schema up to date at the start of a service, by alembic from the service's own migrations.

A service's package `x.persistence` has `METADATA` in `x.persistence.schema` and a folder `migrations` with `versions/`
and this `env.py`:

    from vofiles.serving.migrations import run_migrations
    from x.persistence.schema import METADATA
    run_migrations(METADATA)

Rule: all steps from the old schema to the new one are one transaction under an exclusive lock, so that a crash leaves
the old schema, and two processes that start together do it once.
"""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from alembic import command, context
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, MetaData, create_engine, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from vofiles.errors import ServiceBusy
from vofiles.serving import sqlite, sqlitefailures

R = TypeVar("R")

PATIENCE = 60.0
"""Seconds to wait for another process that migrates the same database."""

# Any number that nothing else on the server uses: "vofiles" in ASCII.
_ADVISORY_LOCK = int.from_bytes(b"vofiles", "big")


class SchemaRefused(RuntimeError):
    """The database has a schema that this release of the program cannot work with; the message says what to do."""


def upgrade(url: str, package: str) -> None:
    """Bring the database at `url` to the newest schema of `package`, such as "filemanager.persistence".

    Raises SchemaRefused where its schema is newer than this release knows, ServiceBusy where another process keeps the
    database locked or it does not answer.
    """
    config = _config(package)
    script = ScriptDirectory.from_config(config)

    def migrate(connection: Connection) -> None:
        known = {revision.revision for revision in script.walk_revisions()}
        unknown = set(MigrationContext.configure(connection).get_current_heads()) - known
        if unknown:
            raise SchemaRefused(
                f"the database was made by a newer release (its schema is {', '.join(sorted(unknown))}): "
                "run that release, or restore a backup from before"
            )
        config.attributes["connection"] = connection
        command.upgrade(config, "head")

    _alone(make_url(url), migrate)


class SchemaCheck:
    """Tells whether a database still has the schema that this release of a package works with."""

    def __init__(self, url: str, package: str) -> None:
        self._url = make_url(url)
        self._heads = set(ScriptDirectory.from_config(_config(package)).get_heads())

    def __call__(self) -> bool:
        """Look. Raises what the driver raises where the database does not answer; makes nothing."""
        if self._url.get_backend_name() == "sqlite":
            if not Path(self._url.database or "").is_file():
                return False
            engine = sqlite.engine(self._url, "BEGIN", 1.0, "query_only=ON")
        else:
            engine = create_engine(self._url.set(drivername="postgresql+psycopg"), poolclass=NullPool)
        try:
            with engine.connect() as connection, connection.begin():
                return set(MigrationContext.configure(connection).get_current_heads()) == self._heads
        finally:
            engine.dispose()


def differences(url: str, metadata: MetaData) -> list[Any]:
    """How the database at `url` differs from `metadata`, as alembic lists it; empty where they agree."""

    def compare(connection: Connection) -> list[Any]:
        options = {"compare_type": True, "compare_server_default": True}
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), metadata))

    return _alone(make_url(url), compare)


def run_migrations(metadata: MetaData) -> None:
    """What a package's env.py does: run the steps that alembic has chosen, on the connection that `upgrade` holds.

    Without one (alembic's own command line, to draft a new step) the database of `-x url=…` is used.
    """
    connection = context.config.attributes.get("connection")
    if connection is None:
        url = context.get_x_argument(as_dictionary=True)["url"]
        _alone(make_url(url), lambda own: _run(own, metadata))
    else:
        _run(connection, metadata)


def _run(connection: Connection, metadata: MetaData) -> None:
    # SQLite alters a table by making it anew ("batch").
    context.configure(connection=connection, target_metadata=metadata, compare_type=True, render_as_batch=True)
    context.run_migrations()


def _config(package: str) -> Config:
    config = Config()
    config.set_main_option("script_location", f"{package}:migrations")
    config.set_main_option("path_separator", "os")
    return config


def _alone(url: URL, work: Callable[[Connection], R]) -> R:
    """Do the work in one transaction that no other migration runs beside."""
    try:
        if url.get_backend_name() == "sqlite":
            return _alone_on_sqlite(url, work)
        return _alone_on_postgresql(url, work)
    except (DBAPIError, sqlite3.OperationalError) as error:
        lost = isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", "") is None
        if lost or sqlitefailures.is_busy(error):
            raise ServiceBusy("its database is locked or does not answer") from error
        raise


def _alone_on_sqlite(url: URL, work: Callable[[Connection], R]) -> R:
    sqlite.make_file(url)
    # A table that is made anew must not take along what refers to it, so foreign keys are looked at once, at the end.
    engine = sqlite.engine(url, "BEGIN EXCLUSIVE", PATIENCE, "foreign_keys=OFF")
    with engine.connect() as connection, connection.begin():
        result = work(connection)
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
        if broken:
            raise SchemaRefused(f"migrating would leave rows that refer to nothing: {broken[:3]}")
    return result


def _alone_on_postgresql(url: URL, work: Callable[[Connection], R]) -> R:
    engine = create_engine(url.set(drivername="postgresql+psycopg"))
    try:
        with engine.begin() as connection:
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_ADVISORY_LOCK})")
            return work(connection)
    finally:
        engine.dispose()
