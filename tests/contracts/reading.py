"""A WSDL 1.1 text as plain data: what comparisons of contracts work on.

Rule: reads only the shape that our contracts have (one schema, global elements of named types, sequences of local
elements, types that only give another one a name); anything else raises, so that nothing in a contract goes uncompared.
"""

from dataclasses import dataclass

from lxml import etree

WSDL = "{http://schemas.xmlsoap.org/wsdl/}"
SOAP = "{http://schemas.xmlsoap.org/wsdl/soap/}"
XSD = "{http://www.w3.org/2001/XMLSchema}"


@dataclass(frozen=True)
class Simple:
    """A simple type: its base and its patterns."""

    base: str
    patterns: tuple[str, ...] = ()


@dataclass(frozen=True)
class Field:
    """A local element. `type` is `xsd:name`, or the name of a type of the contract."""

    name: str
    type: str
    least: int
    most: int | None
    nillable: bool = False


@dataclass(frozen=True)
class Operation:
    """One operation of a port type; the names are of elements."""

    request: str
    answer: str
    faults: frozenset[str]
    action: str


@dataclass(frozen=True)
class Contract:
    """All that a WSDL promises."""

    namespace: str
    qualified: bool
    types: dict[str, Simple | tuple[Field, ...]]
    elements: dict[str, str]
    """Name of each global element and of its type."""
    ports: dict[str, dict[str, Operation]]
    parts: frozenset[str]
    """Names of the parts that messages have."""
    bases: dict[str, str]
    """Of a type that extends another one by nothing: that one's name. `types` has it with the other's fields."""

    def reachable(self, element: str) -> set[str]:
        """The types that a global element is made of."""
        found: set[str] = set()
        pending = [self.elements[element]]
        while pending:
            name = pending.pop()
            if name in found or name.startswith("xsd:"):
                continue
            found.add(name)
            described = self.types[name]
            if name in self.bases:
                pending.append(self.bases[name])
            pending += [described.base] if isinstance(described, Simple) else [field.type for field in described]
        return found


def read_contract(text: bytes) -> Contract:
    """The contract in a WSDL."""
    root = etree.fromstring(text, etree.XMLParser(remove_comments=True))
    namespace = root.get("targetNamespace", "")
    (schema,) = root.iterfind(f"{WSDL}types/{XSD}schema")
    assert schema.get("targetNamespace") == namespace
    types: dict[str, Simple | tuple[Field, ...]] = {}
    elements: dict[str, str] = {}
    bases: dict[str, str] = {}
    for node in schema:
        name = node.get("name", "")
        if node.tag == f"{XSD}element":
            elements[name] = _type_name(node, namespace)
        elif node.find(f"{XSD}complexContent") is not None:
            bases[name] = _base(node, namespace)
        elif node.tag == f"{XSD}complexType":
            types[name] = _sequence(node, namespace)
        elif node.tag == f"{XSD}simpleType":
            types[name] = _simple(node)
        else:
            raise ValueError(f"unexpected {node.tag!r}")
    types |= {name: types[base] for name, base in bases.items()}
    messages = {message.get("name", ""): _single_part(message) for message in root.iterfind(f"{WSDL}message")}
    ports = {
        port.get("name", ""): _operations(root, port, {name: element for name, (_, element) in messages.items()})
        for port in root.iterfind(f"{WSDL}portType")
    }
    qualified = schema.get("elementFormDefault") == "qualified"
    parts = frozenset(part for part, _ in messages.values())
    return Contract(namespace, qualified, types, elements, ports, parts, bases)


def _local(node: etree._Element, qname: str, namespace: str | None = None) -> str:
    prefix, _, local = qname.rpartition(":")
    if namespace is not None:
        assert node.nsmap[prefix or None] == namespace, qname
    return local


