"""The order in which tests begin: what is named is there."""

from pathlib import Path

from tests.conftest import LONGEST

ROOT = Path(__file__).parents[2]


def test_every_file_that_begins_first_is_there() -> None:
    assert [name for name in LONGEST if not (ROOT / name).is_file()] == []
    assert len(set(LONGEST)) == len(LONGEST)
