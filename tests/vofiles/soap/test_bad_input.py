"""Every operation of our contracts is asked wrongly in every way that its shape allows, in process: the fault names the
element and what it should be, nothing is called, and nothing whatever gets another answer than a fault.
"""

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from tests.support.samples import envelope_of, sample
from tests.support.soapservices import PORTS, Services
from vofiles.contract import Operation
from vofiles.serving.http import Headers, Request, Response
from vofiles.serving.soap import SoapService
from vofiles.serving.xmlgate import MAX_BODY, MAX_VALUE, SOAP
from vofiles.shape import Part, parts

OPERATIONS = [
    pytest.param(port, operation, id=f"{port}.{operation.name}")
    for port, (*_, operations) in PORTS.items()
    for operation in operations
]
WRONG = {
    "long": ("many", "xs:long"),
    "boolean": ("perhaps", "xs:boolean"),
    "dateTime": ("yesterday", "xs:dateTime"),
    "Ivorn": ("nonsense", "ivo://authority/resource"),
    "NodeIvorn": ("ivo://ast.cam.ac.uk/filemanager", "ivo://authority/resource#number"),
}
"""By type: a value that is none, and a word by which the fault says what would be."""
DAMAGE = (b"", b"<", b"&", b"\xff", b"</", b"<a/>", b"\0", "é🔭".encode())
XSI = "{http://www.w3.org/2001/XMLSchema-instance}"


@dataclass(frozen=True)
class Case:
    """A request that is wrong in one place."""

    what: str
    elements: tuple[str, ...]
    """One of them the fault has to name."""
    root: etree._Element
    word: str = ""
    """That it has to say besides."""


@pytest.fixture(scope="module")
def world() -> tuple[Services, dict[str, SoapService]]:
    services = Services()
    for port, (*_, operations) in PORTS.items():
        for operation in operations:
            services.plan(port, operation.name, sample(operation.answer))
    return services, {port: services.soap_service(port) for port in PORTS}


def send(service: SoapService, body: bytes, content_type: str = "text/xml; charset=utf-8") -> Response:
    headers = Headers([("Content-Type", content_type), ("Authorization", "Bearer x")])
    answer = service(Request("POST", "/x", "/x", "", headers, "1.1", "h", "127.0.0.1", "request-17", body=body))
    assert isinstance(answer, Response)
    return answer


def fault_of(answer: Response) -> tuple[str, str, str, str]:
    """faultcode, the fault's element, the error's name, the sentence. The answer has to be a fault, with its status."""
    assert answer.status == 500
    assert dict(answer.headers)["Content-Type"] == "text/xml; charset=utf-8"
    fault = etree.fromstring(bytes(answer.body)).find(f"{{{SOAP}}}Body/{{{SOAP}}}Fault")  # type: ignore[arg-type]
    assert fault is not None
    detail = fault.find("detail/*")
    kind = "" if detail is None else etree.QName(detail).localname
    return (
        fault.findtext("faultcode", ""),
        kind,
        fault.findtext("detail/*/{*}name", ""),
        fault.findtext("faultstring", ""),
    )


def wrong(port: str, operation: Operation) -> Iterator[Case]:
    """Every request of an operation that is wrong in one place."""
    namespace = PORTS[port][2]
    right = etree.fromstring(envelope_of(namespace, operation.name, operation.request))

    def walk(kind: type, path: tuple[int, ...]) -> Iterator[Case]:
        for index, part in enumerate(parts(kind)):
            here = (*path, index)
            yield from _wrong_part(namespace, right, here, part)
            if part.simple is None:
                yield from walk(part.type, here)

    yield from walk(operation.request, ())
    root, asked = _copy(right)
    etree.SubElement(asked, f"{{{namespace}}}stranger")
    # Where there may be nothing at all, it is the element around the stranger that is named.
    yield Case("a stranger", ("stranger",) if len(asked) > 1 else (operation.name,), root)
    root, asked = _copy(right)
    if len(asked) > 1:
        asked.append(asked[0])
        yield Case("the first element last", tuple(etree.QName(each).localname for each in asked), root)


def _wrong_part(namespace: str, right: etree._Element, path: tuple[int, ...], part: Part) -> Iterator[Case]:
    def copy() -> tuple[etree._Element, etree._Element]:
        root, found = _copy(right)
        for index in path:
            found = found[index]
        return root, found

    if not part.optional:
        root, found = copy()
        parent = found.getparent()
        assert parent is not None
        parent.remove(found)
        yield Case("missing", (part.element,), root, "Missing child" if not len(parent) else "Expected is")
    if not part.many:
        root, found = copy()
        found.addnext(deepcopy(found))
        yield Case("twice", (part.element,), root)
    root, found = copy()
    found.set(f"{XSI}nil", "true")
    yield Case("nil", (part.element,), root)
    root, found = copy()
    found.text = "x" if part.simple is None else None
    etree.SubElement(found, f"{{{namespace}}}inner") if part.simple is not None else None
    yield Case("of another shape", (part.element,), root)
    if part.simple is not None and part.simple.xsd in WRONG:
        root, found = copy()
        found.text, word = WRONG[part.simple.xsd]
        yield Case("of another type", (part.element,), root, word)


