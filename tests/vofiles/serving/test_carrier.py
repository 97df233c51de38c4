"""Calls between our services: what is sent is signed, read again as it was meant, and never done twice."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.support.playing import always, playing
from tests.support.serving import running_site
from vofiles.callback_port import CallbackPort
from vofiles.calls import Call
from vofiles.contract import (
    FILEMANAGER_NAMESPACE,
    Acknowledged,
    Failure,
    GetIdentifier,
    IdentifierAnswer,
    TransferFailed,
)
from vofiles.errors import NotAuthenticated, ServiceUnreachable, TransferNotFound, VofilesError
from vofiles.instant import Instant
from vofiles.ivorn import Ivorn
from vofiles.serving import replies
from vofiles.serving.carrier import SignedCarrier
from vofiles.serving.http import Control, Request, Response, Route
from vofiles.serving.keyring import Key, Keyring, Peer
from vofiles.serving.lines import Lines
from vofiles.serving.signatures import Signer, Verifier

ME = Ivorn.parse("ivo://ast.cam.ac.uk/filemanager")
STORE = Ivorn.parse("ivo://ast.cam.ac.uk/filestore")
NOW = Instant(1_700_000_000_000_000)
XML = (("Content-Type", "text/xml; charset=utf-8"),)
KEYS = Keyring([Peer(ME, (Key("k", b"k" * 32),))])
IDENTIFIER = replies.answer(FILEMANAGER_NAMESPACE, "getIdentifier", IdentifierAnswer(ME))


def port_to(address: str) -> CallbackPort:
    signer = Signer(KEYS, ME, lambda: NOW)
    return CallbackPort(
        address, carrier=SignedCarrier(Lines(address), signer, FILEMANAGER_NAMESPACE, connect=30, seconds=30)
    )


class Manager:
    """Hears callbacks, and answers all but those of the transfer `unknown` that it has them."""

    def __init__(self) -> None:
        self.heard: list[Request] = []
        self._verifier = Verifier(Keyring([Peer(STORE, (Key("k", b"k" * 32),))]))

    def __call__(self, request: Request) -> Response:
        assert self._verifier.verify(request, NOW) == STORE
        self.heard.append(request)
        if b">unknown<" in request.body:
            return Response(500, XML, replies.fault(FILEMANAGER_NAMESPACE, TransferNotFound("unknown")))
        return Response(200, XML, replies.answer(FILEMANAGER_NAMESPACE, "transferFailed", Acknowledged()))


@contextmanager
def manager_at(path: str) -> Iterator[tuple[Manager, CallbackPort]]:
    manager = Manager()
    with running_site([Route("/", frozenset({"POST"}), Control(manager), prefix=True)]) as served:
        port = port_to(served.url + path)
        try:
            yield manager, port
        finally:
            port.close()


def failed(transfer: str, words: str = "why") -> TransferFailed:
    return TransferFailed(transfer, "FAILED", Failure("Unexpected", words))


@pytest.mark.parametrize("path", ["/callback", "/call%20back?to=me", "/é"])
def test_what_is_asked_is_signed_and_heard_as_it_was_said(path: str) -> None:
    with manager_at(path) as (manager, port):
        assert port.transfer_failed(failed("t", 'a < b & "ü"')) == Acknowledged()
        (request,) = manager.heard
        assert request.headers.get_all("soapaction") == (f'"{FILEMANAGER_NAMESPACE}#transferFailed"',)
        assert 'a &lt; b &amp; "ü"'.encode() in request.body


def test_answers_to_many_calls_come_to_the_calls_they_are_for() -> None:
    with manager_at("/") as (manager, port):
        calls = [Call("transferFailed", failed(name), f"job-{name}") for name in ("a", "unknown", "c")]
        told = dict(pair for some in port._client.call_all(calls) for pair in some)
        assert (told[0], told[2]) == (Acknowledged(), Acknowledged())
        assert type(told[1]) is TransferNotFound
        assert told[1].__notes__ == ["X-Request-Id: job-unknown"]
        numbers = {request.headers.get_all("x-request-id")[0] for request in manager.heard}
        assert numbers == {"job-a", "job-unknown", "job-c"}


@pytest.mark.parametrize("number", ["a\r\nX-Other: b", "é", "a\nb"])
def test_a_number_cannot_bring_headers_of_its_own(number: str) -> None:
    with manager_at("/") as (manager, port):
        list(port._client.call_all([Call("transferFailed", failed("a"), number)]))
        (request,) = manager.heard
        assert "x-other" not in request.headers
        assert request.headers.get_all("x-request-id") != (number,)


def answer(status: int, body: bytes) -> bytes:
    return f"HTTP/1.1 {status} x\r\nContent-Type: text/xml\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def test_a_request_that_was_perhaps_taken_the_first_time_is_not_said_to_be_refused() -> None:
    def answers_one(peer: object, link: socket.socket) -> None:
        peer.hear(link)  # type: ignore[attr-defined]
        link.sendall(answer(200, IDENTIFIER))
        peer.hear(link)  # type: ignore[attr-defined]

    used = replies.fault(FILEMANAGER_NAMESPACE, NotAuthenticated(reason="this signed request has been used before"))
    with playing(answers_one, always(answer(500, used))) as peer:
        port = port_to(peer.address)
        assert port.get_identifier(GetIdentifier()).identifier == ME
        with pytest.raises(ServiceUnreachable, match="without an answer"):
            port.get_identifier(GetIdentifier())
        first, second, third = peer.heard
        assert first != second
        assert second == third, "the same signature, which is taken once"
        # On a connection that answers it is what it says.
        with pytest.raises(NotAuthenticated, match="used before"):
            port.get_identifier(GetIdentifier())
        port.close()


def test_what_xml_cannot_carry_arrives_as_a_replacement() -> None:
    with manager_at("/") as (manager, port):
        port.transfer_failed(failed("t", "a\x00b\ud800"))
        assert "a\ufffdb\ufffd".encode() in manager.heard[0].body


def test_a_service_that_is_not_there_is_told_for_every_call() -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        port = port_to(f"http://127.0.0.1:{reserved.getsockname()[1]}/")
        calls = [Call("transferFailed", failed(name), None) for name in ("a", "b")]
        told: dict[int, VofilesError] = dict(pair for some in port._client.call_all(calls) for pair in some)
        assert [type(told[place]) for place in (0, 1)] == [ServiceUnreachable] * 2


def test_a_key_that_is_not_in_the_configuration_any_more_is_no_answer_of_the_other_side() -> None:
    signer = Signer(Keyring([]), ME, lambda: NOW)
    carrier = SignedCarrier(Lines("http://127.0.0.1:1/"), signer, FILEMANAGER_NAMESPACE, connect=30, seconds=30)
    port = CallbackPort("http://127.0.0.1:1/", carrier=carrier)
    with pytest.raises(ServiceUnreachable, match="no key to sign with"):
        port.transfer_failed(failed("t"))
    with pytest.raises(ServiceUnreachable, match="no key to sign with"):
        list(port._client.call_all([Call("transferFailed", failed("t"), None)]))
