"""What a service address shows to people: whose it is, what it can do, and how to call it.

Everything on it is in the contract that is served at `?wsdl`, and no more, so it is for everybody. Browsers get HTML
(no script, nothing fetched from anywhere, by its Content-Security-Policy too), curl and whoever does not ask for HTML
gets the same in plain text.

Rule: made once, when the service starts, out of the contract as it is served; every text in it passes `escape`.
"""

import shlex
from base64 import b64encode
from dataclasses import dataclass
from hashlib import sha256
from html import escape
from typing import Final

from lxml import etree

from vofiles.serving.http import Request, Response
from vofiles.serving.xmlgate import SOAP

_WSDL: Final = "{http://schemas.xmlsoap.org/wsdl/}"
_ADDRESS: Final = "{http://schemas.xmlsoap.org/wsdl/soap/}address"

_STYLE: Final = """
:root { color-scheme: light dark; --ink: #1d2430; --quiet: #566175; --paper: #fff; --box: #f3f5f9; --line: #dde2ea;
  --link: #1b57b5 }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e3e7ee; --quiet: #9aa6b8; --paper: #14181f; --box: #1d232d; --line: #303948; --link: #86b4ff } }
* { box-sizing: border-box }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.55 system-ui, sans-serif }
main { max-width: 60rem; margin: 0 auto; padding: 2rem 1.25rem 4rem }
h1 { margin: 0; font-size: 1.9rem; line-height: 1.2 }
h2 { margin: 2.5rem 0 .75rem; font-size: 1.2rem }
h3 { margin: 1.5rem 0 .4rem; font-size: 1rem }
p { margin: .5rem 0 }
a { color: var(--link) }
code, pre { font-family: ui-monospace, "Liberation Mono", monospace; font-size: .875rem }
pre { margin: 0; padding: .8rem 1rem; background: var(--box); border: 1px solid var(--line); border-radius: 6px;
  overflow-x: auto }
.lead { color: var(--quiet); font-size: 1.05rem }
dl { display: grid; grid-template-columns: max-content 1fr; margin: 0 }
dt, dd { margin: 0; padding: .4rem 0; border-bottom: 1px solid var(--line); overflow-wrap: anywhere }
dt { padding-right: 1.5rem }
.facts dt { color: var(--quiet) }
.operations dt { font-weight: 600 }
@media (max-width: 40rem) { dl { display: block } dt { border: 0; padding-bottom: 0 } dd { padding-top: .1rem } }
"""

_STYLE_HASH: Final = b64encode(sha256(_STYLE.encode()).digest()).decode()
_POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS: Final = (
    ("Content-Security-Policy", _POLICY),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Vary", "Accept"),
)


WAYS: Final = {
    "Basic": "HTTP Basic",
    "Bearer": "a Bearer token",
    "UsernameToken": "a WS-Security UsernameToken with the password as text",
    "Signature": "a signature",
}
"""How callers can say who they are."""


@dataclass(frozen=True, slots=True)
class Port:
    """What a contract says of one of its port types."""

    name: str
    service: str
    """The wsdl:service in which it is."""
    namespace: str
    address: str
    about: str
    operations: tuple[tuple[str, str], ...]
    """Each with the first sentence of its documentation."""


def read_port(wsdl: bytes, name: str) -> Port:
    """The port of a port type in a contract, with the address that stands there. Raises LookupError."""
    root = etree.fromstring(wsdl)
    described = next((each for each in root.iterfind(f"{_WSDL}portType") if each.get("name") == name), None)
    bindings = {each.get("name") for each in root.iterfind(f"{_WSDL}binding") if _local(each.get("type")) == name}
    found = [
        (service, port)
        for service in root.iterfind(f"{_WSDL}service")
        for port in service.iterfind(f"{_WSDL}port")
        if _local(port.get("binding")) in bindings
    ]
    if described is None or not found:
        raise LookupError(f"the contract has no port {name}")
    service, port = found[0]
    address = port.find(_ADDRESS)
    operations = described.iterfind(f"{_WSDL}operation")
    return Port(
        port.get("name", ""),
        service.get("name", ""),
        root.get("targetNamespace", ""),
        "" if address is None else address.get("location", ""),
        _documentation(described),
        tuple((each.get("name", ""), _first_sentence(_documentation(each))) for each in operations),
    )


def _local(qname: str | None) -> str:
    return (qname or "").rpartition(":")[2]


