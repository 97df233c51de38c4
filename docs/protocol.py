"""Draws docs/protocol.md: `python -m docs.protocol`, or ./toxw -e docs; --check only compares.

    protocol.in.md      the prose, with a place `${…}` for each thing below
    exchanges           what tests/support/protocolplay.py has said to real services
    figures             constants of the code
    recipes             tests/interop/*/recipe.*, which the interop suite runs

Rule: no figure, request or answer is written down here or in the prose; tests/ground/test_protocol.py draws the page
anew and compares.
"""

import argparse
import logging
import re
import shlex
import sys
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Mapping
from pathlib import Path
from string import Template

import structlog
from lxml import etree

from docs.figures import figures
from tests.interop.clients import CLIENTS
from tests.support.exampleservices import SECRET, WSDL
from tests.support.exchanges import Exchange, Headers
from tests.support.protocolplay import play
from vofiles.contract import ALWAYS, CALLBACK, FILEMANAGER, FILESTORE, Operation
from vofiles.faults import CATEGORIES
from vofiles.serving.signatures import COMPONENTS, signature_base
from vofiles.serving.wsdl import Published
from vofiles.shape import parts

FOLDER = Path(__file__).parent
ROOT = FOLDER.parent
PAGE = FOLDER / "protocol.md"
PROSE = FOLDER / "protocol.in.md"
PORTS = {"FileManager": FILEMANAGER, "FileManagerCallback": CALLBACK, "FileStore": FILESTORE}
SIGNED = "FileStore.importInit"
"""Which exchange shows a signature."""
RECIPES = {
    "curl": "curl, in a shell",
    "vofiles": "Python, by our own client",
    "zeep": "Python, zeep",
    "suds": "Python, suds",
    "node": "JavaScript, node with the package soap",
    "php": "PHP, SoapClient",
    "perl": "Perl, SOAP::Lite",
    "gsoap": "C++, gSOAP",
    "axis": "Java, Apache Axis 1.4",
    "jaxws": "Java, JAX-WS",
}
"""Folders of tests/interop, and how people know what is in them."""
CONTRACT = "filemanager.wsdl"
_LANGUAGES = {"sh": "sh", "py": "python", "mjs": "js", "cjs": "js", "pl": "perl", "cpp": "cpp"}
_WSDL = "{http://schemas.xmlsoap.org/wsdl/}"
_TITLE = "<!-- Drawn by docs/protocol.py: change the code or protocol.in.md, then ./toxw -e docs -->\n"


def page(exchanges: Mapping[str, Exchange]) -> str:
    """The whole page. Raises KeyError for an operation that has no exchange, or a place that nothing is for."""
    places = {
        **figures(),
        **_listings(),
        **_signed(exchanges[SIGNED]),
        "contents": _contents(),
        "recipes": recipes(),
        "faults": "\n\n".join(_fault(name, exchanges[f"fault.{name}"]) for name in CATEGORIES),
        "challenge": exchange(exchanges["fault.Refused"]),
        **{name: exchange(each) for name, each in exchanges.items() if "." not in name},
        **{name: exchange(each) for name, each in exchanges.items() if name.startswith(("data.", "fault."))},
        **{name: _port(name, operations, exchanges) for name, operations in PORTS.items()},
    }
    return _TITLE + _Prose(PROSE.read_text(encoding="utf-8")).substitute(places)


class _Prose(Template):
    """A place may have dots in its name, and is always in braces."""

    idpattern = r"(?-i:[A-Za-z_.]+)"
    flags = re.VERBOSE


# --- exchanges ---


def exchange(shown: Exchange) -> str:
    """A request and its answer."""
    return f"```http\n{request(shown)}\n```\n```http\n{answer(shown)}\n```"


def request(shown: Exchange) -> str:
    """The request."""
    head = [f"{shown.method} {shown.target} HTTP/1.1", *_headers(shown.headers, soap=_is_xml(shown.headers))]
    return _message(head, shown.body, xml=_is_xml(shown.headers))


def answer(shown: Exchange) -> str:
    """The answer."""
    head = [f"HTTP/1.1 {shown.status} {shown.reason}", *_headers(shown.answer_headers, soap=_is_xml(shown.headers))]
    return _message(head, shown.answer, xml=_is_xml(shown.headers))


def _is_xml(headers: Headers) -> bool:
    # A content may be XML, too, but is sent without a SOAPAction, and by PUT.
    types = [value for name, value in headers if name == "Content-Type"]
    return any(kind.startswith(("text/xml", "application/soap+xml")) for kind in types)


def _headers(headers: Headers, *, soap: bool) -> list[str]:
    return [f"{name}: {value}" for name, value in headers if not (soap and name == "Content-Length")]


def _message(head: list[str], body: bytes, *, xml: bool) -> str:
    if not body:
        return "\n".join(head)
    return "\n".join([*head, "", indented(body) if xml else body.decode().rstrip("\n")])


def indented(body: bytes) -> str:
    """An envelope with each element on a line of its own."""
    root = etree.fromstring(body)
    etree.indent(root)
    return etree.tostring(root, encoding="unicode")


# --- operations ---


