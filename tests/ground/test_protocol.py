"""docs/protocol.md and protocol-astrogrid.md are true: their exchanges are those of a scenario that is played here.

Rule: whatever the page shows or claims in figures is drawn, so that one comparison holds it; the tests beside it are of
what a drawing could leave out, and of what a reader could check.
"""

import hmac
import re
from base64 import b64decode, b64encode, urlsafe_b64decode
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from string import Template

import pytest
from lxml import etree

from docs import astrogrid, figures, protocol
from docs.drawing import link, prose
from filemanager.api.astrogrid.dialects import CLASSES
from filemanager.api.astrogrid.types import OPERATIONS as ASTROGRID_OPERATIONS
from tests.interop.clients import CLIENTS, INTEROP
from tests.interop.recipes import WITHOUT_JOB
from tests.support.exampleservices import WSDL
from tests.support.exchanges import Exchange
from tests.support.protocolplay import play
from vofiles.contract import Operation
from vofiles.faults import CATEGORIES, ERRORS, row_of
from vofiles.serving.wsdl import Published

SOAP = "{http://schemas.xmlsoap.org/soap/envelope/}"
OPERATIONS = [(port, operation) for port, operations in protocol.PORTS.items() for operation in operations]
LINES = 12
FRAME = re.compile(r"#include |import |use |<\?php|class \w+ {|.*\bmain\(.*{|[ {}]*\Z")
"""What a language wants around a program, which is no line of the recipe."""
PAGE = protocol.PAGE.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def exchanges() -> Mapping[str, Exchange]:
    return play()


def payload(envelope: bytes) -> etree._Element:
    body = etree.fromstring(envelope).find(f"{SOAP}Body")
    assert body is not None
    (element,) = body
    return element


@pytest.mark.parametrize("path", [protocol.PAGE, protocol.ASTROGRID], ids=lambda path: path.name)
def test_a_page_is_what_was_said(exchanges: Mapping[str, Exchange], path: Path) -> None:
    drawn, kept = protocol.pages(exchanges)[path], path.read_text(encoding="utf-8")
    assert drawn.splitlines() == kept.splitlines(), "./toxw -e docs draws it anew"
    assert drawn == kept


@pytest.mark.parametrize(("port", "operation"), OPERATIONS, ids=lambda each: getattr(each, "name", each))
def test_each_operation_is_shown_as_its_contract_has_it(
    exchanges: Mapping[str, Exchange], port: str, operation: Operation
) -> None:
    shown = exchanges[f"{port}.{operation.name}"]
    assert shown.status == 200
    schema = Published(WSDL[port]).schema
    for envelope, name in ((shown.body, operation.name), (shown.answer, f"{operation.name}Response")):
        element = payload(envelope)
        assert etree.QName(element).localname == name
        assert schema.validate(element), schema.error_log
    heading = operation.name if port == "FileManager" else f"{port}: {operation.name}"
    assert f"\n## {heading}\n" in PAGE


def test_an_operation_that_nobody_plays_is_missed(exchanges: Mapping[str, Exchange]) -> None:
    without = {name: each for name, each in exchanges.items() if name != "FileStore.duplicate"}
    with pytest.raises(KeyError, match=r"FileStore\.duplicate"):
        protocol.page(without)


