"""AstroGrid's contract over sockets: zeep with what is served at ?wsdl does the main job on real services; whatever is
wrong in a request comes back as a fault of the contract; calls without credentials where the operator trusts them.
"""

import logging
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import pytest
import requests
import zeep
from lxml import etree

from filemanager.api.astrogrid.types import NAMESPACE, OPERATIONS, SPOKEN
from filemanager.domain.content import ContentVersion
from filemanager.domain.replica import Replica, ReplicaState
from filemanager.ports import Transaction
from tests.support.astrogridstation import call, envelope
from tests.support.services import STORES, RunningServices, User, running_services
from tests.support.serving import wait_until
from vofiles.tokens import get_token

AXIS = "{http://xml.apache.org/axis/}exceptionName"
CONTENT = b"<VOTABLE/>" * 100
BIG = 4_831_838_209
TRUSTED = '[[astrogrid.trusted]]\nnetwork = "127.0.0.1/32"\naccount = "ivo://ast.cam.ac.uk/portal"'
NAMES = ("a b.txt", "été-星", "\U0001f52d.fits", "x+y&<z>", "100%")


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServices]:
    with running_services(tmp_path_factory.mktemp("wire"), TRUSTED, stores=STORES[:1]) as running:
        yield running


@pytest.fixture(scope="module")
def dave(services: RunningServices) -> User:
    return services.add_account("dave")


@pytest.fixture(scope="module")
def portal(services: RunningServices) -> User:
    return services.add_account("portal", administrator=True)


@pytest.fixture
def session() -> Iterator[requests.Session]:
    with requests.Session() as session:
        yield session


def client_of(services: RunningServices, session: requests.Session, user: User | None = None) -> Any:
    session.auth = user.auth if user is not None else None
    address = f"{services.manager.address}/astrogrid"
    transport = zeep.Transport(session=session)  # type: ignore[no-untyped-call]
    return zeep.Client(f"{address}?wsdl", transport=transport).service  # type: ignore[no-untyped-call]


def attribute(node: Any, key: str) -> str:
    (value,) = [each.value for each in node.attributes if each.key == key]
    return str(value)


def faults(ask: Any, *arguments: Any, **named: Any) -> str:
    """The class that a client of Axis would raise."""
    with pytest.raises(zeep.exceptions.Fault) as raised:
        ask(*arguments, **named)
    assert raised.value.message
    return str(raised.value.detail.findtext(AXIS)).rpartition(".")[2]


def test_zeep_does_the_main_job(services: RunningServices, session: requests.Session, dave: User) -> None:
    client = client_of(services, session, dave)
    assert client.getIdentifier() == "ivo://ast.cam.ac.uk/filemanager"
    (home, *_) = client.getAccount(ident="ivo://dave@ast.cam.ac.uk/community", hints={"fetchParents": False})
    assert (home.name, home.type, home.parent) == ("home", "FOLDER", None)
    assert attribute(home, "community.home.space") == "ivo://ast.cam.ac.uk/dave"
    folder, parent = client.addNode(parentIvorn=home.ivorn, newNodeName="job", nodeType="FOLDER")
    assert (folder.parent, parent.ivorn, [each.name for each in parent.child]) == (home.ivorn, home.ivorn, ["job"])
    file, _ = client.addNode(parentIvorn=folder.ivorn, newNodeName="query-7.vot", nodeType="FILE")
    assert (file.size, file.attributes, file.location.ident) == (0, [], None)

    info = client.writeContent(nodeIvorn=file.ivorn)
    assert requests.request(info.method, info.uri, data=CONTENT, headers={"Content-Type": ""}).status_code == 201
    wait_until(lambda: client.refresh(nodeIvorn=file.ivorn)[0].size == len(CONTENT), "the content has come")
    (node, *_) = client.getNode(nodeIvorn=f"{home.ivorn}/job/query-7.vot", hints={"prefetchDepth": 0})
    assert node.ivorn == file.ivorn
    assert attribute(node, "org.astrogrid.filestore.content.size") == str(len(CONTENT))
    assert node.modifyDate > node.createDate
    info = client.readContent(nodeIvorn=file.ivorn)
    assert requests.request(info.method, info.uri).content == CONTENT

    info = client.appendContent(nodeIvorn=file.ivorn)
    assert requests.request(info.method, info.uri, data=b"more").status_code == 201
    wait_until(lambda: client.refresh(nodeIvorn=file.ivorn)[0].size == len(CONTENT) + 4, "what was appended has come")
    copy, _ = client.copy(nodeIvorn=file.ivorn, newNodeName="copy.vot")
    assert copy.size == len(CONTENT) + 4
    moved, before, after = client.move(nodeIvorn=copy.ivorn, newParent=home.ivorn, newNodeName="moved.vot")
    assert (moved.parent, before.ivorn, after.ivorn) == (home.ivorn, folder.ivorn, home.ivorn)
    assert faults(client.delete, folder.ivorn) == "FileManagerFault"
    (parent,) = client.delete(nodeIvorn=file.ivorn)
    assert (parent.ivorn, parent.child) == (folder.ivorn, [])
    assert faults(client.getNode, file.ivorn) == "NodeNotFoundFault"
    assert faults(client.addNode, home.ivorn, "job", "FOLDER") == "DuplicateNodeFault"


