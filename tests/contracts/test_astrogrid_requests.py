"""What is understood as a request of AstroGrid's clients: both dialects, and all the ways in which they say nothing."""

from typing import Any

import pytest

from filemanager.api.astrogrid.types import (
    NAMESPACE,
    SPOKEN,
    AddAccount,
    AddNode,
    BundlePreferences,
    CopyContentToURL,
    GetIdentifier,
    GetNode,
    Move,
    ReadContent,
    TransferInfo,
)
from tests.support.astrogridstation import NODE_NAMES, SERVICE, Station, call, content_of, envelope

NODE = f"{SERVICE}#17"
BOTH = pytest.mark.parametrize("namespace", [NAMESPACE, SPOKEN])
_STATION = Station()


@pytest.fixture
def station() -> Station:
    _STATION.forget()
    return _STATION


def refused(station: Station, operation: str, content: str, namespace: str = SPOKEN) -> str:
    """What a fault of the contract says; no function was asked."""
    response = station.post(call(namespace, operation, content))
    assert response.status == 500
    (fault,) = content_of(response)
    assert fault.findtext("detail/{http://xml.apache.org/axis/}exceptionName", "").endswith(".FileManagerFault")
    assert station.asked == []
    return fault.findtext("detail/message", "")


@BOTH
@pytest.mark.parametrize(
    ("operation", "content", "expected"),
    [
        ("getIdentifier", "", GetIdentifier()),
        ("readContent", f"<nodeIvorn xmlns=''>{NODE}</nodeIvorn>", ReadContent(NODE)),
        (
            "getNode",
            (
                f"<nodeIvorn xmlns=''>{NODE}/a//b/</nodeIvorn><hints xmlns=''><prefetchDepth>2</prefetchDepth>"
                "<maxExtraNodes>100</maxExtraNodes><fetchParents>false</fetchParents></hints>"
            ),
            GetNode(f"{NODE}/a//b/", BundlePreferences(2, 100, fetch_parents=False)),
        ),
        (
            "copyContentToURL",
            f"<nodeIvorn xmlns=''>{NODE}</nodeIvorn><url xmlns=''><uri>http://h/?a=1&amp;b=2</uri><method>PUT</method></url>",
            CopyContentToURL(NODE, TransferInfo("http://h/?a=1&b=2", "PUT")),
        ),
    ],
)
def test_a_plain_request(station: Station, namespace: str, operation: str, content: str, expected: Any) -> None:
    assert station.hear(operation, content, namespace) == expected


@BOTH
def test_elements_come_in_any_order(station: Station, namespace: str) -> None:
    content = (
        f"<newLocation xmlns=''>ivo://b</newLocation><newNodeName xmlns=''>n</newNodeName>"
        f"<nodeIvorn xmlns=''>{NODE}</nodeIvorn><newParent xmlns=''>{NODE}/p</newParent>"
    )
    assert station.hear("move", content, namespace) == Move(NODE, f"{NODE}/p", "n", "ivo://b")
    hints = "<hints xmlns=''><fetchParents>false</fetchParents><prefetchDepth>0</prefetchDepth></hints>"
    asked = station.hear("getNode", f"{hints}<nodeIvorn xmlns=''>{NODE}</nodeIvorn>", namespace)
    assert asked == GetNode(NODE, BundlePreferences(0, -1, fetch_parents=False))


@BOTH
@pytest.mark.parametrize("nil", ["true", "1", " true "])
def test_nil_is_as_good_as_nothing(station: Station, namespace: str, nil: str) -> None:
    content = "".join(f"<{name} xsi:nil='{nil}' xmlns=''/>" for name in ("nodeIvorn", "newParent", "newNodeName"))
    assert station.hear("move", content, namespace) == station.hear("move", "", namespace) == Move()
    assert station.hear("addAccount", f"<hints xsi:nil='{nil}' xmlns=''/>", namespace) == AddAccount()
    inner = f"<url xmlns=''><uri xsi:nil='{nil}'/></url>"
    assert station.hear("copyContentToURL", inner, namespace) == CopyContentToURL(None, TransferInfo())


@pytest.mark.parametrize("nil", ["false", "0"])
def test_what_says_that_it_is_not_nil_is_not(station: Station, nil: str) -> None:
    content = f"<nodeIvorn xsi:nil='{nil}' xmlns=''>{NODE}</nodeIvorn>"
    assert station.hear("readContent", content) == ReadContent(NODE)


@BOTH
@pytest.mark.parametrize(
    "hints", ["", "<prefetchDepth/>", "<prefetchDepth xsi:nil='true'/><fetchParents> </fetchParents>"]
)
def test_hints_have_the_published_defaults(station: Station, namespace: str, hints: str) -> None:
    asked = station.hear("getNode", f"<hints xmlns=''>{hints}</hints>", namespace)
    assert asked == GetNode(None, BundlePreferences(1, -1, fetch_parents=True))
    assert station.hear("getNode", "", namespace) == GetNode(None, None)


