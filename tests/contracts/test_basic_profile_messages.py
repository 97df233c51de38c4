"""WS-I Basic Profile 1.1 on the wire: real answers and faults of every operation, and what our own clients send.

Rule: as in test_basic_profile: whatever breaks a rule stands in a table here, with its reason.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import requests

from filemanager.api.astrogrid.types import NAMESPACE as THEIR_NAMESPACE
from filemanager.api.astrogrid.types import OPERATIONS as THEIR_OPERATIONS
from filemanager.api.astrogrid.types import SPOKEN
from tests.contracts import profile_messages
from tests.contracts.profile import rules_of
from tests.contracts.profile_messages import Message
from tests.support.astrogridstation import Station, call
from tests.support.samples import envelope_of, sample
from tests.support.soapservices import PORTS, Services, running_services
from tests.vofiles.soap.test_round_trips import CLIENTS, snake_case
from vofiles.contract import FILEMANAGER_NAMESPACE, GetNode, GetNodeAnswer, Operation
from vofiles.errors import NotAuthenticated, ServiceBusy, StoreReadOnly, Unexpected, VofilesError
from vofiles.faults import TABLE
from vofiles.serving.wsse import SecurityFault
from vofiles.serving.xmlgate import SOAP, SOAP_1_2

RULES = rules_of(profile_messages)
OPERATIONS = [
    pytest.param(port, operation, id=f"{port}.{operation.name}")
    for port, (*_, operations) in PORTS.items()
    for operation in operations
]
NODE = "ivo://ast.cam.ac.uk/filemanager#17"

NOT_500: dict[type[VofilesError], str] = {
    NotAuthenticated: "401: by it clients of HTTP send the credentials that they have",
    ServiceBusy: "503: with it goes Retry-After, by which clients and proxies try again",
    StoreReadOnly: "503: likewise",
}
"""Faults with another status than R1126 has it, each with its reason."""


_STATION = Station()


@pytest.fixture(scope="module")
def services() -> Iterator[Services]:
    with running_services() as running:
        yield running


def broken(message: Message) -> dict[str, list[str]]:
    found = {number: list(rule(message)) for number, rule in RULES.items()}
    return {number: what for number, what in found.items() if what}


def envelope(body: str, header: str = "", soap: str = SOAP) -> bytes:
    return f'<s:Envelope xmlns:s="{soap}">{header}<s:Body>{body}</s:Body></s:Envelope>'.encode()


GET_NODE = f'<getNode xmlns="{FILEMANAGER_NAMESPACE}"><node>{NODE}</node></getNode>'


def ask(services: Services, body: bytes, port: str = "FileManager", element: str = "", **headers: str) -> Message:
    named = {"Authorization": "Bearer x", "Content-Type": "text/xml; charset=utf-8"}
    named |= {name.replace("_", "-"): value for name, value in headers.items()}
    answer = requests.post(services.address(port), body, headers=named, timeout=30)
    version = {10: "1.0", 11: "1.1"}[answer.raw.version]
    known = {name.lower(): value for name, value in answer.headers.items()}
    return Message(answer.content, known, answer.status_code, element, version=version)


@pytest.mark.parametrize(("port", "operation"), OPERATIONS)
def test_an_answer_and_a_fault_keep_the_rules(services: Services, port: str, operation: Operation) -> None:
    namespace = PORTS[port][2]
    body = envelope_of(namespace, operation.name, operation.request)
    services.plan(port, operation.name, sample(operation.answer))
    answer = ask(services, body, port, f"{{{namespace}}}{operation.name}Response")
    assert broken(answer) == {}
    assert answer.fault is None
    services.plan(port, operation.name, Unexpected("17"))
    fault = ask(services, body, port)
    assert broken(fault) == {}
    assert fault.fault is not None


@pytest.mark.parametrize(("port", "operation"), OPERATIONS)
def test_what_our_own_clients_send_keeps_the_rules(services: Services, port: str, operation: Operation) -> None:
    namespace = PORTS[port][2]
    services.plan(port, operation.name, sample(operation.answer))
    client: Any = CLIENTS[port](services.address(port), auth=("dave", "x"))
    getattr(client, snake_case(operation.name))(sample(operation.request))
    client.close()
    sent = services.requests[-1]
    element, action = f"{{{namespace}}}{operation.name}", f"{namespace}#{operation.name}"
    headers = dict(sent.headers)
    assert broken(Message(sent.body, headers, None, element, action, sent.version)) == {}


REFUSALS: dict[str, tuple[bytes, dict[str, str]]] = {
    "another version": (envelope(GET_NODE, soap=SOAP_1_2), {}),
    "another media type": (envelope(GET_NODE), {"Content_Type": "application/soap+xml"}),
    "a header that must be understood": (
        envelope(GET_NODE, '<s:Header><x:a xmlns:x="urn:x" s:mustUnderstand="1"/></s:Header>'),
        {},
    ),
    "no XML": (b"hello", {}),
    "no operation": (envelope('<nothing xmlns="urn:x"/>'), {}),
    "a missing element": (envelope(f'<getNode xmlns="{FILEMANAGER_NAMESPACE}"/>'), {}),
    "too much": (b" " * 300_000, {}),
    "another operation's SOAPAction": (envelope(GET_NODE), {"SOAPAction": '"urn:x"'}),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_what_refuses_a_request_keeps_the_rules(services: Services, case: str) -> None:
    body, headers = REFUSALS[case]
    answer = ask(services, body, **headers)
    assert answer.fault is not None
    assert broken(answer) == {}


def test_a_status_other_than_500_has_its_reason(services: Services) -> None:
    for row in TABLE:
        services.plan("FileManager", "getNode", row.error("x"))
        answer = ask(services, envelope(GET_NODE))
        assert answer.fault is not None
        assert broken(answer).keys() == ({"R1126"} if row.error in NOT_500 else set()), row
    services.plan("FileManager", "getNode", SecurityFault("wsse:FailedAuthentication", "x"))
    assert broken(ask(services, envelope(GET_NODE))) == {}


ASTROGRID: dict[str, str] = {
    "R1014": "an answer that is no bundle of nodes stands in the Body without a namespace, as its part has a type",
    "R1031": "Server.generalException is what Axis 1.x says of every exception, and what its clients were tried with",
    "R2712": "of the dialect as spoken, and of parts with a type, the published text has no element at all",
}
"""The rules that AstroGrid's API breaks, each with its reason."""


