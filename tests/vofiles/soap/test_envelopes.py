"""Envelopes of another version, and headers that must be understood: what is told to whom sends them."""

import pytest
from lxml import etree

from tests.support.soapservices import Services
from tests.vofiles.soap.test_service import ME, SOAP, envelope, fault_of, post
from vofiles.contract import FILEMANAGER_NAMESPACE
from vofiles.serving.wsse import SECEXT

SOAP_1_2 = "http://www.w3.org/2003/05/soap-envelope"
OTHER_VERSIONS: dict[str, tuple[str, str, str]] = {
    "SOAP 1.2": ("application/soap+xml; charset=utf-8", SOAP_1_2, "application/soap+xml"),
    "SOAP 1.2 with its action": (
        f'Application/SOAP+XML; charset=utf-8; action="{FILEMANAGER_NAMESPACE}#getIdentifier"',
        SOAP_1_2,
        "application/soap+xml",
    ),
    "the media type of 1.2, the envelope of 1.1": ("application/soap+xml", SOAP, "application/soap+xml"),
    "the media type of 1.1, the envelope of 1.2": ("text/xml", SOAP_1_2, "(SOAP 1.2)"),
    "an envelope of nobody's": ("text/xml", "urn:x", "envelopes of 'urn:x'"),
    "an envelope of no namespace": ("text/xml", "", "envelopes of ''"),
}


@pytest.mark.parametrize("case", OTHER_VERSIONS)
def test_another_version_of_soap_is_told_what_to_send(services: Services, case: str) -> None:
    """SOAP 1.2 part 1, A: by a node of 1.1 it is told in an envelope of 1.1; R1015 asks for a fault."""
    media_type, namespace, words = OTHER_VERSIONS[case]
    body = envelope(f'<getIdentifier xmlns="{FILEMANAGER_NAMESPACE}"/>', soap=namespace)
    if not namespace:
        body = body.replace(b"s:", b"").replace(b"xmlns:s=", b"xmlns=")
    before = len(services.asked)
    answer = post(services, body, Content_Type=media_type)
    code, name, message = fault_of(answer)
    assert (answer.status_code, code, name) == (500, "soap:VersionMismatch", "")
    assert message.startswith("This service speaks SOAP 1.1")
    assert words in message
    assert f"send an envelope of {SOAP} as text/xml" in message
    assert len(services.asked) == before
    upgrade = etree.fromstring(answer.content).find(f"{{{SOAP}}}Header/{{{SOAP_1_2}}}Upgrade/{{{SOAP_1_2}}}*")
    assert upgrade is not None
    prefix, _, local = upgrade.get("qname", "").partition(":")
    assert (upgrade.nsmap[prefix], local) == (SOAP, "Envelope")


def test_other_faults_say_nothing_of_upgrades(services: Services) -> None:
    answer = post(services, b"<x/>")
    assert etree.fromstring(answer.content).find(f"{{{SOAP}}}Header") is None


ADDRESSING, OTHERS = "http://www.w3.org/2005/08/addressing", "urn:others"
NEXT = "http://schemas.xmlsoap.org/soap/actor/next"
TO = f'<w:To xmlns:w="{ADDRESSING}" %s>x</w:To>'
REQUIRED = TO % 's:mustUnderstand="1"'
LOG = f'<l:Log xmlns:l="{OTHERS}" %s/>'
FINE, NOT_UNDERSTOOD, UNREADABLE = "200", "soap:MustUnderstand", "soap:Client"
HEADERS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "none": ("", FINE, ()),
    "1": (TO % 's:mustUnderstand="1"', NOT_UNDERSTOOD, (f"{ADDRESSING}#To",)),
    "true": (TO % 's:mustUnderstand="true"', NOT_UNDERSTOOD, (f"{ADDRESSING}#To",)),
    "1 with space around it": (TO % 's:mustUnderstand=" 1 "', NOT_UNDERSTOOD, ("To",)),
    "0": (TO % 's:mustUnderstand="0"', FINE, ()),
    "false": (TO % 's:mustUnderstand="false"', FINE, ()),
    "not said": (TO % "", FINE, ()),
    "another word": (TO % 's:mustUnderstand="yes"', UNREADABLE, ("mustUnderstand", "'yes'")),
    "of no namespace": (TO % 'mustUnderstand="1"', FINE, ()),
    "of SOAP 1.2": (TO % f'xmlns:t="{SOAP_1_2}" t:mustUnderstand="1"', FINE, ()),
    "actor next": (TO % f's:mustUnderstand="1" s:actor="{NEXT}"', NOT_UNDERSTOOD, ("To",)),
    "actor empty": (TO % 's:mustUnderstand="1" s:actor=""', NOT_UNDERSTOOD, ("To",)),
    "actor of somebody else": (TO % 's:mustUnderstand="1" s:actor="urn:somebody"', FINE, ()),
    "an odd word to somebody else": (TO % 's:mustUnderstand="yes" s:actor="urn:somebody"', FINE, ()),
    "two, none required": (TO % "" + LOG % 's:mustUnderstand="0"', FINE, ()),
    "two, the second required": (TO % "" + LOG % 's:mustUnderstand="1"', NOT_UNDERSTOOD, (f"{OTHERS}#Log",)),
    "two, both required": (
        TO % 's:mustUnderstand="1"' + LOG % 's:mustUnderstand="1"',
        NOT_UNDERSTOOD,
        (f"{ADDRESSING}#To", f"{OTHERS}#Log"),
    ),
    "many": (LOG % 's:mustUnderstand="1"' * 500, NOT_UNDERSTOOD, ("Log",)),
    "required of what is in a header": (f'<o:a xmlns:o="{OTHERS}">{REQUIRED}</o:a>', FINE, ()),
    "our own element": (
        f'<o:getIdentifier xmlns:o="{FILEMANAGER_NAMESPACE}" s:mustUnderstand="1"/>',
        NOT_UNDERSTOOD,
        (f"{FILEMANAGER_NAMESPACE}#getIdentifier",),
    ),
    "WS-Security where nobody reads it": (
        f'<o:Security xmlns:o="{SECEXT}" s:mustUnderstand="1"/>',
        NOT_UNDERSTOOD,
        ("Security",),
    ),
    "WS-Security that may be ignored": (f'<o:Security xmlns:o="{SECEXT}"/>', FINE, ()),
}


@pytest.mark.parametrize("case", HEADERS)
def test_a_header_that_must_be_understood_is_understood_or_refused(services: Services, case: str) -> None:
    """SOAP 1.1, 4.2.3; WS-I BP 1.1, R1027."""
    headers, outcome, words = HEADERS[case]
    services.plan("FileManager", "getIdentifier", ME)
    body = envelope(f'<getIdentifier xmlns="{FILEMANAGER_NAMESPACE}"/>', f"<s:Header>{headers}</s:Header>")
    before = len(services.asked)
    answer = post(services, body)
    if outcome == FINE:
        assert answer.status_code == 200
        return
    code, name, message = fault_of(answer)
    assert (answer.status_code, code) == (500, outcome)
    assert name == ("InvalidMessage" if outcome == UNREADABLE else "")
    assert all(word in message for word in words)
    assert len(message) < 700
    assert len(services.asked) == before
