"""What AstroGrid's client and server once said to each other, and how like it an answer of ours is.

    (recording, …) = read_recordings(path)
    likeness = Likeness(places)
    request = likeness.translate(recording.request)         # with our identifiers for theirs
    likeness.differences(recording.response, our_answer)    # {"dir: size": ("0", "32"), …}

An answer is taken apart into facts, a text for each element, by paths such as `home: child[dir]`. Identifiers that both
made for themselves have to stand for each other one to one; dates and addresses, which cannot be alike, have to have
their form, and dates may not go backwards.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from lxml import etree

SOAP = "{http://schemas.xmlsoap.org/soap/envelope/}"
AXIS = "{http://xml.apache.org/axis/}"
XSI_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
FAULTS = "org.astrogrid.filemanager.common."
SERVICE = "ivo://org.astrogrid.test/filemanager"

_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
_ZONED = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000")
_NODE = re.compile(re.escape(SERVICE) + r"#node-\d+")
_ABSENT = "-"


@dataclass(frozen=True)
class Recording:
    """A request and what was answered, as they were on the wire."""

    name: str
    request: str
    response: str

    @property
    def operation(self) -> str:
        return self.name.partition(".")[0].rstrip("2")


def read_recordings(path: Path) -> list[Recording]:
    """All of them, in the order in which they were made."""
    return [Recording(**each) for each in json.loads(path.read_text(encoding="utf-8"))]


def facts_of(envelope: str | bytes, names: Mapping[str, str]) -> dict[str, str]:
    """What an answer says, by path. A name is replaced by the one in `names`, if it is there."""
    root = etree.fromstring(envelope.encode() if isinstance(envelope, str) else envelope)
    (body,) = root.findall(f"{SOAP}Body")
    (answer,) = body
    if answer.tag == f"{SOAP}Fault":
        return {"answer": _fault_of(answer)}
    found = {"answer": str(answer.tag)}
    nodes = answer.findall("node")
    for node in nodes:
        name = _text(node, "name")
        found |= {f"{names.get(name, name)}: {path}": text for path, text in _facts_of_node(node, names)}
    if nodes:
        found["nodes"] = " ".join(_order(nodes, names))
    for child in answer:
        if child.tag != "node":
            found[str(child.tag)] = (child.text or "").strip()
            found |= {f"{child.tag!s}/{part.tag!s}": part.text or "" for part in child}
    return found


def _fault_of(fault: etree._Element) -> str:
    """The class that AstroGrid's clients raise for a fault; `untyped` where it is not what they look for."""
    prefix, _, code = _text(fault, "faultcode").partition(":")
    detail = fault.find("detail")
    parts = list(detail) if detail is not None else []
    if [part.tag for part in parts] != ["message", f"{AXIS}exceptionName"] or not (parts[0].text or "").strip():
        return "untyped"
    typed = f"{{{fault.nsmap.get(prefix)}}}{code}" == f"{SOAP}Server.generalException"
    return (parts[1].text or "").removeprefix(FAULTS) if typed else "untyped"