class Page:
    """The page of one port, ready to be sent. For any number of threads."""

    def __init__(self, port: Port, identifier: str, ways: tuple[str, ...]) -> None:
        """`ways` are those in which callers say who they are, keys of WAYS; by Basic people can call it as they are."""
        parts = _Parts(port, identifier, ways)
        self._html = Response(200, (("Content-Type", "text/html; charset=utf-8"), *_HEADERS), _html(parts))
        self._text = Response(200, (("Content-Type", "text/plain; charset=utf-8"), *_HEADERS), _text(parts))

    def answer(self, request: Request) -> Response:
        """The page as who asks would like it."""
        wanted = ",".join(request.headers.get_all("accept")).lower()
        return self._html if "text/html" in wanted else self._text


@dataclass(frozen=True, slots=True)
class _Parts:
    """What both forms of the page are made of."""

    port: Port
    identifier: str
    ways: tuple[str, ...]

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        whose = (("Identifier", self.identifier),) if self.identifier else ()
        protocol = "SOAP 1.1, document/literal"
        return (*whose, ("Address", self.port.address), ("Protocol", protocol), ("Namespace", self.port.namespace))

    @property
    def examples(self) -> tuple[tuple[str, str], ...]:
        """A heading, and what to type."""
        if "Basic" not in self.ways:
            return (("The contract, by curl", f"curl {shlex.quote(f'{self.port.address}?wsdl')}"),)
        login = self.port.address.rpartition("/")[0]
        return (
            ("With curl", self._curl()),
            ("With Python's zeep", self._zeep()),
            ("With the vofiles command", f"vofiles login {shlex.quote(login)} --user NAME\nvofiles ls -l home:"),
        )

    @property
    def manner(self) -> str:
        """Who can call, in a sentence."""
        if "Basic" not in self.ways:
            return "Services call this address, not people: each request is signed with a key that both of them have."
        return f"Callers say who they are, in one of these ways: {', '.join(WAYS[way] for way in self.ways)}."

    def _curl(self) -> str:
        lines = (
            "",
            f'<s:Envelope xmlns:s="{SOAP}">',
            f'  <s:Body><getIdentifier xmlns="{self.port.namespace}"/></s:Body>',
            "</s:Envelope>",
        )
        address, body = shlex.quote(self.port.address), shlex.quote("\n".join(lines))
        return f"curl --user NAME {address} --header 'Content-Type: text/xml' --data {body}"

    def _zeep(self) -> str:
        return (
            "from requests import Session\n"
            "from zeep import Client, Transport\n"
            "\n"
            "session = Session()\n"
            'session.auth = ("NAME", "PASSWORD")\n'
            f'client = Client("{self.port.address}?wsdl", transport=Transport(session=session))\n'
            f'service = client.bind("{self.port.service}", "{self.port.name}")\n'
            "print(service.getIdentifier())"
        )


def _html(parts: _Parts) -> bytes:
    port = parts.port
    facts = "".join(f"<dt>{escape(name)}</dt><dd><code>{escape(value)}</code></dd>\n" for name, value in parts.facts)
    operations = "".join(
        f"<dt><code>{escape(name)}</code></dt><dd>{escape(about)}</dd>\n" for name, about in port.operations
    )
    examples = "".join(
        f'<h3>{escape(heading)}</h3>\n<pre tabindex="0"><code>{escape(typed)}</code></pre>\n'
        for heading, typed in parts.examples
    )
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(" – ".join(filter(None, (port.name, parts.identifier))))}</title>
<style>{_STYLE}</style>
</head>
<body>
<main>
<h1>{escape(port.name)}</h1>
<p class="lead">{escape(port.about)}</p>
<dl class="facts">
{facts}<dt>Contract</dt><dd><a href="?wsdl">the WSDL of this service</a></dd>
</dl>
<h2>How to call it</h2>
<p>{escape(parts.manner)}</p>
{examples}<h2>Operations</h2>
<dl class="operations">
{operations}</dl>
</main>
</body>
</html>
""".encode()


def _text(parts: _Parts) -> bytes:
    port = parts.port
    facts = (*parts.facts, ("Contract", f"{port.address}?wsdl"))
    lines = [port.name, port.about, "", *(f"{name + ':':12}{value}" for name, value in facts), "", parts.manner]
    for heading, typed in parts.examples:
        lines += ["", f"{heading}:", *(f"    {line}".rstrip() for line in typed.splitlines())]
    width = max((len(name) for name, _ in port.operations), default=0)
    lines += ["", "Operations:", *(f"    {name:{width}}  {about}" for name, about in port.operations)]
    return ("\n".join(lines) + "\n").encode()


def _documentation(element: etree._Element) -> str:
    return " ".join((element.findtext(f"{_WSDL}documentation") or "").split())


def _first_sentence(text: str) -> str:
    head, mark, _ = text.partition(". ")
    return head + "." if mark else text
