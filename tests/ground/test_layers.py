"""The contracts of .importlinter hold, and each refuses what it is there to refuse.

Each case copies the sources, adds one import that must not be, and expects the named contract to break.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SERVERS = "Layers of the two servers"
CLIENT = "Layers of vofiles"
PURE = "The vocabulary does no I/O and needs no library"
CORE = "The servers' rules and use cases know no library and no wire"
SERVING = "What serves is used where requests come in and effects go out"
APART = "The servers meet only on the wire"

FORBIDDEN = [
    ("filemanager/domain/added.py", "import filemanager.services", SERVERS),
    ("filemanager/services/added.py", "import filemanager.persistence", SERVERS),
    ("filemanager/api/added.py", "import filemanager.persistence", SERVERS),
    ("filestore/backends/added.py", "import filestore.persistence", SERVERS),
    ("filestore/services/added.py", "import filestore.__main__", SERVERS),
    ("filemanager/added.py", "", SERVERS),
    ("filestore/added/__init__.py", "", SERVERS),
    ("filemanager/remote/added.py", "import filestore.domain", APART),
    ("filestore/remote/added.py", "import filemanager.domain", APART),
    ("filemanager/domain/added.py", "import sqlalchemy", CORE),
    ("filemanager/services/added.py", "import requests", CORE),
    ("filestore/services/added.py", "from twisted.internet import defer", CORE),
    ("filestore/domain/added.py", "import vofiles.soap", CORE),
    ("filemanager/services/added.py", "import vofiles.filestore_port", CORE),
    ("filemanager/services/added.py", "import vofiles.serving", SERVING),
    ("client/vofiles/errors.py", "import requests", PURE),
    ("client/vofiles/names.py", "import vofiles.contract", CLIENT),
    ("client/vofiles/soap.py", "import vofiles.tree", CLIENT),
    ("client/vofiles/added.py", "", CLIENT),
    ("client/vofiles/tree.py", "import filemanager.config", "vofiles knows no server"),
]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sources and the contracts, to be spoiled."""
    folder = tmp_path_factory.mktemp("sources")
    shutil.copy(ROOT / ".importlinter", folder)
    for root in ("client/vofiles", "filemanager", "filestore"):
        shutil.copytree(ROOT / root, folder / root, ignore=shutil.ignore_patterns("wsdl", "__pycache__"))
    return folder


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": f"{folder}:{folder / 'client'}"}
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)


def test_the_sources_keep_every_contract(copy: Path) -> None:
    result = lint(copy)
    assert result.returncode == 0, result.stdout
    assert " 0 broken" in result.stdout


@pytest.mark.parametrize(("name", "line", "contract"), FORBIDDEN)
def test_what_must_not_be_imported_breaks_its_contract(copy: Path, name: str, line: str, contract: str) -> None:
    path = copy / name
    before = path.read_text() if path.exists() else None
    path.parent.mkdir(exist_ok=True)
    path.write_text((before or '"""Added."""\n') + f"\n{line}\n")
    try:
        result = lint(copy)
    finally:
        if before is None:
            shutil.rmtree(path.parent) if path.name == "__init__.py" else path.unlink()
        else:
            path.write_text(before)
    broken = [kept.strip() for kept in result.stdout.splitlines() if kept.rstrip().endswith("BROKEN")]
    assert any(one.startswith(contract) for one in broken), result.stdout