def _copy(right: etree._Element) -> tuple[etree._Element, etree._Element]:
    root = deepcopy(right)
    return root, root[0][0]


@pytest.mark.parametrize(("port", "operation"), OPERATIONS)
def test_what_is_wrong_is_named(
    world: tuple[Services, dict[str, SoapService]], port: str, operation: Operation
) -> None:
    services, served = world
    right = envelope_of(PORTS[port][2], operation.name, operation.request)
    assert send(served[port], right).status == 200
    before = len(services.asked)
    for case in wrong(port, operation):
        body = etree.tostring(case.root)
        code, kind, name, sentence = fault_of(send(served[port], body))
        told = f"{case.what}, {case.elements}: {sentence}"
        assert (code, kind) == ("soap:Client", "Invalid"), told
        assert name in {"InvalidMessage", "InvalidArgument", "InvalidIdentifier"}, told
        assert any(element in sentence for element in case.elements), told
        assert case.word in sentence, told
        assert len(sentence) < 700, told
    assert len(services.asked) == before


def test_every_leaf_of_every_request_is_tried() -> None:
    """The generator finds something wrong with each operation, and each wrong type at least once."""
    cases = {
        param.id: list(wrong(*param.values))  # type: ignore[arg-type]
        for param in OPERATIONS
    }
    assert all(cases.values())
    words = {case.word for found in cases.values() for case in found}
    assert words >= {word for _, word in WRONG.values()}


@pytest.mark.parametrize(("port", "operation"), OPERATIONS)
def test_any_damage_gets_a_fault_or_an_answer(
    world: tuple[Services, dict[str, SoapService]], port: str, operation: Operation
) -> None:
    """Cut, doubled and overwritten anywhere."""
    _, served = world
    right = envelope_of(PORTS[port][2], operation.name, operation.request)

    @settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.data())
    def damage(data: st.DataObject) -> None:
        at = data.draw(st.integers(0, len(right)), "at")
        until = data.draw(st.integers(at, len(right)), "until")
        put = data.draw(
            st.sampled_from([b"", b"<", b"&", b"\xff", b"</", b"<a/>", b"\0", "é🔭".encode(), right[:until]])
        )
        for body in (right[:at], right[:at] + put + right[until:]):
            answer = send(served[port], body)
            if answer.status != 200:
                assert fault_of(answer)[0].startswith("soap:")
                assert "Unexpected" not in fault_of(answer)

    damage()


WHOLE: dict[str, tuple[bytes, str, str]] = {
    "nothing": (b"", "InvalidMessage", "XML"),
    "space": (b" \n", "InvalidMessage", "XML"),
    "too much": (b" " * (MAX_BODY + 1), "TooLarge", "262144 at the most"),
    "a huge value": (
        f'<s:Envelope xmlns:s="{SOAP}"><s:Body><a>{"x" * (MAX_VALUE + 1)}</a></s:Body></s:Envelope>'.encode(),
        "TooLarge",
        "'a'",
    ),
    "JSON": (b'{"a": 1}', "InvalidMessage", "XML"),
    "a form": (b"a=1&b=2", "InvalidMessage", "XML"),
    "HTML": (b"<html><body/></html>", "InvalidMessage", "html"),
    "Latin-1": (
        f'<s:Envelope xmlns:s="{SOAP}"><s:Body><a>é</a></s:Body></s:Envelope>'.encode("latin-1"),
        "InvalidMessage",
        "XML",
    ),
    "another operation's name in other letters": (
        f'<s:Envelope xmlns:s="{SOAP}"><s:Body><Ünïcode🔭/></s:Body></s:Envelope>'.replace("🔭", "").encode(),
        "InvalidMessage",
        "operation",
    ),
    "a name of a thousand letters": (
        f'<s:Envelope xmlns:s="{SOAP}"><s:Body><{"a" * 1000}/></s:Body></s:Envelope>'.encode(),
        "InvalidMessage",
        "operation",
    ),
}


@pytest.mark.parametrize("port", PORTS)
@pytest.mark.parametrize("case", WHOLE)
def test_what_is_no_request_at_all(world: tuple[Services, dict[str, SoapService]], port: str, case: str) -> None:
    body, name, words = WHOLE[case]
    code, kind, told, sentence = fault_of(send(world[1][port], body))
    assert (code, kind, told) == ("soap:Client", "Invalid", name)
    assert words in sentence
    assert len(sentence) < 700


@pytest.mark.parametrize("charset", ["iso-8859-1", "windows-1252", "utf-7", "utf-32", "klingon", "utf-16"])
def test_a_charset_that_is_not_the_one_of_the_bytes(
    world: tuple[Services, dict[str, SoapService]], charset: str
) -> None:
    body = envelope_of(PORTS["FileManager"][2], "getIdentifier", PORTS["FileManager"][3][0].request)
    code, _, name, sentence = fault_of(send(world[1]["FileManager"], body, f"text/xml; charset={charset}"))
    assert (code, name) == ("soap:Client", "InvalidMessage")
    assert charset in sentence
