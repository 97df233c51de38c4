"""Every process stopped at each of its effects, every disk operation, commit and call gone wrong: what was acknowledged
is there, all else is old or new, repeating succeeds, and after the grace period nothing is left.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.faultparts import PARTS
from tests.support.faultplays import PLAYS, Play
from tests.support.faulttrial import faults, prepare, record, try_fault
from tests.support.faultverbs import VERBS
from tests.support.staged_sql import Staged


@pytest.mark.parametrize("play", PLAYS + PARTS + VERBS, ids=str)
@pytest.mark.timeout(600)  # each of hundreds of trials is a start, an operation, a restart and a grace period
def test_stopped_anywhere(
    play: Play, folder: Path, staged: Staged, record_property: Callable[[str, object], None]
) -> None:
    base = prepare(folder / "base", play, staged)
    effects = record(base)
    tried = 0
    for fault in faults(effects, play.every):
        try_fault(base, fault)
        tried += 1
    assert tried > 0
    assert tried > sum(not effect.leaves_nothing for effect in effects) // play.every
    record_property("effects", len(effects))
    record_property("crash points", tried)


def test_every_kind_of_effect_is_reached(folder: Path, staged: Staged) -> None:
    seen: set[str] = set()
    for number, name in enumerate(("rewrite", "importData", "duplicate", "start")):
        play = next(each for each in PLAYS if each.name == name)
        effects = record(prepare(folder / str(number), play, staged))
        seen |= {f"{effect.kind} {effect.what.split()[0]}" for effect in effects}
    assert seen >= {
        "sql SELECT",
        "sql INSERT",
        "sql UPDATE",
        "sql DELETE",
        "commit COMMIT",
        "call call",
        "piece piece",
        "file create",
        "file write",
        "file reserve",
        "file fsync",
        "file link",
        "file unlink",
        "file make",
    }