def test_the_astrogrid_api_breaks_these_rules_and_no_others() -> None:
    found: set[str] = set()
    for operation in THEIR_OPERATIONS:
        for namespace in (THEIR_NAMESPACE, SPOKEN):
            found |= broken(_theirs(operation, namespace, None)).keys()
            found |= broken(_theirs(operation, namespace, Unexpected("17"))).keys()
    assert found == ASTROGRID.keys()


def _theirs(operation: Operation, namespace: str, failure: VofilesError | None) -> Message:
    station = _STATION
    station.forget()
    if failure is not None:
        station.plan(operation.name, failure)
    answer = station.post(call(namespace, operation.name))
    assert isinstance(answer.body, bytes)
    headers = {name.lower(): value for name, value in answer.headers}
    message = Message(answer.body, headers, answer.status, f"{{{namespace}}}{operation.answer.__name__}")
    assert (message.fault is None) == (failure is None)
    return message


# --- what a receiver has to put up with -------------------------------------------------------------------------------

TYPED = (
    f'<node xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:type="t:NodeIvorn" xmlns:t="{FILEMANAGER_NAMESPACE}">'
)
TAKEN: dict[str, tuple[str, bytes, dict[str, str]]] = {
    "an XML declaration": ("R1010", b'<?xml version="1.0"?>' + envelope(GET_NODE), {}),
    "a byte order mark": ("R4001", b"\xef\xbb\xbf" + envelope(GET_NODE), {}),
    "UTF-16": ("R1012", envelope(GET_NODE).decode().encode("utf-16"), {"Content_Type": "text/xml; charset=utf-16"}),
    "no SOAPAction": ("R1127", envelope(GET_NODE), {}),
    "an empty SOAPAction": ("R2745", envelope(GET_NODE), {"SOAPAction": '""'}),
    "headers that nobody described": (
        "R2739",
        envelope(GET_NODE, '<s:Header><x:a xmlns:x="urn:x"/></s:Header>'),
        {},
    ),
    "no xsi:type": ("R1017", envelope(GET_NODE), {}),
    "an xsi:type that is right": ("R1017", envelope(GET_NODE.replace("<node>", TYPED)), {}),
}
"""The rule, and a request that keeps it."""


@pytest.mark.parametrize("case", TAKEN)
def test_what_the_profile_allows_is_taken(services: Services, case: str) -> None:
    _, body, headers = TAKEN[case]
    services.plan("FileManager", "getNode", GetNodeAnswer())
    answer = ask(services, body, element=f"{{{FILEMANAGER_NAMESPACE}}}getNodeResponse", **headers)
    assert answer.status == 200, answer.body
    assert broken(answer) == {}
    request: GetNode = services.asked[-1][1]
    assert str(request.node) == NODE


