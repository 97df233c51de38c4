"""The harness sees: each bug of a list is sown, and must be caught."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.faultparts import PARTS
from tests.support.faultplays import PLAYS
from tests.support.faulttrial import find_wrong, prepare
from tests.support.faultverbs import VERBS
from tests.support.powertrial import find_wrong_without_power
from tests.support.seededbugs import BUGS, SeededBug
from tests.support.seededparts import PART_BUGS
from tests.support.seededverbs import VERB_BUGS
from tests.support.staged_sql import Staged


@pytest.mark.parametrize("bug", BUGS + PART_BUGS + VERB_BUGS, ids=str)
@pytest.mark.timeout(600)
def test_a_seeded_bug_is_caught(
    bug: SeededBug,
    folder: Path,
    staged: Staged,
    monkeypatch: pytest.MonkeyPatch,
    record_property: Callable[[str, object], None],
) -> None:
    play = next(play for play in PLAYS + PARTS + VERBS if play.name == bug.play)
    base = prepare(folder / "base", play, staged)
    bug.sow(monkeypatch)
    found = find_wrong_without_power(base, bug.needs) if bug.power else find_wrong(base, bug.needs, bug.kind)
    assert found is not None
    print(found)
    record_property("seeded bugs caught", 1)


def test_there_are_enough() -> None:
    assert len({bug.name for bug in BUGS + PART_BUGS + VERB_BUGS}) == len(BUGS + PART_BUGS + VERB_BUGS) >= 35
