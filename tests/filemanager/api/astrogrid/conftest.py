"""In every test here: what is told from memory is what would be told without."""

from collections.abc import Iterator

import pytest

from filemanager.api.astrogrid.nodes import Memory, node_of
from filemanager.api.astrogrid.types import Node
from filemanager.services.bundles import Entry
from tests.support.keptright import kept_right

__all__ = ["kept_right"]


@pytest.fixture(autouse=True, scope="package")
def remembered_right() -> Iterator[None]:
    """No wire value of a node is another one than would be made now."""
    remembered = Memory._node_of

    def compared(self: Memory, entry: Entry) -> Node:
        node = remembered(self, entry)
        assert node == node_of(entry)
        return node

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Memory, "_node_of", compared)
        yield
