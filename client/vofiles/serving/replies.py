"""The one encoder of what goes out: contract values as XML text, straight from the dataclasses.

spyne would first build its own objects and then a tree, at 3 to 22 times the cost. A writer is made once for each class
out of `shape`; a test holds its documents against spyne's and against the published schema.

Rule: every text passes `escape`, so that whatever is in a value, the document is well-formed.
"""

import re
from collections.abc import Callable
from functools import cache
from operator import attrgetter
from typing import Any, Final

from vofiles.contract import FaultDetail, Property
from vofiles.errors import VofilesError
from vofiles.faults import row_of
from vofiles.instant import Instant
from vofiles.serving.wsse import PREFIXES
from vofiles.serving.xmlgate import SOAP, SOAP_1_2
from vofiles.shape import Lasting, Part, parts

_ENVELOPE: Final = f'<?xml version="1.0" encoding="UTF-8"?>\n<soap:Envelope xmlns:soap="{SOAP}">'
_HEAD: Final = f"{_ENVELOPE}<soap:Body>"
_TAIL: Final = "</soap:Body></soap:Envelope>"
# SOAP 1.2 part 1, 5.4.7: by this header a node of either version says which envelopes it takes.
_UPGRADE: Final = (
    f'<soap:Header><v:Upgrade xmlns:v="{SOAP_1_2}">'
    '<v:SupportedEnvelope qname="soap:Envelope"/></v:Upgrade></soap:Header>'
)

# A CR has to be written as a reference, or parsers read LF; what XML 1.0 cannot carry at all (2.2) becomes U+FFFD.
_SPECIAL = re.compile("[&<>\r]|[^\t\n\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_REFERENCES: Final = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"}

NAMED: Final = 'xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
"""Declares the prefixes with which an element says its type, for an envelope that has such elements."""

_PLAIN: Final = frozenset({int, bool, Instant})
"""Types whose texts have nothing to escape."""

Write = Callable[[Any, Callable[[str], None]], None]
"""Writes a value (first) piece by piece (second)."""


def escape(text: str) -> str:
    """A text as the content of an element."""
    # What can be printed has no controls, surrogates or unassigned characters, and to ask that is much cheaper.
    if text.isprintable() and "&" not in text and "<" not in text and ">" not in text:
        return text
    return _SPECIAL.sub(lambda match: _REFERENCES.get(match[0], "\ufffd"), text)


def answer(namespace: str, operation: str, value: Any) -> bytes:
    """The envelope that answers an operation with a value of the contract."""
    return message(namespace, f"{operation}Response", value)


def message(namespace: str, element: str, value: Any) -> bytes:
    """An envelope whose Body has one element of this name, made of a value of the contract."""
    pieces = [_HEAD, f'<{element} xmlns="{namespace}">']
    kind: type = type(value)
    writer(kind)(value, pieces.append)
    pieces.append(f"</{element}>{_TAIL}")
    return "".join(pieces).encode("utf-8")


def fault(namespace: str, error: VofilesError, *, code: str = "", detail: bool = True, upgrade: bool = False) -> bytes:
    """The envelope of a fault; `code` overrides the faultcode that the table of faults has.

    A code is one of SOAP's own, or has a prefix of `wsse.PREFIXES`. Without `detail` for faults of the envelope or its
    headers (SOAP 1.1, 4.4: detail speaks of the Body alone). `upgrade` says which envelope is taken.
    """
    row = row_of(error)
    prefix = code.partition(":")[0] if ":" in code else ""
    declared = f' xmlns:{prefix}="{PREFIXES[prefix]}"' if prefix else ""
    pieces = [
        f"{_ENVELOPE}{_UPGRADE}<soap:Body>" if upgrade else _HEAD,
        f"<soap:Fault><faultcode{declared}>{code if prefix else f'soap:{code or row.blame}'}</faultcode>",
        f"<faultstring>{escape(error.message)}</faultstring>",
    ]
    if detail:
        pieces.append(f'<detail><{row.fault} xmlns="{namespace}">')
        properties = tuple(Property(key, value) for key, value in error.properties)
        writer(FaultDetail)(FaultDetail(error.name, error.message, properties), pieces.append)
        pieces.append(f"</{row.fault}></detail>")
    pieces.append(f"</soap:Fault>{_TAIL}")
    return "".join(pieces).encode("utf-8")


@cache
def writer(value_type: type, opening: str = "") -> Write:
    """What writes the elements within a value of a wire class, one after the other; `opening` is written into each of
    their start tags, such as a declaration of their namespace.
    """
    flat = None if opening else _flat_writer(value_type)
    if flat is not None:
        return flat
    steps = tuple((part.field, _element(part, opening), part.many, part.optional) for part in parts(value_type))

    def write(value: Any, out: Callable[[str], None]) -> None:
        for name, element, many, optional in steps:
            content = getattr(value, name)
            if many:
                for item in content:
                    element(item, out)
            elif content is not None:
                element(content, out)
            elif not optional:
                raise TypeError(f"{value_type.__name__}.{name} is None, which the contract does not allow")

    return _kept_with(write) if issubclass(value_type, Lasting) and not opening else write


def _kept_with(write: Write) -> Write:
    """The same for values that are written more than once: their text stays with them, for they never change."""

    def write_kept(value: Any, out: Callable[[str], None]) -> None:
        try:
            text = value.text
        except AttributeError:
            pieces: list[str] = []
            write(value, pieces.append)
            text = "".join(pieces)
            object.__setattr__(value, "text", text)
        out(text)

    return write_kept


def _flat_writer(value_type: type, start: str = "", end: str = "") -> Write | None:
    """The same, between `start` and `end`, as one template: for a class of nothing but two texts or more, none of which
    can be missing, such as properties and digests, of which there are so many.
    """
    fields = parts(value_type)
    if len(fields) < 2 or not all(_is_text(part) for part in fields):
        return None
    texts = attrgetter(*(part.field for part in fields))
    template = f"{start}{''.join(f'<{part.element}>%s</{part.element}>' for part in fields)}{end}"

    def write(value: Any, out: Callable[[str], None]) -> None:
        out(template % tuple(map(escape, texts(value))))

    return write


def _is_text(part: Part) -> bool:
    """Whether there is always one of it, a text that is its own value."""
    return part.simple is not None and part.simple.text is str and part.type is str and not (part.many or part.optional)


def _element(part: Part, opening: str = "") -> Write:
    marked = f' xsi:type="xsd:{part.simple.xsd}"' if part.simple is not None and part.simple.marked else ""
    start, end = f"<{part.element}{marked}{opening}>", f"</{part.element}>"
    if part.simple is None:
        flat = _flat_writer(part.type, start, end)
        if flat is not None:
            return flat
        inner = writer(part.type)

        def write_value(value: Any, out: Callable[[str], None]) -> None:
            out(start)
            inner(value, out)
            out(end)

        return write_value
    text = part.simple.text
    if part.type in _PLAIN:

        def write_plain(value: Any, out: Callable[[str], None]) -> None:
            out(f"{start}{text(value)}{end}")

        return write_plain

    def write_text(value: Any, out: Callable[[str], None]) -> None:
        out(f"{start}{escape(text(value))}{end}")

    return write_text
