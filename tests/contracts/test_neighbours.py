"""Services of neighbouring releases work together: what the last one sent is understood, and answered as it reads it.

The recordings in `recorded/` are those of the last release; see `record.py`. Signatures are made anew, because they end
after minutes; the envelopes are as they were.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from lxml import etree

from filestore.assembly import clock
from tests.contracts.record import CONTAINER, CONTENT, FOLDER, SINK, SOURCE, TRANSFER
from tests.support.filestore import CallingManager, calling_manager, running_filestore
from tests.support.services import STORES, running_services
from tests.support.serving import wait_until
from tests.support.signing import SignedAuth
from tests.support.sources import scripted_source
from vofiles.contract import AddNode, GetTransfer, ImportInit, NodeKind, Property, Transfer
from vofiles.ivorn import LongIdentifier
from vofiles.names import parse_name
from vofiles.serving.keyring import Keyring, Peer

RELEASED = Path(__file__).resolve().parents[2] / "wsdl" / "released"
XSD = "{http://www.w3.org/2001/XMLSchema}schema"
BODY = "{http://schemas.xmlsoap.org/soap/envelope/}Body"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n" + CONTENT


def recordings(name: str) -> Iterator[dict[str, str]]:
    yield from json.loads((FOLDER / name).read_text())


def schema_of(wsdl: str) -> etree.XMLSchema:
    """What the last release takes for an answer."""
    schema = next(etree.parse(RELEASED / wsdl).iter(XSD))
    return etree.XMLSchema(etree.fromstring(etree.tostring(schema)))


def operations_of(wsdl: str, port: str) -> set[str]:
    """What the last release's port can be asked."""
    types = etree.parse(RELEASED / wsdl).iter("{http://schemas.xmlsoap.org/wsdl/}portType")
    (found,) = [each for each in types if each.get("name") == port]
    return {operation.get("name", "") for operation in found.iterfind("{http://schemas.xmlsoap.org/wsdl/}operation")}


def send(address: str, auth: SignedAuth, envelope: str, action: str) -> etree._Element:
    """The content of the answer's Body; it is no fault."""
    headers = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": action}
    response = requests.post(address, data=envelope.encode(), headers=headers, auth=auth, timeout=30)
    assert response.status_code == 200, response.text
    (content,) = next(etree.fromstring(response.content).iter(BODY))
    return content


def operation_of(envelope: str) -> str:
    (content,) = next(etree.fromstring(envelope.encode()).iter(BODY))
    return etree.QName(content).localname


def text_of(content: etree._Element, name: str) -> str:
    return next(str(element.text) for element in content.iter() if etree.QName(element).localname == name)


def replayed(address: str, manager: CallingManager, source: str, sink: str) -> list[str]:
    """Send everything that was recorded; the operations."""
    schema, done, container = schema_of("filestore-1.wsdl"), [], ""
    for each in recordings("filestore-1.json"):
        envelope = each["envelope"].replace(SOURCE, source).replace(SINK, sink)
        envelope = envelope.replace(str(CONTAINER), container)
        content = send(f"{address}/filestore", manager.auth(), envelope, each["action"])
        done.append(operation_of(envelope))
        assert etree.QName(content).localname == f"{done[-1]}Response"
        assert schema.validate(content), schema.error_log
        if done[-1] == "importInit" and not container:
            container = text_of(content, "container")
            assert requests.put(text_of(content, "url"), data=CONTENT, timeout=30).status_code == 201
    return done


def test_a_store_understands_the_last_releases_filemanager(tmp_path: Path) -> None:
    outbound = '[outbound]\nallow = ["127.0.0.1/32"]'
    with (
        calling_manager() as manager,
        running_filestore(tmp_path, [manager], outbound) as store,
        scripted_source(OK) as source,
        scripted_source(OK) as sink,
    ):
        done = replayed(store.address, manager, source.url(), sink.url())
        assert set(done) == operations_of("filestore-1.wsdl", "FileStore")
        for transfer in ("import-1", "import-3", "export-2"):
            manager.await_callback(transfer)


@pytest.mark.parametrize("position", [0, 1])
def test_a_filemanager_understands_the_last_releases_store(tmp_path: Path, position: int) -> None:
    schema = schema_of("filemanager-callback-1.wsdl")
    each = list(recordings("callback-1.json"))[position]
    with running_services(tmp_path, stores=STORES[:1]) as services:
        port = services.port(dave := services.add_account("dave"))
        preferred = (Property("filestore.preferred", str(STORES[0])),)
        node = port.add_node(AddNode(services.home(dave), parse_name("a.vot"), NodeKind.FILE, preferred)).node
        offer: Transfer = port.import_init(ImportInit(LongIdentifier(node.identifier))).transfer
        keyring = Keyring([Peer(STORES[0], (services.manager.keyring.get_signing_key(STORES[0]),))])
        envelope = each["envelope"].replace(TRANSFER, offer.transfer).replace(str(CONTAINER), str(offer.container))
        auth = SignedAuth(keyring, STORES[0], clock)
        content = send(f"{services.manager.address}/callback", auth, envelope, each["action"])
        assert schema.validate(content), schema.error_log
        ended = {"transferCompleted": "COMPLETED", "transferFailed": "FAILED"}[operation_of(envelope)]
        wait_until(lambda: port.get_transfer(GetTransfer(offer.transfer)).transfer.state == ended, ended)