ALIEN = '<s:Header><x:a xmlns:x="urn:x" s:mustUnderstand="1"/></s:Header>'
NONSENSE = '<nothing xmlns="urn:x"/>'
ORDER = {
    "the version first (R2725, R1015)": (envelope(NONSENSE, ALIEN, SOAP_1_2), "soap:VersionMismatch"),
    "then what must be understood (R2725, R1027)": (envelope(NONSENSE, ALIEN), "soap:MustUnderstand"),
    "then the rest (R2724)": (envelope(NONSENSE), "soap:Client"),
}


@pytest.mark.parametrize("case", ORDER)
def test_what_is_wrong_is_looked_for_in_the_order_of_the_profile(services: Services, case: str) -> None:
    body, code = ORDER[case]
    before = len(services.asked)
    fault = ask(services, body).fault
    assert fault is not None
    assert fault.findtext("faultcode") == code
    assert len(services.asked) == before  # R1025, R1028


def test_another_method_than_post_is_405(services: Services) -> None:
    """R1114."""
    for method in ("PUT", "DELETE", "PATCH"):
        answer = requests.request(method, services.address("FileManager"), timeout=30)
        assert (answer.status_code, "POST" in answer.headers["Allow"]) == (405, True)


# --- each rule can be broken ------------------------------------------------------------------------------------------

ANSWER = Message(
    b'<?xml version="1.0" encoding="UTF-8"?>\n' + envelope('<a xmlns="urn:x"/>'),
    {"content-type": "text/xml; charset=utf-8"},
    200,
    "{urn:x}a",
)
FAULT = replace(
    ANSWER,
    status=500,
    body=envelope("<s:Fault><faultcode>s:Client</faultcode><faultstring>x</faultstring><detail/></s:Fault>"),
)
REQUEST = replace(ANSWER, status=None, action="urn:x#a", headers={"soapaction": '"urn:x#a"'})


def changed(message: Message, old: str, new: str) -> Message:
    assert old.encode() in message.body
    return replace(message, body=message.body.replace(old.encode(), new.encode()))


ENCODED = f'<s:Envelope s:encodingStyle="{profile_messages.ENCODING[1:-1]}"'
MUTATIONS: dict[str, Message] = {
    "R1000": changed(FAULT, "<detail/>", "<more/>"),
    "R1001": changed(FAULT, "<detail/>", '<detail xmlns="urn:x"/>'),
    "R1004": changed(FAULT, "s:Client", "s:Sender"),
    "R1005": changed(ANSWER, "<s:Envelope", ENCODED),
    "R1006": changed(ANSWER, "<a ", '<a s:encodingStyle="urn:x" '),
    "R1008": changed(ANSWER, "<s:Envelope", "<!DOCTYPE x><s:Envelope"),
    "R1009": changed(ANSWER, "<s:Envelope", "<?x?><s:Envelope"),
    "R1011": changed(ANSWER, "</s:Body>", '</s:Body><x xmlns="urn:x"/>'),
    "R1012": changed(ANSWER, "UTF-8", "ISO-8859-1"),
    "R1013": changed(ANSWER, "<s:Body>", '<s:Header><x xmlns="urn:x" s:mustUnderstand="true"/></s:Header><s:Body>'),
    "R1014": changed(ANSWER, ' xmlns="urn:x"', ""),
    "R1018": replace(ANSWER, headers={"content-type": "text/xml; charset=utf-16"}),
    "R1031": changed(FAULT, "s:Client", "s:Client.Mistake"),
    "R1032": changed(ANSWER, "<s:Body", '<s:Body s:actor="urn:x"'),
    "R1033": changed(ANSWER, "<a ", '<a xmlns:xml="http://www.w3.org/XML/1998/namespace" '),
    "R1109": replace(REQUEST, headers={"soapaction": "urn:x#a"}),
    "R1111": replace(ANSWER, status=202),
    "R1126": replace(FAULT, status=200),
    "R1141": replace(ANSWER, version="2"),
    "R2113": changed(ANSWER, "<a ", f'<a xmlns:e="{profile_messages.ENCODING[1:-1]}" e:arrayType="x[]" '),
    "R2712": changed(ANSWER, "urn:x", "urn:y"),
    "R2744": replace(REQUEST, headers={"soapaction": '"urn:x#b"'}),
}
"""A message that breaks each rule."""


@pytest.mark.parametrize("number", sorted(RULES))
def test_a_rule_can_be_broken(number: str) -> None:
    assert number in broken(MUTATIONS[number])


def test_the_messages_that_the_rules_are_tried_on_keep_them() -> None:
    assert MUTATIONS.keys() == RULES.keys()
    assert all(rule.__doc__ for rule in RULES.values())
    for message in (ANSWER, FAULT, REQUEST):
        assert broken(message) == {}
