"""The encoder of what goes out, against the published schema and against spyne's own serialisation."""

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from spyne import MethodContext
from spyne.server import ServerBase

from tests.support.soapservices import PORTS
from tests.support.wirevalues import fullest, texts, values_of
from vofiles.contract import FILEMANAGER_NAMESPACE, Header, NodeAnswer, Operation
from vofiles.errors import NodeNotFound
from vofiles.instant import Instant, to_datetime
from vofiles.serving import replies
from vofiles.serving.dispatch import Dispatcher
from vofiles.serving.wsdl import Published
from vofiles.shape import Part, parts

OPERATIONS = [
    pytest.param(port, operation, id=f"{port}.{operation.name}")
    for port, (*_, operations) in PORTS.items()
    for operation in operations
]
WSDLS = ("filemanager-1.wsdl", "filemanager-callback-1.wsdl", "filestore-1.wsdl")
CONTRACTS = {name: Published(name) for name in WSDLS}
DISPATCHERS = {port: Dispatcher(CONTRACTS[wsdl], port, operations) for port, (_, wsdl, _, operations) in PORTS.items()}


_INSTANT = re.compile(r"\A(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.(?!0{6})\d+)?)(?:\.0{6})?(?:Z|\+00:00)\Z")


class Transport(ServerBase):  # type: ignore[misc]
    transport = "http://schemas.xmlsoap.org/soap/http"


def body_element(envelope: bytes) -> etree._Element:
    root = etree.fromstring(envelope)
    assert root.tag == "{http://schemas.xmlsoap.org/soap/envelope/}Envelope"
    ((element,),) = root
    return element


def plain(element: etree._Element) -> Any:
    """An element as names, texts and children, whatever prefixes it is written with."""
    assert not element.attrib
    # spyne writes +00:00 and leaves out a fraction of nothing; the value is the same.
    text = _INSTANT.sub(r"\1Z", element.text or "")
    return element.tag, text, [plain(child) for child in element]


def by_spyne(port: str, operation: Operation, value: Any) -> etree._Element:
    """What spyne makes of the same value, with its own models and its own serialisation."""
    interface = DISPATCHERS[port].interface
    context = MethodContext(Transport(interface.app), MethodContext.SERVER)
    (descriptor,) = interface.service_method_map[f"{{{interface.tns}}}{operation.name}"]
    context.descriptor = descriptor
    members = descriptor.out_message._type_info
    context.out_object = [
        spyne_value(members[part.element], part, getattr(value, part.field)) for part in parts(operation.answer)
    ]
    interface.app.out_protocol.serialize(context, interface.app.out_protocol.RESPONSE)
    interface.app.out_protocol.create_out_string(context)
    return body_element(b"".join(context.out_string))


def spyne_value(model: Any, part: Part, value: Any) -> Any:
    if value is None:
        return None
    if part.many:
        return [spyne_item(model, part, item) for item in value] or None
    return spyne_item(model, part, value)


def spyne_item(model: Any, part: Part, value: Any) -> Any:
    if part.simple is None:
        members = model.get_flat_type_info(model)
        inner = {
            one.element: spyne_value(members[one.element], one, getattr(value, one.field)) for one in parts(part.type)
        }
        return (model.__orig__ or model)(**inner)
    if part.type is Instant:
        return to_datetime(value)
    return value if isinstance(value, (int, str)) else str(value)


@pytest.mark.parametrize(("port", "operation"), OPERATIONS)
@settings(max_examples=25)
@given(data=st.data())
def test_answers_satisfy_the_published_schema_and_are_what_spyne_writes(
    port: str, operation: Operation, data: st.DataObject
) -> None:
    value = data.draw(values_of(operation.answer) | fullest(operation.answer))
    _, wsdl, namespace, _ = PORTS[port]
    element = body_element(replies.answer(namespace, operation.name, value))
    CONTRACTS[wsdl].schema.assertValid(element)
    assert plain(element) == plain(by_spyne(port, operation, value))


@given(text=texts)
def test_any_text_that_xml_can_carry_survives(text: str) -> None:
    document = replies.message("urn:x", "header", Header("name", text))
    assert body_element(document).findtext("{urn:x}value") == text


@given(text=st.text(st.characters(codec="utf-8")), rest=st.text())
def test_any_text_at_all_gives_a_well_formed_fault(text: str, rest: str) -> None:
    fault = body_element(replies.fault("urn:x", NodeNotFound(text, reason=rest, properties=((text, rest),))))
    assert fault.findtext("detail/{urn:x}NotFound/{urn:x}name") == "NodeNotFound"


def test_a_required_value_that_is_missing_is_not_sent() -> None:
    answer = NodeAnswer(node=None)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"NodeAnswer\.node"):
        replies.answer(FILEMANAGER_NAMESPACE, "addNode", answer)