def test_names_come_back_as_they_were_sent(services: RunningServices, session: requests.Session, dave: User) -> None:
    client = client_of(services, session, dave)
    (home, *_) = client.getAccount("ivo://ast.cam.ac.uk/community#dave")
    folder, _ = client.addNode(home.ivorn, "names", "FOLDER")
    for name in NAMES:
        new, _ = client.addNode(folder.ivorn, name, "FILE")
        assert new.name == name
        assert client.getNode(f"{folder.ivorn}/{quote(name)}")[0].ivorn == new.ivorn
    assert {each.name for each in client.getNode(folder.ivorn)[0].child} == set(NAMES)


def test_a_size_beyond_32_bits_is_a_long(services: RunningServices, session: requests.Session, dave: User) -> None:
    client = client_of(services, session, dave)
    (home, *_) = client.getAccount("ivo://ast.cam.ac.uk/dave")
    big, _ = client.addNode(home.ivorn, "big.dat", "FILE")
    services.manager.desk.nodes.database.write(lambda tx: grow(tx, big.ivorn.partition("#")[2]))
    (node, *_) = client.getNode(big.ivorn)
    assert (node.size, attribute(node, "org.astrogrid.filestore.content.size")) == (BIG, str(BIG))
    said = post(services, call(SPOKEN, "getNode", f"<nodeIvorn xmlns=''>{big.ivorn}</nodeIvorn>"), dave)
    (size,) = etree.fromstring(said.content).iter("size")
    prefix, _, local = size.get("{http://www.w3.org/2001/XMLSchema-instance}type", "").partition(":")
    assert (size.nsmap[prefix], local, size.text) == ("http://www.w3.org/2001/XMLSchema", "long", str(BIG))


def grow(tx: Transaction, number: str) -> None:
    """Content that nobody has sent."""
    node = tx.nodes.find_node(number)
    assert node is not None
    version = tx.contents.add_version(ContentVersion(node.key, 1, BIG, node.created))
    tx.contents.add_replica(Replica(version.key, STORES[0], STORES[0].with_fragment("big"), ReplicaState.AVAILABLE))
    tx.nodes.save_node(replace(node, version=1))


# --- wrong input ---


def post(services: RunningServices, body: bytes, user: User | None = None, **headers: str) -> requests.Response:
    kind = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": '""'}
    auth = user.auth if user is not None else None
    address = f"{services.manager.address}/astrogrid"
    return requests.post(address, data=body, headers=kind | headers, auth=auth, timeout=60)


def fault_in(response: requests.Response) -> str:
    """The typed fault; empty where it has none."""
    assert response.status_code == 500, response.text
    fault = etree.fromstring(response.content).find(".//{http://schemas.xmlsoap.org/soap/envelope/}Fault")
    assert fault is not None
    assert fault.findtext("faultstring")
    detail = fault.find("detail")
    return "" if detail is None else str(detail.findtext(AXIS)).rpartition(".")[2]


ELEMENTS = {
    "addAccount": ("ident",),
    "getAccount": ("ident",),
    "getNode": ("nodeIvorn",),
    "refresh": ("nodeIvorn",),
    "addNode": ("parentIvorn", "newNodeName", "nodeType"),
    "delete": ("nodeIvorn",),
    "move": ("nodeIvorn", "newParent", "newNodeName", "newLocation"),
    "copy": ("nodeIvorn", "newParent", "newNodeName", "newLocation"),
    "readContent": ("nodeIvorn",),
    "writeContent": ("nodeIvorn",),
    "appendContent": ("nodeIvorn",),
    "copyURLToContent": ("nodeIvorn", "url"),
    "copyContentToURL": ("nodeIvorn", "url"),
}
WRONG = {
    "nothing": "",
    "nil": '<{0} xmlns="" xsi:nil="true"/>',
    "empty": '<{0} xmlns=""/>',
    "a word": '<{0} xmlns="">wrong</{0}>',
    "no node": '<{0} xmlns="">ivo://unknown#unknown</{0}>',
    "no fragment": '<{0} xmlns="">ivo://ast.cam.ac.uk/filemanager</{0}>',
    "an element": '<{0} xmlns=""><uri>ivo://x</uri></{0}>',
    "twice": '<{0} xmlns="">ivo://x#1</{0}><{0} xmlns="">ivo://x#1</{0}>',
    "a stranger": '<stranger xmlns="">ivo://x#1</stranger>',
}


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("operation", ELEMENTS)
@pytest.mark.parametrize("namespace", [SPOKEN, NAMESPACE], ids=["spoken", "published"])
def test_whatever_is_wrong_is_a_fault_of_the_contract(
    services: RunningServices, dave: User, namespace: str, operation: str, wrong: str
) -> None:
    content = "".join(WRONG[wrong].format(element) for element in ELEMENTS[operation])
    found = fault_in(post(services, call(namespace, operation, content), dave))
    (declared,) = [each.faults for each in OPERATIONS if each.name == operation]
    assert found in declared


