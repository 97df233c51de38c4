"""Looking for nodes along the indexes.

Rule: a Protocol and nothing else; its docstrings are the contract of every implementation. Each answer is bounded by
`limit`, and takes as long as that says, however many nodes there are.
"""

from collections.abc import Sequence
from typing import Protocol

from filemanager.domain.node import Node
from filemanager.domain.search import Entry, Place, Span
from vofiles.ivorn import Ivorn


class Search(Protocol):
    """Nodes in several orders. Texts compare by code points; nodes alike in an order, by their keys."""

    def walk(
        self, owner: Ivorn, order: str, span: Span, after: Place | None, limit: int, *, descending: bool = False
    ) -> list[Entry]:
        """At most `limit` nodes of an account, roots included, whose value in the order is in the span, in that order,
        those that come after the place (None: from the first).
        """

    def with_property(self, name: str, heads: Span, limit: int) -> list[int]:
        """The keys of at most `limit` nodes, whosever they are, with a value of the property whose first HEAD
        characters are in the span; in no order.
        """

    def with_content_type(self, types: Span, limit: int) -> list[int]:
        """The keys of at most `limit` nodes, whosever they are, with a content version, current or not, whose type is
        in the span; in no order, and one may come more than once.
        """

    def below(self, parents: Sequence[int], limit: int) -> list[int]:
        """The keys of at most `limit` children of these folders, in no order."""

    def entries(self, keys: Sequence[int]) -> list[Entry]:
        """Those of these nodes that there are, in no order."""

    def nodes(self, keys: Sequence[int]) -> dict[int, Node]:
        """Those of these nodes that there are, by key."""
