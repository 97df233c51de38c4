"""The rules of WS-I Basic Profile 1.1 on a WSDL's document, imports, types, messages and port types; see `profile`.

Rule: as there.
"""

import re
from collections import Counter
from collections.abc import Iterator
from urllib.parse import urlsplit

from lxml import etree

from tests.contracts.profile import Description, local_of, name_of
from tests.contracts.reading import WSDL, XSD

ENCODING = "http://schemas.xmlsoap.org/soap/encoding/"

# --- the document and what it imports ---------------------------------------------------------------------------------


def r2001(description: Description) -> Iterator[str]:
    """wsdl:import brings in descriptions, and nothing else."""
    for each in description.all(f"{WSDL}import"):
        if re.search(r"\.xsd$|[?&]xsd\b", each.get("location", ""), re.IGNORECASE):
            yield each.get("location", "")


def r2003(description: Description) -> Iterator[str]:
    """xsd:import stands within an xsd:schema of wsdl:types, and nowhere else."""
    for each in description.all(f"{XSD}import"):
        parents = [parent.tag for parent in each.iterancestors()]
        if parents[:2] != [f"{XSD}schema", f"{WSDL}types"]:
            yield str(each.attrib)


def r2007(description: Description) -> Iterator[str]:
    """wsdl:import says where."""
    for each in description.all(f"{WSDL}import"):
        if not each.get("location"):
            yield each.get("namespace", "")


def r2022(description: Description) -> Iterator[str]:
    """wsdl:import comes before all else of WSDL but documentation."""
    seen = ""
    for each in description.root.iterchildren(f"{WSDL}*"):
        if each.tag == f"{WSDL}import" and seen:
            yield f"import after {seen}"
        elif each.tag not in (f"{WSDL}import", f"{WSDL}documentation"):
            seen = str(each.tag)


def r2023(description: Description) -> Iterator[str]:
    """wsdl:types comes before all else of WSDL but documentation and imports."""
    seen = ""
    for each in description.root.iterchildren(f"{WSDL}*"):
        if each.tag == f"{WSDL}types" and seen:
            yield f"types after {seen}"
        elif each.tag not in (f"{WSDL}types", f"{WSDL}import", f"{WSDL}documentation"):
            seen = str(each.tag)


def r2026(description: Description) -> Iterator[str]:
    """No extension is one that readers are required to know."""
    for each in description.root.iter():
        if isinstance(each.tag, str) and each.get(f"{WSDL}required") in {"true", "1"}:
            yield str(each.tag)


def r2803(description: Description) -> Iterator[str]:
    """The namespace of a wsdl:import is not a relative URI."""
    for each in description.all(f"{WSDL}import"):
        if not urlsplit(each.get("namespace", "")).scheme:
            yield each.get("namespace", "")


def r4003(description: Description) -> Iterator[str]:
    """The text is in UTF-8 or UTF-16."""
    encoding = description.root.getroottree().docinfo.encoding or "UTF-8"
    if encoding.upper() not in {"UTF-8", "UTF-16"}:
        yield encoding


def r4004(description: Description) -> Iterator[str]:
    """It is XML 1.0."""
    version = description.root.getroottree().docinfo.xml_version
    if version != "1.0":
        yield str(version)


# --- types ------------------------------------------------------------------------------------------------------------


def r2102(description: Description) -> Iterator[str]:
    """A name of a schema's component is of a namespace that a schema here has or imports."""
    own = {each.get("targetNamespace") for each in description.all(f"{XSD}schema")}
    known = {*own, *(each.get("namespace") for each in description.all(f"{XSD}import")), XSD[1:-1]}
    for each in description.all(f"{XSD}*", f"{WSDL}part"):
        for attribute in ("type", "element", "base", "ref", "itemType"):
            value = each.get(attribute)
            if value is not None and description.qname(each, value)[0] not in known:
                yield f"{attribute}={value}"


