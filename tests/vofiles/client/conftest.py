"""Real services over loopback for the client's tests, once for all, and a folder of its own for each test."""

import itertools
from collections.abc import Iterator

import pytest

import vofiles
from tests.support.cutting import Proxy, Through, cutting_proxy
from tests.support.pauses import Pauses
from tests.support.services import STORES, RunningServices, User, running_services
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


@pytest.fixture
def proxy(services: RunningServices) -> Iterator[Proxy]:
    """What stands between the client and the first store, where it does."""
    with cutting_proxy() as proxy:
        proxy.target = int(services.stores[STORES[0]].address.rpartition(":")[2])
        yield proxy


@pytest.fixture
def pauses() -> Pauses:
    return Pauses()


@pytest.fixture
def far(services: RunningServices, dave: User, proxy: Proxy, pauses: Pauses) -> Iterator[Home]:
    """Dave's home as seen from behind the proxy."""
    address = services.stores[STORES[0]].address
    with vofiles.connect(services.manager.address, user="dave", password=dave.password, wait=pauses) as home:
        home._connection.session.mount(address, Through(address, proxy.port))
        yield home
