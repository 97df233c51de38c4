"""Clients that do not do the main job here but have a recipe in docs/protocol.md: our own, and curl.

Rule: rows as in clients.py, run by test_recipes.py.
"""

import sys
from typing import Final

from tests.interop.clients import INTEROP, Client

VOFILES: Final = Client(
    "vofiles",
    job=(),
    install="pip install .  # in a checkout",
    # As it stands here, also where it is not installed: programs run in folders of their own.
    recipe=("env", f"PYTHONPATH={INTEROP.parents[1] / 'client'}", sys.executable, "{here}/recipe.py"),
)
CURL: Final = Client("curl", job=(), recipe=("sh", "{here}/recipe.sh"), needs=("curl",), packages="curl")

WITHOUT_JOB: Final = (VOFILES, CURL)
