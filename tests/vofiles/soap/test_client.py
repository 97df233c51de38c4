"""Our SOAP client against a service that is not there, is not one, or is not well; and what it sends."""

import base64
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
from requests.auth import AuthBase

from tests.support.serving import running_site
from tests.support.soapservices import Services
from vofiles import errors, zeepcarrier
from vofiles.contract import (
    FILEMANAGER_NAMESPACE,
    AddNode,
    GetAccount,
    GetIdentifier,
    GetNode,
    GetNodeAnswer,
    IdentifierAnswer,
)
from vofiles.filemanager_port import FileManagerPort
from vofiles.ivorn import Ivorn, LongIdentifier
from vofiles.serving import replies
from vofiles.serving.http import Control, Request, Response, Route

ME = IdentifierAnswer(Ivorn.parse("ivo://ast.cam.ac.uk/filemanager"))
NODE = LongIdentifier.parse("ivo://ast.cam.ac.uk/filemanager#17")
XML = ("Content-Type", "text/xml; charset=utf-8")
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"


def fault(code: str = "soap:Server", message: str = "why", detail: str = "") -> bytes:
    return (
        f'<s:Envelope xmlns:s="{SOAP}"><s:Body><s:Fault><faultcode>{code}</faultcode>'
        f"<faultstring>{message}</faultstring>{detail}</s:Fault></s:Body></s:Envelope>"
    ).encode()


@contextmanager
def answering(status: int, body: bytes, *headers: tuple[str, str]) -> Iterator[FileManagerPort]:
    """A port to something that answers all POSTs alike."""

    def handle(_request: Request) -> Response:
        return Response(status, headers or (XML,), body)

    with running_site([Route("/", frozenset({"POST"}), Control(handle))]) as served:
        port = FileManagerPort(f"{served.url}/")
        try:
            yield port
        finally:
            port.close()


NO_ANSWERS: dict[str, tuple[int, bytes, tuple[tuple[str, str], ...], str]] = {
    "a page": (404, b"<html><body>Not here</body></html>", (("Content-Type", "text/html"),), "404 text/html '<html>"),
    "nothing": (200, b"", (), "200"),
    "no XML": (200, b"\xff\xfe\x00", (), "200"),
    "another answer": (200, replies.answer(FILEMANAGER_NAMESPACE, "getNode", GetNodeAnswer()), (), "not an answer to"),
    "another service's": (200, replies.answer("urn:other", "getIdentifier", ME), (), "not an answer to"),
    "an empty Body": (200, f'<s:Envelope xmlns:s="{SOAP}"><s:Body/></s:Envelope>'.encode(), (), "not an answer to"),
    "a DOCTYPE": (
        200,
        b"<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>"
        + replies.answer(FILEMANAGER_NAMESPACE, "getIdentifier", ME).partition(b"\n")[2],
        (),
        "not an answer to",
    ),
    "a redirection": (302, b"", (("Location", "http://127.0.0.1:1/"),), "302"),
    "a required element too few": (
        200,
        replies.message(FILEMANAGER_NAMESPACE, "getIdentifierResponse", GetAccount()),
        (),
        "cannot be read",
    ),
    "an identifier that is none": (
        200,
        replies.answer(FILEMANAGER_NAMESPACE, "getIdentifier", ME).replace(b"ivo://", b"http://"),
        (),
        "cannot be read",
    ),
}


@pytest.mark.parametrize("case", NO_ANSWERS)
def test_what_is_no_answer_is_told_with_the_address(case: str) -> None:
    status, body, headers, words = NO_ANSWERS[case]
    with answering(status, body, *headers) as port:
        with pytest.raises(errors.ServiceUnreachable) as caught:
            port.get_identifier(GetIdentifier())
        assert port.address in caught.value.message
        assert words in caught.value.message


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (401, b"no", errors.NotAuthenticated),
        (503, b"later", errors.ServiceBusy),
        (401, fault("soap:Client"), errors.NotAuthenticated),
        (503, fault(), errors.ServiceBusy),
        (500, fault(), errors.Unexpected),
        (500, fault("soap:Client"), errors.InvalidMessage),
        (500, fault("x:Client.Something"), errors.InvalidMessage),
        (500, fault("soap:VersionMismatch"), errors.InvalidMessage),
        (500, fault("soap:MustUnderstand"), errors.InvalidMessage),
        (500, fault(detail="<detail><stackTrace>oops</stackTrace></detail>"), errors.Unexpected),
    ],
)
def test_faults_without_our_detail_are_told_by_status_and_code(
    status: int, body: bytes, kind: type[errors.VofilesError]
) -> None:
    with answering(status, body) as port:
        with pytest.raises(errors.VofilesError) as caught:
            port.get_identifier(GetIdentifier())
        assert type(caught.value) is kind
        if body.startswith(b"<s:"):
            assert caught.value.message == "why"


def test_a_fault_of_ours_that_lacks_a_part_is_still_an_error_of_ours() -> None:
    body = fault(detail=f'<detail><NotFound xmlns="{FILEMANAGER_NAMESPACE}"/></detail>')
    with answering(500, body) as port, pytest.raises(errors.NotFound, match="why"):
        port.get_identifier(GetIdentifier())


def test_elements_of_a_newer_service_are_skipped() -> None:
    body = replies.answer(FILEMANAGER_NAMESPACE, "getIdentifier", ME)
    grown = body.replace(b"<identifier>", b"<colour>red<shade>dark</shade></colour><identifier>")
    assert grown != body
    with answering(200, grown) as port:
        assert port.get_identifier(GetIdentifier()) == ME


