"""Identifiers: what is one, that equal ones are equal, and that each survives being written and read."""

import copy
import pickle
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.wirevalues import ivorns, long_identifiers, names, node_identifiers
from vofiles import ivorn
from vofiles.errors import InvalidIdentifier, InvalidName
from vofiles.ivorn import (
    Ivorn,
    LongIdentifier,
    NodeIdentifier,
    decode_segment,
    encode_segment,
    new_number,
    parse_service,
)
from vofiles.names import MAX_DEPTH, NodeName

NODE = "ivo://ast.cam.ac.uk/filemanager#1234-5678"


@given(ivorns)
def test_an_identifier_survives_being_written_and_read(identifier: Ivorn) -> None:
    assert Ivorn.parse(str(identifier)) == identifier
    assert pickle.loads(pickle.dumps(identifier)) == identifier == copy.copy(identifier)


@given(node_identifiers)
def test_a_node_identifier_survives_being_written_and_read(identifier: NodeIdentifier) -> None:
    assert NodeIdentifier.parse(str(identifier)) == identifier
    assert pickle.loads(pickle.dumps(identifier)) == identifier


@given(long_identifiers)
def test_a_long_identifier_survives_being_written_and_read(identifier: LongIdentifier) -> None:
    assert LongIdentifier.parse(str(identifier)) == identifier
    assert str(identifier).isascii()
    assert pickle.loads(pickle.dumps(identifier)) == identifier


@given(long_identifiers, st.data())
def test_needless_slashes_are_harmless(identifier: LongIdentifier, data: st.DataObject) -> None:
    front, mark, back = str(identifier).partition("#")
    swollen = "".join(c * data.draw(st.integers(1, 3)) if c == "/" else c for c in back)
    assert LongIdentifier.parse(front + mark + swollen + "/" * data.draw(st.integers(0, 2))) == identifier


@given(ivorns, st.data())
def test_case_before_the_fragment_does_not_matter(identifier: Ivorn, data: st.DataObject) -> None:
    front, mark, fragment = str(identifier).partition("#")
    shouted = "".join(data.draw(st.sampled_from([c, c.upper()])) for c in front)
    assert Ivorn.parse(f" {shouted}{mark}{fragment}\n") == identifier
    assert hash(Ivorn.parse(shouted + mark + fragment)) == hash(identifier)


@given(st.text(), st.sampled_from(["", "ivo://", "ivo://a.b/", "ivo://a/b#", "IVO://a/b#1/"]))
def test_any_text_is_read_to_its_canonical_form_or_refused(text: str, start: str) -> None:
    for kind in (Ivorn, NodeIdentifier, LongIdentifier):
        try:
            read = kind.parse(start + text)
        except (InvalidIdentifier, InvalidName):
            continue
        assert kind.parse(str(read)) == read


def test_the_parts_of_an_identifier() -> None:
    read = Ivorn.parse("ivo://Dave@AST.cam.ac.uk/FileManager/x?Run=7#Ab-1")
    assert read == Ivorn("ast.cam.ac.uk", "filemanager/x", "Ab-1", "run=7", "dave")
    assert read.service == Ivorn("ast.cam.ac.uk", "filemanager/x", "", "run=7", "dave")
    assert read.service.with_fragment("Ab-1") == read
    assert read.service.service == read.service
    assert Ivorn.parse("ivo://ast.cam.ac.uk/") == Ivorn.parse("ivo://ast.cam.ac.uk") == Ivorn("ast.cam.ac.uk")


