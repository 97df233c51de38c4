"""Bad input over the wire: each a named error, with the right fault and status, and nothing lost.

The FileManager's half of the list; the stores' half (tickets, lengths, digests) is in tests/filestore/api, the shapes
of malformed XML in tests/vofiles/soap. Requests are posted as written, so that our own client cannot put them right.
"""

from pathlib import Path
from xml.sax.saxutils import escape

import pytest
import requests

from filestore.assembly import clock
from tests.support.badinput import ELSEWHERE, NUMBER, SOAP, Site, fault_of, refused, site
from tests.support.services import MANAGER, STORES, running_services
from tests.support.signing import SignedAuth
from vofiles.contract import (
    FILEMANAGER_NAMESPACE,
    AddNode,
    Direction,
    GetNode,
    ImportInit,
    NodeKind,
    StoreImportInit,
)
from vofiles.errors import NotAuthenticated, StoreUnreachable
from vofiles.filestore_port import FileStorePort
from vofiles.ivorn import Ivorn, LongIdentifier, new_number
from vofiles.names import parse_name
from vofiles.serving.keyring import Key, Keyring, Peer

__all__ = ["site"]


def empty_call(operation: str) -> str:
    """The envelope of an operation without arguments."""
    return f'<s:Envelope xmlns:s="{SOAP}"><s:Body><{operation} xmlns="{FILEMANAGER_NAMESPACE}"/></s:Body></s:Envelope>'


def property_xml(key: str, value: str) -> str:
    return f"xml:<key>{escape(key)}</key><value>{escape(value)}</value>"


@pytest.mark.parametrize(
    ("operation", "element", "others"),
    [
        ("getNode", "node", ()),
        ("listChildren", "node", ()),
        ("setProperties", "node", ()),
        ("delete", "node", ()),
        ("importInit", "node", ()),
        ("importData", "node", (("url", "http://127.0.0.1:1/x"),)),
        ("exportInit", "node", ()),
        ("exportData", "node", (("url", "http://127.0.0.1:1/x"),)),
        ("addNode", "parent", (("name", "new"), ("type", "FILE"))),
    ],
)
@pytest.mark.parametrize("which", ["unknown number", "unknown path", "somebody else's", "another service's"])
def test_a_node_that_is_not_there_for_the_caller(
    site: Site, operation: str, element: str, others: tuple[tuple[str, str], ...], which: str
) -> None:
    identifier = {
        "unknown number": f"{MANAGER}#{NUMBER}",
        "unknown path": site.at("folder", "no such"),
        "somebody else's": str(site.others),
        "another service's": f"{ELSEWHERE}#{NUMBER}",
    }[which]
    before = site.state()
    response = site.call(operation, (element, identifier), *others)
    missing = "ParentNotFound" if element == "parent" else "NodeNotFound"
    refused(response, "NotFound", missing, identifier)
    assert site.state() == before


def test_somebody_else_s_looks_exactly_as_absent(site: Site) -> None:
    """I9: but for the identifier that was asked for, the two answers are the same to the letter."""
    absent = f"{MANAGER}#{new_number()}"
    theirs, none = site.call("getNode", ("node", str(site.others))), site.call("getNode", ("node", absent))
    assert theirs.content.replace(str(site.others).encode(), b"X") == none.content.replace(absent.encode(), b"X")
    private = site.call("getTransfer", ("transfer", site.others_transfer))
    nobodys = site.call("getTransfer", ("transfer", absent.partition("#")[2]))
    assert fault_of(private)[:2] == fault_of(nobodys)[:2] == ("NotFound", "TransferNotFound")


@pytest.mark.parametrize("operation", ["getTransfer", "cancelTransfer"])
def test_an_unknown_transfer(site: Site, operation: str) -> None:
    for number in (NUMBER, "", "x y", site.others_transfer):
        refused(site.call(operation, ("transfer", number)), "NotFound", "TransferNotFound")


@pytest.mark.parametrize(
    "identifier",
    [str(MANAGER), f"{MANAGER}#", "ivo://", "http://ast.cam.ac.uk/filemanager#1", "#1", "", "ivo:// /x#1", "x" * 5000],
)
def test_what_is_no_node_identifier(site: Site, identifier: str) -> None:
    refused(site.call("getNode", ("node", identifier)), "Invalid", "InvalidIdentifier")


