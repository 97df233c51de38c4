"""Real services over loopback for the client's tests, once for all, and a folder of its own for each test."""

import itertools
from collections.abc import Iterator

import pytest

import vofiles
from tests.support.services import RunningServices, User, running_services
from vofiles.tree import Home, Node

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServices]:
    # Short pages, so that a listing of more than one need not be long.
    with running_services(tmp_path_factory.mktemp("services"), "[nodes]\nmaximum_page = 10") as services:
        yield services


@pytest.fixture(scope="session")
def dave(services: RunningServices) -> User:
    return services.add_account("dave")


@pytest.fixture(scope="session")
def home(services: RunningServices, dave: User) -> Iterator[Home]:
    with vofiles.connect(services.manager.address, user=dave.name, password=dave.password) as home:
        yield home


@pytest.fixture
def folder(home: Home) -> Node:
    """An empty folder that no other test uses."""
    folder = home / f"test-{next(_numbers)}"
    folder.mkdir()
    return folder
