"""The shape of wire values: what a frozen dataclass of `contract` looks like as an XML sequence.

Rule: pure, and the only reader of those annotations. spyne's models, the reply encoder, the client's decoder and the
tests that hold the published WSDL against the code all work from these descriptions, so a field is written down once.

    x: str              one element x              x: str | None          at most one
    x: tuple[str, ...]  any number of elements, named by `many("singular")`

A contract that is not ours says what its types are by annotation, and by `occurs` where what is published and what has
to be understood differ:

    x: Annotated[str, Simple("NodeName", str.strip, str, base="NMTOKEN")] | None = occurs(1)
"""

import dataclasses
import types
import typing
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

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
    base: str = "string"
    """The type of XML Schema that a type of a contract's own restricts."""
    pattern: str = ""
    """Which texts it allows, as a regular expression of XML Schema; empty for all."""
    values: tuple[str, ...] = ()
    """The only texts that it allows; empty for all."""
    marked: bool = False
    """Its elements say their type, by xsi:type, when they are written."""


def _parse_bool(text: str) -> bool:
    return {"true": True, "1": True, "false": False, "0": False}[text.strip()]


_IVORN: Final = "[iI][vV][oO]://.+"
_NODE_IVORN: Final = "[iI][vV][oO]://[^#]+#.+"

SIMPLE: dict[Any, Simple] = {
    str: Simple("string", str, str),
    int: Simple("long", int, str),
    bool: Simple("boolean", _parse_bool, lambda value: "true" if value else "false"),
    Instant: Simple("dateTime", parse_instant, to_text),
    Ivorn: Simple("Ivorn", Ivorn.parse, str, pattern=_IVORN),
    NodeIdentifier: Simple("NodeIvorn", NodeIdentifier.parse, str, pattern=_NODE_IVORN),
    LongIdentifier: Simple("NodeIvorn", LongIdentifier.parse, str, pattern=_NODE_IVORN),
}
"""Every type that a field of our own contracts can have besides a dataclass."""


@dataclass(frozen=True)
class Part:
    """One field of a wire value."""

    field: str
    element: str
    """Local name on the wire."""
    type: Any
    """The type in Python: a key of SIMPLE, a wire dataclass, or what `own` is a type of."""
    many: bool
    optional: bool
    """Whether the value may be None, or no item at all, and nothing is written then."""
    own: Simple | None = None
    """The type on the wire, where the contract brings its own."""
    published: int | None = None
    """How many there have to be at least, as published, where that is not what `optional` says."""
    default: Any = None
    """What counts where nothing came, if anything does."""

    @property
    def simple(self) -> Simple | None:
        """How its text is read and written, or None where it is a wire value itself."""
        return self.own or SIMPLE.get(self.type)

    @property
    def least(self) -> int:
        """How many there have to be at least, as published."""
        return int(not self.optional) if self.published is None else self.published


class Lasting:
    """What a wire class descends from whose values are answered again and again: the encoder keeps its text with it."""

    __slots__ = ("text",)


def many(element: str, least: int | None = None) -> Any:
    """A repeated element, named in the singular: `properties: tuple[Property, ...] = many("property")`."""
    published = {} if least is None else {"least": least}
    return dataclasses.field(default=(), metadata={"element": element, **published})


def occurs(least: int, default: Any = None) -> Any:
    """A field that may be missing in a request, though by the published text there are at least so many of it."""
    return dataclasses.field(default=default, metadata={"least": least})


def camel_case(name: str) -> str:
    """`bytes_done` as it stands on the wire, `bytesDone`."""
    head, *tail = name.split("_")
    return head + "".join(word.capitalize() for word in tail)


@cache
def parts(value_type: type) -> tuple[Part, ...]:
    """The fields of a wire dataclass, in the order of the wire."""
    hints = typing.get_type_hints(value_type, include_extras=True)
    return tuple(_part(field, hints[field.name]) for field in dataclasses.fields(value_type))


def _part(field: "dataclasses.Field[Any]", hint: Any) -> Part:
    several = typing.get_origin(hint) is tuple
    optional = several or typing.get_origin(hint) in (types.UnionType, typing.Union)
    if optional:
        (hint,) = (member for member in typing.get_args(hint) if member not in (type(None), Ellipsis))
    own = next((extra for extra in getattr(hint, "__metadata__", ()) if isinstance(extra, Simple)), None)
    default = None if several or field.default is dataclasses.MISSING else field.default
    return Part(
        field.name,
        field.metadata.get("element", camel_case(field.name)),
        hint if own is None else hint.__origin__,
        several,
        optional,
        own,
        field.metadata.get("least"),
        default,
    )
