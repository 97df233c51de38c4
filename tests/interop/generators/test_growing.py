"""Stubs of today's contract read what tomorrow's service may answer, and today's clients a contract that has grown.

What may come: a property with a new key, a new word of a vocabulary, a new name of an error within its category; in the
text an operation more, and an optional element more in a request (tests/contracts/growth.py).
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contracts.growth import breaks
from tests.contracts.reading import read_contract
from tests.interop.generators.catching import CONTRACT, catch
from tests.interop.stage import Workshop
from tests.support.services import User
from tests.support.soapservices import Services, running_services
from vofiles.contract import Digest, GetNodeAnswer, Node, Property
from vofiles.errors import NotFound
from vofiles.instant import Instant
from vofiles.ivorn import Ivorn, NodeIdentifier
from vofiles.names import parse_name

pytestmark = pytest.mark.timeout(600)
MANAGER = Ivorn.parse("ivo://ast.cam.ac.uk/filemanager")
NODE = Node(
    NodeIdentifier(MANAGER, "1234-5678"),
    parse_name("tomorrow"),
    "PORTAL",
    Ivorn.parse("ivo://ast.cam.ac.uk/dave"),
    Instant(1),
    Instant(2),
    1,
    1,
    digests=(Digest("blake9", "00ff"),),
    properties=(Property("of.tomorrow", "new"), Property("{urn:of:tomorrow}key", "")),
)


class PortalClosed(NotFound):
    """There is no way through {about}"""


def grown(text: str) -> str:
    """The contract with an operation more, which is getNode by another name, and an element more in addNode."""
    twins = re.findall(r' *<wsdl:operation name="getNode">.*?</wsdl:operation>\n', text, re.DOTALL)
    messages = re.findall(r' *<wsdl:message name="getNode(?:Response)?">.*?</wsdl:message>\n', text, re.DOTALL)
    assert (len(twins), len(messages)) == (2, 2)
    for twin in (*twins, *messages):
        text = text.replace(twin, twin + twin.replace("getNode", "getTomorrow"))
    elements = "".join(f'<xsd:element name="getTomorrow{end}" type="tns:getNode{end}"/>' for end in ("", "Response"))
    head, adding, rest = text.partition('<xsd:complexType name="addNode">')
    more = '<xsd:element name="portal" type="xsd:string" minOccurs="0"/></xsd:sequence>'
    return head + adding + rest.replace("</xsd:sequence>", more, 1).replace("</xsd:schema>", f"{elements}</xsd:schema>")


@pytest.fixture(scope="module")
def tomorrow() -> Iterator[Services]:
    """A service that answers a node with all that may be new, and then knows none."""
    with running_services() as services:
        services.plan("FileManager", "getNode", GetNodeAnswer((NODE,)))
        services.plan("FileManager", "listChildren", PortalClosed("here", properties=(("of.tomorrow", "closed"),)))
        yield services


@pytest.fixture(scope="module")
def contract(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tomorrow's contract."""
    path = tmp_path_factory.mktemp("tomorrow") / CONTRACT.name
    path.write_text(grown(CONTRACT.read_text()))
    assert breaks(read_contract(CONTRACT.read_bytes()), read_contract(path.read_bytes())) == []
    return path


def test_what_may_be_new_is_read(catcher: Workshop, tomorrow: Services, contract: Path) -> None:
    """By stubs made yesterday; who reads the contract when it runs reads tomorrow's."""
    calls = {"answer": f"getNode\t{NODE.identifier}", "fault": f"listChildren\t{NODE.identifier}"}
    said = catch(catcher, tomorrow.address("FileManager"), contract, User("dave", "secret"), calls)
    assert said["answer"] == ["Node", "PORTAL", "blake9", "of.tomorrow=new", "{urn:of:tomorrow}key="]
    kind, *rest = said["fault"]
    assert kind.removesuffix("Fault") == "NotFound"
    assert rest == ["PortalClosed", "There is no way through here", "of.tomorrow=closed"]
