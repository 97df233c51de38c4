"""The published texts in wsdl/ against the code: contract, spyne's interface, and the shape that generators take."""

import inspect
import re
from pathlib import Path
from typing import Any

import pytest
import suds.client
import zeep
from lxml import etree
from spyne.interface.wsdl import Wsdl11

from tests.contracts.reading import SOAP, WSDL, XSD, Contract, Field, Simple, read_contract
from vofiles import contract
from vofiles.callback_port import CallbackPort
from vofiles.faults import CATEGORIES
from vofiles.filemanager_port import FileManagerPort
from vofiles.filestore_port import FileStorePort
from vofiles.serving.dispatch import Dispatcher
from vofiles.serving.models import PATTERNS
from vofiles.serving.wsdl import Published
from vofiles.shape import Part, camel_case, parts

ROOT = Path(__file__).parents[2]
THEIRS = {"astrogrid-filemanager-0.2.wsdl"}
"""Contracts that are not ours; test_astrogrid_published has them."""
FILES = sorted(path for path in (ROOT / "wsdl").glob("*.wsdl") if path.name not in THEIRS)
PORTS = {
    "FileManager": ("filemanager-1.wsdl", contract.FILEMANAGER_NAMESPACE, contract.FILEMANAGER, FileManagerPort),
    "FileManagerCallback": (
        "filemanager-callback-1.wsdl",
        contract.FILEMANAGER_NAMESPACE,
        contract.CALLBACK,
        CallbackPort,
    ),
    "FileStore": ("filestore-1.wsdl", contract.FILESTORE_NAMESPACE, contract.FILESTORE, FileStorePort),
}
OPERATIONS = [(port, operation) for port, (_, _, operations, _) in PORTS.items() for operation in operations]


def published(port: str) -> Contract:
    return read_contract((ROOT / "wsdl" / PORTS[port][0]).read_bytes())


def spyne_contract(port: str) -> Contract:
    name, _, operations, _ = PORTS[port]
    document = Wsdl11(Dispatcher(Published(name), port, operations).interface)
    document.build_interface_document("http://localhost/")
    return read_contract(document.get_interface_document())


def named_operations(pairs: list[tuple[str, contract.Operation]]) -> Any:
    return [pytest.param(port, operation, id=f"{port}.{operation.name}") for port, operation in pairs]


def expected_field(part: Part) -> Field:
    if part.simple is None:
        name = part.type.__name__
    elif part.simple.xsd in PATTERNS:
        name = part.simple.xsd
    else:
        name = f"xsd:{part.simple.xsd}"
    return Field(part.element, name, 0 if part.optional else 1, None if part.many else 1)


def is_ours(value_type: type) -> bool:
    return value_type.__module__.startswith(contract.__name__ + ".")


def value_types(*roots: type) -> set[type]:
    found: set[type] = set()
    pending = [part.type for root in roots for part in parts(root)]
    while pending:
        value_type = pending.pop()
        if value_type not in found and isinstance(value_type, type) and is_ours(value_type):
            found.add(value_type)
            pending += [part.type for part in parts(value_type)]
    return found


def flat(reading: Contract, name: str) -> Any:
    """A type with everything in it written out, so that names of types do not matter."""
    if name.startswith("xsd:"):
        return name
    described = reading.types[name]
    if isinstance(described, Simple):
        return described
    return tuple(
        (field.name, flat(reading, field.type), field.least, field.most, field.nillable) for field in described
    )


@pytest.mark.parametrize(("port", "operation"), named_operations(OPERATIONS))
def test_an_operation_is_published_as_the_code_has_it(port: str, operation: contract.Operation) -> None:
    reading = published(port)
    shown = reading.ports[port][operation.name]
    assert (shown.request, shown.answer) == (operation.name, f"{operation.name}Response")
    assert shown.faults == frozenset(operation.faults)
    assert shown.action == f"{reading.namespace}#{operation.name}"
    assert reading.elements[shown.request] == operation.name
    assert reading.types[operation.name] == tuple(expected_field(part) for part in parts(operation.request))
    assert reading.types[reading.elements[shown.answer]] == tuple(map(expected_field, parts(operation.answer)))
    for value_type in value_types(operation.request, operation.answer):
        assert reading.types[value_type.__name__] == tuple(expected_field(part) for part in parts(value_type))


@pytest.mark.parametrize(("port", "operation"), named_operations(OPERATIONS))
def test_spyne_makes_the_same_interface(port: str, operation: contract.Operation) -> None:
    ours, spynes = published(port), spyne_contract(port)
    shown, made = ours.ports[port][operation.name], spynes.ports[port][operation.name]
    assert (shown.request, shown.answer, shown.faults) == (made.request, made.answer, made.faults)
    assert shown.action == f"{ours.namespace}#{made.action}"
    for element in (shown.request, shown.answer, *shown.faults):
        assert flat(ours, ours.elements[element]) == flat(spynes, spynes.elements[element]), element


