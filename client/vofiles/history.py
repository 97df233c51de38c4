"""What happened to an entry: its changes as a script reads them.

Rule: read only; a page is asked for when it is wanted.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from types import MappingProxyType

from vofiles import contract
from vofiles.contract import GetHistory, GetHistoryAnswer
from vofiles.instant import from_datetime, to_datetime
from vofiles.names import HomePath
from vofiles.root import Root


@dataclass(frozen=True)
class ChangeInfo:
    """One change of one entry."""

    number: int
    """Of all changes of the service, without gaps."""
    who: str
    """The account that asked for it."""
    at: datetime
    operation: str
    before: Mapping[str, str] = field(default_factory=dict)
    """Values that are no more; what is not named was not there."""
    after: Mapping[str, str] = field(default_factory=dict)
    """Values that came; what is named before and not here was removed."""


def change_of(change: contract.Change) -> ChangeInfo:
    """What the wire says of a change."""
    return ChangeInfo(
        number=change.number,
        who=str(change.who),
        at=to_datetime(change.at),
        operation=change.operation,
        before=_values(change.before),
        after=_values(change.after),
    )


def _values(rows: tuple[contract.Property, ...]) -> Mapping[str, str]:
    return MappingProxyType({row.key: row.value for row in rows})


class History:
    """The changes of one entry, the oldest first; iterate over it as often as you like."""

    def __init__(self, root: Root, path: HomePath, as_of: datetime | None) -> None:
        """Raises InvalidArgument for a time without a zone."""
        self._root, self._path = root, path
        self._until = from_datetime(as_of) if as_of is not None else None

    def __iter__(self) -> Iterator[ChangeInfo]:
        for page in self._root.pages(self._ask):
            yield from map(change_of, page.changes)

    @cached_property
    def values(self) -> Mapping[str, str]:
        """What the entry was as of the time asked for: name, size, properties and others; without a time, nothing."""
        return _values(next(self._root.pages(self._ask)).values)

    def _ask(self, after: str | None) -> GetHistoryAnswer:
        return self._root.port.get_history(GetHistory(self._root.identify(self._path), self._until, after))