def test_an_answer_without_end_is_not_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zeepcarrier, "MOST_ANSWERED", 1000)
    with answering(200, b"x" * 2000) as port, pytest.raises(errors.ServiceUnreachable, match="longer than 1000"):
        port.get_identifier(GetIdentifier())


def test_nobody_there_is_told_with_address_and_reason() -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{reserved.getsockname()[1]}/filemanager"
        with pytest.raises(errors.ServiceUnreachable) as caught:
            FileManagerPort(address).get_identifier(GetIdentifier())
    assert caught.value.message == f"No answer from the service {address}: Connection refused"


@pytest.mark.parametrize("address", ["nonsense", "ftp://127.0.0.1/", "http://", "http://127.0.0.1:99999/"])
def test_an_address_that_is_none_is_a_service_that_cannot_be_reached(address: str) -> None:
    with pytest.raises(errors.ServiceUnreachable):
        FileManagerPort(address).get_identifier(GetIdentifier())


@pytest.fixture
def mute() -> Iterator[str]:
    """The address of something that accepts connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"


def test_silence_ends_after_the_time_given(mute: str) -> None:
    with pytest.raises(errors.ServiceUnreachable, match="did not answer in time"):
        FileManagerPort(mute, read_timeout=0.05).get_identifier(GetIdentifier())


def test_a_connection_that_ends_early_is_no_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def hang_up() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort")

        thread = threading.Thread(target=hang_up)
        thread.start()
        port = FileManagerPort(f"http://127.0.0.1:{listener.getsockname()[1]}/")
        with pytest.raises(errors.ServiceUnreachable):
            port.get_identifier(GetIdentifier())
        thread.join(30)
        port.close()


class Custom(AuthBase):
    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = "Custom x"
        return request


@pytest.mark.parametrize(
    ("auth", "expected"),
    [
        (("dave@ast", "pä:ss"), "Basic " + base64.b64encode("dave@ast:pä:ss".encode()).decode()),
        ("secret-token", "Bearer secret-token"),
        (Custom(), "Custom x"),
    ],
    ids=["password", "token", "custom"],
)
def test_who_calls_is_said_in_each_way(services: Services, auth: Any, expected: str) -> None:
    services.plan("FileManager", "getIdentifier", ME)
    port = FileManagerPort(services.address("FileManager"), auth=auth)
    port.get_identifier(GetIdentifier())
    port.close()
    assert services.asked[-1][0] == expected


def test_the_environment_does_not_change_who_calls_or_whom(
    services: Services, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login mallory password x\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1/")
    port = FileManagerPort(services.address("FileManager"))
    with pytest.raises(errors.NotAuthenticated):
        port.get_identifier(GetIdentifier())
    port.close()


def test_what_is_sent_names_operation_and_request(services: Services) -> None:
    services.plan("FileManager", "getIdentifier", ME)
    port = FileManagerPort(services.address("FileManager"), auth="x", request_id=lambda: "request-17")
    port.get_identifier(GetIdentifier())
    port.close()
    headers = services.requests[-1].headers
    assert headers.get("soapaction") == f'"{FILEMANAGER_NAMESPACE}#getIdentifier"'
    assert headers.get("content-type") == "text/xml; charset=utf-8"
    assert services.requests[-1].request_id == "request-17"


def test_nothing_is_sent_twice(services: Services) -> None:
    services.plan("FileManager", "getIdentifier", errors.ServiceBusy("x"))
    before = len(services.asked)
    port = FileManagerPort(services.address("FileManager"), auth="x")
    with pytest.raises(errors.ServiceBusy):
        port.get_identifier(GetIdentifier())
    port.close()
    assert len(services.asked) == before + 1


def test_what_xml_cannot_carry_is_not_sent(services: Services) -> None:
    port = FileManagerPort(services.address("FileManager"), auth="x")
    with pytest.raises(errors.InvalidArgument, match="addNode"):
        port.add_node(AddNode(NODE, "a\x00b", "FILE"))
    port.close()


def test_threads_share_a_client(services: Services) -> None:
    services.plan("FileManager", "getIdentifier", ME)
    services.plan(
        "FileManager", "getNode", lambda _caller, request: GetNodeAnswer() if request == GetNode(NODE) else None
    )
    port = FileManagerPort(services.address("FileManager"), auth="x")
    failures: list[BaseException] = []

    def call() -> None:
        try:
            for _ in range(25):
                assert port.get_identifier(GetIdentifier()) == ME
                assert port.get_node(GetNode(NODE)) == GetNodeAnswer()
        except BaseException as error:  # noqa: BLE001 - told to the thread that asserts
            failures.append(error)

    threads = [threading.Thread(target=call) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    port.close()
    assert failures == []


def test_a_connection_is_kept_between_calls_and_closed_in_the_end(services: Services) -> None:
    services.plan("FileManager", "getIdentifier", ME)
    port = FileManagerPort(services.address("FileManager"), auth="x")
    opened: list[Any] = []
    connect = socket.socket.connect

    def connect_and_note(self: socket.socket, where: Any) -> None:
        opened.append(where)
        connect(self, where)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", connect_and_note)
        for _ in range(3):
            port.get_identifier(GetIdentifier())
        assert len(opened) == 1
        port.close()
        port.get_identifier(GetIdentifier())
        assert len(opened) == 2
    port.close()