def test_every_operation_that_can_be_wrong_is_tried() -> None:
    harmless = {"getIdentifier", "dummyMessageWorkAroundForAxis"}
    assert ELEMENTS.keys() == {operation.name for operation in OPERATIONS} - harmless


@pytest.mark.parametrize(
    "hints",
    [
        "<prefetchDepth>many</prefetchDepth>",
        "<prefetchDepth>99999999999</prefetchDepth>",
        "<maxExtraNodes>1.5</maxExtraNodes>",
        "<fetchParents>perhaps</fetchParents>",
        "many",
    ],
)
def test_hints_that_are_none_are_refused(services: RunningServices, dave: User, hints: str) -> None:
    content = f"<nodeIvorn xmlns=''>ivo://x#1</nodeIvorn><hints xmlns=''>{hints}</hints>"
    assert fault_in(post(services, call(SPOKEN, "getNode", content), dave)) == "FileManagerFault"


def test_an_operation_that_there_is_not_and_one_of_ours(services: RunningServices, dave: User) -> None:
    for body in ('<getNodes xmlns="{0}"/>', '<getNode xmlns="urn:vofiles:filemanager:1"/>', "<x/>"):
        assert fault_in(post(services, envelope(body.format(SPOKEN)), dave)) == ""


# --- credentials ---


def test_who_sends_none_acts_as_the_trusted_account(
    services: RunningServices, session: requests.Session, dave: User, portal: User
) -> None:
    client = client_of(services, session)
    (home, *_) = client.addAccount(ident="ivo://fred@ast.cam.ac.uk/community")
    assert attribute(home, "community.home.space") == "ivo://fred@ast.cam.ac.uk/community"
    # It may add and see accounts, as its administrator may; what is in them is not its own.
    (found,) = client.getAccount("ivo://ast.cam.ac.uk/dave")
    assert (found.name, found.child) == ("home", [])
    assert faults(client.getNode, found.ivorn) == "NodeNotFoundFault"
    assert faults(client.addNode, home.ivorn, "a", "FILE") == "NodeNotFoundFault"
    own = services.home(portal)
    assert client.getNode(str(own))[0].ivorn == str(own.node)


@pytest.mark.parametrize("value", ["Basic cG9ydGFsOndyb25n", "Bearer wrong", "Digest x"])
def test_wrong_credentials_are_nobodys(services: RunningServices, portal: User, value: str) -> None:
    answer = post(services, call(SPOKEN, "getIdentifier"), Authorization=value)
    assert answer.status_code == 401
    assert "Basic" in answer.headers["WWW-Authenticate"]


def test_a_wrong_password_in_the_envelope_is_nobodys_either(services: RunningServices, portal: User) -> None:
    namespace = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
    token = f'<w:Security xmlns:w="{namespace}"><w:UsernameToken><w:Username>portal</w:Username>'
    token += "<w:Password>wrong</w:Password></w:UsernameToken></w:Security>"
    body = call(SPOKEN, "getIdentifier").replace(b"<s:Body>", f"<s:Header>{token}</s:Header><s:Body>".encode())
    answer = post(services, body)
    assert answer.status_code in {401, 500}
    assert b"Fault>" in answer.content
    assert b"ivo://ast.cam.ac.uk/filemanager" not in answer.content
    signed = body.replace(b"UsernameToken", b"BinarySecurityToken")
    assert b"proves nothing" in post(services, signed).content
    right = body.replace(b"wrong", portal.password.encode())
    assert b"ivo://ast.cam.ac.uk/filemanager" in post(services, right).content


def test_the_native_contract_trusts_nobody(services: RunningServices) -> None:
    body = envelope('<getIdentifier xmlns="urn:vofiles:filemanager:1"/>')
    answer = requests.post(services.address, data=body, headers={"Content-Type": "text/xml"}, timeout=60)
    assert answer.status_code == 401


def test_a_token_is_taken_as_well(services: RunningServices, dave: User) -> None:
    home = str(services.home(dave))
    token = get_token(services.manager.address, *dave.auth).secret
    content = f"<nodeIvorn xmlns=''>{home}</nodeIvorn>"
    answer = post(services, call(NAMESPACE, "getNode", content), Authorization=f"Bearer {token}")
    assert answer.status_code == 200
    assert home in answer.text


def test_the_start_warns_of_who_is_trusted(
    tmp_path_factory: pytest.TempPathFactory, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING), running_services(tmp_path_factory.mktemp("warned"), TRUSTED, stores=()):
        pass
    said = capsys.readouterr().out + caplog.text
    assert "calls without credentials are trusted" in said
    assert "127.0.0.1/32" in said
