"""A WSDL 1.1 text in the terms of `recorded/astrogrid-filemanager-0.2.json`: what is known of AstroGrid's contract.

Rule: reads only the shape that this contract has; anything else raises, so that nothing in it goes uncompared.
"""

from typing import Any

from lxml import etree

WSDL = "{http://schemas.xmlsoap.org/wsdl/}"
SOAP = "{http://schemas.xmlsoap.org/wsdl/soap/}"
XSD = "{http://www.w3.org/2001/XMLSchema}"

FACETS = ("pattern", "enumeration")


class Reading:
    """A WSDL in the terms of the known contract."""

    def __init__(self, text: bytes) -> None:
        self.root = etree.fromstring(text, etree.XMLParser(remove_comments=True))
        self.namespace = self.root.get("targetNamespace", "")
        (self.schema,) = self.root.iterfind(f"{WSDL}types/{XSD}schema")

    def described(self) -> dict[str, Any]:
        (port_type,) = self.root.iterfind(f"{WSDL}portType")
        (binding,) = self.root.iterfind(f"{WSDL}binding")
        ((port,),) = services = tuple(self.root.iterfind(f"{WSDL}service"))
        bound = binding.find(f"{SOAP}binding")
        assert bound is not None
        assert bound.get("transport") == "http://schemas.xmlsoap.org/soap/http"
        assert self._own(binding, "type") == port_type.get("name")
        assert self._own(port, "binding") == binding.get("name")
        (use,) = {element.get("use") for element in binding.iter(f"{SOAP}body", f"{SOAP}fault")}
        return {
            "targetNamespace": self.namespace,
            "schemaNamespace": self.schema.get("targetNamespace"),
            "elementFormDefault": self.schema.get("elementFormDefault"),
            "style": bound.get("style"),
            "use": use,
            "service": services[0].get("name"),
            "port": port.get("name"),
            "portType": port_type.get("name"),
            "binding": binding.get("name"),
            "operations": self.operations(port_type, binding),
            "elements": {
                element.get("name"): self._content(element[-1]) for element in self.schema.iterfind(f"{XSD}element")
            },
            "types": {kind.get("name"): self._type(kind) for kind in self.schema if kind.tag != f"{XSD}element"},
        }

    def operations(self, port_type: etree._Element, binding: etree._Element) -> dict[str, Any]:
        bound = {each.get("name"): each for each in binding.iterfind(f"{WSDL}operation")}
        found: dict[str, Any] = {}
        for operation in port_type.iterfind(f"{WSDL}operation"):
            how = bound.pop(operation.get("name"))
            called = how.find(f"{SOAP}operation")
            assert called is not None
            faults = {
                fault.get("name"): self._parts(fault.get("message")) for fault in operation.iterfind(f"{WSDL}fault")
            }
            assert {fault.get("name") for fault in how.iterfind(f"{WSDL}fault/{SOAP}fault")} == faults.keys()
            assert len(list(how.iterfind(f"*/{SOAP}body"))) == 2
            found[operation.get("name", "")] = {
                "soapAction": called.get("soapAction"),
                "input": self._parts(self._message(operation, "input")),
                "output": self._parts(self._message(operation, "output")),
                "faults": faults,
            }
        assert not bound
        return found

    def _message(self, operation: etree._Element, side: str) -> str | None:
        element = operation.find(f"{WSDL}{side}")
        assert element is not None
        return element.get("message")

    def _parts(self, qname: str | None) -> list[dict[str, str]]:
        local = (qname or "").rpartition(":")[2]
        (message,) = (each for each in self.root.iterfind(f"{WSDL}message") if each.get("name") == local)
        return [
            {
                "part": part.get("name", ""),
                **{key: self._own(part, key) if key == "element" else self._name(part, key) for key in part.keys()[1:]},
            }
            for part in message
        ]

    def _own(self, element: etree._Element, attribute: str) -> str:
        prefix, _, local = element.get(attribute, "").rpartition(":")
        assert element.nsmap[prefix] == self.namespace
        return local

    def _name(self, element: etree._Element, attribute: str) -> str:
        prefix, _, local = element.get(attribute, "").rpartition(":")
        return f"{ {XSD[1:-1]: 'xsd', self.namespace: 'xsd1'}[element.nsmap[prefix]] }:{local}"

    def _type(self, kind: etree._Element) -> dict[str, Any]:
        if kind.tag == f"{XSD}complexType":
            return {"kind": "complex", **self._content(kind)}
        (restriction,) = kind.iterfind(f"{XSD}restriction")
        facets = {tag: [each.get("value") for each in restriction.iterfind(f"{XSD}{tag}")] for tag in FACETS}
        assert sum(map(len, facets.values())) == len(restriction)
        base = self._name(restriction, "base")
        return {"kind": "simple", "base": base, "patterns": facets["pattern"], "enumeration": facets["enumeration"]}

    def _content(self, kind: etree._Element) -> dict[str, Any]:
        assert kind.tag == f"{XSD}complexType"
        models = [child for child in kind if child.tag != f"{XSD}annotation"]
        if not models:
            return {"model": "empty", "elements": []}
        ((model),) = models
        return {"model": etree.QName(model).localname, "elements": [self._element(each) for each in model]}

    def _element(self, element: etree._Element) -> dict[str, str]:
        assert element.tag == f"{XSD}element"
        assert set(element.attrib) <= {"name", "type", "minOccurs", "maxOccurs", "default"}
        default = element.get("default")
        return {
            "name": element.get("name", ""),
            "type": self._name(element, "type"),
            "minOccurs": element.get("minOccurs", "1"),
            "maxOccurs": element.get("maxOccurs", "1"),
            **({} if default is None else {"default": default}),
        }

    def flat(self, name: str) -> Any:
        """A type with everything in it written out, so that names of complex types do not matter."""
        prefix, _, local = name.partition(":")
        if prefix == "xsd":
            return name
        types = (each for each in self.schema if each.tag != f"{XSD}element")
        (kind,) = (each for each in types if each.get("name") == local)
        if kind.tag == f"{XSD}complexType":
            return self._flat_content(kind)
        described = self._type(kind)
        return described if any(described[facet] for facet in ("patterns", "enumeration")) else described["base"]

    def flat_element(self, name: str) -> Any:
        """The same of a global element."""
        (element,) = (each for each in self.schema.iterfind(f"{XSD}element") if each.get("name") == name)
        return self.flat(self._name(element, "type")) if element.get("type") else self._flat_content(element[-1])

    def _flat_content(self, kind: etree._Element) -> Any:
        return [{**each, "type": self.flat(each["type"])} for each in self._content(kind)["elements"]]
