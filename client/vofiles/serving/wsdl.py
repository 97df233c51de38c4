"""The published contracts as the servers use them: served as they stand, and their schemas to judge requests by.

Rule: the text in `wsdl/` is the truth. It is served byte for byte, but for the addresses of its ports; nothing here
makes a contract.
"""

import re
import threading
from collections.abc import Callable, Mapping
from importlib.resources import files
from xml.sax.saxutils import quoteattr

from lxml import etree

_WSDL = "http://schemas.xmlsoap.org/wsdl/"
_SOAP = "http://schemas.xmlsoap.org/wsdl/soap/"
_XSD = "http://www.w3.org/2001/XMLSchema"
_PORT = re.compile(rb'(<wsdl:port\s+name="(\w+)"[^>]*>\s*<soap:address\s+location=)"[^"]*"')


class Published(threading.local):
    """One published contract.

    Thread-local, because lxml's schema objects keep the errors of their last use: each thread has a schema of its own.
    """

    def __init__(self, name: str, judged_by: Callable[[etree._Element], etree._Element] | None = None) -> None:
        self.text = files("vofiles").joinpath("wsdl", name).read_bytes()
        """The contract byte for byte."""
        self._root = etree.fromstring(self.text)
        self.namespace = self._root.get("targetNamespace", "")
        schema = self._root.find(f"{{{_WSDL}}}types/{{{_XSD}}}schema")
        assert schema is not None, f"{name} has no schema"
        # By way of its text, which repeats the prefixes that were declared further up.
        schema = etree.fromstring(etree.tostring(schema))
        self.schema = etree.XMLSchema(judged_by(schema) if judged_by is not None else schema)
        """What its requests and answers must satisfy; where a language judges by another one, its requests."""

    def get_port(self, operations: frozenset[str]) -> str:
        """The name of the port type that has just these operations. Raises LookupError."""
        for port_type in self._root.iterfind(f"{{{_WSDL}}}portType"):
            if operations == {operation.get("name") for operation in port_type.iterfind(f"{{{_WSDL}}}operation")}:
                return port_type.get("name", "")
        raise LookupError(f"no port type of {self.namespace} has just the operations {sorted(operations)}")

    def actions(self, port: str) -> dict[str, str]:
        """The SOAPAction of each operation of a port type."""
        found = {}
        for binding in self._root.iterfind(f"{{{_WSDL}}}binding"):
            if binding.get("type", "").partition(":")[2] == port:
                for operation in binding.iterfind(f"{{{_WSDL}}}operation"):
                    soap = operation.find(f"{{{_SOAP}}}operation")
                    assert soap is not None
                    found[operation.get("name", "")] = soap.get("soapAction", "")
        return found

    def with_addresses(self, addresses: Mapping[str, str]) -> bytes:
        """The contract with these addresses for the ports named; the rest byte for byte."""

        def readdress(match: re.Match[bytes]) -> bytes:
            address = addresses.get(match[2].decode())
            return match[0] if address is None else match[1] + quoteattr(address, {'"': "&quot;"}).encode()

        return _PORT.sub(readdress, self.text)
