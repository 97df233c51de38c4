"""From the element of a request, judged by its schema, to the request: made out of `shape`, like the encoder.

spyne makes a context, a model and a dictionary of everything for each request, at 130 µs; this takes a tenth of that.

Rule: it takes only what can be read in one way (`Elsewhere` says what it cannot), and leaves everything else to spyne,
which is asked for the same in the tests: whatever this reads, spyne reads alike.
"""

import re
from collections.abc import Callable
from functools import cache
from typing import Any, Final

from lxml import etree

from vofiles.errors import InvalidArgument
from vofiles.instant import Instant, parse_instant
from vofiles.shape import Part, Simple, parts

Read = Callable[[etree._Element], Any]

_WHOLE_NUMBER: Final = re.compile(r"-?[0-9]{1,18}\Z")
_WHOLE_NUMBERS: Final = frozenset({"long", "int"})
# As we write it ourselves. spyne has its own way with other fractions and with zones.
_INSTANT: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z\Z")
_TRUTHS: Final = {"true": True, "1": True, "false": False, "0": False}


class Elsewhere(Exception):
    """It is for spyne to read."""


@cache
def reader(value_type: type) -> Read:
    """What reads an element as a value of a wire class.

    It raises Elsewhere, and what parsing a text does: InvalidIdentifier, InvalidName and others.
    """
    steps = tuple((part, part.element, _single(part)) for part in parts(value_type))
    known = frozenset(part.element for part in parts(value_type))

    def read(element: etree._Element) -> Any:
        found: dict[str, list[etree._Element]] = {}
        for child in element:
            found.setdefault(str(child.tag).rpartition("}")[2], []).append(child)
        if not known.issuperset(found):
            raise Elsewhere
        values = {}
        # In the order of the fields, whatever that of the elements is: so the first mistake is always the same one.
        for part, name, single in steps:
            elements = found.get(name, ())
            if part.many:
                values[part.field] = tuple([single(each) for each in elements])
            elif elements:
                values[part.field] = single(elements[-1])
            else:
                values[part.field] = part.default
        return value_type(**values)

    return read


def _single(part: Part) -> Read:
    """What reads one element of a field."""
    simple = part.simple
    if simple is None:
        return reader(part.type)
    take = _taker(part, simple)

    def read(element: etree._Element) -> Any:
        if len(element):
            raise Elsewhere
        return take(element.text or "")

    return read


def _taker(part: Part, simple: Simple) -> Callable[[str], Any]:
    kind = simple.base if simple.xsd[0].isupper() else simple.xsd
    if part.type is Instant:
        return _instant
    if kind in _WHOLE_NUMBERS:
        return _whole_number
    if kind == "boolean":
        return _truth
    return simple.parse


def _whole_number(text: str) -> int:
    if not _WHOLE_NUMBER.match(text):
        raise Elsewhere
    return int(text)


def _truth(text: str) -> bool:
    if text not in _TRUTHS:
        raise Elsewhere
    return _TRUTHS[text]


def _instant(text: str) -> Instant:
    if not _INSTANT.match(text):
        raise Elsewhere
    try:
        return parse_instant(text)
    except InvalidArgument as error:
        # No day or hour of Python's; what is to be said of it is spyne's.
        raise Elsewhere from error
