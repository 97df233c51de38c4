"""The tables and the migrations that lead to them, and the documents in columns."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filestore.domain.transfer import Promise, Remote
from filestore.persistence.catalogue import open_catalogue
from filestore.persistence.documents import from_text, many_from_text, to_text
from filestore.persistence.schema import METADATA
from tests.support.databases import server, url
from tests.support.filestore_core import STORE
from vofiles.contract import Digest, Header, Property, Receipt
from vofiles.instant import Instant
from vofiles.serving.migrations import differences, upgrade

__all__ = ["server", "url"]

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
DIGESTS = st.lists(st.builds(Digest, TEXTS, TEXTS), max_size=3).map(tuple)


def test_the_migrations_lead_to_the_tables(url: str) -> None:
    upgrade(url, "filestore.persistence")
    assert differences(url, METADATA) == []


def test_opening_twice_is_no_error(tmp_path: Path) -> None:
    for _ in range(2):
        open_catalogue(f"sqlite:///{tmp_path / 'catalogue.db'}").close()


def test_what_is_no_database_is_refused() -> None:
    with pytest.raises(ValueError, match="SQLite"):
        open_catalogue("sqlite:///:memory:")


@given(st.builds(Promise, st.none() | st.integers(0), st.none() | st.integers(0), DIGESTS, st.none() | TEXTS))
def test_a_promise_round_trips(promise: Promise) -> None:
    assert from_text(Promise, to_text(promise)) == promise


@given(st.builds(Remote, TEXTS, TEXTS, TEXTS, st.lists(st.builds(Header, TEXTS, TEXTS), max_size=3).map(tuple)))
def test_a_remote_round_trips(remote: Remote) -> None:
    assert from_text(Remote, to_text(remote)) == remote


@given(
    st.builds(
        Receipt,
        TEXTS,
        st.just(STORE.with_fragment("abcd")),
        st.integers(0, 2**62),
        st.integers(0, 2**52).map(Instant),
        st.none() | TEXTS,
        DIGESTS,
        st.lists(st.builds(Property, TEXTS, TEXTS), max_size=3).map(tuple),
    )
)
def test_a_receipt_round_trips(receipt: Receipt) -> None:
    assert from_text(Receipt, to_text(receipt)) == receipt


@given(DIGESTS)
def test_many_values_round_trip(digests: tuple[Digest, ...]) -> None:
    assert many_from_text(Digest, to_text(digests)) == digests
