"""A site with two users, called by requests that are written by hand, and the fault that each is answered.

Rule: a module imports the fixtures that it uses.
"""

from collections.abc import Iterator
from xml.sax.saxutils import escape

import pytest
import requests
from lxml import etree

from tests.support.services import RunningServices, User, running_services
from vofiles.contract import (
    FILEMANAGER_NAMESPACE,
    AddNode,
    GetAccount,
    ImportInit,
    ListChildren,
    NodeKind,
)
from vofiles.names import parse_name

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"


class Site:
    """The services, an account with a folder and a file, and another account."""

    def __init__(self, services: RunningServices) -> None:
        self.services = services
        self.dave, self.anna = services.add_account("dave"), services.add_account("anna")
        self.port = services.port(self.dave)
        self.home = services.home(self.dave)
        self.port.add_node(AddNode(self.home, "folder", NodeKind.FOLDER))
        self.port.add_node(AddNode(self.home, "file", NodeKind.FILE))
        hers = services.port(self.anna)
        self.others = services.home(self.anna)
        hers.add_node(AddNode(self.others, "private", NodeKind.FILE))
        offer = hers.import_init(ImportInit(self.others.child(parse_name("private")))).transfer
        self.others_transfer = offer.transfer

    def at(self, *steps: str) -> str:
        """The long identifier of a path in Dave's home."""
        found = self.home
        for step in steps:
            found = found.child(parse_name(step))
        return str(found)

    def state(self) -> object:
        """All that Dave has."""
        nodes = self.port.list_children(ListChildren(self.home)).nodes
        return self.port.get_account(GetAccount()), [(node.name, node.generation) for node in nodes]

    def call(self, operation: str, *values: tuple[str, str], user: User | None = None) -> requests.Response:
        """An operation with children as written."""
        children = "".join(f"<{name}>{_inner(value)}</{name}>" for name, value in values)
        body = (
            f'<s:Envelope xmlns:s="{SOAP}"><s:Body><{operation} xmlns="{FILEMANAGER_NAMESPACE}">{children}'
            f"</{operation}></s:Body></s:Envelope>"
        )
        headers = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": f'"{FILEMANAGER_NAMESPACE}#{operation}"'}
        auth = (user or self.dave).auth
        return requests.post(self.services.address, data=body.encode(), headers=headers, auth=auth, timeout=60)


def _inner(value: str) -> str:
    return value.removeprefix("xml:") if value.startswith("xml:") else escape(value)


def fault_of(response: requests.Response) -> tuple[str, str, str]:
    """Status and fault as (declared fault's element, error's name, sentence)."""
    envelope = etree.fromstring(response.content)
    fault = envelope.find(f"{{{SOAP}}}Body/{{{SOAP}}}Fault")
    assert fault is not None, response.text
    (detail,) = fault.findall("detail/*")
    name = detail.findtext(f"{{{FILEMANAGER_NAMESPACE}}}name")
    message = detail.findtext(f"{{{FILEMANAGER_NAMESPACE}}}message")
    assert name is not None
    assert message is not None
    assert fault.findtext("faultstring") == message
    return etree.QName(detail).localname, name, message


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with running_services(tmp_path_factory.mktemp("services")) as services:
        yield Site(services)


def refused(response: requests.Response, fault: str, name: str, *named: str) -> None:
    """That a response is this fault and that its sentence names what was wrong."""
    assert response.status_code == 500
    got_fault, got_name, message = fault_of(response)
    assert (got_fault, got_name) == (fault, name), message
    for word in named:
        assert word in message


NUMBER = "a" * 26

ELSEWHERE = "ivo://elsewhere.test/filemanager"
