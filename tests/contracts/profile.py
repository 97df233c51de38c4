"""A WSDL as the rules of WS-I Basic Profile 1.1 look at it, and which of them it breaks.

    profile_types       rules on the document, its imports, types, messages and port types
    profile_bindings    rules on bindings and ports
    profile_messages    rules on requests and answers

Each rule is a small function named by its number; it yields what breaks it, and its docstring says in our words what
the profile asks. Left out are the rules on rpc bindings, of which there are none, those on what a reader of WSDL has to
put up with, and validity by the schemas of WSDL itself (R2028, R2029), which `reading` is stricter than.

Rule: nothing here knows our contracts.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from types import ModuleType
from typing import Any

from lxml import etree

from tests.contracts.reading import SOAP, WSDL


@dataclass(frozen=True)
class Description:
    """A WSDL, and the ways about in it."""

    text: bytes

    @cached_property
    def root(self) -> etree._Element:
        return etree.fromstring(self.text)

    def all(self, *names: str) -> Iterator[etree._Element]:
        return self.root.iter(*names)

    @cached_property
    def messages(self) -> dict[str, etree._Element]:
        return {name_of(each): each for each in self.root.iterfind(f"{WSDL}message")}

    @cached_property
    def port_types(self) -> dict[str, etree._Element]:
        return {name_of(each): each for each in self.root.iterfind(f"{WSDL}portType")}

    @cached_property
    def bindings(self) -> dict[str, etree._Element]:
        return {name_of(each): each for each in self.root.iterfind(f"{WSDL}binding")}

    def bound(self) -> Iterator[tuple[etree._Element, etree._Element, etree._Element | None]]:
        """Each binding, each operation in it, and the operation of its port type if there is one."""
        for binding in self.bindings.values():
            port_type = self.port_types.get(local_of(binding.get("type", "")))
            for operation in binding.iterfind(f"{WSDL}operation"):
                yield binding, operation, None if port_type is None else child_of(port_type, name_of(operation))

    def bodies(self) -> Iterator[tuple[etree._Element, etree._Element]]:
        """Each soap:body, and the message that it stands for."""
        for _, operation, abstract in self.bound():
            for way in ("input", "output"):
                for body in operation.iterfind(f"{WSDL}{way}/{SOAP}body"):
                    said = None if abstract is None else abstract.find(f"{WSDL}{way}")
                    message = None if said is None else self.messages.get(local_of(said.get("message", "")))
                    if message is not None:
                        yield body, message

    def qname(self, element: etree._Element, value: str) -> tuple[str | None, str]:
        """Namespace and local name of what a QName in an attribute names."""
        prefix, _, local = value.rpartition(":")
        return element.nsmap.get(prefix or None), local


def rules_of(*modules: ModuleType) -> dict[str, Callable[[Any], Iterator[str]]]:
    """The rules in modules, by their numbers."""
    return {
        name.upper(): function
        for module in modules
        for name, function in vars(module).items()
        if re.fullmatch(r"r\d{4}", name)
    }


def name_of(element: etree._Element) -> str:
    """The name of a component."""
    return element.get("name", "")


def local_of(qname: str) -> str:
    """The local part of a QName."""
    return qname.rpartition(":")[2]


def child_of(parent: etree._Element, name: str) -> etree._Element | None:
    """The operation of a name in a port type or binding."""
    return next((each for each in parent.iterfind(f"{WSDL}operation") if name_of(each) == name), None)