def _port(name: str, operations: Iterable[Operation], exchanges: Mapping[str, Exchange]) -> str:
    documented = _documentation(name)
    sections = []
    for operation in operations:
        faults = [fault for fault in operation.faults if fault not in ALWAYS]
        told = f"{documented[operation.name]}\n"
        if faults:
            told += f"\nFaults besides {', '.join(ALWAYS)}: {', '.join(faults)}.\n"
        shown = exchange(exchanges[f"{name}.{operation.name}"])
        sections.append(f"## {_heading(name, operation.name)}\n{told}\n{shown}\n")
    return "\n".join(sections)


def _heading(port: str, operation: str) -> str:
    return operation if port == "FileManager" else f"{port}: {operation}"


def _documentation(port: str) -> dict[str, str]:
    """The sentences that the published contract has for the operations of a port type."""
    root = etree.fromstring(Published(WSDL[port]).text)
    (port_type,) = (each for each in root.iterfind(f"{_WSDL}portType") if each.get("name") == port)
    return {
        operation.get("name", ""): " ".join((operation.findtext(f"{_WSDL}documentation") or "").split())
        for operation in port_type.iterfind(f"{_WSDL}operation")
    }


def _fault(category: str, shown: Exchange) -> str:
    return f"### {category}\n{exchange(shown)}"


# --- lists ---


def _contents() -> str:
    prose = PROSE.read_text(encoding="utf-8")
    chapters = [_link(title) for title in re.findall(r"^## (.+)$", prose, re.MULTILINE)]
    lines = [f"**About**: {' · '.join(chapters)}"]
    for port, operations in PORTS.items():
        links = (_link(_heading(port, operation.name), operation.name) for operation in operations)
        lines.append(f"**{port}**: {' · '.join(links)}")
    return "\n\n".join(lines)


def _link(heading: str, shown: str = "") -> str:
    """A link as forges make anchors of headings."""
    anchor = re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")
    return f"[{shown or heading}](#{anchor})"


def _listings() -> dict[str, str]:
    """Which operations of the FileManager take what."""
    wanted = {
        "with_key": "idempotencyKey",
        "with_generation": "ifGeneration",
        "with_version": "ifVersion",
        "with_pages": "after",
        "with_wait": "wait",
    }
    taking = {place: _taking(element) for place, element in wanted.items()}
    assert all(taking.values()), taking
    return {place: ", ".join(f"`{name}`" for name in names) for place, names in taking.items()}


def _taking(element: str) -> list[str]:
    return [one.name for one in FILEMANAGER if any(part.element == element for part in parts(one.request))]


# --- recipes ---


def recipes() -> str:
    """The programs that the interop suite runs, as far as there are any, each as it stands."""
    folder = ROOT / "tests" / "interop"
    found = {name: path for name in RECIPES for path in (folder / name).glob("recipe.*")}
    return "\n\n".join(f"### {RECIPES[name]}\n{_steps(name)}{_program(path)}" for name, path in found.items())


def _program(path: Path) -> str:
    language = _LANGUAGES.get(path.suffix[1:], path.suffix[1:])
    return f"```{language}\n{path.read_text(encoding='utf-8').rstrip()}\n```"


def _steps(name: str) -> str:
    """How the suite builds a recipe that needs stubs, in a folder with the recipe and the contract."""
    steps = [step for client in CLIENTS if client.name == name for step in client.build]
    if not any("{contract}" in step for step in steps):
        return ""
    texts = [shlex.join(word.replace("{here}/", "").replace("{contract}", CONTRACT) for word in step) for step in steps]
    wanted = [text for text in texts if not re.search(r"\bjob\b", text)]
    return f"Where `{CONTRACT}` is the contract as it is served:\n```sh\n{chr(10).join(wanted)}\n```\n"


# --- signatures ---


def _signed(shown: Exchange) -> dict[str, str]:
    """A signed request to the byte, and what its signature is made of."""
    values = dict(shown.headers)
    params = values["Signature-Input"].partition("=")[2]
    digest = values["Content-Digest"]
    covered = {"@method": shown.method, "@path": shown.target, "@query": "?", "content-digest": digest}
    base = signature_base([(name, covered[name]) for name in COMPONENTS], params).decode()
    key = re.findall(r'keyid="([^"]*)"', params)
    head = [f"{shown.method} {shown.target} HTTP/1.1", *(f"{name}: {value}" for name, value in shown.headers)]
    text = "\n".join([*head, "", shown.body.decode()])
    return {
        "SIGNED_KEY": key[0],
        "SIGNED_SECRET": urlsafe_b64encode(SECRET).decode(),
        "signed": f"```http\n{text}\n```",
        "signature_base": f"```\n{base}\n```",
    }


def main() -> int:
    """Writes the page, or says whether it differs."""
    parser = argparse.ArgumentParser(description="Draws docs/protocol.md.")
    parser.add_argument("--check", action="store_true", help="only compare; exit 1 where the page differs")
    check = parser.parse_args().check
    quiet()
    text = page(play())
    same = PAGE.exists() and PAGE.read_text(encoding="utf-8") == text
    if not check and not same:
        PAGE.write_text(text, encoding="utf-8")
    print("all is as drawn" if same else f"{'differs' if check else 'drawn'}: docs/protocol.md")
    return 1 if check and not same else 0


def quiet() -> None:
    """Have services say only what is wrong: here their faults are asked for."""
    logging.getLogger("spyne").setLevel(logging.ERROR)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))


if __name__ == "__main__":
    sys.exit(main())
