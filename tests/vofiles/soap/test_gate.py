"""The XML gate: what passes, what is refused and by which error, and that it stops where the limit is."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from vofiles.errors import InvalidMessage, TooLarge, VofilesError
from vofiles.serving import xmlgate
from vofiles.serving.http import Headers
from vofiles.serving.xmlgate import MustUnderstand, Scan, VersionMismatch, admit

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
PLAIN = Headers([("Content-Type", "text/xml; charset=utf-8"), ("SOAPAction", '"urn:x#op"')])


def envelope(body: str = '<op xmlns="urn:x"/>', header: str = "", after: str = "") -> str:
    return f'<s:Envelope xmlns:s="{SOAP}">{header}<s:Body>{body}</s:Body>{after}</s:Envelope>'


def headed(content_type: str | None = "text/xml", *more: tuple[str, str]) -> Headers:
    return Headers([*((("Content-Type", content_type),) if content_type is not None else ()), *more])


def attributes(count: int) -> str:
    return " ".join(f"a{number}=''" for number in range(count))


def namespaces(count: int) -> str:
    return " ".join(f"xmlns:a{number}='u'" for number in range(count))


def test_what_passes_is_told() -> None:
    message = admit(PLAIN, envelope().encode())
    assert (message.namespace, message.name, message.action) == ("urn:x", "op", "urn:x#op")
    assert message.xml == envelope().encode()


def test_halves_of_a_character_are_joined() -> None:
    # As Axis 1.4 writes U+1D538 and U+10FFFF, beside a reference that is whole.
    body = envelope('<op xmlns="urn:x" a="&#xD835;&#xDD38;">&#xE9;&#xd835;&#xdd38;&#xDBFF;&#xDFFF;</op>')
    message = admit(PLAIN, body.encode())
    operation = etree.fromstring(message.xml)[0][0]
    assert (operation.get("a"), operation.text) == ("\U0001d538", "é\U0001d538\U0010ffff")


def test_what_is_well_formed_is_not_touched() -> None:
    body = envelope('<op xmlns="urn:x"><![CDATA[&#xD835;&#xDD38;]]></op>').encode()
    assert admit(PLAIN, body).xml == body


@pytest.mark.parametrize("text", ["&#xD835;", "&#xDD38;&#xD835;", "&#xD835; &#xDD38;", "&#xD835;&#xDD38;&#xD835;"])
def test_half_a_character_is_refused(text: str) -> None:
    with pytest.raises(InvalidMessage, match="invalid character number"):
        admit(PLAIN, envelope(f"<op>{text}</op>").encode())


PASSING = {
    "no charset": (headed(), envelope().encode()),
    "a charset in quotes": (headed('Text/XML; Charset="UTF-8"'), envelope().encode()),
    "a byte order mark": (PLAIN, b"\xef\xbb\xbf" + envelope().encode()),
    "an XML declaration": (PLAIN, b'<?xml version="1.0" encoding="utf-8" standalone="yes"?>\n' + envelope().encode()),
    "UTF-16, big end first": (
        headed("text/xml; charset=utf-16"),
        b"\xfe\xff" + f'<?xml version="1.0" encoding="UTF-16"?>{envelope()}'.encode("utf-16-be"),
    ),
    "UTF-16, little end first": (headed(), b"\xff\xfe" + envelope().encode("utf-16-le")),
    "identity": (headed("text/xml", ("Content-Encoding", "identity")), envelope().encode()),
    "a Header": (PLAIN, envelope(header='<s:Header><a xmlns="urn:y">b</a></s:Header>').encode()),
    "a Header that need not be understood": (
        PLAIN,
        envelope(header='<s:Header><a xmlns="urn:y" s:mustUnderstand="0"/></s:Header>').encode(),
    ),
    "a Header for somebody else": (
        PLAIN,
        envelope(header='<s:Header><a xmlns="urn:y" s:mustUnderstand="1" s:actor="urn:z"/></s:Header>').encode(),
    ),
    "comments and CDATA": (PLAIN, envelope('<!-- a --><op xmlns="urn:x">b<![CDATA[<c>]]></op>\n').encode()),
    "a hint where a schema is": (
        PLAIN,
        envelope(
            '<op xmlns="urn:x" xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:schemaLocation="urn:x file:///x"/>'
        ).encode(),
    ),
    "64 deep": (PLAIN, envelope("<a>" * 62 + "</a>" * 62).encode()),
    "32 attributes": (PLAIN, envelope(f"<op {attributes(32)}/>").encode()),
    "20 000 elements": (PLAIN, envelope(f"<op>{'<a/>' * 19_997}</op>").encode()),
    "a value of 64 KiB": (PLAIN, envelope(f"<op>{'é' * 32768}</op>").encode()),
}


@pytest.mark.parametrize("case", PASSING)
def test_what_is_harmless_passes(case: str) -> None:
    headers, body = PASSING[case]
    message = admit(headers, body)
    assert message.name in {"op", "a"}
    # What comes out is UTF-8 for every reader, whatever its declaration says.
    etree.fromstring(message.xml, etree.XMLParser(encoding="utf-8"))
    message.xml.decode("utf-8")


BOMB = '<!ENTITY e0 "boom">' + "".join(f'<!ENTITY e{i} "{f"&e{i - 1};" * 10}">' for i in range(1, 10))

REFUSED: dict[str, tuple[Headers, bytes, type[VofilesError], str]] = {
    "another content type": (headed("application/json"), envelope().encode(), InvalidMessage, "text/xml"),
    "no content type": (headed(None), envelope().encode(), InvalidMessage, "text/xml"),
    "two content types": (headed("text/xml", ("content-type", "text/html")), b"", InvalidMessage, "more than once"),
    "multipart": (headed('multipart/related; type="text/xml"'), envelope().encode(), InvalidMessage, "multipart"),
    "xop": (headed("application/xop+xml"), envelope().encode(), InvalidMessage, "xop"),
    "SOAP 1.2 by type": (headed("application/soap+xml"), envelope().encode(), VersionMismatch, "SOAP 1.1"),
    "SOAP 1.2 by envelope": (
        PLAIN,
        envelope().replace(SOAP, "http://www.w3.org/2003/05/soap-envelope").encode(),
        VersionMismatch,
        "SOAP 1.1",
    ),
    "gzip": (headed("text/xml", ("Content-Encoding", "gzip")), b"\x1f\x8b", InvalidMessage, "Content-Encoding"),
    "an unknown charset": (headed("text/xml; charset=klingon"), envelope().encode(), InvalidMessage, "klingon"),
    "Latin-1 by header": (headed("text/xml; charset=iso-8859-1"), envelope().encode(), InvalidMessage, "8859"),
    "Latin-1 by declaration": (
        PLAIN,
        f'<?xml version="1.0" encoding="iso-8859-1"?>{envelope()}'.encode(),
        InvalidMessage,
        "8859",
    ),
    "UTF-7": (PLAIN, f'<?xml version="1.0" encoding="utf-7"?>{envelope()}'.encode(), InvalidMessage, "utf-7"),
    "UTF-32": (headed(), envelope().encode("utf-32"), InvalidMessage, "XML"),
    "two charsets": (headed("text/xml; charset=utf-8; charset=utf-16"), b"", InvalidMessage, "two charsets"),
    "UTF-16 said, UTF-8 sent": (
        headed("text/xml; charset=utf-16"),
        envelope().encode(),
        InvalidMessage,
        "says utf-16, but the bytes are utf-8",
    ),
    "UTF-16 declared, UTF-8 sent": (
        PLAIN,
        f'<?xml version="1.0" encoding="UTF-16"?>{envelope()}'.encode(),
        InvalidMessage,
        "says utf-16, but the bytes are utf-8",
    ),
    "UTF-8 said, UTF-16 sent": (
        PLAIN,
        envelope().encode("utf-16"),
        InvalidMessage,
        "says utf-8, but the bytes are utf-16",
    ),
    "half a UTF-16 character": (headed(), b"\xff\xfe\x00\xd8<\x00", InvalidMessage, "not UTF-16"),
    "bytes that are not UTF-8": (PLAIN, envelope("<op>\xe9</op>").encode("latin-1"), InvalidMessage, "XML"),
    "nothing": (PLAIN, b"", InvalidMessage, "XML"),
    "no XML": (PLAIN, b"hello", InvalidMessage, "XML"),
    "XML that stops": (PLAIN, envelope().encode()[:-3], InvalidMessage, "XML"),
    "two roots": (PLAIN, (envelope() * 2).encode(), InvalidMessage, "XML"),
    "a prefix that nobody declared": (PLAIN, envelope("<x:op/>").encode(), InvalidMessage, "XML"),
    "an attribute twice": (PLAIN, envelope("<op a='' a=''/>").encode(), InvalidMessage, "XML"),
    "an entity that nobody declared": (PLAIN, envelope("<op>&boom;</op>").encode(), InvalidMessage, "XML"),
    "a character that XML cannot have": (PLAIN, envelope("<op>&#0;</op>").encode(), InvalidMessage, "XML"),
    "a DOCTYPE": (PLAIN, b"<!DOCTYPE s>" + envelope().encode(), InvalidMessage, "DOCTYPE"),
    "an external entity": (
        PLAIN,
        b'<!DOCTYPE s [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + envelope("<op>&x;</op>").encode(),
        InvalidMessage,
        "DOCTYPE",
    ),
    "an external DTD": (PLAIN, b'<!DOCTYPE s SYSTEM "http://127.0.0.1:1/x">', InvalidMessage, "DOCTYPE"),
    "an entity bomb": (
        PLAIN,
        f"<!DOCTYPE s [{BOMB}]>{envelope('<op>&e9;</op>')}".encode(),
        InvalidMessage,
        "DOCTYPE",
    ),
    "a processing instruction": (
        PLAIN,
        b"<?xml-stylesheet href='x'?>" + envelope().encode(),
        InvalidMessage,
        "instruction",
    ),
    "another root": (PLAIN, b"<html/>", InvalidMessage, "html"),
    "no Body": (PLAIN, f'<s:Envelope xmlns:s="{SOAP}"/>'.encode(), InvalidMessage, "no Body"),
    "a Header alone": (
        PLAIN,
        f'<s:Envelope xmlns:s="{SOAP}"><s:Header/></s:Envelope>'.encode(),
        InvalidMessage,
        "no Body",
    ),
    "an empty Body": (PLAIN, envelope("").encode(), InvalidMessage, "Body is empty"),
    "a Body with text": (PLAIN, envelope("hello").encode(), InvalidMessage, "text"),
    "a second Body": (PLAIN, envelope(after="<s:Body><op/></s:Body>").encode(), InvalidMessage, "second Body"),
    "a second element in the Body": (PLAIN, envelope("<op/><op/>").encode(), InvalidMessage, "more than one"),
    "something after the Body": (PLAIN, envelope(after="<x/>").encode(), InvalidMessage, "after its Body"),
    "a Header after the Body": (PLAIN, envelope(after="<s:Header/>").encode(), InvalidMessage, "after its Body"),
    "a second Header": (PLAIN, envelope(header="<s:Header/><s:Header/>").encode(), InvalidMessage, "second Header"),
    "a Body of another namespace": (
        PLAIN,
        f'<s:Envelope xmlns:s="{SOAP}"><Body><op/></Body></s:Envelope>'.encode(),
        InvalidMessage,
        "neither",
    ),
    "a Fault": (PLAIN, envelope("<s:Fault/>").encode(), InvalidMessage, "Fault"),
    "a Header to be understood": (
        PLAIN,
        envelope(header='<s:Header><a xmlns="urn:y" s:mustUnderstand="1"/></s:Header>').encode(),
        MustUnderstand,
        "urn:y#a",
    ),
    "a Header to be understood by the next": (
        PLAIN,
        envelope(
            header='<s:Header><a xmlns="urn:y" s:mustUnderstand="1" '
            's:actor="http://schemas.xmlsoap.org/soap/actor/next"/></s:Header>'
        ).encode(),
        MustUnderstand,
        "urn:y#a",
    ),
    "two SOAPActions": (
        headed("text/xml", ("SOAPAction", "a"), ("SOAPAction", "b")),
        envelope().encode(),
        InvalidMessage,
        "more than once",
    ),
    "too many bytes": (PLAIN, b" " * (xmlgate.MAX_BODY + 1), TooLarge, "262145 bytes"),
    "65 deep": (PLAIN, envelope("<a>" * 63 + "</a>" * 63).encode(), TooLarge, "deep"),
    "33 attributes": (PLAIN, envelope(f"<op {attributes(33)}/>").encode(), TooLarge, "attributes"),
    "33 namespaces": (
        PLAIN,
        envelope(f"<op {namespaces(33)}/>").encode(),
        TooLarge,
        "attributes",
    ),
    "33 attributes and namespaces": (
        PLAIN,
        envelope(f"<op xmlns='u' {attributes(32)}/>").encode(),
        TooLarge,
        "attributes",
    ),
    "20 001 elements": (PLAIN, envelope(f"<op>{'<a/>' * 19_998}</op>").encode(), TooLarge, "elements"),
    "a value above 64 KiB": (PLAIN, envelope(f"<op>{'é' * 32768}!</op>").encode(), TooLarge, "value of 'op'"),
    "a value above 64 KiB in pieces": (
        PLAIN,
        envelope(f"<op>{('x' * 1000 + '<!-- -->') * 66}</op>").encode(),
        TooLarge,
        "value of 'op'",
    ),
    "an attribute above 64 KiB": (PLAIN, envelope(f"<op a='{'x' * 65537}'/>").encode(), TooLarge, "attribute"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_not_allowed_is_refused_by_name(case: str) -> None:
    headers, body, kind, words = REFUSED[case]
    with pytest.raises(VofilesError) as caught:
        admit(headers, body)
    assert type(caught.value) is kind
    assert words in caught.value.message
    assert len(caught.value.message) < 500


STOPS: dict[str, tuple[str, Callable[[int], str], int]] = {
    "depth": ("deep", lambda n: envelope("<a>" * n + "</a>" * n), xmlgate.MAX_DEPTH + 1),
    "elements": ("elements", lambda n: envelope(f"<op>{'<a/>' * n}</op>"), xmlgate.MAX_ELEMENTS + 1),
    "attributes": ("attributes", lambda n: envelope(f"<op {attributes(n)}/><!--"), 3),
    "namespaces": ("attributes", lambda n: envelope(f"<op {namespaces(n)}/><!--"), 2),
    "document type": ("DOCTYPE", lambda n: f"<!DOCTYPE s [{BOMB * n}]><<<not even XML", 0),
    "second element": ("more than one", lambda n: envelope("<op/>" + "<op/>" * n + "<<<"), 4),
}


@pytest.mark.parametrize("what", STOPS)
def test_the_scan_stops_at_the_limit(what: str) -> None:
    """Whatever follows is not looked at: it is not even well-formed, and the count of elements stands still."""
    words, make, elements = STOPS[what]
    scan = Scan("utf-8")
    with pytest.raises((TooLarge, InvalidMessage), match=words):
        scan.run(make(50_000).encode())
    assert scan.elements == elements


def test_the_scan_stops_within_a_long_value() -> None:
    scan = Scan("utf-8")
    with pytest.raises(TooLarge, match="value of 'op'"):
        scan.run(envelope(f"<op>{'x' * 200_000}<<<</op>").encode())


@given(st.binary(max_size=300), st.text(max_size=40), st.text(max_size=40))
def test_random_bytes_raise_nothing_else(body: bytes, content_type: str, action: str) -> None:
    refuses_only_as_promised(Headers([("Content-Type", content_type), ("SOAPAction", action)]), body)
    refuses_only_as_promised(PLAIN, body)
    refuses_only_as_promised(headed(), b"\xff\xfe" + body)


PIECES = st.sampled_from(
    [
        envelope(),
        f'<s:Envelope xmlns:s="{SOAP}">',
        "</s:Envelope>",
        "<s:Header>",
        "</s:Header>",
        "<s:Body>",
        "</s:Body>",
        "<s:Fault/>",
        "<op xmlns='urn:x'>",
        "</op>",
        "<a b='c'/>",
        "<!-- -->",
        "<![CDATA[x]]>",
        "&amp;",
        "&#xD800;",
        "&x;",
        "<?x?>",
        "<?xml version='1.0' encoding='utf-16'?>",
        "<!DOCTYPE a>",
        "text",
        " ",
        "\x00",
        "é",
        "xmlns:xml='u'",
        "<a xmlns='' xmlns:b='' b:c='d'/>",
    ]
)


@given(st.lists(PIECES, max_size=12).map("".join), st.sampled_from(["utf-8", "utf-16", "utf-32", "utf-16-le"]))
def test_almost_envelopes_raise_nothing_else(text: str, encoding: str) -> None:
    refuses_only_as_promised(headed(), text.encode(encoding))


def refuses_only_as_promised(headers: Headers, body: bytes) -> None:
    try:
        message = admit(headers, body)
    except VofilesError as error:
        assert isinstance(error, (InvalidMessage, TooLarge))  # noqa: PT017 - whether it raises is up to the input
    else:
        assert message.name
        etree.fromstring(message.xml, etree.XMLParser(encoding="utf-8", resolve_entities=False))
