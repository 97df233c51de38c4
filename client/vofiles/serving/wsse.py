"""WS-Security in a request that has passed the gate: who it says has sent it, and until when it is good.

OASIS WSS SOAP Message Security and its UsernameToken Profile, 1.0 and 1.1 alike (the namespaces are those of 1.0). One
UsernameToken with the password as text is what is understood here, and a Timestamp; a Nonce and a Created are read
over, because what they guard against cannot happen to a password within TLS.

Rule: it reads and proves nothing. What else there is in the header (signatures, other tokens) is named and not read,
and refused if the sender wants it understood; passwords stay out of every text that is made of these values.
"""

from dataclasses import dataclass, field
from typing import Final

from lxml import etree

from vofiles.errors import InvalidArgument, NotAuthenticated
from vofiles.instant import Instant, parse_instant
from vofiles.serving.xmlgate import SOAP, MustUnderstand, is_for_us, is_required

_WSS: Final = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss"
SECEXT: Final = f"{_WSS}-wssecurity-secext-1.0.xsd"
UTILITY: Final = f"{_WSS}-wssecurity-utility-1.0.xsd"
PASSWORD_TEXT: Final = f"{_WSS}-username-token-profile-1.0#PasswordText"
PASSWORD_DIGEST: Final = f"{_WSS}-username-token-profile-1.0#PasswordDigest"

SECURITY: Final = f"{SECEXT} Security"
"""The header, as the gate names it."""
PREFIXES: Final = {"wsse": SECEXT, "wsu": UTILITY}
"""Of the faultcodes."""

_TOKEN: Final = f"{{{SECEXT}}}UsernameToken"
_STAMP: Final = f"{{{UTILITY}}}Timestamp"


class SecurityFault(NotAuthenticated):
    """The request's WS-Security header does not say who you are"""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason=reason)
        self.code = code
        """The faultcode, with a prefix of PREFIXES (SOAP Message Security, 12)."""

    @property
    def name(self) -> str:
        """What it is to whoever knows our errors."""
        return NotAuthenticated.__name__

    def __reduce__(self) -> tuple[object, ...]:
        return (NotAuthenticated.received, (self.message, self.properties))


@dataclass(frozen=True, slots=True)
class UsernameToken:
    """A name, and the password that is to prove it."""

    username: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Security:
    """What a header says."""

    token: UsernameToken | None = None
    expires: Instant | None = None
    unread: str = ""
    """The name of something else in it, which may well be said of the sender too."""


def read_security(xml: bytes) -> Security:
    """What the WS-Security header of an envelope (UTF-8, past the gate) says. Raises SecurityFault, MustUnderstand."""
    parser = etree.XMLParser(
        encoding="utf-8", resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True
    )
    found = [
        header
        for header in etree.fromstring(xml, parser).iterfind(f"{{{SOAP}}}Header/{{{SECEXT}}}Security")
        if is_for_us(header.get(f"{{{SOAP}}}actor", ""))
    ]
    if len(found) != 1:
        raise SecurityFault("wsse:InvalidSecurity", f"it has {len(found)} Security headers")
    (header,) = found
    tokens, stamps = header.findall(_TOKEN), header.findall(_STAMP)
    others = [str(child.tag) for child in header if child.tag not in (_TOKEN, _STAMP)]
    if others and is_required(header.get(f"{{{SOAP}}}mustUnderstand", "0")):
        raise MustUnderstand(ascii(others[0][:200]), reason="of what WS-Security has, one UsernameToken is taken")
    if len(tokens) > 1 or len(stamps) > 1:
        raise SecurityFault("wsse:InvalidSecurity", "send one UsernameToken, and one Timestamp at the most")
    token, expires = _token_of(tokens[0]) if tokens else None, _expiry_of(stamps[0]) if stamps else None
    return Security(token, expires, ascii(others[0][:200]) if others else "")


def _token_of(element: etree._Element) -> UsernameToken:
    password = _single(element, "Password")
    kind = password.get("Type", PASSWORD_TEXT)
    if kind == PASSWORD_DIGEST:
        reason = "a PasswordDigest cannot be checked, because only hashes of passwords are kept; send PasswordText"
        raise SecurityFault("wsse:UnsupportedSecurityToken", reason)
    if kind != PASSWORD_TEXT:
        reason = f"the password's Type is {ascii(kind[:120])}; send {PASSWORD_TEXT}"
        raise SecurityFault("wsse:UnsupportedSecurityToken", reason)
    return UsernameToken((_single(element, "Username").text or "").strip(), password.text or "")


def _single(token: etree._Element, name: str) -> etree._Element:
    found = token.findall(f"{{{SECEXT}}}{name}")
    if len(found) != 1 or len(found[0]):
        raise SecurityFault("wsse:InvalidSecurityToken", f"a UsernameToken has one {name}, which is text")
    return found[0]


def _expiry_of(stamp: etree._Element) -> Instant | None:
    text = stamp.findtext(f"{{{UTILITY}}}Expires")
    if text is None:
        return None
    try:
        return parse_instant(text.strip())
    except InvalidArgument as error:
        raise SecurityFault("wsse:InvalidSecurity", "the Timestamp's Expires is no dateTime in UTC") from error
