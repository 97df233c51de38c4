"""Every operation that takes an idempotency key, called twice: what it does is done once."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

import pytest

from filemanager.api.soap import native
from filemanager.domain.caller import Caller
from tests.support.filemanager import COMMUNITY, LEICESTER, OPERATOR, World
from tests.support.repeating import call, dave, file, transfers, world
from vofiles.contract import (
    FILEMANAGER,
    AddAccount,
    AddNode,
    AppendInit,
    Copy,
    Delete,
    ExportData,
    ExportTree,
    ImportData,
    ImportInit,
    ImportTree,
    JobState,
    Move,
    NodeKind,
    Property,
    PurgeTrash,
    Restore,
    RetryJob,
    SetAccountProperties,
    SetProperties,
    TreeSource,
)
from vofiles.errors import (
    KeyReused,
)
from vofiles.ivorn import Ivorn, LongIdentifier

__all__ = ["dave", "file", "world"]


KEYED = {
    operation.request: operation.name
    for operation in FILEMANAGER
    if "idempotency_key" in {field.name for field in fields(operation.request)}
}


@dataclass
class Place:
    """What there is to do something with."""

    home: LongIdentifier
    file: LongIdentifier
    """With content."""
    folder: LongIdentifier
    """With a file in it."""
    trashed: LongIdentifier
    job: str
    """Of which an item has failed."""


def place_of(world: World, dave: Caller) -> Place:
    home, file, folder = world.home(dave), world.add_file(dave, "a"), world.add_folder(dave, "f")
    for each in (file, world.add_file(dave, "in it", folder)):
        world.put(dave, each, b"bytes")
    trashed = world.add_file(dave, "trashed")
    world.desk.deletions.delete(dave, Delete(trashed))
    sources = (TreeSource("nothing", "http://source/none"),)
    begun = world.desk.tree_imports.import_tree(dave, ImportTree(folder, sources=sources))
    assert begun.job is not None
    for _ in range(2):
        world.desk.runner.run_all()
        world.stores.move()
        world.stores.deliver(world.desk)
    assert world.desk.jobs.get_job(dave, begun.job.job).state == JobState.FAILED
    return Place(home, file, folder, trashed, begun.job.job)


REQUESTS: dict[type, Callable[[Place, str | None], Any]] = {
    AddAccount: lambda _, key: AddAccount(Ivorn.parse(f"{COMMUNITY}/eve"), idempotency_key=key),
    SetAccountProperties: lambda _, key: SetAccountProperties(properties=(Property("x", "y"),), idempotency_key=key),
    AddNode: lambda place, key: AddNode(place.home, "b", NodeKind.FOLDER, idempotency_key=key),
    SetProperties: lambda place, key: SetProperties(place.file, (Property("x", "y"),), idempotency_key=key),
    Move: lambda place, key: Move(place.file, name="b", store=LEICESTER, wait=0, idempotency_key=key),
    Copy: lambda place, key: Copy(place.folder, name="b", wait=0, idempotency_key=key),
    Delete: lambda place, key: Delete(place.folder, recursive=True, wait=0, idempotency_key=key),
    Restore: lambda place, key: Restore(place.trashed.node, idempotency_key=key),
    PurgeTrash: lambda place, key: PurgeTrash(place.trashed.node, wait=0, idempotency_key=key),
    ImportInit: lambda place, key: ImportInit(place.file, idempotency_key=key),
    ImportData: lambda place, key: ImportData(place.file, "http://source/a", wait=0, idempotency_key=key),
    AppendInit: lambda place, key: AppendInit(place.file, idempotency_key=key),
    ExportData: lambda place, key: ExportData(place.file, "http://sink/a", wait=0, idempotency_key=key),
    ImportTree: lambda place, key: ImportTree(
        place.folder, wait=0, sources=(TreeSource("x/y", "http://source/a"),), idempotency_key=key
    ),
    ExportTree: lambda place, key: ExportTree(place.folder, "http://sink/", wait=0, idempotency_key=key),
    RetryJob: lambda place, key: RetryJob(place.job, idempotency_key=key),
}
"""A request of each kind that does something."""


def test_there_is_a_request_for_every_operation_that_takes_a_key() -> None:
    assert REQUESTS.keys() == KEYED.keys()


def traces(world: World) -> tuple[list[str], list[str], list[str]]:
    """What doing something leaves behind: changes, transfers, jobs."""
    everybody = [each.identifier for each in world.desk.accounts.list_accounts()]
    jobs = [
        f"{job.number} {job.state} {job.total}"
        for account in everybody
        for job in world.database.read(lambda tx, account=account: tx.jobs.list_jobs(account, None, None, 100))  # type: ignore[misc]
    ]
    return world.changes(), transfers(world), jobs


@pytest.mark.parametrize("request_type", REQUESTS, ids=lambda kind: kind.__name__)
def test_every_operation_that_takes_a_key_is_done_once(world: World, dave: Caller, request_type: type) -> None:
    place = place_of(world, dave)
    operate = native.functions(world.desk, "http://127.0.0.1:9")[KEYED[request_type]]
    caller = OPERATOR if request_type is AddAccount else dave
    before = traces(world)
    request = REQUESTS[request_type](place, "k")
    first = operate(caller, request)
    after = traces(world)
    assert after != before, "it does nothing"
    assert operate(caller, request) == first
    assert traces(world) == after
    other = (
        AddAccount(dave.account, idempotency_key="k") if caller is OPERATOR else Move(place.home, idempotency_key="k")
    )
    with pytest.raises(KeyReused):
        call(world, caller, other)
    assert traces(world) == after