def _facts_of_node(node: etree._Element, names: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    # Clients of Axis read a sequence, so the order of elements counts; that of children and attributes does not.
    yield "elements", " ".join(dict.fromkeys(str(part.tag) for part in node if part.tag not in {"child", "attributes"}))
    for part in node:
        if part.tag == "child":
            name = _text(part, "name")
            yield f"child[{names.get(name, name)}]", _text(part, "ivorn")
        elif part.tag == "attributes":
            yield f"{_text(part, 'key')}", _text(part, "value")
        elif part.tag == "location":
            yield "location/uri", _text(part, "uri")
            yield "location/ident", part.findtext("ident", _ABSENT)
        else:
            text = part.text or ""
            yield str(part.tag), names.get(text, text) if part.tag == "name" else text
            if XSI_TYPE in part.attrib:
                prefix, _, local = part.get(XSI_TYPE, "").partition(":")
                yield f"{part.tag!s}@type", f"{{{part.nsmap.get(prefix)}}}{local}"


def _text(element: etree._Element, tag: str) -> str:
    return element.findtext(tag, "")


def _order(nodes: list[etree._Element], names: Mapping[str, str]) -> Iterator[str]:
    """The nodes by name; those below the first one by how far below, because within a level any order will do."""
    depths = {_text(nodes[0], "ivorn"): 0}
    for position, node in enumerate(nodes):
        above = depths.get(_text(node, "parent")) if position else None
        if above is None:
            yield names.get(_text(node, "name"), _text(node, "name"))
        else:
            depths[_text(node, "ivorn")] = above + 1
            yield f"+{above + 1}"


@dataclass
class Likeness:
    """What stands for what so far."""

    places: Mapping[str, str]
    """Beginnings of their URLs, and ours."""
    names: dict[str, str] = field(default_factory=dict)
    """Names of ours that stand for names of theirs."""
    _ours: dict[tuple[str, str], str] = field(default_factory=dict)
    _theirs: dict[tuple[str, str], str] = field(default_factory=dict)
    _modified: dict[str, str] = field(default_factory=dict)

    def node(self, theirs: str) -> str:
        """Our identifier of a node of theirs, `node-765`."""
        return self._ours["node", f"{SERVICE}#{theirs}"]

    def bind(self, kind: str, theirs: str, ours: str) -> bool:
        """Have one stand for the other; False where either stands for another one already."""
        return (
            self._ours.setdefault((kind, theirs), ours) == ours
            and self._theirs.setdefault((kind, ours), theirs) == theirs
        )

    def forget(self, kind: str, theirs: str) -> None:
        """Have something of theirs stand for nothing of ours any more."""
        ours = self._ours.pop((kind, theirs))
        del self._theirs[kind, ours]

    def translate(self, request: str) -> str:
        """Their request with what stands for theirs here."""
        for theirs, ours in self.places.items():
            request = request.replace(theirs, ours)
        return _NODE.sub(lambda match: self._ours.get(("node", match[0]), match[0]), request)

    def differences(self, theirs: str, ours: bytes) -> dict[str, tuple[str, str]]:
        """Where our answer says something else: their text and ours, by path; `-` for nothing."""
        there, here = facts_of(theirs, {}), facts_of(ours, self.names)
        if there["answer"] != here["answer"]:
            # An answer that is another one altogether is one difference.
            return {"answer": (there["answer"], here["answer"])}
        return {
            path: (there.get(path, _ABSENT), here.get(path, _ABSENT))
            for path in sorted(there.keys() | here.keys())
            if path not in there or path not in here or not self._alike(path, there, here)
        }

    def _alike(self, path: str, there: Mapping[str, str], here: Mapping[str, str]) -> bool:
        theirs, ours = there[path], here[path]
        node, _, fact = path.rpartition(": ")
        if node and (fact in {"ivorn", "parent"} or fact.startswith("child[")):
            return self.bind("node", theirs, ours)
        if fact == "location/ident":
            return (theirs == _ABSENT) == (ours == _ABSENT) and self.bind("container", theirs, ours)
        if fact.endswith("resource.ivorn"):
            return self._same_container(theirs, ours)
        if fact == "createDate":
            return _DATE.fullmatch(ours) is not None and self.bind("created", f"{node} {theirs}", f"{node} {ours}")
        if fact == "modifyDate":
            return _DATE.fullmatch(ours) is not None and self._goes_on(here[f"{node}: ivorn"], ours)
        if fact.endswith(".date"):
            return _ZONED.fullmatch(theirs) is not None and _ZONED.fullmatch(ours) is not None
        if path == "info/uri":
            return ours.startswith("http://127.0.0.1:")
        return self.translate(theirs) == ours

    def _same_container(self, theirs: str, ours: str) -> bool:
        (their_store, _, their_number), (our_store, _, our_number) = theirs.partition("#"), ours.partition("#")
        return their_store == our_store and self.bind("container", their_number, our_number)

    def _goes_on(self, node: str, date: str) -> bool:
        """Whether a node was not changed earlier than it was before."""
        before, self._modified[node] = self._modified.get(node, ""), date
        return before <= date
