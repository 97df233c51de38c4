"""Requests are read alike by our decoder and by spyne, whatever is in them and however they are written."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from filemanager.api.astrogrid import types as astrogrid
from filemanager.api.astrogrid.dialects import AstroGrid
from tests.support.bothways import outcome
from tests.support.soapservices import PORTS
from tests.support.wirevalues import fullest, values_of
from vofiles.contract import (
    FILEMANAGER_NAMESPACE,
    AddNode,
    Digest,
    GetNode,
    Operation,
    Property,
    Receipt,
    TransferCompleted,
)
from vofiles.instant import Instant
from vofiles.ivorn import Ivorn, LongIdentifier
from vofiles.serving import decoding, replies
from vofiles.serving.dispatch import Dispatcher
from vofiles.serving.wsdl import Published
from vofiles.shape import parts

DISPATCHERS = {port: Dispatcher(Published(wsdl), port, operations) for port, (_, wsdl, _, operations) in PORTS.items()}
OPERATIONS = [
    pytest.param(port, operation, id=f"{port}.{operation.name}")
    for port, (*_, operations) in PORTS.items()
    for operation in operations
]
NIL = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:nil='
# How a leaf of a request may be written besides, or be wrong: each takes the text and gives what stands in its place.
SPELLINGS: tuple[Callable[[str], str], ...] = (
    lambda text: f" {text}\n",
    lambda text: f"<!-- a remark -->{text}",
    lambda text: f"{text[:1]}<!-- a remark -->{text[1:]}",
    lambda text: f"<![CDATA[{text}]]>" if "&" not in text and "]]>" not in text else text,
    lambda text: f"+{text}",
    lambda text: f"000{text}",
    lambda text: f"<x>{text}</x>",
    lambda text: text.upper(),
    lambda text: text + text,
    lambda _: "",
    lambda _: "-0",
    lambda _: "1",
    lambda _: "0",
    lambda _: "true",
    lambda _: " false ",
    lambda _: "9223372036854775807",
    lambda _: "9223372036854775808",
    lambda _: "0" * 5000 + "1",
    lambda _: "٣",
    lambda _: "1_0",
    lambda _: "2026-11-22T24:00:00Z",
    lambda _: "2026-11-22T24:00:00.000000Z",
    lambda _: "2026-02-30T10:00:00.000000Z",
    lambda _: "2026-11-22T10:00:60.000000Z",
    lambda _: "2026-11-22T23:59:59.999999Z",
    lambda _: "0001-01-01T00:00:00.000001Z",
    lambda _: "0000-01-01T00:00:00.000000Z",
    lambda _: "2026-11-22T10:00:00.1234567Z",
    lambda _: "2026-11-22T10:00:00.000001+01:00",
    lambda _: "ivo://",
    lambda _: "ivo://a b/c#d",
    lambda _: "ivo://a/b#c/%FF",
    lambda _: "IVO://A/B#C//d/",
)
LEAF = re.compile(r"<(\w+)>([^<]*)</\1>")


def agree(dispatcher: Dispatcher, xml: bytes) -> tuple[Any, ...]:
    """What both ways make of an envelope."""
    one = outcome(Dispatcher.perform, dispatcher, xml)
    other = outcome(Dispatcher.by_spyne, dispatcher, xml)
    assert one == other
    return one


@pytest.mark.parametrize(("port", "operation"), OPERATIONS)
@settings(max_examples=15)
@given(data=st.data())
def test_any_request_is_read_alike_and_as_it_was_meant(port: str, operation: Operation, data: st.DataObject) -> None:
    request = data.draw(values_of(operation.request) | fullest(operation.request))
    envelope = replies.message(PORTS[port][2], operation.name, request)
    assert agree(DISPATCHERS[port], envelope)[0] == request


@pytest.mark.parametrize(("port", "operation"), OPERATIONS)
@settings(max_examples=30)
@given(data=st.data())
def test_whatever_is_wrong_or_written_otherwise_is_told_alike(
    port: str, operation: Operation, data: st.DataObject
) -> None:
    request = data.draw(fullest(operation.request))
    text = replies.message(PORTS[port][2], operation.name, request).decode()
    leaves = list(LEAF.finditer(text))
    if not leaves:
        return
    leaf = data.draw(st.sampled_from(leaves))
    name, inner = leaf[1], leaf[2]
    spelling = data.draw(st.sampled_from(SPELLINGS))
    written = data.draw(
        st.sampled_from(
            [
                f"<{name}>{spelling(inner)}</{name}>",
                f"<{name}/>",
                "",
                leaf[0] * 2,
                f'<{name} {NIL}"true"/>',
                f'<{name} {NIL}"false">{inner}</{name}>',
                f"<unknown/>{leaf[0]}",
                f'<x:{name} xmlns:x="{PORTS[port][2]}">{inner}</x:{name}>',
                f'<{name} xmlns="">{inner}</{name}>',
                f'<{name} more="x">{inner}</{name}>',
            ]
        )
    )
    agree(DISPATCHERS[port], (text[: leaf.start()] + written + text[leaf.end() :]).encode())


ASTROGRID_OPERATIONS = [
    pytest.param(operation, space, id=f"{operation.name} {space}")
    for operation in astrogrid.OPERATIONS
    for space in (astrogrid.NAMESPACE, astrogrid.SPOKEN)
]


@pytest.mark.parametrize(("operation", "space"), ASTROGRID_OPERATIONS)
@settings(max_examples=10)
@given(data=st.data())
def test_a_contract_that_is_not_ours_is_read_alike_too(operation: Operation, space: str, data: st.DataObject) -> None:
    words = st.sampled_from(["", " ", "x", "FILE", "true", " 1", "-1", "7", "2026-11-22T10:00:00.000Z", "ivo://a/b#c"])

    def element(value_type: type) -> str:
        written = ""
        for part in parts(value_type):
            for _ in range(data.draw(st.integers(0, 2 if part.many else 1))):
                inner = element(part.type) if part.simple is None else data.draw(words)
                written += f'<{part.element} xmlns="">{inner}</{part.element}>'
        return written

    body = f'<{operation.name} xmlns="{space}">{element(operation.request)}</{operation.name}>'
    envelope = f'<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>{body}</e:Body></e:Envelope>'
    agree(ASTROGRID, envelope.encode())


ASTROGRID = Dispatcher(
    Published(astrogrid.WSDL, AstroGrid().judged_by),
    Published(astrogrid.WSDL).get_port(frozenset(operation.name for operation in astrogrid.OPERATIONS)),
    astrogrid.OPERATIONS,
    AstroGrid(),
)


def test_what_is_asked_for_most_is_read_without_spyne(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("spyne was asked")

    monkeypatch.setattr(Dispatcher, "by_spyne", refuse)
    node = LongIdentifier.parse("ivo://a/b#c/d")
    for name, request in {
        "getNode": GetNode(node),
        "addNode": AddNode(node, "e", "FILE", (Property("k", "v"), Property("l", ""))),
    }.items():
        envelope = replies.message(FILEMANAGER_NAMESPACE, name, request)
        assert DISPATCHERS["FileManager"].perform(envelope, lambda decoded: decoded) == request
    digests = (Digest("sha-256", "YWJj"),)
    receipt = Receipt("t", Ivorn.parse("ivo://a/b#c"), 3, Instant(1_800_000_000_123_456), digests=digests)
    told = TransferCompleted(receipt)
    envelope = replies.message(FILEMANAGER_NAMESPACE, "transferCompleted", told)
    assert DISPATCHERS["FileManagerCallback"].perform(envelope, lambda decoded: decoded) == told


def test_what_can_be_read_in_several_ways_is_left_to_spyne() -> None:
    for value_type, inner in ((GetNode, "<node><x/></node>"), (GetNode, "<other/>")):
        with pytest.raises(decoding.Elsewhere):
            decoding.reader(value_type)(etree.fromstring(f"<r>{inner}</r>"))