def r2105(description: Description) -> Iterator[str]:
    """A schema has a targetNamespace, unless it only imports."""
    for each in description.all(f"{XSD}schema"):
        only_imports = all(child.tag in (f"{XSD}import", f"{XSD}annotation") for child in each.iterchildren(f"{XSD}*"))
        if not each.get("targetNamespace") and not only_imports:
            yield "a schema without targetNamespace"


def r2110(description: Description) -> Iterator[str]:
    """No type is made from SOAP's encoded Array."""
    for each in description.all(f"{XSD}restriction", f"{XSD}extension"):
        if description.qname(each, each.get("base", "")) == (ENCODING, "Array"):
            yield each.get("base", "")


def r2111(description: Description) -> Iterator[str]:
    """wsdl:arrayType stands nowhere."""
    for each in description.all(f"{XSD}attribute"):
        if each.get(f"{WSDL}arrayType") is not None:
            yield each.get(f"{WSDL}arrayType", "")


def r2112(description: Description) -> Iterator[str]:
    """No element is called ArrayOfSomething."""
    for each in description.all(f"{XSD}element"):
        if name_of(each).startswith("ArrayOf"):
            yield name_of(each)


def r2801(description: Description) -> Iterator[str]:
    """Types are of XML Schema 1.0, and the schema is one."""
    for types in description.all(f"{WSDL}types"):
        for schema in types.iterchildren("{*}schema"):
            if schema.tag != f"{XSD}schema":
                yield str(schema.tag)
                continue
            try:
                etree.XMLSchema(etree.fromstring(etree.tostring(schema)))
            except etree.XMLSchemaParseError as error:
                yield str(error)


# --- messages and port types ------------------------------------------------------------------------------------------


def r2101(description: Description) -> Iterator[str]:
    """Names of messages, port types and bindings are of those that are here."""
    own = description.root.get("targetNamespace")
    wanted = (
        ("message", (f"{WSDL}input", f"{WSDL}output", f"{WSDL}fault"), description.messages),
        ("type", (f"{WSDL}binding",), description.port_types),
        ("binding", (f"{WSDL}port",), description.bindings),
    )
    for attribute, tags, known in wanted:
        for each in description.all(*tags):
            value = each.get(attribute)
            if value is not None:
                namespace, local = description.qname(each, value)
                if namespace != own or local not in known:
                    yield f"{attribute}={value}"


def r2206(description: Description) -> Iterator[str]:
    """A part's element is one that a schema declares globally."""
    declared = {
        (schema.get("targetNamespace"), name_of(element))
        for schema in description.all(f"{XSD}schema")
        for element in schema.iterfind(f"{XSD}element")
    }
    for part in description.all(f"{WSDL}part"):
        element = part.get("element")
        if element is not None and description.qname(part, element) not in declared:
            yield element


def r2303(description: Description) -> Iterator[str]:
    """Operations are one-way or request and response; none begins with what the service says."""
    for each in description.all(f"{WSDL}operation"):
        ways = [child.tag for child in each if child.tag in (f"{WSDL}input", f"{WSDL}output")]
        if ways[:1] != [f"{WSDL}input"]:
            yield name_of(each)


def r2304(description: Description) -> Iterator[str]:
    """The operations of a port type have different names."""
    for each in description.port_types.values():
        counts = Counter(name_of(operation) for operation in each.iterfind(f"{WSDL}operation"))
        yield from (name for name, count in counts.items() if count > 1)


def r2305(description: Description) -> Iterator[str]:
    """parameterOrder, if there is one, leaves out one part of the output at the most."""
    for each in description.all(f"{WSDL}operation"):
        order, output = each.get("parameterOrder"), each.find(f"{WSDL}output")
        if order is not None and output is not None:
            message = description.messages[local_of(output.get("message", ""))]
            left = {name_of(part) for part in message.iterfind(f"{WSDL}part")} - set(order.split())
            if len(left) > 1:
                yield f"{name_of(each)}: {sorted(left)}"


def r2306(description: Description) -> Iterator[str]:
    """A part has an element or a type, and not both."""
    for part in description.all(f"{WSDL}part"):
        if part.get("element") is not None and part.get("type") is not None:
            yield name_of(part)
