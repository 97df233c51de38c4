"""The rules of WS-I Basic Profile 1.1 on the bindings and ports of a WSDL; see `profile`.

Rule: as there.
"""

from collections import Counter
from collections.abc import Iterator

from lxml import etree

from tests.contracts.profile import Description, child_of, local_of, name_of
from tests.contracts.reading import SOAP, WSDL

HTTP_TRANSPORT = "http://schemas.xmlsoap.org/soap/http"
_EXTENSIONS = tuple(f"{SOAP}{name}" for name in ("body", "header", "headerfault", "fault"))


def _style(binding: etree._Element, operation: etree._Element) -> str:
    said, whole = operation.find(f"{SOAP}operation"), binding.find(f"{SOAP}binding")
    default = "document" if whole is None else whole.get("style", "document")
    return default if said is None else said.get("style", default)


def r2201(description: Description) -> Iterator[str]:
    """A soap:body lists one part at the most."""
    for body, message in description.bodies():
        if len(body.get("parts", "").split()) > 1:
            yield name_of(message)


def r2204(description: Description) -> Iterator[str]:
    """A soap:body stands for parts that are elements."""
    for body, message in description.bodies():
        listed = body.get("parts")
        for part in message.iterfind(f"{WSDL}part"):
            if (listed is None or name_of(part) in listed.split()) and part.get("element") is None:
                yield f"{name_of(message)}.{name_of(part)}"


def r2205(description: Description) -> Iterator[str]:
    """A soap:fault stands for a part that is an element."""
    for _, operation, abstract in description.bound():
        bound = {name_of(fault) for fault in operation.iterfind(f"{WSDL}fault")}
        for fault in abstract.iterfind(f"{WSDL}fault") if abstract is not None else ():
            message = description.messages.get(local_of(fault.get("message", "")))
            parts = message.iterfind(f"{WSDL}part") if message is not None and name_of(fault) in bound else ()
            yield from (f"{name_of(operation)}.{name_of(fault)}" for part in parts if part.get("element") is None)


def r2209(description: Description) -> Iterator[str]:
    """Every part of a message is bound by something."""
    for body, message in description.bodies():
        listed = body.get("parts")
        parts = {name_of(part) for part in message.iterfind(f"{WSDL}part")}
        if listed is not None and parts - set(listed.split()):
            yield name_of(message)


def r2210(description: Description) -> Iterator[str]:
    """A message whose soap:body lists no parts has one at the most."""
    for body, message in description.bodies():
        if body.get("parts") is None and len(message.findall(f"{WSDL}part")) > 1:
            yield name_of(message)


def r2401(description: Description) -> Iterator[str]:
    """A binding is WSDL 1.1's for SOAP and no other."""
    for name, binding in description.bindings.items():
        if binding.find(f"{SOAP}binding") is None:
            yield name
        for each in binding.iter(etree.Element):
            if not str(each.tag).startswith((WSDL, SOAP)):
                yield f"{name}: {str(each.tag)}"


def r2701(description: Description) -> Iterator[str]:
    """A soap:binding says by which transport."""
    for each in description.all(f"{SOAP}binding"):
        if not each.get("transport"):
            yield "no transport"


def r2702(description: Description) -> Iterator[str]:
    """The transport is HTTP."""
    for each in description.all(f"{SOAP}binding"):
        if each.get("transport", HTTP_TRANSPORT) != HTTP_TRANSPORT:
            yield each.get("transport", "")


def r2705(description: Description) -> Iterator[str]:
    """All operations of a binding are of one style."""
    for name, binding in description.bindings.items():
        styles = {_style(binding, operation) for operation in binding.iterfind(f"{WSDL}operation")}
        if len(styles) > 1:
            yield f"{name}: {sorted(styles)}"


def r2706(description: Description) -> Iterator[str]:
    """What is in a body, header or fault is literal."""
    for each in description.all(*_EXTENSIONS):
        if each.get("use", "literal") != "literal":
            yield f"{str(each.tag)}: {each.get('use')}"


def r2710(description: Description) -> Iterator[str]:
    """No two operations of a binding have the same element in their requests' Body."""
    for name, binding in description.bindings.items():
        port_type = description.port_types.get(local_of(binding.get("type", "")))
        signatures: Counter[object] = Counter()
        for operation in binding.iterfind(f"{WSDL}operation"):
            abstract = None if port_type is None else child_of(port_type, name_of(operation))
            said = None if abstract is None else abstract.find(f"{WSDL}input")
            message = None if said is None else description.messages.get(local_of(said.get("message", "")))
            part = None if message is None else message.find(f"{WSDL}part")
            signatures[None if part is None else description.qname(part, part.get("element", ""))] += 1
        yield from (f"{name}: {signature}" for signature, count in signatures.items() if count > 1)


def r2711(description: Description) -> Iterator[str]:
    """No two ports have the same address."""
    counts = Counter(each.get("location") for each in description.all(f"{SOAP}address"))
    yield from (str(address) for address, count in counts.items() if count > 1)


def r2716(description: Description) -> Iterator[str]:
    """A body, header or fault of a document binding has no namespace attribute."""
    for each in description.all(*_EXTENSIONS):
        if each.get("namespace") is not None:
            yield f"{str(each.tag)}: {each.get('namespace')}"


def r2718(description: Description) -> Iterator[str]:
    """A binding has the operations of its port type, with the same ways and faults."""
    for name, binding in description.bindings.items():
        port_type = description.port_types.get(local_of(binding.get("type", "")))
        shapes = [
            {
                name_of(operation): sorted((str(child.tag), name_of(child)) for child in _ways(operation))
                for operation in each.iterfind(f"{WSDL}operation")
            }
            for each in (binding, port_type)
            if each is not None
        ]
        if len(shapes) != 2 or shapes[0] != shapes[1]:
            yield name


def _ways(operation: etree._Element) -> Iterator[etree._Element]:
    return operation.iterchildren(f"{WSDL}input", f"{WSDL}output", f"{WSDL}fault")


def r2720(description: Description) -> Iterator[str]:
    """A header names its part."""
    for each in description.all(f"{SOAP}header", f"{SOAP}headerfault"):
        if not each.get("part"):
            yield str(each.tag)


def r2721(description: Description) -> Iterator[str]:
    """A soap:fault has a name."""
    for each in description.all(f"{SOAP}fault"):
        if not name_of(each):
            yield "a fault without name"


def r2723(description: Description) -> Iterator[str]:
    """The use of a soap:fault, if it is said, is literal."""
    for each in description.all(f"{SOAP}fault"):
        if each.get("use", "literal") != "literal":
            yield name_of(each)


def r2740(description: Description) -> Iterator[str]:
    """A binding has a soap:fault for each fault that an operation is known to have."""
    for _, operation, abstract in description.bound():
        described = {name_of(each) for each in operation.iterfind(f"{WSDL}fault/{SOAP}fault")}
        for fault in abstract.iterfind(f"{WSDL}fault") if abstract is not None else ():
            if name_of(fault) not in described:
                yield f"{name_of(operation)}.{name_of(fault)}"


def r2749(description: Description) -> Iterator[str]:
    """A header has a part and no parts."""
    for each in description.all(f"{SOAP}header", f"{SOAP}headerfault"):
        if each.get("parts") is not None:
            yield each.get("parts", "")


def r2754(description: Description) -> Iterator[str]:
    """A soap:fault is called as the wsdl:fault that it is in."""
    for each in description.all(f"{SOAP}fault"):
        parent = each.getparent()
        if parent is not None and name_of(each) and name_of(parent) != name_of(each):
            yield f"{name_of(parent)}: {name_of(each)}"
