"""WS-I Basic Profile 1.1: what is published and what is said on the wire keeps its rules, and each rule can be broken.

Rule: whatever breaks a rule stands in a table here, with its reason.
"""

import re
from pathlib import Path

import pytest

from tests.contracts import profile_bindings, profile_types
from tests.contracts.profile import Description, rules_of

RULES = rules_of(profile_types, profile_bindings)
FILES = sorted((Path(__file__).parents[2] / "wsdl").glob("*.wsdl"))

BROKEN: dict[str, dict[str, str]] = {
    "astrogrid-filemanager-0.2.wsdl": {
        "R2204": "parts of answers have a type, as AstroGrid published it: the Body's element is called as the part",
        "R2205": "parts of faults have a type, likewise",
    },
}
"""The rules that a text breaks, each with the reason why it may."""


def broken(text: bytes) -> dict[str, list[str]]:
    description = Description(text)
    found = {number: list(rule(description)) for number, rule in RULES.items()}
    return {number: what for number, what in found.items() if what}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_published_text_keeps_the_rules(path: Path) -> None:
    found = broken(path.read_bytes())
    assert found.keys() == BROKEN.get(path.name, {}).keys(), found


VICTIM = FILES[0].parent / "filestore-1.wsdl"
TYPES, PART = "<wsdl:types>", '<wsdl:part name="parameters" element="tns:getIdentifier"/>'
ENCODED_ARRAY = '<xsd:restriction base="e:Array" xmlns:e="http://schemas.xmlsoap.org/soap/encoding/"/>'
END = "</xsd:complexContent></xsd:complexType></xsd:schema>"
SAME_ADDRESS = '<soap:address location="http://localhost:8081/filestore"/>'
INPUT = r'(<wsdl:operation name="getIdentifier">\s*<soap:operation[^>]*>\s*<wsdl:input><soap:body)'
MUTATIONS: dict[str, tuple[str, str]] = {
    "R2001": (TYPES, '<wsdl:import namespace="urn:x" location="x.xsd"/>' + TYPES),
    "R2003": (TYPES, '<xsd:import namespace="urn:x"/>' + TYPES),
    "R2007": (TYPES, '<wsdl:import namespace="urn:x" location=""/>' + TYPES),
    "R2022": ("</wsdl:types>", '</wsdl:types><wsdl:import namespace="urn:x" location="x.wsdl"/>'),
    "R2023": (TYPES, '<wsdl:message name="early"/>' + TYPES),
    "R2026": (r'<soap:binding style="document"', '<soap:binding wsdl:required="true" style="document"'),
    "R2101": ('message="tns:getIdentifier"', 'message="tns:nothing"'),
    "R2102": ('element="tns:getIdentifier"', 'element="x:getIdentifier" xmlns:x="urn:x"'),
    "R2105": (r'<xsd:schema targetNamespace="[^"]*"', "<xsd:schema"),
    "R2110": (
        "</xsd:schema>",
        '<xsd:complexType name="Many"><xsd:complexContent>' + ENCODED_ARRAY + END,
    ),
    "R2111": ("</xsd:schema>", '<xsd:attribute name="a" wsdl:arrayType="tns:x[]"/></xsd:schema>'),
    "R2112": ("</xsd:schema>", '<xsd:element name="ArrayOfThings" type="xsd:string"/></xsd:schema>'),
    "R2201": (INPUT, r'\1 parts="parameters more"'),
    "R2204": (PART, '<wsdl:part name="parameters" type="xsd:string"/>'),
    "R2205": (r'<wsdl:part name="fault" element="tns:Refused"/>', '<wsdl:part name="fault" type="tns:Refused"/>'),
    "R2206": ('element="tns:getIdentifier"', 'element="tns:nothing"'),
    "R2209": (INPUT, r'\1 parts=""'),
    "R2210": (PART, PART + '<wsdl:part name="more" element="tns:delete"/>'),
    "R2303": (
        r'<wsdl:input message="tns:getIdentifier"/>\s*(<wsdl:output message="tns:getIdentifierResponse"/>)',
        r'\1<wsdl:input message="tns:getIdentifier"/>',
    ),
    "R2304": ('<wsdl:operation name="importInit">', '<wsdl:operation name="getIdentifier">'),
    "R2305": (
        r'(element="tns:getIdentifierResponse"/>)(.*<wsdl:operation name="getIdentifier")(>.*?</wsdl:portType>)',
        r'\1<wsdl:part name="more" element="tns:delete"/>\2 parameterOrder=""\3',
    ),
    "R2306": (PART, '<wsdl:part name="parameters" type="xsd:string" element="tns:getIdentifier"/>'),
    "R2401": ("<soap:binding ", '<x:binding xmlns:x="http://schemas.xmlsoap.org/wsdl/soap12/" '),
    "R2701": (' transport="[^"]*"', ""),
    "R2702": ("http://schemas.xmlsoap.org/soap/http", "http://schemas.xmlsoap.org/soap/smtp"),
    "R2705": (r'(<soap:operation [^>]*style=)"document"', r'\1"rpc"'),
    "R2706": ('<soap:body use="literal"/>', '<soap:body use="encoded"/>'),
    "R2710": (r'(<wsdl:message name="importInit">\s*<wsdl:part [^>]*element=)"tns:importInit"', r'\1"tns:importData"'),
    "R2711": (
        "</wsdl:service>",
        '<wsdl:port name="Two" binding="tns:FileStoreSoap">' + SAME_ADDRESS + "</wsdl:port></wsdl:service>",
    ),
    "R2716": ('<soap:body use="literal"/>', '<soap:body use="literal" namespace="urn:x"/>'),
    "R2718": (r'(<wsdl:binding .*?)<wsdl:operation name="getIdentifier">.*?</wsdl:operation>', r"\1"),
    "R2720": ('<soap:body use="literal"/>', '<soap:body use="literal"/><soap:header use="literal"/>'),
    "R2721": ('<soap:fault name="Refused" use="literal"/>', '<soap:fault use="literal"/>'),
    "R2723": ('<soap:fault name="Refused" use="literal"/>', '<soap:fault name="Refused" use="encoded"/>'),
    "R2740": ('<soap:fault name="Refused" use="literal"/>', ""),
    "R2749": ('<soap:body use="literal"/>', '<soap:body use="literal"/><soap:header part="a" parts="b"/>'),
    "R2754": ('<soap:fault name="Refused"', '<soap:fault name="Refuse"'),
    "R2801": ("</xsd:schema>", '<xsd:element name="odd" type="tns:Nothing"/></xsd:schema>'),
    "R2803": (TYPES, '<wsdl:import namespace="relative" location="x.wsdl"/>' + TYPES),
    "R4003": ('encoding="UTF-8"', 'encoding="ISO-8859-1"'),
    "R4004": ('xml version="1.0"', 'xml version="1.1"'),
}
"""What would break each rule: a pattern in the FileStore's contract, and what stands there instead."""


def mutated(number: str) -> bytes:
    text = VICTIM.read_text()
    pattern, replacement = MUTATIONS[number]
    changed, count = re.subn(pattern, replacement, text, count=1, flags=re.DOTALL)
    assert count == 1
    return changed.encode()


@pytest.mark.parametrize("number", sorted(RULES))
def test_a_rule_can_be_broken(number: str) -> None:
    assert number in broken(mutated(number))


def test_every_rule_says_what_it_asks() -> None:
    assert MUTATIONS.keys() == RULES.keys()
    for number, rule in RULES.items():
        assert re.fullmatch(r"R\d{4}", number)
        assert re.fullmatch(r"\w.{10,}\.", rule.__doc__ or ""), number
