"""History: every change of a node, also of one that is no more.

Rule: only read here. What somebody may see of it is what was done in their own tree: to others a node never was there.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from filemanager.config import Config
from filemanager.domain.caller import Caller
from filemanager.domain.change import Change
from filemanager.domain.history import fold
from filemanager.ports import Database, Transaction
from filemanager.services.finding import get_node
from filemanager.services.paging import number_after, page_size
from vofiles import contract
from vofiles.contract import GetHistory, GetHistoryAnswer, Property
from vofiles.errors import NodeNotFound
from vofiles.instant import Instant
from vofiles.ivorn import LongIdentifier, NodeIdentifier

BATCH: Final = 1000
"""Changes taken at a time where all are taken together."""
_MOST: Final = (1 << 63) - 1


@dataclass(frozen=True)
class HistoryService:
    """The use case of reading history."""

    config: Config
    database: Database

    def get_history(self, caller: Caller, request: GetHistory) -> GetHistoryAnswer:
        """A page of the changes of a node in the caller's tree, the oldest first, and, as of a time, what it was then.

        Raises NodeNotFound, InvalidArgument.
        """
        limit = page_size(request.limit, self.config.terms.maximum_page)
        after = number_after(request.after, _MOST) or 0

        def page(tx: Transaction) -> GetHistoryAnswer:
            number = self._number(tx, caller, request.node)
            found = tx.changes.changes_of(number, caller.account, after, request.as_of, limit + 1)
            if not found and not tx.changes.changes_of(number, caller.account, 0, None, 1):
                raise NodeNotFound(request.node)
            values = _values(tx, caller, number, request.as_of) if request.as_of is not None and not after else {}
            following = str(found[limit - 1].number) if len(found) > limit else None
            changes = tuple(self._describe(change) for change in found[:limit])
            return GetHistoryAnswer(following, _properties(values), changes)

        return self.database.read(page)

    def _number(self, tx: Transaction, caller: Caller, identifier: LongIdentifier) -> str:
        """The number of a node, which need not be there any more unless it is named by a path. Raises NodeNotFound."""
        service = self.config.identifier
        if identifier.path or identifier.node.service != service:
            return get_node(tx, service, caller, identifier).number
        return identifier.node.number

    def _describe(self, change: Change) -> contract.Change:
        return contract.Change(
            number=change.number,
            who=change.who,
            on_behalf_of=change.on_behalf_of,
            at=change.at,
            node=NodeIdentifier(self.config.identifier, change.node),
            operation=change.operation,
            before=_properties(change.before),
            after=_properties(change.after),
        )


def _values(tx: Transaction, caller: Caller, number: str, as_of: Instant) -> dict[str, str]:
    values: dict[str, str] = {}
    after = 0
    while some := tx.changes.changes_of(number, caller.account, after, as_of, BATCH):
        for change in some:
            values = fold(values, change)
        after = some[-1].number
    return values


def _properties(values: Mapping[str, str | None]) -> tuple[Property, ...]:
    return tuple(Property(key, value) for key, value in sorted(values.items()) if value is not None)
