"""What npm installs for the generators of node, once for all that need it."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.interop.generators.work import HERE
from tests.interop.stage import BUILD_PATIENCE, clean_environment


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
