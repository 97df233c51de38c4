"""What a SOAP path answers besides its operations: the contract, refusals, parked answers; and what it logs."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
import requests
import structlog
from lxml import etree

from tests.support.soapservices import PORTS, Services
from vofiles import contract, errors
from vofiles.contract import FILEMANAGER, FILEMANAGER_NAMESPACE, AddNode, GetNode, GetNodeAnswer, IdentifierAnswer
from vofiles.errors import VofilesError
from vofiles.ivorn import Ivorn, LongIdentifier
from vofiles.serving.http import Headers, Later, Request, Response
from vofiles.serving.soap import Parked, SoapService
from vofiles.serving.wsdl import Published

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
NODE = "ivo://ast.cam.ac.uk/filemanager#17"
ME = IdentifierAnswer(Ivorn.parse("ivo://ast.cam.ac.uk/filemanager"))


def envelope(body: str, header: str = "", soap: str = SOAP) -> bytes:
    return f'<s:Envelope xmlns:s="{soap}">{header}<s:Body>{body}</s:Body></s:Envelope>'.encode()


def call(operation: str, content: str = "", namespace: str = FILEMANAGER_NAMESPACE) -> bytes:
    return envelope(f'<{operation} xmlns="{namespace}">{content}</{operation}>')


def post(services: Services, body: bytes, port: str = "FileManager", **headers: str) -> requests.Response:
    sent = {"Content-Type": "text/xml; charset=utf-8", "Authorization": "Bearer x"}
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    return requests.post(services.address(port), body, headers=sent, timeout=30)


def fault_of(answer: requests.Response) -> tuple[str, str, str]:
    """faultcode, name of the error, message."""
    fault = etree.fromstring(answer.content).find(f"{{{SOAP}}}Body/{{{SOAP}}}Fault")
    assert fault is not None
    assert answer.headers["Content-Type"] == "text/xml; charset=utf-8"
    return fault.findtext("faultcode", ""), fault.findtext("detail/*/{*}name", ""), fault.findtext("faultstring", "")


@pytest.mark.parametrize("port", PORTS)
def test_the_published_text_is_served_but_for_the_addresses(services: Services, port: str) -> None:
    path, wsdl, *_ = PORTS[port]
    answer = requests.get(f"{services.address(port)}?wsdl", timeout=30)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/xml; charset=utf-8"
    text = Published(wsdl).text
    assert f"https://public.example{path}".encode() in answer.content
    for other, (where, name, *_) in PORTS.items():
        if name == wsdl:
            local = "8081" if other == "FileStore" else "8080"
            assert f"http://localhost:{local}{where}".encode() in text
            text = text.replace(f"http://localhost:{local}{where}".encode(), f"https://public.example{where}".encode())
    assert answer.content == text
    assert requests.get(f"{services.address(port)}?WSDL", timeout=30).content == text
    assert requests.head(f"{services.address(port)}?wsdl", timeout=30).headers["Content-Length"] == str(len(text))


def test_other_methods_are_not_for_this_path(services: Services) -> None:
    answer = requests.put(services.address("FileManager"), b"x", timeout=30)
    assert answer.status_code == 405
    assert "POST" in answer.headers["Allow"]


@pytest.mark.parametrize("body", [call("getIdentifier"), b"<!DOCTYPE x>", b"", call("nothing")], ids=repr)
def test_strangers_are_refused_before_anything_is_read(services: Services, body: bytes) -> None:
    answer = requests.post(services.address("FileManager"), body, headers={"Content-Type": "text/xml"}, timeout=30)
    assert answer.status_code == 401
    assert "Basic" in answer.headers["WWW-Authenticate"]
    assert fault_of(answer)[:2] == ("soap:Client", "NotAuthenticated")


ADD = f"<parent>{NODE}</parent><name>a</name><type>FILE</type>"
BAD_REQUESTS: dict[str, tuple[bytes, str, str]] = {
    "an unknown operation": (call("explode"), "InvalidMessage", "explode"),
    "an operation of another port": (call("transferFailed"), "InvalidMessage", "transferFailed"),
    "an operation of another service": (call("getNode", namespace="urn:other"), "InvalidMessage", "urn:other"),
    "an answer": (call("deleteResponse"), "InvalidMessage", "deleteResponse"),
    "a fault's element": (call("NotFound", "<name>a</name><message>b</message>"), "InvalidMessage", "NotFound"),
    "no identifier at all": (call("getNode", "<node>17</node>"), "InvalidIdentifier", "node"),
    "an identifier without fragment": (
        call("getNode", "<node>ivo://a/b</node>"),
        "InvalidIdentifier",
        "ivo://authority/resource#number",
    ),
    "an identifier with a bad authority": (
        call("getNode", "<node>ivo://!/b#1</node>"),
        "InvalidIdentifier",
        "authority",
    ),
    "a path with a name that cannot be": (call("getNode", f"<node>{NODE}/a/%2e%2e</node>"), "InvalidName", "'..'"),
    "an empty identifier": (call("getNode", "<node/>"), "InvalidIdentifier", "node"),
    "an element too few": (call("addNode", ADD.replace("<name>a</name>", "")), "InvalidMessage", "name"),
    "an element too many": (call("addNode", f"{ADD}<colour>red</colour>"), "InvalidMessage", "colour"),
    "an element twice": (call("addNode", f"{ADD}<type>FILE</type>"), "InvalidMessage", "type"),
    "elements in another order": (call("addNode", f"<name>a</name>{ADD}"), "InvalidMessage", "name"),
    "an element of another namespace": (
        call("addNode", ADD.replace("<name>", '<name xmlns="">')),
        "InvalidMessage",
        "name",
    ),
    "a nil element": (
        call("getNode", '<node xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:nil="true"/>'),
        "InvalidArgument",
        "node",
    ),
    "text where an element is": (call("addNode", f"hello{ADD}"), "InvalidMessage", "addNode"),
    "no number": (call("listChildren", f"<node>{NODE}</node><limit>ten</limit>"), "InvalidArgument", "limit"),
    "a number too big": (
        call("listChildren", f"<node>{NODE}</node><limit>{2**63}</limit>"),
        "InvalidArgument",
        "limit",
    ),
    "an attachment's include": (
        call(
            "addNode", ADD.replace(">a<", '><x:Include xmlns:x="http://www.w3.org/2004/08/xop/include" href="cid:a"/><')
        ),
        "InvalidMessage",
        "name",
    ),
    "an unknown attribute": (call("addNode", ADD.replace("<name>", '<name colour="red">')), "InvalidMessage", "colour"),
    "a reference instead of a value": (
        call("addNode", ADD.replace("<name>a", '<name href="#a">')),
        "InvalidMessage",
        "href",
    ),
    "a DOCTYPE": (b"<!DOCTYPE a>" + call("getIdentifier"), "InvalidMessage", "DOCTYPE"),
    "an empty Body": (envelope(""), "InvalidMessage", "Body"),
    "a value too big": (call("addNode", ADD.replace(">a<", f">{'a' * 65537}<")), "TooLarge", "name"),
}


@pytest.mark.parametrize("case", BAD_REQUESTS)
def test_a_bad_request_is_a_named_client_fault(services: Services, case: str) -> None:
    body, name, words = BAD_REQUESTS[case]
    before = len(services.asked)
    answer = post(services, body)
    code, told, message = fault_of(answer)
    assert answer.status_code == 500
    assert (code, told) == ("soap:Client", name)
    assert words in message
    assert len(message) < 700
    assert len(services.asked) == before


def test_a_body_too_large_is_refused_by_the_engine_as_a_fault(services: Services) -> None:
    answer = post(services, b" " * (256 * 1024 + 1))
    assert answer.status_code == 500
    assert fault_of(answer)[:2] == ("soap:Client", "TooLarge")


@pytest.mark.parametrize(
    ("status", "name"),
    [(400, "InvalidMessage"), (408, "Incomplete"), (413, "TooLarge"), (500, "Unexpected"), (503, "ServiceBusy")],
)
def test_what_the_engine_refuses_is_worded_as_a_fault(status: int, name: str) -> None:
    refused = Services().soap_service("FileManager").refuse(request(b""), status, "why")
    assert refused.status == {413: 500}.get(status, status)
    assert isinstance(refused.body, bytes)
    assert etree.fromstring(refused.body).findtext(".//{*}name") == name
    assert ("Retry-After" in dict(refused.headers)) == (status == 503)


def test_headers_for_nobody_in_particular_are_ignored(services: Services) -> None:
    services.plan("FileManager", "getIdentifier", ME)
    header = (
        '<s:Header><w:ReplyTo xmlns:w="http://www.w3.org/2005/08/addressing">'
        "<w:Address>http://127.0.0.1:1/</w:Address></w:ReplyTo></s:Header>"
    )
    assert post(services, envelope(f'<getIdentifier xmlns="{FILEMANAGER_NAMESPACE}"/>', header)).status_code == 200


def test_a_call_without_arguments_may_say_that_it_is_nil(services: Services) -> None:
    services.plan("FileManager", "getIdentifier", ME)
    nil = 'xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:nil="true"'
    called = f'<getIdentifier xmlns="{FILEMANAGER_NAMESPACE}" {nil}/>'
    assert post(services, envelope(called)).status_code == 200
    lacking = post(services, envelope(called.replace("getIdentifier", "addNode")))
    assert fault_of(lacking)[1] == "InvalidMessage"
    assert "( parent )" in fault_of(lacking)[2]


@pytest.mark.parametrize(
    "action", ['""', f'"{FILEMANAGER_NAMESPACE}#getIdentifier"', f"{FILEMANAGER_NAMESPACE}#getIdentifier"]
)
def test_a_soapaction_is_empty_or_names_the_operation(services: Services, action: str) -> None:
    services.plan("FileManager", "getIdentifier", ME)
    assert post(services, call("getIdentifier"), SOAPAction=action).status_code == 200


@pytest.mark.parametrize("action", [f'"{FILEMANAGER_NAMESPACE}#delete"', '"getIdentifier"', "x"])
def test_a_soapaction_that_names_another_operation_is_refused(services: Services, action: str) -> None:
    code, name, message = fault_of(post(services, call("getIdentifier"), SOAPAction=action))
    assert (code, name) == ("soap:Client", "InvalidMessage")
    assert "SOAPAction" in message


def test_a_value_is_whole_whatever_stands_within_it(services: Services) -> None:
    services.plan("FileManager", "addNode", lambda *_: errors.NodeNotFound(""))
    post(services, call("addNode", ADD.replace(">a<", "> a<!-- b -->c<![CDATA[<d>]]>&#13;&amp; <")))
    assert services.asked[-1] == ("Bearer x", AddNode(LongIdentifier.parse(NODE), " ac<d>\r& ", "FILE"))


def test_utf_16_is_read(services: Services) -> None:
    services.plan("FileManager", "getNode", GetNodeAnswer())
    body = '<?xml version="1.0" encoding="utf-16"?>' + call("getNode", f"<node>{NODE}/é🔭</node>").decode()
    answer = post(services, body.encode("utf-16"), Content_Type="text/xml; charset=utf-16")
    assert answer.status_code == 200
    assert services.asked[-1][1] == GetNode(LongIdentifier.parse(f"{NODE}/é🔭"))


@pytest.mark.parametrize("where", ["file:///etc/passwd", "http://127.0.0.1:{port}/schema"])
def test_a_hint_where_a_schema_is_is_not_followed(services: Services, where: str) -> None:
    services.plan("FileManager", "getIdentifier", ME)
    assert services.served is not None
    where = where.format(port=services.served.port)
    accesses = services.served.accesses
    body = envelope(
        f'<getIdentifier xmlns="{FILEMANAGER_NAMESPACE}" xmlns:i="http://www.w3.org/2001/XMLSchema-instance" '
        f'i:schemaLocation="{FILEMANAGER_NAMESPACE} {where}"/>'
    )
    assert post(services, body).status_code == 200
    assert not [access for access in accesses if access.path == "/schema"]


# --- without the network ----------------------------------------------------------------------------------------------


def request(body: bytes) -> Request:
    headers = Headers([("content-type", "text/xml"), ("authorization", "x")])
    return Request("POST", "/", "/", "", headers, "1.1", "h", "127.0.0.1", "request-17", body=body)


def service(functions: dict[str, Callable[[Any, Any], Any]], **more: Any) -> SoapService:
    filled = {operation.name: functions.get(operation.name, unused) for operation in FILEMANAGER}
    return SoapService(FILEMANAGER, FILEMANAGER_NAMESPACE, "filemanager-1.wsdl", {}, filled, lambda _: "dave", **more)


def unused(*_: Any) -> Any:
    raise AssertionError("not for this test")


def test_functions_and_operations_must_fit() -> None:
    functions: dict[str, Callable[[Any, Any], Any]] = {operation.name: unused for operation in FILEMANAGER}
    del functions["getNode"]
    functions["explode"] = unused
    with pytest.raises(ValueError, match="explode, getNode"):
        SoapService(FILEMANAGER, FILEMANAGER_NAMESPACE, "filemanager-1.wsdl", {}, functions, lambda _: "dave")


def test_contract_and_namespace_must_fit() -> None:
    functions = {operation.name: unused for operation in contract.FILESTORE}
    with pytest.raises(ValueError, match=FILEMANAGER_NAMESPACE):
        SoapService(contract.FILESTORE, contract.FILESTORE_NAMESPACE, "filemanager-1.wsdl", {}, functions, lambda _: "")


def test_operations_must_be_those_of_a_port_type() -> None:
    with pytest.raises(LookupError, match="getIdentifier"):
        SoapService(FILEMANAGER[:1], FILEMANAGER_NAMESPACE, "filemanager-1.wsdl", {}, {"getIdentifier": unused}, str)


def test_an_answer_may_be_parked_without_a_thread() -> None:
    wakers: list[Callable[[], None]] = []
    outcomes: list[Any] = [ME]

    def subscribe(wake: Callable[[], None]) -> Callable[[], None]:
        wakers.append(wake)
        return wakers.clear

    def finish() -> Any:
        return outcomes.pop()

    parked = Parked(subscribe, 5.0, finish)
    answer = service({"getIdentifier": lambda *_: parked})(request(call("getIdentifier")))
    assert isinstance(answer, Later)
    assert (answer.timeout, answer.subscribe) == (5.0, subscribe)
    finished = answer.finish()
    assert isinstance(finished, Response)
    assert finished.status == 200
    assert b"ivo://ast.cam.ac.uk/filemanager" in bytes(finished.body)  # type: ignore[arg-type]
    outcomes.append(parked)
    assert isinstance(answer.finish(), Later)


@pytest.mark.parametrize("error", [errors.Busy("x"), RuntimeError("y")], ids=repr)
def test_a_parked_answer_may_fail(error: Exception) -> None:
    def finish() -> Any:
        raise error

    answer = service({"getIdentifier": lambda *_: Parked(lambda _: lambda: None, 1.0, finish)})(
        request(call("getIdentifier"))
    )
    assert isinstance(answer, Later)
    failed = answer.finish()
    assert isinstance(failed, Response)
    assert failed.status == 500
    name = "Busy" if isinstance(error, VofilesError) else "Unexpected"
    assert etree.fromstring(bytes(failed.body)).findtext(".//{*}name") == name  # type: ignore[arg-type]


def test_what_a_function_logs_carries_the_request_and_the_operation_and_the_next_one_starts_clean() -> None:
    seen: list[dict[str, Any]] = []

    def note(*_: Any) -> Any:
        seen.append(structlog.contextvars.get_contextvars())
        return ME

    def finish() -> Any:
        return note()

    served = service({"getIdentifier": note, "getNode": lambda *_: Parked(lambda _: lambda: None, 1.0, finish)})
    served(request(call("getIdentifier")))
    later = served(request(call("getNode", f"<node>{NODE}</node>")))
    assert structlog.contextvars.get_contextvars() == {}
    assert isinstance(later, Later)
    worker = threading.Thread(target=later.finish)
    worker.start()
    worker.join(30)
    assert seen == [
        {"request_id": "request-17", "operation": "getIdentifier"},
        {"request_id": "request-17", "operation": "getNode"},
    ]


def test_a_service_says_how_to_authenticate_to_it() -> None:
    def refuse(*_: Any) -> Any:
        raise errors.NotAuthenticated

    served = service({"getIdentifier": refuse}, challenges=('Signature realm="x"',))
    answer = served(request(call("getIdentifier")))
    assert isinstance(answer, Response)
    assert [value for name, value in answer.headers if name == "WWW-Authenticate"] == ['Signature realm="x"']


def test_many_threads_are_told_their_own_mistakes() -> None:
    """lxml keeps the errors of a schema's last use in the schema: they must not get mixed up."""
    served = service({"getIdentifier": lambda *_: ME})
    wrong: list[str] = []

    def ask(number: int) -> None:
        for _ in range(150):
            answer = served(request(call("getNode", f"<node>{NODE}</node><colour{number}/>")))
            assert isinstance(answer, Response)
            if f"colour{number}:".encode() not in bytes(answer.body):  # type: ignore[arg-type]
                wrong.append(repr(answer.body))

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert wrong == []
