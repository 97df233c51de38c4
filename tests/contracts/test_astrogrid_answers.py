"""What clients of AstroGrid are answered: both dialects, faults as Axis wrote them, what zeep makes of it."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests
import zeep
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from filemanager.api.astrogrid.dialects import AXIS, CLASSES, NAMESPACES, AstroGrid
from filemanager.api.astrogrid.service import PATH
from filemanager.api.astrogrid.types import NAMESPACE, OPERATIONS, SPOKEN, WSDL, Attribute, NodeBundle
from tests.support.astrogridstation import ANSWERS, FILE_NODE, HOME, SERVICE, SOAP, Station, call, content_of, envelope
from tests.support.serving import Served, running_site
from tests.support.wirevalues import texts
from vofiles import errors
from vofiles.contract import Operation
from vofiles.errors import VofilesError
from vofiles.serving.http import Later, Response
from vofiles.serving.soap import Parked
from vofiles.serving.wsdl import Published
from vofiles.shape import parts

NODE = f"{SERVICE}#17"
XSI_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
BY_NAME = {operation.name: operation for operation in OPERATIONS}
SCHEMA = Published(WSDL).schema
EVERY = pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
_STATION = Station()

RECORDED = (
    '<node xmlns=""><ivorn>{s}#17</ivorn><child><name>été-星</name><ivorn>{s}#18</ivorn></child><name>home</name>'
    "<type>FOLDER</type><createDate>2026-11-22T02:14:56.287Z</createDate>"
    "<modifyDate>2026-11-22T02:14:57.999Z</modifyDate>"
    '<location><uri>ivo://star.le.ac.uk/filestore</uri></location><size xsi:type="xsd:long">0</size>'
    "<attributes><key>community.home.space</key><value>ivo://ast.cam.ac.uk/dave</value></attributes>"
    "<attributes><key>a &lt;&amp;&gt; b</key><value>c&#13;]]&gt;</value></attributes></node>"
    '<node xmlns=""><ivorn>{s}#18</ivorn><parent>{s}#17</parent><name>été-星</name><type>FILE</type>'
    "<createDate>2026-11-22T02:14:56.287Z</createDate><location><uri>ivo://star.le.ac.uk/filestore</uri>"
    '<ident>ab56-9a55</ident></location><size xsi:type="xsd:long">5000000000</size></node>'
).replace("{s}", SERVICE)
"""HOME and FILE_NODE in the words of the recordings."""
INFO = '<info xmlns=""><uri>http://127.0.0.1:8081/data/x?a=1&amp;b=2</uri><method>PUT</method></info>'
IVORN = f'<ivorn xmlns="">{SERVICE}</ivorn>'


@pytest.fixture
def station() -> Station:
    _STATION.forget()
    return _STATION


def body_of(response: Response) -> str:
    assert isinstance(response.body, bytes)
    text = response.body.decode()
    head, _, rest = text.partition("<soapenv:Body>")
    assert head.endswith(
        f'<soapenv:Envelope xmlns:soapenv="{SOAP}" xmlns:xsd="http://www.w3.org/2001/XMLSchema" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
    )
    return rest.removesuffix("</soapenv:Body></soapenv:Envelope>")


@pytest.mark.parametrize(
    ("namespace", "operation", "expected"),
    [
        (SPOKEN, "getNode", f'<getNodeResponse xmlns="{SPOKEN}">{RECORDED}</getNodeResponse>'),
        (NAMESPACE, "getNode", f'<NodeBundle xmlns="{NAMESPACE}">{RECORDED}</NodeBundle>'),
        (SPOKEN, "writeContent", f'<writeContentResponse xmlns="{SPOKEN}">{INFO}</writeContentResponse>'),
        (NAMESPACE, "writeContent", INFO),
        (SPOKEN, "getIdentifier", f'<getIdentifierResponse xmlns="{SPOKEN}">{IVORN}</getIdentifierResponse>'),
        (NAMESPACE, "getIdentifier", IVORN),
        ("", "getIdentifier", IVORN),
        (SPOKEN, "copyContentToURL", f'<copyContentToURLResponse xmlns="{SPOKEN}"></copyContentToURLResponse>'),
        (NAMESPACE, "copyContentToURL", ""),
    ],
)
def test_an_answer_is_in_the_words_of_the_request(
    station: Station, namespace: str, operation: str, expected: str
) -> None:
    response = station.post(call(namespace, operation))
    assert (response.status, response.operation) == (200, operation)
    assert body_of(response) == expected


@EVERY
@pytest.mark.parametrize("namespace", sorted(NAMESPACES))
def test_every_answer_satisfies_the_published_schema(station: Station, namespace: str, operation: Operation) -> None:
    content = content_of(station.post(call(namespace, operation.name)))
    if operation.answer is NodeBundle:
        (bundle,) = content
        if namespace == SPOKEN:
            assert bundle.tag == f"{{{SPOKEN}}}{operation.name}Response"
            bundle.tag = f"{{{NAMESPACE}}}NodeBundle"
        SCHEMA.assertValid(bundle)
        assert [node.findtext("ivorn") for node in bundle] == [HOME.ivorn, FILE_NODE.ivorn]
        assert {size.get(XSI_TYPE) for size in bundle.iter("size")} == {"xsd:long"}
    else:
        within = list(content[0]) if namespace == SPOKEN else content
        assert [element.tag for element in within] == [part.element for part in parts(operation.answer)]


@given(key=texts, value=texts)
def test_any_text_that_xml_can_carry_survives(key: str, value: str) -> None:
    answer = NodeBundle((type(HOME)(**{**_fields(HOME), "attributes": (Attribute(key, value),)}),))
    for namespace in NAMESPACES:
        document = etree.fromstring(AstroGrid().answer(namespace, BY_NAME["getNode"], answer))
        (attribute,) = document.iter("attributes")
        assert (attribute.findtext("key"), attribute.findtext("value")) == (key, value)


def _fields(value: Any) -> dict[str, Any]:
    return {name: getattr(value, name) for name in type(value).__dataclass_fields__}


@pytest.mark.parametrize("namespace", [SPOKEN, NAMESPACE])
def test_an_answer_that_comes_later_is_in_the_same_words(station: Station, namespace: str) -> None:
    station.plan("getNode", Parked(lambda _: lambda: None, 1.0, lambda: ANSWERS[NodeBundle]))
    later = station.ask(call(namespace, "getNode"))
    assert isinstance(later, Later)
    response = later.finish()
    assert isinstance(response, Response)
    station.forget()
    assert body_of(response) == body_of(station.post(call(namespace, "getNode")))


# --- faults -----------------------------------------------------------------------------------------------------------

FAULTS = [
    ("getNode", errors.NodeNotFound("x"), "NodeNotFoundFault"),
    ("addNode", errors.ParentNotFound("x"), "NodeNotFoundFault"),
    ("getAccount", errors.AccountNotFound("x"), "NodeNotFoundFault"),
    ("readContent", errors.ContentNotFound("x"), "NodeNotFoundFault"),
    ("addNode", errors.DuplicateNode("x"), "DuplicateNodeFault"),
    ("addAccount", errors.DuplicateAccount("x"), "DuplicateNodeFault"),
    ("readContent", errors.NotAFile("x"), "FileManagerFault"),
    ("delete", errors.FolderNotEmpty("x"), "FileManagerFault"),
    ("move", errors.StoreNotFound("x"), "FileManagerFault"),
    ("writeContent", errors.StoreUnreachable("x"), "FileManagerFault"),
    ("addNode", errors.PermissionDenied("x"), "FileManagerFault"),
    ("addNode", errors.InvalidName("x"), "FileManagerFault"),
    ("getNode", errors.Unexpected("17"), "FileManagerFault"),
    # Only what an operation declares.
    ("addAccount", errors.AccountNotFound("x"), "FileManagerFault"),
    ("readContent", errors.DuplicateNode("x"), "FileManagerFault"),
    ("getIdentifier", errors.NodeNotFound("x"), "FileManagerFault"),
]


@pytest.mark.parametrize("namespace", sorted(NAMESPACES))
@pytest.mark.parametrize(("operation", "error", "name"), FAULTS)
def test_a_fault_is_as_axis_writes_it(
    station: Station, namespace: str, operation: str, error: VofilesError, name: str
) -> None:
    station.plan(operation, error)
    response = station.post(call(namespace, operation))
    assert response.status == 500
    assert body_of(response) == (
        f"<soapenv:Fault><faultcode>soapenv:Server.generalException</faultcode><faultstring>{error.message}</faultstring>"
        f"<detail><message>{error.message}</message>"
        f'<ns1:exceptionName xmlns:ns1="{AXIS}">{CLASSES}.{name}</ns1:exceptionName></detail></soapenv:Fault>'
    )


@given(text=st.text())
def test_any_sentence_gives_a_well_formed_fault(text: str) -> None:
    fault = etree.fromstring(AstroGrid().fault(BY_NAME["getNode"], errors.NodeNotFound(text)))
    (detail,) = fault.iter("detail")
    assert [child.tag for child in detail] == ["message", f"{{{AXIS}}}exceptionName"]


def test_what_nobody_foresaw_is_a_fault_with_a_number(station: Station) -> None:
    station.plan("getNode", RuntimeError("secret"))
    (fault,) = content_of(station.post(call(SPOKEN, "getNode")))
    assert fault.findtext(f"detail/{{{AXIS}}}exceptionName") == f"{CLASSES}.FileManagerFault"
    assert "secret" not in fault.findtext("detail/message", "")


@pytest.mark.parametrize("namespace", sorted(NAMESPACES))
def test_a_stranger_gets_a_challenge(station: Station, namespace: str) -> None:
    response = station.post(call(namespace, "getNode"), authorization="")
    assert response.status == 401
    assert any(name == "WWW-Authenticate" and value.startswith("Basic") for name, value in response.headers)
    (fault,) = content_of(response)
    assert fault.findtext("faultcode") == "soap:Client"
    assert fault.find("detail") is None


def test_busy_is_a_fault_and_a_status(station: Station) -> None:
    station.plan("getNode", errors.ServiceBusy("the database"))
    response = station.post(call(SPOKEN, "getNode"))
    assert response.status == 503
    assert any(name == "Retry-After" for name, _ in response.headers)
    (fault,) = content_of(response)
    assert fault.findtext(f"detail/{{{AXIS}}}exceptionName") == f"{CLASSES}.FileManagerFault"


@pytest.mark.parametrize(
    "body", [envelope(""), b"<x", envelope("<a/><b/>"), call(SPOKEN, "explode"), call("urn:x", "getNode")]
)
def test_what_is_no_request_is_a_plain_fault(station: Station, body: bytes) -> None:
    response = station.post(body)
    assert response.status == 500
    (fault,) = content_of(response)
    assert fault.findtext("faultcode") == "soap:Client"
    assert fault.find("detail") is None


# --- zeep, from the published text ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with running_site([_STATION.service.route(PATH)]) as served:
        yield served


@pytest.fixture
def client(station: Station, served: Served) -> Any:
    session = requests.Session()
    session.auth = ("dave", "secret")
    address = f"{served.url}{PATH}"
    made: Any = zeep.Client(f"{address}?wsdl", transport=zeep.Transport(session=session))  # type: ignore[no-untyped-call]
    (binding,) = made.wsdl.bindings
    return made.create_service(binding, address)


def test_zeep_reads_every_answer(client: Any, station: Station) -> None:
    home, file = client.getNode(nodeIvorn=NODE)
    assert (home.name, home.type, home.size, home.parent) == ("home", "FOLDER", 0, None)
    assert [(child.name, child.ivorn) for child in home.child] == [("été-星", FILE_NODE.ivorn)]
    assert [(one.key, one.value) for one in home.attributes][1] == ("a <&> b", "c\r]]>")
    assert home.createDate.isoformat() == "2026-11-22T02:14:56.287000+00:00"
    assert (file.size, file.location.ident, file.child, file.modifyDate) == (5_000_000_000, "ab56-9a55", [], None)
    assert client.getIdentifier() == SERVICE
    info = client.writeContent(nodeIvorn=NODE)
    assert (info.uri, info.method) == ("http://127.0.0.1:8081/data/x?a=1&b=2", "PUT")
    assert client.readContent(NODE) == client.appendContent(NODE)
    assert client.copyContentToURL(NODE, {"uri": "http://h/", "method": "PUT"}) is None
    assert client.dummyMessageWorkAroundForAxis("ivo://x", {"uri": "ivo://x", "method": "x"}) is None
    for operation in OPERATIONS:
        if operation.answer is NodeBundle:
            assert client[operation.name](**_arguments(operation.name))[0].ivorn == HOME.ivorn
    assert {type(request) for request in station.asked} == {operation.request for operation in OPERATIONS}


def _arguments(operation: str) -> dict[str, Any]:
    name = {"newNodeName": "n"}
    known: dict[str, dict[str, Any]] = {
        "addAccount": {"ident": "ivo://a/dave", "hints": {"fetchParents": True}},
        "getAccount": {"ident": "ivo://a/dave"},
        "addNode": {"parentIvorn": NODE, "nodeType": "FILE", **name},
        "move": {"nodeIvorn": NODE, **name},
        "copy": {"nodeIvorn": NODE, **name},
        "copyURLToContent": {"nodeIvorn": NODE, "url": "http://h/"},
    }
    return known.get(operation, {"nodeIvorn": NODE})


@pytest.mark.parametrize(
    ("error", "name"),
    [
        (errors.NodeNotFound("x"), "NodeNotFoundFault"),
        (errors.DuplicateNode("été"), "DuplicateNodeFault"),
        (errors.NotAFolder("x"), "FileManagerFault"),
    ],
)
def test_zeep_tells_faults_apart(client: Any, station: Station, error: VofilesError, name: str) -> None:
    station.plan("addNode", error)
    with pytest.raises(zeep.exceptions.Fault) as raised:
        client.addNode(NODE, "n", "FILE")
    assert raised.value.message == error.message
    assert raised.value.code == "soapenv:Server.generalException"
    assert raised.value.detail.findtext("message") == error.message
    assert raised.value.detail.findtext(f"{{{AXIS}}}exceptionName") == f"{CLASSES}.{name}"


def test_people_see_a_page(served: Served) -> None:
    page = requests.get(f"{served.url}{PATH}", timeout=30)
    assert page.status_code == 200
    assert "http://public.example/astrogrid" in page.text
    assert all(operation.name in page.text for operation in OPERATIONS)
