"""One stage for all clients; each client is built and has done the main job once, whatever is then asked about it."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.interop.clients import CLIENTS, Client
from tests.interop.stage import Stage, Told, Workshop, build, running_stage

DATA = Path(__file__).resolve().parents[2] / "client" / "vofiles" / "cli" / "demo" / "data"


@dataclass(frozen=True)
class Done:
    """The main job as one client did it."""

    client: Client
    told: Told
    sent: bytes
    copy: Path


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--everything", action="store_true", help="try the clients whose tools take long to install, too")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Without --everything what is marked so is left out, which is no skipping: .ci/run does not install it."""
    if not config.getoption("--everything", default=False):
        left_out = [item for item in items if item.get_closest_marker("everything")]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with running_stage(tmp_path_factory.mktemp("stage")) as stage:
        yield stage


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """All tests of a client run in one process."""
    from tests.interop.scheduling import ByClient

    return ByClient(config, log)


@pytest.fixture(scope="session", params=CLIENTS, ids=lambda client: client.name)
def workshop(request: pytest.FixtureRequest, stage: Stage, tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    """A client, built."""
    client: Client = request.param
    return build(client, stage, tmp_path_factory.mktemp(client.name))


@pytest.fixture(scope="session")
def content() -> Path:
    """A real file: a VOTable of the demonstration."""
    (path,) = sorted(DATA.glob("*.vot"))[:1]
    return path


@pytest.fixture(scope="session")
def job(workshop: Workshop, stage: Stage, content: Path, tmp_path_factory: pytest.TempPathFactory) -> Done:
    """The main job, done by the client."""
    client = workshop.client
    folder = tmp_path_factory.mktemp(f"{client.name}-job")
    sent, copy = folder / "sent.vot", folder / "copy.vot"
    # Every byte there is, behind real ones, so that a client that takes them for text is seen.
    sent.write_bytes(content.read_bytes() + bytes(range(256)))
    told = workshop.run(client.job, stage.address, *stage.user.auth, client.name, sent, copy)
    return Done(client, told, sent.read_bytes(), copy)


@pytest.fixture
def own_file(content: Path, workshop: Workshop, tmp_path: Path) -> Path:
    """A file with a name that no other client's has."""
    return Path(shutil.copy(content, tmp_path / f"{workshop.client.name}.vot"))
