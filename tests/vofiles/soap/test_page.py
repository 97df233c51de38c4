"""The page for people: what is on it, in which form, for whom, and that nothing on it is more than text."""

import re
import shlex
from base64 import b64encode
from hashlib import sha256

import pytest
import requests
from lxml import etree

from tests.support.soapservices import PORTS, Services
from tests.vofiles.soap.test_service import ME
from vofiles.serving.http import Headers, Request
from vofiles.serving.page import Page, read_port
from vofiles.serving.wsdl import Published
from vofiles.serving.xmlgate import SOAP

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
PEOPLE, SIGNED = ("Basic", "Bearer", "UsernameToken"), ("Signature",)


def request(accept: str | None = None) -> Request:
    headers = Headers([] if accept is None else [("Accept", accept)])
    return Request("GET", "/x", "/x", "", headers, "1.1", "h", "127.0.0.1", "request-17")


def page_of(port: str, ways: tuple[str, ...] = PEOPLE, address: str = "https://example.org/files") -> Page:
    wsdl = Published(PORTS[port][1]).with_addresses({port: address})
    return Page(read_port(wsdl, port), "ivo://example.org/filemanager", ways)


def text_of(page: Page, accept: str | None = None) -> str:
    body = page.answer(request(accept)).body
    assert isinstance(body, bytes)
    return body.decode()


def parsed(page: str) -> etree._Element:
    return etree.fromstring(page.encode(), etree.HTMLParser(encoding="utf-8"))


def typed(text: str) -> list[str]:
    """The curl line as a shell takes it apart."""
    line = re.search(r"curl --user.*?</s:Envelope>'", text, re.DOTALL)
    assert line is not None
    return shlex.split(line[0].replace("\\\n", ""))


@pytest.mark.parametrize("port", PORTS)
def test_everybody_sees_what_it_is_and_what_it_can_do(services: Services, port: str) -> None:
    address = services.address(port)
    before = len(services.requests)
    answer = requests.get(address, headers=BROWSER, timeout=30)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert len(services.requests) == before  # nobody was asked who they are
    shown = parsed(answer.text)
    assert shown.findtext(".//h1") == port
    assert [each.get("href") for each in shown.iter("a")] == ["?wsdl"]
    assert requests.get(f"{address}?wsdl", timeout=30).text.startswith("<?xml")
    (operations,) = shown.iterfind(".//dl[@class='operations']")
    pairs = {
        "".join(name.itertext()): "".join(about.itertext())
        for name, about in zip(operations.iter("dt"), operations.iter("dd"), strict=True)
    }
    assert pairs.keys() == {operation.name for operation in PORTS[port][3]}
    assert all(re.match(r"[A-Z].{5,}\.$", about) for about in pairs.values()), pairs
    assert f"https://public.example{PORTS[port][0]}" in answer.text
    head = requests.head(address, headers=BROWSER, timeout=30)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["Content-Length"] == str(len(answer.content))


def test_the_first_sentence_of_the_contract_is_told() -> None:
    port = read_port(Published("filemanager-1.wsdl").text, "FileManager")
    told = dict(port.operations)
    assert told["getNode"].startswith("A node and, by the hints, nodes around it")
    assert told["getNode"].count(". ") == 0
    assert (port.service, port.namespace) == ("FileManagerService", "urn:vofiles:filemanager:1")


def test_a_port_that_is_not_there_has_no_page() -> None:
    with pytest.raises(LookupError, match="Nonsense"):
        read_port(Published("filemanager-1.wsdl").text, "Nonsense")


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        (BROWSER["Accept"], "text/html"),
        ("TEXT/HTML", "text/html"),
        ("*/*", "text/plain"),
        (None, "text/plain"),
        ("text/plain", "text/plain"),
        ("application/json", "text/plain"),
    ],
)
def test_who_asks_for_html_gets_it(accept: str | None, kind: str) -> None:
    answer = page_of("FileManager").answer(request(accept))
    assert dict(answer.headers)["Content-Type"] == f"{kind}; charset=utf-8"
    assert dict(answer.headers)["Vary"] == "Accept"


def test_the_policy_allows_the_style_and_nothing_else() -> None:
    page = page_of("FileManager")
    headers, shown = dict(page.answer(request("text/html")).headers), text_of(page, "text/html")
    (style,) = re.findall("<style>(.*?)</style>", shown, re.DOTALL)
    rules = dict(rule.strip().split(" ", 1) for rule in headers["Content-Security-Policy"].split(";"))
    assert rules == {
        "default-src": "'none'",
        "style-src": f"'sha256-{b64encode(sha256(style.encode()).digest()).decode()}'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }
    assert (headers["X-Content-Type-Options"], headers["Referrer-Policy"]) == ("nosniff", "no-referrer")
    assert not re.search(r"<(script|img|link|iframe|form)|\ssrc=|\sstyle=|\son\w+=|url\(|@import", shown)


def test_everything_is_text() -> None:
    evil = '"><script>alert(1)</script>&amp;'
    wsdl = Published("filemanager-1.wsdl").text.decode()
    wsdl = wsdl.replace("Who is this?", "&lt;script&gt;alert(1)&lt;/script&gt; &amp;amp;")
    wsdl = wsdl.replace("http://localhost:8080/filemanager", "https://x/&quot;&gt;&lt;script&gt;'")
    page = Page(read_port(wsdl.encode(), "FileManager"), evil, PEOPLE)
    shown = text_of(page, "text/html")
    assert "<script" not in shown
    content = "".join(parsed(shown).itertext())
    assert evil in content
    assert "<script>alert(1)</script> &amp;" in content
    assert evil in text_of(page)


def test_the_curl_line_survives_any_address() -> None:
    text = text_of(page_of("FileManager", address="https://example.org/it's?a=1&b=$(x)"))
    words = typed(text)
    assert words[:4] == ["curl", "--user", "NAME", "https://example.org/it's?a=1&b=$(x)"]


def test_the_curl_line_calls_the_service(services: Services) -> None:
    services.plan("FileManager", "getIdentifier", ME)
    text = text_of(page_of("FileManager", address=services.address("FileManager")))
    _, _, user, address, _, header, _, body = typed(text)
    name, _, value = header.partition(": ")
    answer = requests.post(address, body, headers={name: value}, auth=(user, "x"), timeout=30)
    assert answer.status_code == 200
    assert SOAP in answer.text


def test_where_services_call_there_is_no_word_of_passwords() -> None:
    for accept in (None, "text/html"):
        shown = text_of(page_of("FileStore", SIGNED), accept)
        assert "signed" in shown
        assert "?wsdl" in shown
        assert not re.search("--user|NAME|PASSWORD|Basic|vofiles login", shown)
        for_people = text_of(page_of("FileManager"), accept)
        for word in ("HTTP Basic", "Bearer token", "UsernameToken", "vofiles login https://example.org --user"):
            assert word in for_people
        assert "UsernameToken" not in text_of(page_of("FileManager", ("Basic", "Bearer")), accept)