@pytest.mark.parametrize("path", [protocol.PAGE, protocol.ASTROGRID], ids=lambda path: path.name)
def test_links_within_a_page_arrive(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    anchors = {link(heading).partition("(#")[2][:-1] for heading in headings}
    wanted = re.findall(r"\]\(#([^)]+)\)", text)
    assert wanted
    assert [anchor for anchor in wanted if anchor not in anchors] == []


@pytest.mark.parametrize("dialect", astrogrid.DIALECTS)
def test_all_of_astrogrid_is_shown_in_both_dialects(exchanges: Mapping[str, Exchange], dialect: str) -> None:
    page = protocol.ASTROGRID.read_text(encoding="utf-8")
    for operation in ASTROGRID_OPERATIONS:
        assert exchanges[f"{dialect}.{operation.name}"].status == 200
        assert f"\n## {operation.name}\n" in page
    for fault in astrogrid.FAULTS:
        # What the last element of the detail says is what old clients go by.
        assert payload(exchanges[f"{dialect}.{fault}"].answer).findall("detail/*")[-1].text == f"{CLASSES}.{fault}"


@pytest.mark.parametrize("category", CATEGORIES)
def test_each_category_of_faults_is_shown(exchanges: Mapping[str, Exchange], category: str) -> None:
    shown = exchanges[f"fault.{category}"]
    assert shown.status == (401 if category == "Refused" else 500)
    detail = payload(shown.answer).find("detail")
    assert detail is not None
    assert [etree.QName(child).localname for child in detail] == [category]


def test_a_reader_can_check_the_signature() -> None:
    chapter = PAGE[PAGE.index("## Between services") :]
    secret = urlsafe_b64decode(re.findall(r"the secret `([^`]+)`", chapter)[0])
    request, base = re.findall(r"```(?:http)?\n(.*?)\n```", chapter, re.DOTALL)[:2]
    head, _, body = request.partition("\n\n")
    headers = dict(line.split(": ", 1) for line in head.splitlines()[1:])
    assert int(headers["Content-Length"]) == len(body.encode())
    assert headers["Content-Digest"] == f"sha-256=:{b64encode(sha256(body.encode()).digest()).decode()}:"
    assert headers["Content-Digest"] in base
    assert base.endswith(f'"@signature-params": {headers["Signature-Input"].removeprefix("vofiles=")}')
    signature = headers["Signature"].removeprefix("vofiles=:").removesuffix(":")
    assert hmac.digest(secret, base.encode(), "sha256") == b64decode(signature)


def test_statuses_of_the_data_plane_are_those_of_the_table_of_faults() -> None:
    bytes_ = PAGE[PAGE.index("\n## Bytes\n") :]
    rows = re.findall(r"^\| ([0-9, ]+) \| [A-Z, al]+ \| (.*) \|$", bytes_, re.MULTILINE)
    told = {name: statuses for statuses, text in rows for name in re.findall(r"`([A-Z]\w+)`", text) if name in ERRORS}
    assert {"TicketExpired", "TicketUnknown", "TicketUsed", "ChecksumMismatch", "Incomplete"} <= told.keys()
    for name, statuses in told.items():
        assert str(row_of(ERRORS[name]).status) in statuses.split(", "), name


def test_passwords_and_tokens_are_examples(exchanges: Mapping[str, Exchange]) -> None:
    for shown in exchanges.values():
        given = dict(shown.headers).get("Authorization", "")
        scheme, _, word = given.partition(" ")
        told = b64decode(word).decode() if scheme == "Basic" else word
        assert not told or "example" in told


def test_each_recipe_is_run_by_the_interop_suite_and_shown() -> None:
    written = {path.parent.name for path in INTEROP.glob("*/recipe.*")}
    run = {client.name for client in (*CLIENTS, *WITHOUT_JOB)}
    assert written <= run
    assert written <= protocol.RECIPES.keys()
    for name in written:
        assert f"### {protocol.RECIPES[name]}\n" in PAGE


@pytest.mark.parametrize("path", sorted(INTEROP.glob("*/recipe.*")), ids=lambda path: path.parent.name)
def test_a_recipe_is_short(path: Path) -> None:
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if not FRAME.match(line)]
    assert len(lines) <= LINES


def test_every_figure_stands_somewhere() -> None:
    places = set(re.findall(r"\$\{([^}]+)\}", prose(protocol.PROSE)))
    assert set(figures.figures()) - places == set()
    # Nothing of a place is left over, as `$` alone would be.
    assert Template.delimiter not in re.sub(r"```.*?```", "", PAGE, flags=re.DOTALL)


def test_figures_are_whole() -> None:
    assert figures.number(20_000) == "20 000"
    with pytest.raises(ValueError, match="no whole number"):
        figures.number(1.5)
