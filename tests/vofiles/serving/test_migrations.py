"""Migrations run whole or not at all, and once however many processes begin together; with a small package of steps."""

import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect, make_url, text

from tests.support.databases import server, url
from vofiles.errors import ServiceBusy
from vofiles.serving import migrations
from vofiles.serving.migrations import SchemaRefused, upgrade

__all__ = ["server", "url"]

ENV = """
from sqlalchemy import MetaData
from vofiles.serving.migrations import run_migrations
run_migrations(MetaData())
"""
STEP = """
from alembic import op
revision = {number!r}
down_revision = {before!r}
def upgrade():
{lines}
"""


class Steps:
    """A package of migrations that a test writes."""

    def __init__(self, folder: Path, name: str) -> None:
        self.name = name
        self.folder = folder / name / "migrations"
        (self.folder / "versions").mkdir(parents=True)
        for package in (self.folder.parent, self.folder):
            (package / "__init__.py").touch()
        (self.folder / "env.py").write_text(ENV)
        self.last: str | None = None

    def add(self, *lines: str) -> None:
        number = f"{int(self.last or 0) + 1:04}"
        body = textwrap.indent("\n".join(f"op.execute({line!r})" for line in lines), "    ")
        step = STEP.format(number=number, before=self.last, lines=body)
        (self.folder / "versions" / f"{number}.py").write_text(step)
        self.last = number


@pytest.fixture
def steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Steps:
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    return Steps(tmp_path, f"steps{abs(hash(request.node.nodeid))}")


def tables(url: str) -> set[str]:
    parsed = make_url(url)
    if parsed.get_backend_name() == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
    engine = create_engine(parsed)
    names = set(inspect(engine).get_table_names())
    engine.dispose()
    return names - {"alembic_version"}


def test_every_step_is_taken_in_order(url: str, steps: Steps) -> None:
    steps.add("CREATE TABLE one (a INT)")
    upgrade(url, steps.name)
    assert tables(url) == {"one"}
    steps.add("ALTER TABLE one RENAME TO two")
    steps.add("CREATE TABLE three (a INT)")
    upgrade(url, steps.name)
    assert tables(url) == {"two", "three"}


def test_a_step_that_fails_undoes_all_of_them(url: str, steps: Steps) -> None:
    steps.add("CREATE TABLE one (a INT)")
    steps.add("CREATE TABLE two (a INT)", "INSERT INTO missing VALUES (1)")
    with pytest.raises(Exception, match="missing"):
        upgrade(url, steps.name)
    assert tables(url) == set()


def test_those_who_begin_together_do_it_once(url: str, steps: Steps) -> None:
    steps.add("CREATE TABLE one (a INT)", *(f"INSERT INTO one VALUES ({number})" for number in range(50)))
    child = f"from vofiles.serving.migrations import upgrade; upgrade({url!r}, {steps.name!r})"
    with ThreadPoolExecutor(3) as pool:
        for result in pool.map(run_python, [child] * 3):
            assert result == (0, "")
    engine = create_engine(make_url(url).set(drivername={"s": "sqlite", "p": "postgresql+psycopg"}[url[0]]))
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM one")) == 50
    engine.dispose()


def run_python(code: str) -> tuple[int, str]:
    import os
    import subprocess

    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment)
    return result.returncode, result.stderr


def test_a_step_that_would_leave_dangling_rows_is_refused(tmp_path: Path, steps: Steps) -> None:
    steps.add("CREATE TABLE one (a INTEGER PRIMARY KEY)", "CREATE TABLE two (a INTEGER REFERENCES one)")
    steps.add("INSERT INTO two VALUES (7)")
    path = f"sqlite:///{tmp_path / 'x.db'}"
    with pytest.raises(SchemaRefused, match="refer to nothing"):
        upgrade(path, steps.name)
    assert tables(path) == set()


def test_a_locked_file_is_a_busy_service(tmp_path: Path, steps: Steps, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrations, "PATIENCE", 0.01)
    steps.add("CREATE TABLE one (a INT)")
    path = f"sqlite:///{tmp_path / 'x.db'}"
    engine = create_engine(path, connect_args={"isolation_level": None})
    with engine.connect() as connection:
        connection.exec_driver_sql("BEGIN EXCLUSIVE")
        with pytest.raises(ServiceBusy):
            upgrade(path, steps.name)
        connection.exec_driver_sql("ROLLBACK")
    engine.dispose()
