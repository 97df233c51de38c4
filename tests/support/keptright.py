"""What is told of nodes from memory, held against what would be told without, in every read of this process.

Import the fixture `kept_right` in a conftest, and each test beside it fails where the two differ.
"""

from collections.abc import Sequence

import pytest

from filemanager.domain.node import Node
from filemanager.ports import Transaction
from filemanager.services.description import describe_nodes
from filemanager.services.keeping import Kept
from vofiles import contract
from vofiles.ivorn import Ivorn


@pytest.fixture(autouse=True)
def kept_right(monkeypatch: pytest.MonkeyPatch) -> None:
    """While a test runs, nothing is told from memory but what is so."""
    describe = Kept.describe

    def compared(self: Kept, tx: Transaction, service: Ivorn, nodes: Sequence[Node]) -> list[contract.Node]:
        told, fresh = describe(self, tx, service, nodes), describe_nodes(tx, service, nodes)
        assert told == fresh
        return told

    monkeypatch.setattr(Kept, "describe", compared)