@pytest.mark.parametrize("port", PORTS)
def test_text_and_code_have_the_same_operations(port: str) -> None:
    names = {operation.name for operation in PORTS[port][2]}
    assert published(port).ports[port].keys() == spyne_contract(port).ports[port].keys() == names


@pytest.mark.parametrize("port", PORTS)
def test_each_operation_has_one_method_of_its_port(port: str) -> None:
    _, _, operations, client = PORTS[port]
    methods = {
        camel_case(name): inspect.signature(method)
        for name, method in vars(client).items()
        if inspect.isfunction(method) and not name.startswith("_") and name != "close"
    }
    assert methods.keys() == {operation.name for operation in operations}
    for operation in operations:
        signature = methods[operation.name]
        assert [parameter.annotation for parameter in signature.parameters.values()][1:] == [operation.request]
        assert signature.return_annotation is operation.answer


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_port_type_is_known_here(path: Path) -> None:
    reading = read_contract(path.read_bytes())
    assert reading.ports.keys() == {port for port, row in PORTS.items() if row[0] == path.name}
    assert reading.namespace in {row[1] for row in PORTS.values() if row[0] == path.name}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_nothing_is_declared_in_vain(path: Path) -> None:
    reading = read_contract(path.read_bytes())
    operations = [operation for port in reading.ports.values() for operation in port.values()]
    elements = {name for one in operations for name in (one.request, one.answer, *one.faults)}
    assert reading.elements.keys() - set(CATEGORIES) == elements - set(CATEGORIES)
    assert set().union(*map(reading.reachable, reading.elements)) == reading.types.keys()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_our_simple_types_have_the_patterns_that_refusals_are_told_by(path: Path) -> None:
    reading = read_contract(path.read_bytes())
    simple = {name: described for name, described in reading.types.items() if isinstance(described, Simple)}
    known = {name: Simple("xsd:string", (pattern,)) for name, pattern in PATTERNS.items()}
    assert simple == {name: known[name] for name in simple}
    assert "Ivorn" in simple


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_the_shape_is_the_one_that_generators_take(path: Path) -> None:
    text = path.read_text()
    reading = read_contract(text.encode())
    assert reading.qualified
    assert reading.parts == {"parameters", "fault"}
    assert "parameterOrder" not in text
    assert "nillable" not in text
    assert "soap12" not in text
    assert "2003/05/soap-envelope" not in text
    assert "Array" not in text
    assert not re.search("<(xsd|wsdl):import|<xsd:(include|any|choice|all|attribute)[ />]", text)
    fields = [field for described in reading.types.values() if isinstance(described, tuple) for field in described]
    assert {(field.least, field.most) for field in fields} <= {(1, 1), (0, 1), (0, None)}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_everything_is_explained(path: Path) -> None:
    root = etree.parse(path).getroot()
    types = [*root.iter(f"{XSD}complexType", f"{XSD}simpleType")]
    explained = {node.get("name") for node in types}
    # A global element is explained at the type of its own name, if it has one; that of a fault at the fault's.
    elements = [
        node
        for node in root.iter(f"{XSD}element")
        if node.get("type") not in {f"tns:{node.get('name')}", f"tns:{node.get('name')}Fault"}
    ]
    assert explained.issuperset(read_contract(path.read_bytes()).types)
    for node in (*types, *elements):
        assert (node.findtext(f"{XSD}annotation/{XSD}documentation") or "").strip(), node.get("name")
    for node in (*root.iter(f"{WSDL}portType"), *root.iterfind(f"{WSDL}portType/{WSDL}operation")):
        assert (node.findtext(f"{WSDL}documentation") or "").strip(), node.get("name")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_zeep_and_suds_read_it(path: Path) -> None:
    names = {
        operation.name for name, _, operations, _ in PORTS.values() if name == path.name for operation in operations
    }
    read: Any = zeep.Client(str(path), settings=zeep.Settings(forbid_external=True))  # type: ignore[no-untyped-call]
    bound = [port.binding.all().keys() for service in read.wsdl.services.values() for port in service.ports.values()]
    assert set().union(*bound) == names
    suds_read = suds.client.Client(path.as_uri(), cache=None)
    shown = {method for definition in suds_read.sd for _, methods in definition.ports for method, _ in methods}
    assert shown == names


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_each_port_has_an_address_to_rewrite(path: Path) -> None:
    text = Published(path.name)
    ports = read_contract(path.read_bytes()).ports
    addresses = {port: f"https://example.org/{port}?a=1&b=\"2'" for port in ports}
    root = etree.fromstring(text.with_addresses(addresses))
    shown = {
        port.get("name"): port.find(f"{SOAP}address").get("location")  # type: ignore[union-attr]
        for port in root.iterfind(f"{WSDL}service/{WSDL}port")
    }
    assert shown == addresses
    assert text.with_addresses({}) == path.read_bytes()
