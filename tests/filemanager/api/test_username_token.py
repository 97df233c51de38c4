"""WS-Security on the FileManager's port: whose UsernameToken is taken, over which connection, beside what else; and
that a wrong one is never nobody's.

In process but for the last test, which has zeep's own UsernameToken on a real service.
"""

from base64 import b64encode
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import requests
import structlog
import zeep
from lxml import etree
from zeep.wsse.username import UsernameToken

from filemanager.api.identity import SKEW, caller_identity, security_identity
from filemanager.api.soap.native import native_service
from filemanager.assembly import FileManager, Office
from filemanager.config import load
from filemanager.services.throttle import FAILURES_OF_PAIR
from tests.support.filemanager import COMMUNITY, OPERATOR, World
from tests.support.localstores import ADDRESS
from tests.support.services import MANAGER, running_services
from tests.support.serving import await_reactor, on_reactor, running_reactor
from vofiles.contract import FILEMANAGER_NAMESPACE
from vofiles.instant import SECOND, Instant, to_text
from vofiles.ivorn import Ivorn
from vofiles.serving.http import Control, Headers, Request, Response
from vofiles.serving.listening import bind
from vofiles.serving.soap import SoapService
from vofiles.serving.wsse import PASSWORD_DIGEST, PASSWORD_TEXT, SECEXT, UTILITY
from vofiles.serving.xmlgate import NEXT_ACTOR, SOAP

FORWARDED_FOR = ("X-Forwarded-For", "192.0.2.9")
ELSEWHERE, HERE = "192.0.2.7", "127.0.0.1"
DAVE, ANNA = (Ivorn.parse(f"{COMMUNITY}/{name}") for name in ("dave", "anna"))
DAVES = "dave's <secret> é"


def service_of(world: World, *, behind_proxy: bool = False) -> SoapService:
    credentials = world.desk.credentials
    by_security = security_identity(credentials, behind_proxy=behind_proxy)
    return native_service(world.desk, ADDRESS, caller_identity(credentials), by_security)


@pytest.fixture(scope="module")
def served(world: World) -> SoapService:
    return service_of(world)


@pytest.fixture(scope="module")
def world() -> World:
    world = World()
    for account, password in ((DAVE, DAVES), (ANNA, "anna's secret")):
        world.add_account(account.resource)
        world.desk.credentials.set_password(OPERATOR, account, password)
    return world