@pytest.mark.parametrize("path", ["..", "a/../b", "%2e%2e", "a%2Fb", "a%00b", "%FF"])
def test_a_path_that_no_node_can_have(site: Site, path: str) -> None:
    response = site.call("getNode", ("node", f"{site.home}/{path}"))
    fault, name, _ = fault_of(response)
    assert (response.status_code, fault, name) in {
        (500, "Invalid", "InvalidName"),
        (500, "Invalid", "InvalidIdentifier"),
    }


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "a/b", "/", "a\tb", "a\nb", "a\u0085b", "a\u202eb", "x" * 256, "é" * 128, "a\u2028b"],
)
def test_a_name_that_no_node_can_have(site: Site, name: str) -> None:
    before = site.state()
    response = site.call("addNode", ("parent", str(site.home)), ("name", name), ("type", "FILE"))
    refused(response, "Invalid", "InvalidName")
    assert site.state() == before


@pytest.mark.parametrize(
    "name", ["x" * 255, "é" * 127, "a b", " ", "...", "\\", "%2F", "日本語 ☃", "-rf", "a;b", "<&>"]
)
def test_a_name_that_is_odd_and_fine(site: Site, name: str) -> None:
    response = site.call("addNode", ("parent", str(site.home)), ("name", name), ("type", "FILE"))
    assert response.status_code == 200, response.text
    path = site.home.child(parse_name(name))
    assert site.port.get_node(GetNode(path)).nodes[0].name == name


def test_two_spellings_of_one_name_are_one(site: Site) -> None:
    spellings = ("caf\u00e9", "cafe\u0301")
    first, second = (
        site.call("addNode", ("parent", str(site.home)), ("name", name), ("type", "FILE")) for name in spellings
    )
    assert first.status_code == 200
    refused(second, "Conflict", "DuplicateNode", spellings[0])


def test_a_name_that_is_there_already(site: Site) -> None:
    for kind in ("FILE", "FOLDER"):
        response = site.call("addNode", ("parent", str(site.home)), ("name", "file"), ("type", kind))
        refused(response, "Conflict", "DuplicateNode", "file")


@pytest.mark.parametrize("kind", ["", "file", "DIRECTORY", "LINK"])
def test_a_kind_that_cannot_be_made(site: Site, kind: str) -> None:
    response = site.call("addNode", ("parent", str(site.home)), ("name", "odd"), ("type", kind))
    assert response.status_code == 500
    assert fault_of(response)[0] == "Invalid"


def test_a_folder_where_a_file_is_needed_and_the_reverse(site: Site) -> None:
    folder, file = site.at("folder"), site.at("file")
    for operation in ("importInit", "exportInit"):
        refused(site.call(operation, ("node", folder)), "WrongKind", "NotAFile", "folder")
    for operation in ("importData", "exportData"):
        response = site.call(operation, ("node", folder), ("url", "http://127.0.0.1:1/x"))
        refused(response, "WrongKind", "NotAFile", "folder")
    refused(site.call("listChildren", ("node", file)), "WrongKind", "NotAFolder", "file")
    response = site.call("addNode", ("parent", file), ("name", "below"), ("type", "FILE"))
    refused(response, "WrongKind", "NotAFolder", "file")


def test_a_file_that_was_never_written_cannot_be_read(site: Site) -> None:
    refused(site.call("exportInit", ("node", site.at("file"))), "NotFound", "ContentNotFound", "file")


def test_what_may_not_be_deleted(site: Site) -> None:
    site.port.add_node(AddNode(LongIdentifier.parse(site.at("folder")), "inside", NodeKind.FILE))
    refused(site.call("delete", ("node", site.at("folder"))), "Conflict", "FolderNotEmpty", "folder")
    refused(site.call("delete", ("node", str(site.home))), "Refused", "PermissionDenied")


@pytest.mark.parametrize(
    ("key", "value", "name"),
    [
        ("filestore.location", "ivo://x/y#1", "ReadOnlyProperty"),
        ("content.size", "1", "ReadOnlyProperty"),
        ("", "x", "InvalidArgument"),
        ("two words", "x", "InvalidArgument"),
        ("k" * 300, "x", "InvalidArgument"),
        ("filestore.preferred", "nonsense", "InvalidIdentifier"),
        ("filestore.preferred", "ivo://nowhere.test/filestore", "StoreNotFound"),
    ],
)
def test_a_property_that_cannot_be_set(site: Site, key: str, value: str, name: str) -> None:
    before = site.state()
    response = site.call("setProperties", ("node", site.at("file")), ("property", property_xml(key, value)))
    assert response.status_code == 500
    assert fault_of(response)[1] == name
    assert site.state() == before


def test_a_value_over_64_kib(site: Site) -> None:
    values = (("node", site.at("file")), ("property", property_xml("long", "é" * 40_000)))
    refused(site.call("setProperties", *values), "Invalid", "TooLarge")


def test_an_unknown_store(site: Site) -> None:
    response = site.call("importInit", ("node", site.at("file")), ("store", "ivo://nowhere.test/filestore"))
    refused(response, "NotFound", "StoreNotFound", "ivo://nowhere.test/filestore")


