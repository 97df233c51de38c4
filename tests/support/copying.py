"""Jobs that copy content in a world without any network: run until nothing is left to do.

finish(world)                                  # jobs, the stores' movements, callbacks, errands
job = copied(world, dave, node, name="b")      # copy, and finish; the job as it ended
"""

from typing import Any

from filemanager.domain.caller import Caller
from tests.support.filemanager import World
from vofiles import contract
from vofiles.contract import Copy, GetJob, Move, NodeJobAnswer, TransferState
from vofiles.ivorn import Ivorn, LongIdentifier

DATA = bytes(range(256)) * 3
PATIENCE = 400
"""Turns after which something goes on for ever."""


def filled(world: World, caller: Caller, name: str, data: bytes = DATA, **told: Any) -> LongIdentifier:
    """A file with content: in a folder and a store if these are told; the rest are its properties."""
    parent, store = told.pop("parent", None), told.pop("store", None)
    node = world.add_file(caller, name, parent, **told)
    world.put(caller, node, data, **({"store": store} if store is not None else {}))
    return node


def finish(world: World, seconds: float = 3.0) -> None:
    """Jobs, movements of bytes and callbacks until no job is left; time goes on where nothing else does."""
    for _ in range(PATIENCE):
        done = world.desk.runner.run_all() + moved(world) + world.stores.deliver(world.desk)
        if done:
            continue
        if not world.database.read(lambda tx: tx.standing.open_jobs()):
            return
        world.watch.seconds += seconds
    raise AssertionError("jobs do not come to an end")


def moved(world: World) -> int:
    """Have every store that is up move the bytes that it is to move; answers how many movements there were."""
    number = 0
    for local in world.stores.stores.values():
        if not local.down:
            waiting = local.store.catalogue.read(
                lambda records: records.list_transfers(TransferState.REQUESTED, "", 1000)
            )
            number += sum(transfer.remote is not None for transfer in waiting)
    world.stores.move()
    return number


def copy(world: World, caller: Caller, node: LongIdentifier, **told: Any) -> NodeJobAnswer:
    """copy, with its job only begun."""
    return world.desk.copies.copy(caller, Copy(node, **told))


def copied(world: World, caller: Caller, node: LongIdentifier, **told: Any) -> NodeJobAnswer:
    """copy, to its end."""
    return ended(world, caller, copy(world, caller, node, **told))


def relocated(world: World, caller: Caller, node: LongIdentifier, store: Ivorn, **told: Any) -> NodeJobAnswer:
    """move to a store, to its end."""
    return ended(world, caller, world.desk.moves.move(caller, Move(node, store=store, **told)))


def ended(world: World, caller: Caller, begun: NodeJobAnswer) -> NodeJobAnswer:
    """The node and the job as they are when the job has ended."""
    if begun.job is None:
        return begun
    finish(world)
    job = world.desk.jobs.get_job(caller, begun.job.job)
    assert job.state in contract.JobState.ENDED, job
    return NodeJobAnswer(world.node(caller, LongIdentifier(begun.node.identifier)), job)


def job_of(world: World, caller: Caller, answer: NodeJobAnswer) -> contract.Job:
    """The job of an answer, as it stands."""
    assert answer.job is not None
    return world.desk.jobs.get_job(caller, GetJob(answer.job.job).job)


def location(node: contract.Node) -> Ivorn:
    """The store of a node's content."""
    found = next(each.value for each in node.properties if each.key == "filestore.location")
    return Ivorn.parse(found).service