def test_the_case_of_a_fragment_matters() -> None:
    assert Ivorn.parse("ivo://a/b#X") != Ivorn.parse("ivo://a/b#x")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1234",
        "http://a/b",
        "ivo:/a/b",
        "ivo://",
        "ivo:///b",
        "ivo://-a/b",
        "ivo://a b/c",
        "ivo://a/b c",
        "ivo://a//b",
        "ivo://a/b#",
        "ivo://a/b#1 2",
        "ivo://a/b#1#2",
        "ivo://a/b#1/2",
        "ivo://a/b?<x>",
        "ivo://@a/b",
        "ivo://a\x00/b",
        "ivo://ä/b",
        "ivo://a.u\u212a/b",
        "ivo://a/b#ü",
        "ivo://a/" + "b" * 1024,
    ],
)
def test_what_is_no_identifier_is_refused(text: str) -> None:
    with pytest.raises(InvalidIdentifier) as caught:
        Ivorn.parse(text)
    assert len(caught.value.message) < 400


def test_the_longest_identifier() -> None:
    longest = "ivo://a/" + "b" * (ivorn.MAX_LENGTH - 8)
    assert str(Ivorn.parse(longest)) == longest
    with pytest.raises(InvalidIdentifier, match="1024"):
        Ivorn.parse(longest + "b")


def test_a_service_identifier_has_no_fragment() -> None:
    assert parse_service("ivo://a/b") == Ivorn("a", "b")
    with pytest.raises(InvalidIdentifier, match="no # part"):
        parse_service("ivo://a/b#1")


def test_a_node_identifier_has_a_fragment() -> None:
    assert NodeIdentifier.parse(NODE) == NodeIdentifier(Ivorn("ast.cam.ac.uk", "filemanager"), "1234-5678")
    for kind in (NodeIdentifier, LongIdentifier):
        with pytest.raises(InvalidIdentifier, match="number of the node after #"):
            kind.parse("ivo://ast.cam.ac.uk/filemanager")


def test_the_path_of_a_long_identifier() -> None:
    read = LongIdentifier.parse(f"{NODE}/solar-project/a%20b%2Bc/%C3%A9+é")
    assert read.path == ("solar-project", "a b+c", "é+é")
    assert str(read) == f"{NODE}/solar-project/a%20b%2Bc/%C3%A9%2B%C3%A9"
    assert read.node == LongIdentifier.parse(NODE).node
    assert LongIdentifier(read.node).child(NodeName("x")) == LongIdentifier.parse(f"{NODE}/x")


@pytest.mark.parametrize("segment", [".", "..", "%2e%2E", "a%2fb", "%00", "a%0Ab", "%E2%80%AE", "x" * 256])
def test_a_step_that_no_node_can_be_called_is_refused(segment: str) -> None:
    with pytest.raises(InvalidName):
        LongIdentifier.parse(f"{NODE}/a/{segment}/b")


def test_a_step_that_is_not_utf_8_is_refused() -> None:
    with pytest.raises(InvalidIdentifier, match="UTF-8"):
        LongIdentifier.parse(f"{NODE}/%FF")


def test_two_spellings_of_one_name_are_one_step() -> None:
    assert LongIdentifier.parse(f"{NODE}/e%CC%81") == LongIdentifier.parse(f"{NODE}/%C3%A9")


def test_a_path_has_a_greatest_depth() -> None:
    assert len(LongIdentifier.parse(NODE + "/a" * MAX_DEPTH).path) == MAX_DEPTH
    with pytest.raises(InvalidIdentifier, match=str(MAX_DEPTH)):
        LongIdentifier.parse(NODE + "/a" * (MAX_DEPTH + 1))


@given(names)
def test_a_name_as_a_segment(name: str) -> None:
    segment = encode_segment(name)
    assert re.fullmatch(r"(?:[A-Za-z0-9._~-]|%[0-9A-F]{2})+", segment)
    assert decode_segment(segment) == name


def test_numbers_are_128_random_bits() -> None:
    numbers = {new_number() for _ in range(1000)}
    assert len(numbers) == 1000
    assert all(re.fullmatch("[a-z2-7]{26}", number) for number in numbers)
    # Every bit varies: the first 25 characters carry five each, the last one three.
    assert [len({number[place] for number in numbers}) for place in range(26)] == [32] * 25 + [8]