def test_an_unknown_account(site: Site) -> None:
    for name in ("ivo://ast.cam.ac.uk/nobody", "ivo://ast.cam.ac.uk/anna", "ivo://nowhere.test/dave"):
        refused(site.call("getAccount", ("account", name)), "NotFound", "AccountNotFound", name)


@pytest.mark.parametrize(
    ("operation", "values", "named"),
    [
        ("importInit", (("size", "-1"),), "size"),
        ("importInit", (("size", "10"), ("maximumSize", "5")), "size"),
        ("importInit", (("size", "many"),), "size"),
        ("importInit", (("contentType", "not a type"),), "contentType"),
        ("importData", (("url", "http://127.0.0.1:1/"), ("wait", "-1")), "wait"),
        ("listChildren", (("limit", "0"),), "limit"),
        ("getNode", (("nonsense", "x"),), "nonsense"),
        ("find", (("modifiedFrom", "2026-11-22T24:00:00Z"),), "request"),
        ("find", (("modifiedFrom", "20000-01-01T00:00:00Z"),), "20000"),
        ("exportTree", (("url", "http://127.0.0.1:1/#"),), "#"),
    ],
)
def test_an_argument_that_cannot_be(
    site: Site, operation: str, values: tuple[tuple[str, str], ...], named: str
) -> None:
    node = str(site.home) if operation in {"listChildren", "find", "exportTree"} else site.at("file")
    response = site.call(operation, ("node", node), *values)
    assert response.status_code == 500
    fault, _, message = fault_of(response)
    assert (fault, named in message) == ("Invalid", True), message


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://127.0.0.1/x",
        "gopher://127.0.0.1/x",
        "",
        "//127.0.0.1/x",
        "http://",
        "http://user:secret@127.0.0.1/x",
        "http://10.0.0.1/x",
        "http://169.254.169.254/latest/meta-data",
        "http://[::1]/x",
        "http://[::ffff:10.0.0.1]/x",
        "http://0x7f.1.1/x",
        "http://127.1.1/x",
        "http://2130706434/x",
        "http://0.0.0.0/x",
        "http://192.168.0.1:8080/x",
    ],
)
@pytest.mark.parametrize("operation", ["importData", "exportData"])
def test_an_address_that_no_store_connects_to(site: Site, written: str, operation: str, url: str) -> None:
    """Only 127.0.0.1/32 is allowed in these stores' configuration."""
    response = site.call(operation, ("node", written), ("url", url))
    assert response.status_code == 500
    fault, name, message = fault_of(response)
    assert (fault, name) in {("Refused", "AddressRefused"), ("Invalid", "InvalidArgument")}, message


@pytest.fixture(scope="module")
def written(site: Site) -> str:
    """A file with content."""
    path = site.home.child(parse_name("written"))
    site.port.add_node(AddNode(site.home, "written", NodeKind.FILE))
    offer = site.port.import_init(ImportInit(path)).transfer
    assert offer.direction == Direction.IMPORT_INIT
    assert requests.put(offer.endpoints[0].url, data=b"content", timeout=60).status_code == 201
    assert site.port.get_node(GetNode(path)).nodes[0].version == 1
    return str(path)


def test_a_store_that_is_down_is_said_so_and_the_old_content_stays(tmp_path: Path) -> None:
    with running_services(tmp_path, stores=STORES[:1]) as services:
        dave = services.add_account("dave")
        port, home = services.port(dave), services.home(dave)
        port.add_node(AddNode(home, "file", NodeKind.FILE))
        file = home.child(parse_name("file"))
        offer = port.import_init(ImportInit(file)).transfer
        requests.put(offer.endpoints[0].url, data=b"old", timeout=60)
        before = port.get_node(GetNode(file)).nodes
        services.stop_store(STORES[0])
        for store in (None, STORES[0]):
            with pytest.raises(StoreUnreachable, match="ivo://ast"):
                port.import_init(ImportInit(file, store))
        assert port.get_node(GetNode(file)).nodes == before


def test_an_unknown_filemanager_is_refused_by_the_store(site: Site) -> None:
    store = site.services.stores[STORES[0]]
    stranger = Ivorn.parse(ELSEWHERE)
    key = Key("stranger-1", b"k" * 32)
    port = FileStorePort(
        f"{store.address}/filestore", auth=SignedAuth(Keyring([Peer(STORES[0], (key,))]), STORES[0], clock)
    )
    node = LongIdentifier.parse(f"{ELSEWHERE}#{NUMBER}")
    with pytest.raises(NotAuthenticated):
        port.import_init(StoreImportInit(new_number(), stranger, node, Ivorn.parse("ivo://elsewhere.test/eve")))
    port.close()
