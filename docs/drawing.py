"""How pages of the protocol are drawn: exchanges as text, links, and prose with places.

Rule: shown is what was said; white space between elements and a few headers are all that differs (protocol.in.md says
which).
"""

import re
from pathlib import Path
from string import Template

from lxml import etree

from tests.support.exchanges import Exchange, Headers
from vofiles.serving.wsdl import Published

FOLDER = Path(__file__).parent
_WSDL = "{http://schemas.xmlsoap.org/wsdl/}"


class Prose(Template):
    """A text with places `${…}`, in whose names may be dots. `substitute` raises KeyError where nothing is for one."""

    idpattern = r"(?-i:[A-Za-z0-9_.]+)"
    flags = re.VERBOSE


def prose(name: str) -> str:
    """The prose of a page."""
    return (FOLDER / name).read_text(encoding="utf-8")


def filled(name: str, places: dict[str, str]) -> str:
    """A page: the prose of that name with its places filled. Raises KeyError for a place that nothing is for."""
    title = f"<!-- Drawn by docs/protocol.py: change the code or {name}, then ./toxw -e docs -->\n"
    return title + Prose(prose(name)).substitute(places)


def exchange(shown: Exchange) -> str:
    """A request and its answer."""
    return f"```http\n{request(shown)}\n```\n```http\n{answer(shown)}\n```"


def request(shown: Exchange) -> str:
    """The request."""
    head = [f"{shown.method} {shown.target} HTTP/1.1", *_headers(shown.headers, soap=_is_soap(shown))]
    return _message(head, shown.body, soap=_is_soap(shown))


def answer(shown: Exchange) -> str:
    """The answer."""
    head = [f"HTTP/1.1 {shown.status} {shown.reason}", *_headers(shown.answer_headers, soap=_is_soap(shown))]
    return _message(head, shown.answer, soap=_is_soap(shown))


def indented(body: bytes) -> str:
    """An envelope with each element on a line of its own."""
    root = etree.fromstring(body)
    etree.indent(root)
    return etree.tostring(root, encoding="unicode")


def documentation(wsdl: str, port: str) -> dict[str, str]:
    """The sentences that a published contract has for the operations of a port type."""
    root = etree.fromstring(Published(wsdl).text)
    (port_type,) = (each for each in root.iterfind(f"{_WSDL}portType") if each.get("name") == port)
    return {
        operation.get("name", ""): " ".join((operation.findtext(f"{_WSDL}documentation") or "").split())
        for operation in port_type.iterfind(f"{_WSDL}operation")
    }


def link(heading: str, shown: str = "") -> str:
    """A link as forges make anchors of headings."""
    anchor = re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")
    return f"[{shown or heading}](#{anchor})"


def _is_soap(shown: Exchange) -> bool:
    # A content may be XML, too, but is PUT.
    kind = dict(shown.headers).get("Content-Type", "")
    return shown.method == "POST" and kind.startswith(("text/xml", "application/soap+xml"))


def _headers(headers: Headers, *, soap: bool) -> list[str]:
    return [f"{name}: {value}" for name, value in headers if not (soap and name == "Content-Length")]


def _message(head: list[str], body: bytes, *, soap: bool) -> str:
    if not body:
        return "\n".join(head)
    return "\n".join([*head, "", indented(body) if soap else body.decode().rstrip("\n")])