@pytest.mark.parametrize("marked", ["xsd:int", "xsd:long", "xsd:string", "s:nothing", "int"])
def test_values_may_say_their_type(station: Station, marked: str) -> None:
    content = (
        f"<hints xmlns=''><prefetchDepth xsi:type='{marked}'> 2 </prefetchDepth>"
        "<fetchParents xsi:type='xsd:boolean'> 0 </fetchParents></hints>"
        f"<nodeIvorn xsi:type='xsd:anyURI' s:encodingStyle='' xmlns=''>{NODE}\n</nodeIvorn>"
    )
    assert station.hear("getNode", content) == GetNode(NODE, BundlePreferences(2, -1, fetch_parents=False))


@BOTH
@pytest.mark.parametrize("name", NODE_NAMES)
def test_names_come_as_they_are(station: Station, namespace: str, name: str) -> None:
    content = f"<newNodeName xmlns=''>{name}</newNodeName><nodeType xmlns=''>FILE</nodeType>"
    assert station.hear("addNode", content, namespace) == AddNode(None, name, "FILE")


@BOTH
def test_elements_that_are_qualified_are_understood(station: Station, namespace: str) -> None:
    hints = "<hints><prefetchDepth>3</prefetchDepth></hints>"
    asked = station.hear("getNode", f"<nodeIvorn>{NODE}</nodeIvorn>{hints}", namespace)
    assert asked == GetNode(NODE, BundlePreferences(3))


def test_a_call_without_namespace_is_understood(station: Station) -> None:
    assert station.post(envelope('<getIdentifier xmlns="" xsi:nil="1"/>')).status == 200
    assert station.post(envelope('<n:getIdentifier xmlns:n="urn:other"/>')).status == 500
    assert station.asked == [GetIdentifier()]


@pytest.mark.parametrize(
    "action", ["", '""', "getNode", '"getNode"', f"{SPOKEN}#getNode", f"{NAMESPACE}/getNode", "urn:getNode", '"urn:x"']
)
def test_a_soap_action_is_what_it_likes(station: Station, action: str) -> None:
    assert station.post(call(SPOKEN, "getNode"), soapaction=action).status == 200


@pytest.mark.parametrize("action", ["delete", '"delete"', f"{SPOKEN}#delete"])
def test_but_not_another_operation(station: Station, action: str) -> None:
    response = station.post(call(SPOKEN, "getNode"), soapaction=action)
    assert response.status == 500
    (fault,) = content_of(response)
    assert "SOAPAction" in fault.findtext("faultstring", "")
    assert fault.find("detail") is None
    assert station.asked == []


@BOTH
@pytest.mark.parametrize(
    ("operation", "content", "named"),
    [
        ("getNode", "<nodeIvorm xmlns=''>ivo://a</nodeIvorm>", "nodeIvorm"),
        ("getNode", "<nodeIvorm xsi:nil='true' xmlns=''/>", "nodeIvorm"),
        ("getNode", "<newParent xsi:nil='true' xmlns=''/>", "newParent"),
        ("getNode", "<hints xmlns=''><prefetchDept>1</prefetchDept></hints>", "prefetchDept"),
        ("getNode", f"<nodeIvorn xmlns=''>{NODE}</nodeIvorn>" * 2, "nodeIvorn"),
        ("getNode", "<nodeIvorn xmlns='urn:other'>ivo://a</nodeIvorn>", "nodeIvorn"),
        ("getNode", "<hints xmlns=''><prefetchDepth>two</prefetchDepth></hints>", "prefetchDepth"),
        ("getNode", "<hints xmlns=''><prefetchDepth>2147483648</prefetchDepth></hints>", "prefetchDepth"),
        ("getNode", "<hints xmlns=''><fetchParents>yes</fetchParents></hints>", "fetchParents"),
        ("getNode", "<hints xmlns=''>1</hints>", "hints"),
        ("getNode", "<nodeIvorn xmlns=''>http://a/b</nodeIvorn>", "nodeIvorn"),
        ("getNode", "<nodeIvorn xmlns=''/>", "nodeIvorn"),
        ("getNode", "<nodeIvorn xmlns=''><ivorn>ivo://a</ivorn></nodeIvorn>", "nodeIvorn"),
        ("getNode", "<nodeIvorn xmlns='' type='x'>ivo://a</nodeIvorn>", "nodeIvorn"),
        ("getNode", "ivo://a", "getNode"),
        ("addAccount", "<ident xmlns=''>dave</ident>", "ident"),
        ("addNode", "<nodeType xmlns=''>LINK</nodeType>", "nodeType"),
        ("addNode", "<nodeType xmlns=''>file</nodeType>", "nodeType"),
    ],
)
def test_what_is_wrong_is_named(station: Station, namespace: str, operation: str, content: str, named: str) -> None:
    assert named in refused(station, operation, content, namespace)
