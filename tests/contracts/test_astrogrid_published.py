"""AstroGrid's contract: our text of it against what is known of theirs, and the code against the text.

What is known is in `recorded/astrogrid-filemanager-0.2.json`: every operation, element, type and fault, and how they
were published.
"""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import suds.client
import zeep
from lxml import etree
from spyne.interface.wsdl import Wsdl11

from filemanager.api.astrogrid.dialects import AstroGrid
from filemanager.api.astrogrid.service import addresses
from filemanager.api.astrogrid.types import NAMESPACE, OPERATIONS, WSDL
from tests.contracts.astrogrid_reading import SOAP, XSD, Reading
from tests.contracts.astrogrid_reading import WSDL as WSDL_11
from vofiles.contract import Operation
from vofiles.serving.dispatch import Dispatcher
from vofiles.serving.wsdl import Published

ROOT = Path(__file__).parents[2]
PATH = ROOT / "wsdl" / WSDL
TEXT = PATH.read_text()
KNOWN: dict[str, Any] = json.loads((Path(__file__).parent / "recorded" / "astrogrid-filemanager-0.2.json").read_text())


def spyne_reading() -> Reading:
    language = AstroGrid()
    interface = Dispatcher(Published(WSDL), KNOWN["portType"], OPERATIONS, language).interface
    document = Wsdl11(interface, element_form_default="unqualified")
    document.build_interface_document("http://localhost/")
    return Reading(document.get_interface_document())


PUBLISHED = Reading(TEXT.encode())
BY_SPYNE = spyne_reading()


def test_our_text_is_their_contract() -> None:
    assert PUBLISHED.described() == KNOWN


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        (NAMESPACE, f"{NAMESPACE}.1"),
        ('elementFormDefault="unqualified"', 'elementFormDefault="qualified"'),
        ('soapAction="getNode"', 'soapAction="urn:getNode"'),
        ('<wsdl:part name="info" type="tns:TransferInfo"/>', '<wsdl:part name="info" element="tns:NodeBundle"/>'),
        ('name="newParent" type="tns:NodeIvorn" minOccurs="0"', 'name="newParent" type="tns:NodeIvorn"'),
        ('default="-1"', 'default="100"'),
        ('value="ivo://.*"', 'value="ivo://.+"'),
        ('<xsd:enumeration value="FOLDER"/>', '<xsd:enumeration value="LINK"/>'),
        ('name="size" type="xsd:long"', 'name="size" type="xsd:int"'),
        ('<wsdl:fault name="DuplicateNodeFault" message="tns:DuplicateNodeFault"/>', ""),
    ],
)
def test_a_deviation_would_be_seen(right: str, wrong: str) -> None:
    assert right in TEXT
    changed = TEXT.replace(right, wrong)
    if not wrong:
        changed = re.sub('<wsdl:fault name="DuplicateNodeFault"><soap:fault.*?</wsdl:fault>', "", changed)
    assert Reading(changed.encode()).described() != KNOWN


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_spyne_makes_the_same_interface(operation: Operation) -> None:
    known = KNOWN["operations"][operation.name]
    assert BY_SPYNE.flat_element(operation.name) == PUBLISHED.flat_element(operation.name)
    assert operation.faults == tuple(known["faults"])
    # spyne answers in wrapped form, as the contract is spoken: what is published is within.
    answer = BY_SPYNE.flat_element(f"{operation.name}Response")
    expected = []
    for part in known["output"]:
        if "element" in part:
            expected += PUBLISHED.flat_element(part["element"])
        else:
            one = {"name": part["part"], "minOccurs": "1", "maxOccurs": "1"}
            expected.append({**one, "type": PUBLISHED.flat(part["type"])})
    assert answer == expected


def test_text_and_code_have_the_same_operations() -> None:
    assert {operation.name for operation in OPERATIONS} == KNOWN["operations"].keys()


def test_everything_is_explained() -> None:
    root = etree.fromstring(TEXT.encode())
    for node in root.iterfind(f".//{XSD}schema/*"):
        if node.tag != f"{XSD}element":
            assert (node.findtext(f"{XSD}annotation/{XSD}documentation") or "").strip(), node.get("name")
    for node in root.iterfind(f"{WSDL_11}portType/{WSDL_11}operation"):
        assert (node.findtext(f"{WSDL_11}documentation") or "").strip(), node.get("name")


def test_zeep_and_suds_read_it() -> None:
    names = {operation.name for operation in OPERATIONS}
    read: Any = zeep.Client(str(PATH), settings=zeep.Settings(forbid_external=True))  # type: ignore[no-untyped-call]
    (service,) = read.wsdl.services.values()
    (port,) = service.ports.values()
    assert port.binding.all().keys() == names
    suds_read = suds.client.Client(PATH.as_uri(), cache=None)
    assert {method for definition in suds_read.sd for _, methods in definition.ports for method, _ in methods} == names


def test_its_address_is_the_announced_one() -> None:
    published = Published(WSDL)
    root = etree.fromstring(published.with_addresses(addresses("https://example.org")))
    (address,) = root.iter(f"{SOAP}address")
    assert address.get("location") == "https://example.org/astrogrid"
    assert published.with_addresses({}) == PATH.read_bytes()
