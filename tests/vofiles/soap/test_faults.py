"""Every declared error, from the function that raises it to whoever called: our client, zeep, suds, and bare HTTP."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests
import suds
import suds.client
import suds.transport.http
import zeep
from lxml import etree
from zeep.transports import Transport

from tests.support.soapservices import Services
from vofiles import errors, faults
from vofiles.contract import FILEMANAGER_NAMESPACE, GetNode, GetNodeAnswer
from vofiles.errors import VofilesError
from vofiles.filemanager_port import FileManagerPort
from vofiles.ivorn import LongIdentifier
from vofiles.serving.wsdl import Published

NODE = LongIdentifier.parse("ivo://ast.cam.ac.uk/filemanager#17/a")
KINDS = sorted((kind for kind in faults.ERRORS.values() if kind is not VofilesError), key=lambda kind: kind.__name__)
ENVELOPE = (
    '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>'
    f'<getNode xmlns="{FILEMANAGER_NAMESPACE}"><node>{NODE}</node></getNode></s:Body></s:Envelope>'
)


@pytest.fixture(scope="module")
def client(services: Services) -> Iterator[FileManagerPort]:
    opened = FileManagerPort(services.address("FileManager"), auth="token")
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def by_zeep(services: Services) -> Iterator[Any]:
    with requests.Session() as session:
        session.headers["Authorization"] = "Bearer token"
        transport: Any = Transport(session=session)  # type: ignore[no-untyped-call]
        address = f"{services.address('FileManager')}?wsdl"
        client: Any = zeep.Client(address, transport=transport)  # type: ignore[no-untyped-call]
        yield client.create_service(f"{{{FILEMANAGER_NAMESPACE}}}FileManagerSoap", services.address("FileManager"))


def planned(services: Services, kind: type[VofilesError]) -> VofilesError:
    error = kind("<a> & 'é'", reason="\x00 why\r\n", properties=(("limit", "17"), ("unit", "<bytes>")))
    services.plan("FileManager", "getNode", error)
    return error


def on_the_wire(text: str) -> str:
    return text.replace("\x00", "\ufffd")


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_our_client_raises_the_class_that_the_function_raised(
    services: Services, client: FileManagerPort, kind: type[VofilesError]
) -> None:
    error = planned(services, kind)
    with pytest.raises(VofilesError) as caught:
        client.get_node(GetNode(NODE))
    assert type(caught.value) is kind
    assert caught.value.message == on_the_wire(error.message)
    assert caught.value.properties == error.properties


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_zeep_gets_the_declared_fault_with_its_typed_detail(
    services: Services, by_zeep: Any, kind: type[VofilesError]
) -> None:
    error, row = planned(services, kind), faults.row_of(kind)
    with pytest.raises(zeep.exceptions.Fault) as caught:
        by_zeep.getNode(node=str(NODE))
    assert caught.value.code == f"soap:{row.blame}"
    assert caught.value.message == on_the_wire(error.message)
    (detail,) = caught.value.detail
    assert detail.tag == f"{{{FILEMANAGER_NAMESPACE}}}{row.fault}"
    assert Published("filemanager-1.wsdl").schema.validate(detail)
    told = [child.text for child in detail.iter() if child.text]
    assert told == [kind.__name__, on_the_wire(error.message), "limit", "17", "unit", "<bytes>"]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_the_status_is_500_but_where_http_has_a_use_for_another(services: Services, kind: type[VofilesError]) -> None:
    planned(services, kind)
    answer = requests.post(
        services.address("FileManager"),
        ENVELOPE,
        headers={"Content-Type": "text/xml", "Authorization": "Bearer token"},
        timeout=30,
    )
    told = faults.row_of(kind).status
    expected = told if told in {401, 503} else 500
    assert {errors.NotAuthenticated: 401, errors.ServiceBusy: 503, errors.NodeNotFound: 500}.get(
        kind, expected
    ) == expected
    assert answer.status_code == expected
    assert answer.headers["Content-Type"] == "text/xml; charset=utf-8"
    assert ("WWW-Authenticate" in answer.headers) == (expected == 401)
    assert ("Retry-After" in answer.headers) == (expected == 503)
    body = etree.fromstring(answer.content)[0]
    assert [child.tag for child in body] == ["{http://schemas.xmlsoap.org/soap/envelope/}Fault"]
    assert [child.tag for child in body[0]] == ["faultcode", "faultstring", "detail"]


def test_suds_reads_answers_and_faults(services: Services) -> None:
    transport = suds.transport.http.HttpAuthenticated(username="dave", password="x")
    transport.options.proxy = {}
    client = suds.client.Client(
        f"{services.address('FileManager')}?wsdl",
        location=services.address("FileManager"),
        transport=transport,
        cache=None,
        headers={"Authorization": "Basic ZGF2ZTp4"},
    )
    services.plan("FileManager", "getNode", GetNodeAnswer())
    client.service.getNode(str(NODE))
    assert services.asked[-1][1] == GetNode(NODE)
    planned(services, errors.NodeNotFound)
    with pytest.raises(suds.WebFault) as caught:
        client.service.getNode(str(NODE))
    assert caught.value.fault.detail.NotFound.name == "NodeNotFound"


def test_a_name_that_we_do_not_know_is_its_category(services: Services, client: FileManagerPort) -> None:
    newer = type("PlanetNotFound", (errors.NotFound,), {"__doc__": "There is no planet {about}"})
    services.plan("FileManager", "getNode", newer("Vulcan"))
    with pytest.raises(errors.NotFound, match="There is no planet Vulcan") as caught:
        client.get_node(GetNode(NODE))
    assert type(caught.value) is errors.NotFound


def test_what_is_no_error_of_ours_is_known_by_a_number_alone(
    services: Services, client: FileManagerPort, capsys: pytest.CaptureFixture[str]
) -> None:
    services.plan("FileManager", "getNode", KeyError("the secret"))
    with pytest.raises(errors.Unexpected) as caught:
        client.get_node(GetNode(NODE))
    assert "secret" not in caught.value.message
    number = caught.value.message.rpartition(" ")[2]
    logged = capsys.readouterr().out
    assert f"number={number}" in logged
    assert "KeyError: 'the secret'" in logged


@pytest.mark.parametrize("answer", [None, 17, GetNode(NODE)], ids=repr)
def test_an_answer_of_another_kind_is_our_failure(services: Services, client: FileManagerPort, answer: object) -> None:
    services.plan("FileManager", "getNode", answer)
    with pytest.raises(errors.Unexpected):
        client.get_node(GetNode(NODE))
