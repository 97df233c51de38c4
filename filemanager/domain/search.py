"""Searches: what nodes must be like to be found, in which order they come, and where the next page starts.

Rule: pure. Every condition that an index can serve is a span (from a value, below another one) of one of the orders;
what is left of it is judged here, node by node.
"""

import base64
import fnmatch
import hashlib
import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, NamedTuple

from filemanager.domain.properties import CONTENT_TYPE
from vofiles.contract import Find, Match, NodeKind, Order, PropertyMatch
from vofiles.errors import InvalidArgument
from vofiles.instant import Instant
from vofiles.properties import STANDARD, Setter, check_property

MAX_PATTERN: Final = 1024
"""Characters of the longest pattern."""
MAX_CONDITIONS: Final = 16
"""On properties, in one search."""
NO_SIZE: Final = -1
"""The size of what has no content, so that it comes before the empty file."""
HEAD: Final = 64
"""Characters of a property's value that are indexed."""

# No name has the first (vofiles.names refuses it), and no value the second (XML has no such character).
_TOP_TEXT: Final = "\U0010ffff"
_LEAST: Final = "\x01"
_BOTTOM, _TOP = -(1 << 63), (1 << 63) - 1
_KINDS: Final = (NodeKind.FILE, NodeKind.FOLDER, NodeKind.LINK)
_ORDERS: Final = (Order.NAME, Order.SIZE, Order.MODIFIED, Order.CREATED)
_MATCHES: Final = (Match.EQUALS, Match.PREFIX)
_UNUSABLE = re.compile("[\x00-\x1f\ud800-\udfff]")
_WILD = re.compile(r"[*?\[]")


class Entry(NamedTuple):
    """What is looked at of every node that might be found: a tuple, because there can be many."""

    key: int
    parent: int | None
    name: str
    kind: str
    size: int
    """Bytes of the current content, or NO_SIZE."""
    modified: int
    created: int


class Span(NamedTuple):
    """From `low`, inclusive, to below `high`, in one of the orders."""

    low: Any
    high: Any

    def holds(self, value: Any) -> bool:
        """Whether the value is in it."""
        return bool(self.low <= value < self.high)


class Place(NamedTuple):
    """A place in an order: a value, and the key of the node among those alike."""

    value: Any
    key: int


ALL: Final[Mapping[str, Span]] = {
    Order.NAME: Span("", _TOP_TEXT),
    Order.SIZE: Span(NO_SIZE, _TOP),
    Order.MODIFIED: Span(_BOTTOM, _TOP),
    Order.CREATED: Span(_BOTTOM, _TOP),
}
"""The whole of each order."""

_VALUES: Final = {
    Order.NAME: Entry._fields.index("name"),
    Order.SIZE: Entry._fields.index("size"),
    Order.MODIFIED: Entry._fields.index("modified"),
    Order.CREATED: Entry._fields.index("created"),
}


def place_of(entry: Entry, order: str) -> Place:
    """Where a node is in an order."""
    return Place(entry[_VALUES[order]], entry.key)


def beginning_with(prefix: str) -> Span:
    """All texts that begin so."""
    stem = prefix.rstrip(_TOP_TEXT)
    if not stem:
        return Span(prefix, _TOP_TEXT)
    last = ord(stem[-1]) + 1
    return Span(prefix, stem[:-1] + chr(0xE000 if last == 0xD800 else last))


def exactly(text: str) -> Span:
    """This name or value alone."""
    return Span(text, text + _LEAST)


@dataclass(frozen=True, slots=True)
class Condition:
    """What the value of a property must be."""

    key: str
    value: str
    prefix: bool

    @classmethod
    def of(cls, told: PropertyMatch) -> "Condition":
        """Raises InvalidArgument, TooLarge."""
        check_property(told.key, told.value)
        match = told.match or Match.EQUALS
        if match not in _MATCHES:
            raise InvalidArgument("match", reason=f"it is {' or '.join(_MATCHES)}")
        return cls(told.key, told.value, match == Match.PREFIX)

    def holds(self, value: str | None) -> bool:
        """Whether a node with this value of the property meets it; None: it has none."""
        if value is None:
            return False
        return value.startswith(self.value) if self.prefix else value == self.value

    @property
    def heads(self) -> Span:
        """What the first HEAD characters of the value can be."""
        head = self.value[:HEAD]
        return beginning_with(head) if self.prefix and len(self.value) < HEAD else exactly(head)

    @property
    def is_stored(self) -> bool:
        """Whether it is about a property that is written down with the node, not one that the service makes up."""
        standard = STANDARD.get(self.key)
        return standard is None or standard.setter is Setter.CALLER

    @property
    def is_of_content_type(self) -> bool:
        """Whether it is about the type, which is written down with the content where nobody has set it."""
        return self.key == CONTENT_TYPE


