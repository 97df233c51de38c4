"""What is made once for all tests that need it: what npm installs for the generators of node, and the clients."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.interop.clients import Client
from tests.interop.generators.catchers import CATCHERS
from tests.interop.generators.catching import CONTRACT
from tests.interop.generators.work import HERE
from tests.interop.stage import BUILD_PATIENCE, Workshop, build_from, clean_environment


@pytest.fixture(scope="session")
def modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of what node/package.json names."""
    folder = tmp_path_factory.mktemp("node")
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / "node" / name, folder)
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    done = subprocess.run(command, cwd=folder, env=clean_environment(), capture_output=True, timeout=BUILD_PATIENCE)
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    return folder / "node_modules"


@pytest.fixture(scope="session")
def built() -> dict[str, Workshop]:
    """The clients that have been built; a session's parametrised fixture is made anew when its turn comes again."""
    return {}


# All tests of a client run in one process (--dist loadgroup).
@pytest.fixture(
    scope="session",
    params=[pytest.param(each, marks=pytest.mark.xdist_group(each.name), id=each.folder.name) for each in CATCHERS],
)
def catcher(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, built: dict[str, Workshop]
) -> Workshop:
    """A client, built once."""
    client: Client = request.param
    if client.name not in built:
        built[client.name] = build_from(client, CONTRACT, tmp_path_factory.mktemp(client.folder.name))
    return built[client.name]
