"""A store with its contents in a bucket, stopped between any two calls that change something there, and each of these
calls gone wrong: what was acknowledged is there, all else is old or new, repeating succeeds, and nothing is left.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.faultparts import PARTS
from tests.support.faultplays import PLAYS, Play
from tests.support.faulttrial import faults, prepare, record, try_fault
from tests.support.objectstores import ObjectStore, object_store, running_object_store
from tests.support.stage import Deed
from tests.support.staged_sql import Staged
from tests.support.stagedbucket import CALL, BucketShelves

__all__ = ["object_store", "running_object_store"]

NAMES = ("append", "duplicate", "write in parts")
DEEDS = ({Deed.STOP_AFTER, Deed.UNHEARD}, {Deed.STOP_AFTER, Deed.UNANSWERED})
"""At every other call each: a trial is a second's work. Stopped before one is stopped after the one before it."""


@pytest.mark.parametrize("play", [play for play in PLAYS + PARTS if play.name in NAMES], ids=str)
@pytest.mark.timeout(600)  # dozens of trials, each a start, an operation, a restart and a grace period
def test_stopped_at_each_call(
    play: Play,
    folder: Path,
    staged: Staged,
    object_store: ObjectStore,
    record_property: Callable[[str, object], None],
) -> None:
    base = prepare(folder / "base", play, staged, BucketShelves(object_store))
    effects = record(base)
    calls = [at for at, effect in enumerate(effects) if effect.what.startswith(CALL)]
    made = {effects[at].what for at in calls}
    assert made >= ({"s3 copy_object"} if play.name == "duplicate" else {"s3 complete_multipart_upload"})
    tried = 0
    for fault in faults(effects):
        if fault.at in calls and fault.deed in DEEDS[calls.index(fault.at) % 2] and not fault.wide:
            try_fault(base, fault)
            tried += 1
    assert tried == 2 * len(calls)
    record_property("crash points", tried)
