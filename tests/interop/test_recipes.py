"""The recipes of docs/protocol.md that no client of the main job has: our own client's, and curl's.

Rule: each recipe that the page shows is run, here or by test_main_job.py (tests/ground/test_protocol.py counts them).
"""

import shutil
from pathlib import Path

import pytest

from tests.interop.clients import Client
from tests.interop.recipes import WITHOUT_JOB
from tests.interop.stage import Stage, build


@pytest.mark.parametrize("client", WITHOUT_JOB, ids=lambda client: client.name)
def test_the_recipe_works(client: Client, stage: Stage, content: Path, tmp_path: Path) -> None:
    own = Path(shutil.copy(content, tmp_path / f"{client.name}-recipe.vot"))
    (tmp_path / "built").mkdir()
    done = build(client, stage, tmp_path / "built").start(client.recipe, stage.address, *stage.user.auth, own)
    assert (done.returncode, done.stderr.decode(errors="replace")) == (0, "")
    assert done.stdout == own.read_bytes()
    node = stage.node(own.name)
    assert (node.size, node.version) == (own.stat().st_size, 1)
