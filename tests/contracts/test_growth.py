"""Contracts only grow: each published text against the one kept in wsdl/released/, and the rules themselves."""

import re
from pathlib import Path

import pytest

from tests.contracts.growth import breaks
from tests.contracts.reading import read_contract

WSDL = Path(__file__).parents[2] / "wsdl"
THEIRS = {"astrogrid-filemanager-0.2.wsdl"}
"""Contracts that are not ours, and never grow: test_astrogrid_published holds them against what they are."""
KEPT = sorted((WSDL / "released").glob("*.wsdl"))
TEXT = (WSDL / "filemanager-1.wsdl").read_text()

EXTENSION = TEXT[TEXT.index("<xsd:complexContent>") : TEXT.index("</xsd:complexContent>")] + "</xsd:complexContent>"
FIELDS = re.findall(r'Type name="FaultDetail">.*?(<xsd:sequence>.*?</xsd:sequence>)', TEXT, re.DOTALL)[0]
OPTIONAL = '<xsd:element name="new" type="xsd:string" minOccurs="0"/>'
REQUIRED = '<xsd:element name="new" type="xsd:string"/>'


def within(kind: str, old: str, new: str) -> str:
    """The text with a replacement within one type."""
    start = TEXT.index(f'Type name="{kind}"')
    end = TEXT.index("Type>", start)
    body = TEXT[start:end]
    assert old in body, (kind, old)
    return TEXT[:start] + body.replace(old, new, 1) + TEXT[end:]


def everywhere(old: str, new: str) -> str:
    assert old in TEXT, old
    return TEXT.replace(old, new)


def without_operation(name: str) -> str:
    kept, skipping = [], False
    for line in TEXT.splitlines():
        skipping = skipping or line.strip() == f'<wsdl:operation name="{name}">'
        if not skipping:
            kept.append(line)
        if line.strip() == "</wsdl:operation>":
            skipping = False
    return "\n".join(kept)


BREAKING = {
    "operation removed": without_operation("listChildren"),
    "operation renamed": everywhere('operation name="setProperties"', 'operation name="changeProperties"'),
    "SOAPAction changed": everywhere("#getNode", "#node"),
    "namespace changed": everywhere("urn:vofiles:filemanager:1", "urn:vofiles:filemanager:2"),
    "part renamed": everywhere('part name="parameters"', 'part name="body"'),
    "locals unqualified": everywhere('elementFormDefault="qualified"', 'elementFormDefault="unqualified"'),
    "request gains a required element": within("addNode", "</xsd:sequence>", f"{REQUIRED}</xsd:sequence>"),
    "request's element becomes required": within(
        "listChildren", '"after" type="xsd:string" minOccurs="0"', '"after" type="xsd:string"'
    ),
    "request's element changes type": within("listChildren", '"limit" type="xsd:long"', '"limit" type="xsd:int"'),
    "request's element is renamed": within("addNode", 'name="parent"', 'name="folder"'),
    "request's element may come less often": within(
        "setProperties", 'type="xsd:string" minOccurs="0" maxOccurs="unbounded"', 'type="xsd:string" minOccurs="0"'
    ),
    "request's value gains a required element": within("BundleHints", "</xsd:sequence>", f"{REQUIRED}</xsd:sequence>"),
    "answer gains an optional element": within("addNodeResponse", "</xsd:sequence>", f"{OPTIONAL}</xsd:sequence>"),
    "Node gains an optional element": within("Node", "</xsd:sequence>", f"{OPTIONAL}</xsd:sequence>"),
    "Node's element becomes optional": within(
        "Node", 'name="generation" type="xsd:long"', 'name="generation" type="xsd:long" minOccurs="0"'
    ),
    "a type in requests and answers grows": within("Digest", "</xsd:sequence>", f"{OPTIONAL}</xsd:sequence>"),
    "a fault loses its type": everywhere('type="tns:NotFoundFault"', 'type="tns:FaultDetail"'),
    "a fault's type leaves its family": within("NotFoundFault", EXTENSION, FIELDS),
    "the detail of faults grows": within("FaultDetail", "</xsd:sequence>", f"{OPTIONAL}</xsd:sequence>"),
    "fault removed": everywhere('<wsdl:fault name="WrongKind" message="tns:WrongKind"/>', "").replace(
        '<wsdl:fault name="WrongKind"><soap:fault name="WrongKind" use="literal"/></wsdl:fault>', ""
    ),
    "pattern tightened": everywhere("[iI][vV][oO]://.+", "ivo://.+"),
    "element may be nil": within("Node", 'name="size" type="xsd:long"', 'name="size" nillable="true" type="xsd:long"'),
}

GROWING = {
    "nothing": TEXT,
    "documentation": everywhere("Make an empty node.", "Make a new and empty node."),
    "request gains an optional element at its end": within("addNode", "</xsd:sequence>", f"{OPTIONAL}</xsd:sequence>"),
    "request gains an optional element within": within("addNode", "<xsd:sequence>", f"<xsd:sequence>{OPTIONAL}"),
    "request's element becomes optional": within(
        "addNode", '"type" type="xsd:string"', '"type" type="xsd:string" minOccurs="0"'
    ),
    "request's value gains an optional element": within("BundleHints", "</xsd:sequence>", f"{OPTIONAL}</xsd:sequence>"),
    "type added": everywhere(
        "</xsd:schema>", '<xsd:complexType name="Grant"><xsd:sequence/></xsd:complexType></xsd:schema>'
    ),
    "address": everywhere("http://localhost:8080/filemanager", "https://example.org/filemanager"),
}


def test_an_operation_may_be_added() -> None:
    assert breaks(read_contract(without_operation("listChildren").encode()), read_contract(TEXT.encode())) == []


@pytest.mark.parametrize("change", BREAKING)
def test_what_breaks_deployed_clients_is_found(change: str) -> None:
    assert BREAKING[change] != TEXT
    assert breaks(read_contract(TEXT.encode()), read_contract(BREAKING[change].encode()))


@pytest.mark.parametrize("change", GROWING)
def test_what_deployed_clients_do_not_notice_is_allowed(change: str) -> None:
    assert breaks(read_contract(TEXT.encode()), read_contract(GROWING[change].encode())) == []


@pytest.mark.parametrize("path", KEPT, ids=lambda path: path.name)
def test_a_published_contract_has_only_grown(path: Path) -> None:
    assert breaks(read_contract(path.read_bytes()), read_contract((WSDL / path.name).read_bytes())) == []


def test_every_published_contract_is_kept() -> None:
    assert {path.name for path in KEPT} == {path.name for path in WSDL.glob("*.wsdl")} - THEIRS