def written(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")


def token(name: str = "dave", password: str = DAVES, kind: str | None = PASSWORD_TEXT, more: str = "") -> str:
    typed = "" if kind is None else f' Type="{kind}"'
    return (
        f"<o:UsernameToken><o:Username>{written(name)}</o:Username>"
        f"<o:Password{typed}>{written(password)}</o:Password>{more}</o:UsernameToken>"
    )


def security(content: str, attributes: str = 's:mustUnderstand="1"') -> str:
    return f'<o:Security xmlns:o="{SECEXT}" xmlns:u="{UTILITY}" {attributes}>{content}</o:Security>'


def stamp(expires: str) -> str:
    return f"<u:Timestamp><u:Created>2026-11-22T10:00:00Z</u:Created><u:Expires>{expires}</u:Expires></u:Timestamp>"


def basic(name: str, password: str) -> tuple[str, str]:
    return "Authorization", "Basic " + b64encode(f"{name}:{password}".encode()).decode()


def request(headers: str, *http: tuple[str, str], secure: bool = True, peer: str = ELSEWHERE) -> Request:
    body = (
        f'<s:Envelope xmlns:s="{SOAP}"><s:Header>{headers}</s:Header>'
        f'<s:Body><getAccount xmlns="{FILEMANAGER_NAMESPACE}"/></s:Body></s:Envelope>'
    )
    known = Headers([("Content-Type", "text/xml; charset=utf-8"), *http])
    return Request(
        "POST", "/filemanager", "/filemanager", "", known, "1.1", "h", peer, "request-17", secure, body.encode()
    )


def told(answer: Any) -> tuple[int, str, str]:
    """Status; the account or the faultcode; the fault's sentence."""
    assert isinstance(answer, Response)
    body = bytes(answer.body)  # type: ignore[arg-type]
    root = etree.fromstring(body)
    fault = root.find(".//faultcode")
    if fault is None:
        return answer.status, root.findtext(".//{*}account/{*}identifier", ""), ""
    code = fault.text or ""
    assert code.partition(":")[0] in fault.nsmap
    return answer.status, code, root.findtext(".//faultstring", "")


UNKNOWN = "<x:BinarySecurityToken xmlns:x='urn:x'>AAAA</x:BinarySecurityToken>"

TAKEN: dict[str, tuple[str, Ivorn]] = {
    "as zeep sends it": (security(token(more="<o:Nonce>bm9uY2U=</o:Nonce><u:Created>x</u:Created>")), DAVE),
    "without a Type": (security(token(kind=None)), DAVE),
    "without mustUnderstand": (security(token(), ""), DAVE),
    "to be understood by the next": (security(token(), f's:mustUnderstand="1" s:actor="{NEXT_ACTOR}"'), DAVE),
    "by a name with its community": (security(token("anna@ast.cam.ac.uk", "anna's secret")), ANNA),
    "by an IVORN": (security(token(str(ANNA), "anna's secret")), ANNA),
    "with a Timestamp": (security(stamp("2999-01-01T00:00:00Z") + token()), DAVE),
    "with a Timestamp without end": (security("<u:Timestamp/>" + token()), DAVE),
    "beside what need not be understood": (security(UNKNOWN + token(), ""), DAVE),
    "beside another header": ('<x:a xmlns:x="urn:x">b</x:a>' + security(token()), DAVE),
    "beside a Security for somebody else": (security(token("anna"), 's:actor="urn:x"') + security(token()), DAVE),
    "with comments in it": (security(token().replace("dave", "da<!-- x -->ve")), DAVE),
}


@pytest.mark.parametrize("case", TAKEN)
def test_a_right_token_says_who_calls(served: SoapService, case: str) -> None:
    headers, account = TAKEN[case]
    assert told(served(request(headers))) == (200, str(account), "")


FAILED = "wsse:FailedAuthentication"
REFUSED: dict[str, tuple[str, int, str, str]] = {
    "a wrong password": (security(token(password="x")), 500, FAILED, "wrong"),
    "an unknown name": (security(token("nobody")), 500, FAILED, "wrong"),
    "no name": (security(token("")), 500, FAILED, "wrong"),
    "another's password": (security(token("anna")), 500, FAILED, "wrong"),
    "a digest": (security(token(kind=PASSWORD_DIGEST)), 500, "wsse:UnsupportedSecurityToken", "only hashes"),
    "an unknown Type": (security(token(kind="urn:x")), 500, "wsse:UnsupportedSecurityToken", "'urn:x'"),
    "no password": (
        security("<o:UsernameToken><o:Username>dave</o:Username></o:UsernameToken>"),
        500,
        "wsse:InvalidSecurityToken",
        "one Password",
    ),
    "two names": (
        security(token(more="<o:Username>anna</o:Username>")),
        500,
        "wsse:InvalidSecurityToken",
        "one Username",
    ),
    "a password with something in it": (
        security(token().replace("</o:Password>", "<o:x/></o:Password>")),
        500,
        "wsse:InvalidSecurityToken",
        "one Password",
    ),
    "two tokens": (
        security(token() + token("anna", "anna's secret")),
        500,
        "wsse:InvalidSecurity",
        "one UsernameToken",
    ),
    "ten thousand tokens": (security("<o:UsernameToken/>" * 10_000), 500, "wsse:InvalidSecurity", "one UsernameToken"),
    "two headers": (security(token()) + security(token()), 500, "wsse:InvalidSecurity", "2 Security headers"),
    "a signature that must be understood": (security(UNKNOWN + token()), 500, "soap:MustUnderstand", "{urn:x}Binary"),
    "nothing but what must be understood": (security(UNKNOWN), 500, "soap:MustUnderstand", "{urn:x}Binary"),
    "nothing but what need not be understood": (
        security(UNKNOWN, ""),
        500,
        "wsse:UnsupportedSecurityToken",
        "{urn:x}BinarySecurityToken' proves nothing",
    ),
    "no token": (security(stamp("2999-01-01T00:00:00Z")), 401, "soap:Client", "Say who you are"),
    "a token for somebody else": (security(token(), 's:actor="urn:x"'), 401, "soap:Client", "Say who you are"),
    "no header": ("", 401, "soap:Client", "Say who you are"),
    "an expiry that is none": (security(stamp("soon") + token()), 500, "wsse:InvalidSecurity", "Expires"),
    "a token that has expired": (
        security(stamp("2020-01-01T00:00:00Z") + token()),
        500,
        "wsu:MessageExpired",
        "expired",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_wrong_token_is_nobody(served: SoapService, case: str) -> None:
    headers, status, code, words = REFUSED[case]
    answer = served(request(headers))
    found = told(answer)
    assert found[:2] == (status, code), found
    assert words in found[2]
    assert isinstance(answer, Response)
    if code != "soap:MustUnderstand":
        detail = etree.fromstring(bytes(answer.body)).find(".//detail/{*}Refused")  # type: ignore[arg-type]
        assert detail is not None
        assert (detail.findtext("{*}name"), detail.findtext("{*}message")) == ("NotAuthenticated", found[2])
    assert ("WWW-Authenticate" in dict(answer.headers)) == (status == 401)


def test_the_clock_of_an_expiry_may_be_a_little_behind(world: World, served: SoapService) -> None:
    ends = world.watch.now() - SKEW
    assert told(served(request(security(stamp(to_text(Instant(ends))) + token()))))[0] == 200
    late = security(stamp(to_text(Instant(ends - SECOND))) + token())
    assert told(served(request(late)))[1] == "wsu:MessageExpired"


CONNECTIONS: dict[str, tuple[dict[str, Any], tuple[tuple[str, str], ...], bool]] = {
    "TLS": ({"secure": True}, (), True),
    "TLS, with what a proxy adds": ({"secure": True}, (("Via", "1.1 x"),), True),
    "from elsewhere in the clear": ({"secure": False}, (), False),
    "within this machine": ({"secure": False, "peer": HERE}, (), True),
    "within this machine, by IPv6": ({"secure": False, "peer": "::1"}, (), True),
    "handed on by a proxy here": ({"secure": False, "peer": HERE}, (FORWARDED_FOR,), False),
    "that says it was TLS": ({"secure": False, "peer": HERE}, (("X-Forwarded-Proto", "https"),), False),
    "that says it as RFC 7239 has it": ({"secure": False, "peer": HERE}, (("Forwarded", "for=192.0.2.9"),), False),
    "a caller who claims to be a proxy": ({"secure": False}, (("X-Forwarded-Proto", "https"),), False),
}


@pytest.mark.parametrize("case", CONNECTIONS)
def test_a_password_in_the_clear_is_refused_though_it_is_right(served: SoapService, case: str) -> None:
    how, http, taken = CONNECTIONS[case]
    found = told(served(request(security(token()), *http, **how)))
    if taken:
        assert found[:2] == (200, str(DAVE))
    else:
        assert found[:2] == (500, FAILED)
        assert "over TLS only" in found[2]


def test_the_operator_may_vouch_for_a_proxy(world: World) -> None:
    asked = request(security(token()), FORWARDED_FOR, secure=False, peer=HERE)
    assert told(service_of(world, behind_proxy=True)(asked))[:2] == (200, str(DAVE))


BOTH: dict[str, tuple[tuple[str, str], str, int, str]] = {
    "the same account": (basic("dave", DAVES), security(token("dave@ast.cam.ac.uk")), 200, str(DAVE)),
    "another account": (basic("anna", "anna's secret"), security(token()), 500, FAILED),
    "a wrong token": (basic("dave", DAVES), security(token(password="x")), 500, FAILED),
    "a wrong password in HTTP": (basic("dave", "x"), security(token()), 401, "soap:Client"),
    "a wrong scheme in HTTP": (("Authorization", "Digest x"), security(token()), 401, "soap:Client"),
    "an empty Authorization": (("Authorization", ""), security(token()), 401, "soap:Client"),
    "a right password in HTTP, and a signature": (basic("dave", DAVES), security(UNKNOWN, ""), 200, str(DAVE)),
    "a right password in HTTP, no token": (basic("dave", DAVES), security("<u:Timestamp/>"), 200, str(DAVE)),
    "a right password in HTTP, an expired message": (
        basic("dave", DAVES),
        security(stamp("2020-01-01T00:00:00Z")),
        500,
        "wsu:MessageExpired",
    ),
}


@pytest.mark.parametrize("case", BOTH)
def test_who_says_it_twice_has_to_be_right_twice(served: SoapService, case: str) -> None:
    http, headers, status, outcome = BOTH[case]
    assert told(served(request(headers, http)))[:2] == (status, outcome)


def test_guessing_ends_soon_and_the_token_s_guesses_count_with_the_others() -> None:
    world = World()
    world.add_account("dave")
    world.desk.credentials.set_password(OPERATOR, DAVE, DAVES)
    served = service_of(world)
    for number in range(FAILURES_OF_PAIR):
        if number % 2:
            asked = request("", basic("dave", f"guess {number}"))
        else:
            asked = request(security(token(password=f"guess {number}")))
        assert told(served(asked))[0] in {401, 500}
    status, code, words = told(served(request(security(token()))))
    assert (status, code) == (503, "soap:Server")
    assert "wait a minute" in words
    assert told(served(request(security(token()), peer="192.0.2.8")))[:2] == (200, str(DAVE))


def test_an_envelope_is_not_looked_at_before_wrong_credentials_in_http_are_refused(served: SoapService) -> None:
    asked = request("", basic("dave", "wrong"))._replace(body=b"<!DOCTYPE x>")
    assert told(served(asked))[:2] == (401, "soap:Client")
    stranger = request("")._replace(body=b"<!DOCTYPE x>")
    assert "DOCTYPE" in told(served(stranger))[2]


def test_no_password_is_logged(served: SoapService) -> None:
    with structlog.testing.capture_logs() as lines:
        for kind in (PASSWORD_TEXT, PASSWORD_DIGEST, "urn:x"):
            for password in ("Geheimnis", "Geheimnis" * 200):
                served(request(security(token(password=password, kind=kind))))
                served(request(security(token(password=password, kind=kind) + token(password=password))))
        served(request(security(token(password="Geheimnis")), secure=False))
    assert len(lines) >= 6
    assert "Geheimnis" not in repr(lines)


def test_the_operator_s_word_is_in_the_configuration(tmp_path: Path) -> None:
    path = tmp_path / "filemanager.toml"
    path.touch(mode=0o600)
    path.write_text(
        f'identifier = "{MANAGER}"\ncommunities = ["{COMMUNITY}"]\ndatabase = "sqlite:///{tmp_path}/manager.db"\n'
        '[listen]\naddress = "https://files.example"\nbehind_proxy = true'
    )
    with closing(Office(load(path))) as office:
        office.add_account("dave", None, "PERSON", DAVES, administrator=False)
    manager = FileManager(load(path), bind("127.0.0.1", 0), running_reactor(), lambda _: None)
    manager.prepare()
    on_reactor(manager.start)
    try:
        route = manager.site.find_route("/filemanager")
        assert route is not None
        assert isinstance(route.serve, Control)
        handed_on = request(security(token()), FORWARDED_FOR, secure=False, peer=HERE)
        assert told(route.serve.handler(handed_on)) == (200, str(DAVE), "")
    finally:
        await_reactor(lambda: manager.stop(0.0))


def test_zeep_s_own_token_on_a_real_service(tmp_path: Path) -> None:
    with running_services(tmp_path, stores=()) as services:
        dave = services.add_account("dave")

        def calls(path: str) -> Any:
            made = zeep.Client(f"{services.manager.address}/{path}?wsdl")  # type: ignore[no-untyped-call]
            return made, made.bind()

        (client, service), (old, old_service) = calls("filemanager"), calls("astrogrid")
        client.wsse = old.wsse = UsernameToken(*dave.auth)  # type: ignore[no-untyped-call]
        assert service.getAccount()["identifier"] == "ivo://ast.cam.ac.uk/dave"
        assert service.getIdentifier() == old_service.getIdentifier() == str(MANAGER)
        for wrong, code in (
            (UsernameToken("dave", "wrong"), FAILED),  # type: ignore[no-untyped-call]
            (UsernameToken(*dave.auth, use_digest=True), "wsse:UnsupportedSecurityToken"),  # type: ignore[no-untyped-call]
        ):
            client.wsse = old.wsse = wrong
            with pytest.raises(zeep.exceptions.Fault) as caught:
                service.getAccount()
            assert caught.value.code == code
            assert caught.value.detail[0].tag == f"{{{FILEMANAGER_NAMESPACE}}}Refused"
            with pytest.raises(zeep.exceptions.Fault) as caught:
                old_service.getIdentifier()
            assert caught.value.code == code
        client.wsse = UsernameToken(*dave.auth)  # type: ignore[no-untyped-call]
        client.transport.session.headers.update([FORWARDED_FOR])
        with pytest.raises(zeep.exceptions.Fault, match="over TLS only"):
            service.getAccount()
        assert requests.post(services.address, b"", timeout=30).status_code == 500
