"""What the suite runs on: one FileManager with two file stores over sockets, and a fresh account for each test.

Rule: each test runs by every way of `tests.support.ways`, and knows of none.
"""

import itertools
from collections.abc import Callable, Iterator

import pytest
import requests

from tests.support.bothways import both_ways
from tests.support.keptright import kept_right
from tests.support.services import RunningServices, running_services
from tests.support.serving import running_site
from tests.support.ways import WAYS, Way
from vofiles.contract import AddNode, ExportInit, GetAccount, GetNode, ImportInit, Node, NodeKind, Property, Transfer
from vofiles.ivorn import LongIdentifier
from vofiles.names import parse_name
from vofiles.serving.http import Control, Request, Response, Route, text

__all__ = ["both_ways", "kept_right"]

_numbers = itertools.count(1)


class Somebody:
    """An account at the FileManager, by one way."""

    def __init__(self, services: RunningServices, name: str, way: str) -> None:
        self.services = services
        self.user = services.add_account(name)
        self._way: Way = WAYS[way](services, self.user)
        self.call = self._way.call
        self.home = LongIdentifier(self.call(GetAccount()).account.home)

    def close(self) -> None:
        getattr(self._way, "close", lambda: None)()

    def at(self, path: str) -> LongIdentifier:
        """A path in the home."""
        return LongIdentifier(self.home.node, tuple(parse_name(step) for step in path.split("/")))

    def add(self, path: str, kind: str = NodeKind.FILE, **properties: str) -> LongIdentifier:
        """A new node, called by its own identifier."""
        *above, name = path.split("/")
        parent = self.at("/".join(above)) if above else self.home
        told = tuple(Property(key.replace("_", "."), value) for key, value in properties.items())
        return LongIdentifier(self.call(AddNode(parent, name, kind, told)).node.identifier)

    def node(self, node: LongIdentifier) -> Node:
        found: Node = self.call(GetNode(node)).nodes[0]
        return found

    def put(self, node: LongIdentifier, content: bytes, **told: object) -> Transfer:
        """importInit and PUT; answers what importInit did."""
        offer: Transfer = self.call(ImportInit(node, **told)).transfer  # type: ignore[arg-type]
        self.send(offer, content)
        return offer

    def send(self, offer: Transfer, content: bytes) -> None:
        """PUT to the address in an offer."""
        (endpoint,) = offer.endpoints
        headers = {header.name: header.value for header in endpoint.headers}
        response = requests.request(endpoint.method, endpoint.url, data=content, headers=headers, timeout=60)
        assert response.status_code == 201, response.text

    def get(self, node: LongIdentifier) -> bytes:
        """exportInit and GET."""
        (endpoint,) = self.call(ExportInit(node)).transfer.endpoints
        response = requests.request(endpoint.method, endpoint.url, timeout=60)
        assert response.status_code == 200, response.text
        return response.content


@pytest.fixture(scope="package")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServices]:
    with running_services(tmp_path_factory.mktemp("suite")) as running:
        yield running


@pytest.fixture(params=sorted(WAYS))
def arrive(request: pytest.FixtureRequest, services: RunningServices) -> Iterator[Callable[[str], Somebody]]:
    """Makes somebody; several in one test come by the same way."""
    arrived: list[Somebody] = []

    def come(name: str) -> Somebody:
        arrived.append(Somebody(services, f"{name}{next(_numbers)}", request.param))
        return arrived[-1]

    yield come
    for somebody in arrived:
        somebody.close()


class Elsewhere:
    """A small HTTP server that stores fetch from and send to."""

    def __init__(self) -> None:
        self.pages: dict[str, bytes] = {}
        self.url = ""

    def answer(self, request: Request) -> Response:
        if request.method == "PUT":
            self.pages[request.path] = request.body
            return text(201, "thank you")
        if request.path not in self.pages:
            return text(404, "there is no such page")
        return Response(200, (("Content-Type", "image/fits"),), self.pages[request.path])


@pytest.fixture(scope="package")
def elsewhere() -> Iterator[Elsewhere]:
    server = Elsewhere()
    with running_site([Route("/", frozenset({"GET", "PUT"}), Control(server.answer), prefix=True)]) as served:
        server.url = served.url
        yield server


@pytest.fixture
def dave(arrive: Callable[[str], Somebody]) -> Somebody:
    return arrive("dave")
