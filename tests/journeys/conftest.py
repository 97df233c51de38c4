"""One deployment of real processes for all journeys that do not end it, and shells that are logged in."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.journey import Shell, Up, deployment


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """A deployment that stays as it is: tests that end or damage one start their own."""
    with deployment(tmp_path_factory.mktemp("deployment") / "data") as up:
        yield up


@pytest.fixture(scope="session")
def logged_in(running: Up, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Settings with Dave's login."""
    shell = Shell(tmp_path_factory.mktemp("login"))
    shell.log_in(running)
    return shell.settings


@pytest.fixture
def shell(logged_in: Path, tmp_path: Path) -> Shell:
    """A shell in which Dave is logged in."""
    shell = Shell(tmp_path / "work")
    shutil.copytree(logged_in, shell.settings)
    return shell