def _type_name(node: etree._Element, namespace: str) -> str:
    prefix, _, local = node.get("type", "").rpartition(":")
    found = node.nsmap[prefix or None]
    if found == namespace:
        return local
    assert found == XSD[1:-1], node.get("type")
    return f"xsd:{local}"


def _base(node: etree._Element, namespace: str) -> str:
    assert set(node.attrib) == {"name"}
    (content,) = (child for child in node if child.tag != f"{XSD}annotation")
    (extension,) = content
    assert extension.tag == f"{XSD}extension"
    assert not len(extension)
    assert set(extension.attrib) == {"base"}
    return _local(extension, extension.get("base", ""), namespace)


def _sequence(node: etree._Element, namespace: str) -> tuple[Field, ...]:
    assert set(node.attrib) == {"name"}
    children = [child for child in node if child.tag != f"{XSD}annotation"]
    if not children:
        return ()
    (sequence,) = children
    assert sequence.tag == f"{XSD}sequence"
    assert not sequence.attrib
    fields = []
    for element in sequence:
        assert element.tag == f"{XSD}element", element.tag
        assert set(element.attrib) <= {"name", "type", "minOccurs", "maxOccurs", "nillable"}
        most = element.get("maxOccurs", "1")
        fields.append(
            Field(
                element.get("name", ""),
                _type_name(element, namespace),
                int(element.get("minOccurs", "1")),
                None if most == "unbounded" else int(most),
                element.get("nillable", "false") == "true",
            )
        )
    return tuple(fields)


def _simple(node: etree._Element) -> Simple:
    (restriction,) = node.iterfind(f"{XSD}restriction")
    facets = tuple(facet.get("value", "") for facet in restriction)
    assert all(facet.tag == f"{XSD}pattern" for facet in restriction)
    return Simple(f"xsd:{_local(restriction, restriction.get('base', ''), XSD[1:-1])}", facets)


def _single_part(message: etree._Element) -> tuple[str, str]:
    (part,) = message.iterfind(f"{WSDL}part")
    return part.get("name", ""), _local(part, part.get("element", ""))


def _operations(root: etree._Element, port: etree._Element, messages: dict[str, str]) -> dict[str, Operation]:
    (binding,) = (
        candidate
        for candidate in root.iterfind(f"{WSDL}binding")
        if _local(candidate, candidate.get("type", "")) == port.get("name")
    )
    (soap,) = binding.iterfind(f"{SOAP}binding")
    assert soap.get("style") == "document"
    assert soap.get("transport") == "http://schemas.xmlsoap.org/soap/http"
    bound = {operation.get("name", ""): operation for operation in binding.iterfind(f"{WSDL}operation")}
    found = {}
    for operation in port.iterfind(f"{WSDL}operation"):
        name = operation.get("name", "")
        assert name not in found, f"{name} twice"
        faults = {fault.get("name", ""): _message(fault, messages) for fault in operation.iterfind(f"{WSDL}fault")}
        assert all(fault == element for fault, element in faults.items())
        found[name] = Operation(
            _message(operation.find(f"{WSDL}input"), messages),
            _message(operation.find(f"{WSDL}output"), messages),
            frozenset(faults),
            _action(bound.pop(name), frozenset(faults)),
        )
    assert not bound, f"bound, but in no port type: {sorted(bound)}"
    return found


def _message(node: etree._Element | None, messages: dict[str, str]) -> str:
    assert node is not None
    return messages[_local(node, node.get("message", ""))]


def _action(operation: etree._Element, faults: frozenset[str]) -> str:
    for body in operation.iterfind(f"*/{SOAP}body"):
        assert body.get("use") == "literal"
    assert len(list(operation.iterfind(f"*/{SOAP}body"))) == 2
    assert {fault.get("name") for fault in operation.iterfind(f"{WSDL}fault/{SOAP}fault[@use='literal']")} == faults
    soap = operation.find(f"{SOAP}operation")
    assert soap is not None
    assert soap.get("style", "document") == "document"
    return soap.get("soapAction", "")
