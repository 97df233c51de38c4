"""What the description of a wire class says, and that every class of the contract can be described."""

import dataclasses
import pickle
from dataclasses import dataclass
from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.wirevalues import instants, ivorns, long_identifiers, longs, node_identifiers, texts, values_of
from vofiles import contract
from vofiles.instant import Instant
from vofiles.ivorn import Ivorn, LongIdentifier, NodeIdentifier
from vofiles.shape import SIMPLE, Part, Simple, camel_case, many, occurs, parts

WIRE = [
    kind
    for kind in vars(contract).values()
    if dataclasses.is_dataclass(kind)
    and kind.__module__.startswith(contract.__name__)
    and kind is not contract.Operation
]
SAMPLES: dict[Any, st.SearchStrategy[Any]] = {
    str: texts,
    int: longs,
    bool: st.booleans(),
    Instant: instants,
    Ivorn: ivorns,
    NodeIdentifier: node_identifiers,
    LongIdentifier: long_identifiers,
}


@dataclass(frozen=True, slots=True)
class Sample:
    one: str
    bytes_done: int
    maybe: Ivorn | None = None
    listed: tuple[contract.Header, ...] = many("header")


def test_a_description() -> None:
    assert parts(Sample) == (
        Part("one", "one", str, many=False, optional=False),
        Part("bytes_done", "bytesDone", int, many=False, optional=False),
        Part("maybe", "maybe", Ivorn, many=False, optional=True),
        Part("listed", "header", contract.Header, many=True, optional=True),
    )
    assert Sample("a", 1).listed == ()
    assert parts(Sample)[0].simple is SIMPLE[str]
    assert parts(Sample)[3].simple is None


WORD = Simple("Word", str.strip, str, base="NMTOKEN", values=("yes", "no"))
Word = Annotated[str, WORD]


@dataclass(frozen=True, slots=True)
class Foreign:
    word: Word
    maybe: Word | None = None
    asked: Word | None = occurs(1)
    depth: int = occurs(0, 1)
    words: tuple[Word, ...] = many("aWord", 1)


def test_a_contract_that_is_not_ours_brings_its_types_and_its_numbers() -> None:
    word, maybe, asked, depth, words = parts(Foreign)
    assert word == Part("word", "word", str, many=False, optional=False, own=WORD)
    assert {part.simple for part in (word, maybe, asked, words)} == {WORD}
    assert [part.least for part in (word, maybe, asked, depth, words)] == [1, 0, 1, 0, 1]
    assert [part.optional for part in (word, maybe, asked, depth, words)] == [False, True, True, False, True]
    assert [part.default for part in (word, maybe, asked, depth, words)] == [None, None, None, 1, None]
    assert Foreign("yes") == Foreign("yes", None, None, 1, ())


@pytest.mark.parametrize(("name", "expected"), [("a", "a"), ("bytes_done", "bytesDone"), ("a_b_c", "aBC")])
def test_names_on_the_wire(name: str, expected: str) -> None:
    assert camel_case(name) == expected


def test_every_simple_type_is_sampled_here() -> None:
    assert SAMPLES.keys() == SIMPLE.keys()


@pytest.mark.parametrize("kind", SIMPLE, ids=lambda kind: kind.__name__)
@given(data=st.data())
def test_a_simple_value_survives_its_text(kind: Any, data: st.DataObject) -> None:
    value = data.draw(SAMPLES[kind])
    assert SIMPLE[kind].parse(SIMPLE[kind].text(value)) == value


@pytest.mark.parametrize(("text", "expected"), [("true", True), ("1", True), (" false ", False), ("0", False)])
def test_booleans_have_two_spellings(text: str, *, expected: bool) -> None:
    assert SIMPLE[bool].parse(text) is expected
    with pytest.raises(KeyError):
        SIMPLE[bool].parse(text.strip().upper() + "!")


@pytest.mark.parametrize("kind", WIRE, ids=lambda kind: kind.__name__)
def test_every_wire_class_is_frozen_and_of_known_types(kind: Any) -> None:
    assert kind.__dataclass_params__.frozen
    described = parts(kind)
    assert len({part.element for part in described}) == len(described)
    for part in described:
        assert part.type in SIMPLE or part.type in WIRE, part
    # What is optional can be left out when one is made.
    for field, part in zip(dataclasses.fields(kind), described, strict=True):
        assert (field.default is not dataclasses.MISSING) == part.optional, part


@pytest.mark.parametrize("kind", WIRE, ids=lambda kind: kind.__name__)
@given(data=st.data())
def test_wire_values_are_values(kind: type, data: st.DataObject) -> None:
    value = data.draw(values_of(kind))
    assert pickle.loads(pickle.dumps(value)) == value
    assert hash(value) == hash(pickle.loads(pickle.dumps(value)))


@pytest.mark.parametrize(
    "kind",
    [contract.Node, contract.Transfer, contract.Receipt, contract.Account, contract.Container, contract.FaultDetail],
    ids=lambda kind: kind.__name__,
)
def test_what_may_grow_ends_in_properties(kind: type) -> None:
    assert parts(kind)[-1] == Part("properties", "property", contract.Property, many=True, optional=True)


def test_a_node_has_what_will_be_asked_of_it_from_the_start() -> None:
    assert {"generation", "version", "digests"} <= {part.field for part in parts(contract.Node)}
