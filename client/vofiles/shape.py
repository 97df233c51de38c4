"""The shape of wire values: what a frozen dataclass of `contract` looks like as an XML sequence.

Rule: pure, and the only reader of those annotations. spyne's models, the reply encoder, the client's decoder and the
tests that hold the published WSDL against the code all work from these descriptions, so a field is written down once.

    x: str              one element x              x: str | None          at most one
    x: tuple[str, ...]  any number of elements, named by `many("singular")`
"""

import dataclasses
import types
import typing
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from vofiles.instant import Instant, parse_instant, to_text
from vofiles.ivorn import Ivorn, LongIdentifier, NodeIdentifier


@dataclass(frozen=True)
class Simple:
    """A type whose value is one text."""

    xsd: str
    """Local name of its XML Schema type; a capital letter means ours, in the contract's namespace."""
    parse: Callable[[str], Any]
    """From text; raises a VofilesError or ValueError."""
    text: Callable[[Any], str]
    """To text, not yet escaped."""


def _parse_bool(text: str) -> bool:
    return {"true": True, "1": True, "false": False, "0": False}[text.strip()]


SIMPLE: dict[Any, Simple] = {
    str: Simple("string", str, str),
    int: Simple("long", int, str),
    bool: Simple("boolean", _parse_bool, lambda value: "true" if value else "false"),
    Instant: Simple("dateTime", parse_instant, to_text),
    Ivorn: Simple("Ivorn", Ivorn.parse, str),
    NodeIdentifier: Simple("NodeIvorn", NodeIdentifier.parse, str),
    LongIdentifier: Simple("NodeIvorn", LongIdentifier.parse, str),
}
"""Every type that a field can have besides a dataclass."""


@dataclass(frozen=True)
class Part:
    """One field of a wire value."""

    field: str
    element: str
    """Local name on the wire."""
    type: Any
    """A key of SIMPLE, or a wire dataclass."""
    many: bool
    optional: bool

    @property
    def simple(self) -> Simple | None:
        """How its text is read and written, or None where it is a wire value itself."""
        return SIMPLE.get(self.type)


def many(element: str) -> Any:
    """A repeated element, named in the singular: `properties: tuple[Property, ...] = many("property")`."""
    return dataclasses.field(default=(), metadata={"element": element})


def camel_case(name: str) -> str:
    """`bytes_done` as it stands on the wire, `bytesDone`."""
    head, *tail = name.split("_")
    return head + "".join(word.capitalize() for word in tail)


@cache
def parts(value_type: type) -> tuple[Part, ...]:
    """The fields of a wire dataclass, in the order of the wire."""
    hints = typing.get_type_hints(value_type)
    return tuple(_part(field, hints[field.name]) for field in dataclasses.fields(value_type))


def _part(field: "dataclasses.Field[Any]", hint: Any) -> Part:
    element = field.metadata.get("element", camel_case(field.name))
    if typing.get_origin(hint) is tuple:
        return Part(field.name, element, typing.get_args(hint)[0], many=True, optional=True)
    if typing.get_origin(hint) in (types.UnionType, typing.Union):
        (inner,) = (member for member in typing.get_args(hint) if member is not type(None))
        return Part(field.name, element, inner, many=False, optional=True)
    return Part(field.name, element, hint, many=False, optional=False)