@dataclass(frozen=True)
class Query:
    """A search: every condition must hold."""

    pattern: str | None
    kind: str | None
    spans: Mapping[str, Span]
    """One for each order."""
    conditions: tuple[Condition, ...]
    order: str
    descending: bool

    @classmethod
    def of(cls, request: Find) -> "Query":
        """Raises InvalidArgument, TooLarge."""
        order = request.order or Order.NAME
        if order not in _ORDERS:
            raise InvalidArgument("order", reason=f"it is one of {', '.join(_ORDERS)}")
        if request.type is not None and request.type not in _KINDS:
            raise InvalidArgument("type", reason=f"it is one of {', '.join(_KINDS)}")
        if len(request.properties) > MAX_CONDITIONS:
            raise InvalidArgument("properties", reason=f"there can be at most {MAX_CONDITIONS}")
        pattern = None if request.name is None else _pattern(request.name)
        spans = {
            Order.NAME: ALL[Order.NAME] if pattern is None else _names(pattern),
            Order.SIZE: _sizes(request.minimum_size, request.maximum_size),
            Order.MODIFIED: _instants(request.modified_from, request.modified_until),
            Order.CREATED: _instants(request.created_from, request.created_until),
        }
        conditions = tuple(Condition.of(each) for each in request.properties)
        return cls(pattern, request.type, spans, conditions, order, bool(request.descending))

    @property
    def span(self) -> Span:
        """What the order it is sorted by is searched in."""
        return self.spans[self.order]

    @property
    def narrowed(self) -> list[str]:
        """The other orders of which it wants only a part."""
        return [order for order in _ORDERS if order != self.order and self.spans[order] != ALL[order]]

    def admits(self, entry: Entry) -> bool:
        """Whether a node may be found, for all that can be told without its properties and the folders above it."""
        _key, _parent, name, kind, size, modified, created = entry
        return (
            (self.kind is None or kind == self.kind)
            and self.spans[Order.NAME].holds(name)
            and self.spans[Order.SIZE].holds(size)
            and self.spans[Order.MODIFIED].holds(modified)
            and self.spans[Order.CREATED].holds(created)
            and (self._names is None or self._names.match(name) is not None)
        )

    @cached_property
    def _names(self) -> re.Pattern[str] | None:
        return None if self.pattern is None else re.compile(fnmatch.translate(self.pattern))

    def seal(self, folder: str) -> str:
        """What marks the places of this search below the folder of that number."""
        return hashlib.blake2b(repr((folder, self)).encode(), digest_size=9).hexdigest()


def write_place(place: Place, seal: str) -> str:
    """A place as it is given to callers; only the same search takes it back."""
    text = json.dumps([seal, place.value, place.key], ensure_ascii=False)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read_place(text: str, seal: str, order: str) -> Place:
    """The place that `write_place` wrote. Raises InvalidArgument."""
    refused = InvalidArgument("after", reason="it is the `next` of the page before, of the same search")
    try:
        found = json.loads(base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True))
        told, value, key = found
    except (ValueError, TypeError, RecursionError) as error:
        raise refused from error
    wanted = str if order == Order.NAME else int
    if told != seal or type(value) is not wanted or type(key) is not int or not 0 < key <= _TOP:
        raise refused
    if isinstance(value, str) and _UNUSABLE.search(value):
        raise refused
    return Place(value, key) if isinstance(value, str) else Place(max(_BOTTOM, min(value, _TOP)), key)


def _pattern(text: str) -> str:
    # Before it is brought to its normal form, which takes as long as the square of the marks in a row.
    if not text or len(text) > MAX_PATTERN:
        raise InvalidArgument("name", reason=f"a pattern has 1 to {MAX_PATTERN} characters")
    pattern = unicodedata.normalize("NFC", text)
    if _UNUSABLE.search(pattern):
        raise InvalidArgument("name", reason="it has a character that no name has")
    return pattern


def _names(pattern: str) -> Span:
    wild = _WILD.search(pattern)
    if wild is None:
        return exactly(pattern)
    return beginning_with(pattern[: wild.start()]) if wild.start() else ALL[Order.NAME]


def _sizes(least: int | None, most: int | None) -> Span:
    for name, value in (("minimumSize", least), ("maximumSize", most)):
        if value is not None and value < 0:
            raise InvalidArgument(name, reason="it is 0 at the least")
    if least is None and most is None:
        return ALL[Order.SIZE]
    return Span(min(least or 0, _TOP), _TOP if most is None else min(most + 1, _TOP))


def _instants(first: Instant | None, end: Instant | None) -> Span:
    return Span(_BOTTOM if first is None else first, _TOP if end is None else end)
