"""The command line within this process, against real services over loopback, as somebody who is logged in."""

import io
import itertools
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.commands import Command, Done
from tests.support.services import RunningServices, User, running_services
from vofiles.cli import main
from vofiles.settings import Login, Settings
from vofiles.tokens import get_token

_numbers = itertools.count(1)
_LOGGED = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \[")


@pytest.fixture(scope="session")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServices]:
    with running_services(tmp_path_factory.mktemp("services"), "[nodes]\nmaximum_page = 10") as services:
        yield services


@pytest.fixture(scope="session")
def user(services: RunningServices) -> User:
    return services.add_account("dave")


@pytest.fixture(scope="session")
def config(services: RunningServices, user: User, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the login is saved."""
    config = tmp_path_factory.mktemp("config")
    token = get_token(services.manager.address, user.name, user.password)
    Settings(config / "vofiles").save_login(Login(services.manager.address, user.name, token.secret, token.expires))
    return config


@pytest.fixture
def vofiles(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(config))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)

    def run(*words: str, input: bytes = b"") -> Done:  # noqa: A002 - subprocess's word
        monkeypatch.setattr(sys, "argv", ["vofiles", *words])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(input)))
        capsys.readouterr()
        code = main.main()
        said = capsys.readouterr()
        # The servers of this process log to standard output, a line an event that begins with its date.
        out = "".join(
            line for line in said.out.splitlines(keepends=True) if not line.startswith("20") or "[" not in line
        )
        return Done(code, out, said.err)

    return Command(run, tmp_path)


@pytest.fixture
def place(vofiles: Command) -> str:
    """A folder at home that no other test uses."""
    place = f"home:place-{next(_numbers)}"
    vofiles.require("mkdir", place)
    return place
