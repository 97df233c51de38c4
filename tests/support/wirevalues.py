"""Values of the contract for property tests: any wire class, made from what `shape` says of it.

Rule: no field is written down here; a class added to the contract is covered at once.
"""

import types
import typing
from dataclasses import fields
from functools import cache
from typing import Any, Final

from hypothesis import strategies as st

from vofiles.errors import VofilesError
from vofiles.instant import Instant
from vofiles.ivorn import Ivorn, LongIdentifier, NodeIdentifier
from vofiles.names import NodeName, parse_name

_ANY: Final = ("L", "M", "N", "P", "S", "Z", "Cc", "Cf", "Co", "Cn")
# Every character that XML 1.0 can carry, and those that are likely to be mistreated more often.
_XML_CHARACTERS = st.one_of(
    st.characters(min_codepoint=0x20, categories=_ANY, exclude_characters="\ufffe\uffff"),
    st.sampled_from("\t\n\r <>&\"']]>é\u2028\u00a0\U0001f52d"),
)
texts = st.text(_XML_CHARACTERS, max_size=30)
longs = st.integers(-(2**63), 2**63 - 1)
instants = st.integers(-62_135_596_800_000_000, 253_402_300_799_999_999).map(Instant)

_words = st.text("abcdefghijklmnopqrstuvwxyz0123456789.-", min_size=1, max_size=12)
_authorities = st.from_regex(r"[a-z0-9][a-z0-9.-]{0,20}", fullmatch=True)
_resources = st.lists(_words, max_size=3).map("/".join)
_fragments = st.text("abcXYZ0123456789-.", min_size=1, max_size=26)
services = st.builds(Ivorn, authority=_authorities, resource=_resources, user=st.sampled_from(["", "dave"]))
_maybe = st.just("")
ivorns = st.builds(
    Ivorn, authority=_authorities, resource=_resources, fragment=_maybe | _fragments, query=_maybe | _words
)
node_identifiers = st.builds(NodeIdentifier, services, _fragments)


def _find_name(text: str) -> NodeName | None:
    try:
        return parse_name(text)
    except VofilesError:
        return None


names = st.text(min_size=1, max_size=20).map(_find_name).filter(bool)
"""Names that a node may have."""
long_identifiers = st.builds(LongIdentifier, node_identifiers, st.lists(names, max_size=3).map(tuple))

_SIMPLE: dict[Any, st.SearchStrategy[Any]] = {
    str: texts,
    int: longs,
    bool: st.booleans(),
    Instant: instants,
    Ivorn: ivorns,
    NodeIdentifier: node_identifiers,
    LongIdentifier: long_identifiers,
}


@cache
def values_of(value_type: type) -> st.SearchStrategy[Any]:
    """Any value of a wire class: optional parts set and unset, repeated ones none to three times."""
    hints = typing.get_type_hints(value_type)
    return st.builds(value_type, **{field.name: _of(hints[field.name]) for field in fields(value_type)})


@cache
def fullest(value_type: type) -> st.SearchStrategy[Any]:
    """Values of a wire class with every optional part set and every repeated one there."""
    hints = typing.get_type_hints(value_type)
    return st.builds(value_type, **{field.name: _of(hints[field.name], full=True) for field in fields(value_type)})


def _of(hint: Any, *, full: bool = False) -> st.SearchStrategy[Any]:
    if hint in _SIMPLE:
        return _SIMPLE[hint]
    if typing.get_origin(hint) is tuple:
        item = _of(typing.get_args(hint)[0], full=full)
        return st.lists(item, min_size=int(full), max_size=3).map(tuple)
    if typing.get_origin(hint) in (types.UnionType, typing.Union):
        (inner,) = (member for member in typing.get_args(hint) if member is not type(None))
        return _of(inner, full=full) if full else st.none() | _of(inner)
    return fullest(hint) if full else values_of(hint)
