"""The check of replicas: the container of each is in its store, complete, of the same size and digests (I2).

Rule: a container is missed only if its store says so when asked for it, and the tree still wants it afterwards. With
`repair` the replica is marked, LOST or SUSPECT, and one found again AVAILABLE; nothing is ever deleted.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Protocol

from filemanager.domain.caller import Caller
from filemanager.domain.content import ContentVersion
from filemanager.domain.findings import (
    CHANGED,
    DAMAGED,
    FOUND_AGAIN,
    INCOMPLETE,
    MISSING,
    OTHER_NODE,
    SUSPECT,
    UNREACHABLE,
    VANISHED,
    WRONG_DIGEST,
    WRONG_SIZE,
    found,
)
from filemanager.domain.node import Node
from filemanager.domain.replica import Replica, ReplicaState
from filemanager.ports import Clock, Database, StoreControl, Transaction
from filemanager.services.replicas import mark
from vofiles.adoption import Standing, standing_of
from vofiles.contract import ContainerState, Digest, Holding, Property
from vofiles.damage import damage_of
from vofiles.errors import ContainerNotFound
from vofiles.findings import Finding, Repair

PATIENCE: Final = 30.0
"""Seconds that a store has to answer."""
_JUDGED: Final = frozenset({ReplicaState.AVAILABLE, ReplicaState.SUSPECT, ReplicaState.LOST})
"""States in which the container is to be there, or was; the others are under way."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A replica with what it is of."""

    replica: Replica
    version: ContentVersion
    node: Node


class _Held(Protocol):
    """What a store says of a container, when it lists it and when it is asked for it."""

    @property
    def state(self) -> str: ...
    @property
    def size(self) -> int | None: ...
    @property
    def digests(self) -> tuple[Digest, ...]: ...
    @property
    def properties(self) -> tuple[Property, ...]: ...


@dataclass(frozen=True)
class ReplicaCheck:
    """Judges replicas, and marks them if told to."""

    database: Database
    control: StoreControl
    clock: Clock
    caller: Caller
    repair: bool

    def judge(self, kept: Kept, holding: Holding | None) -> Iterator[Finding]:
        """What is wrong with a replica, whose container the store has listed so. Raises what the store raises."""
        if kept.replica.state not in _JUDGED:
            return
        held: _Held | None = holding
        if held is None or _is_suspicious(kept, held):
            held = self._ask(kept)
        if (held is None or _is_suspicious(kept, held)) and not self._is_wanted(kept):
            return
        container = kept.replica.container
        if held is None:
            repair = self._mark(kept, ReplicaState.LOST)
            yield found(MISSING, container, f"version {kept.version.number} of {_name(kept)} is not there", repair)
            return
        if _standing(held) == Standing.UNREACHABLE:
            text = f"version {kept.version.number} of {_name(kept)}: the directory of its file cannot be read"
            yield found(UNREACHABLE, container, text)
            return
        if _standing(held) == Standing.VANISHED:
            repair = self._mark(kept, ReplicaState.LOST)
            yield found(VANISHED, container, f"version {kept.version.number} of {_name(kept)} is not there", repair)
            return
        damage = _damage(held)
        if damage is not None:
            repair = self._mark(kept, ReplicaState.LOST)
            yield found(DAMAGED, container, f"version {kept.version.number} of {_name(kept)}: {damage}", repair)
            return
        faults = _faults(kept, held)
        for kind, text in faults:
            yield found(kind, container, f"version {kept.version.number} of {_name(kept)}: {text}", self._suspect(kept))
        if not faults:
            yield from self._judge_state(kept)
        if holding is not None and _is_of_other(kept, holding):
            yield found(OTHER_NODE, container, f"{_name(kept)} has it, and it was made for {holding.node_identifier}")

    def _judge_state(self, kept: Kept) -> Iterator[Finding]:
        """The container is as it should be; is it known to be?"""
        container = kept.replica.container
        if kept.replica.state == ReplicaState.LOST:
            text = f"version {kept.version.number} of {_name(kept)} was LOST and is there"
            yield found(FOUND_AGAIN, container, text, self._mark(kept, ReplicaState.AVAILABLE))
        elif kept.replica.state == ReplicaState.SUSPECT:
            # The store's catalogue knows no better than before; its bytes have to be read.
            yield found(SUSPECT, container, f"version {kept.version.number} of {_name(kept)} is SUSPECT")

    def _ask(self, kept: Kept) -> _Held | None:
        try:
            return self.control.get_container(kept.replica.store, kept.replica.container, PATIENCE)
        except ContainerNotFound:
            return None

    def _is_wanted(self, kept: Kept) -> bool:
        """Whether the tree still goes by this replica."""
        found_now = self.database.read(lambda tx: tx.census.replicas_in([kept.replica.container]))
        return found_now.get(kept.replica.container) == kept.replica

    def _suspect(self, kept: Kept) -> str:
        # What is LOST and there with other bytes is not found again.
        return self._mark(kept, ReplicaState.SUSPECT) if kept.replica.state == ReplicaState.AVAILABLE else Repair.NONE

    def _mark(self, kept: Kept, state: str) -> str:
        """Mark a replica, if told to; answers what was done about it."""
        if kept.replica.state == state:
            return Repair.NONE
        if not self.repair:
            return Repair.POSSIBLE
        now = self.clock.now()

        def commit(tx: Transaction) -> bool:
            node = tx.nodes.lock_node(kept.node.key)
            return node is not None and mark(tx, self.caller.account, node, kept.replica, state, now)

        return Repair.DONE if self.database.write(commit) else Repair.NONE


def _name(kept: Kept) -> str:
    return f"{kept.node.name} (node {kept.node.number})"


def _is_of_other(kept: Kept, holding: Holding) -> bool:
    """Whether a store was told of another node."""
    told = holding.node_identifier
    return told is not None and told.number != kept.node.number


def _standing(held: _Held) -> str:
    return standing_of({each.key: each.value for each in held.properties})


def _is_suspicious(kept: Kept, held: _Held) -> bool:
    return _standing(held) != Standing.UNCHANGED or _damage(held) is not None or bool(_faults(kept, held))


def _damage(held: _Held) -> str | None:
    return damage_of({each.key: each.value for each in held.properties})


def _faults(kept: Kept, held: _Held) -> list[tuple[str, str]]:
    """What a container has otherwise than the version that it is to hold: kinds and sentences."""
    if held.state != ContainerState.COMPLETE:
        return [(INCOMPLETE, f"its container is {held.state}")]
    faults = []
    if _standing(held) == Standing.CHANGED:
        faults.append((CHANGED, "its file was changed after it was adopted"))
    replica, version = kept.replica, kept.version
    whole = replica.offset == 0 and replica.length is None
    if (held.size or 0) != version.size if whole else replica.offset + (replica.length or 0) > (held.size or 0):
        faults.append((WRONG_SIZE, f"its container has {held.size} bytes, not {version.size}"))
    theirs = {digest.algorithm: digest.value for digest in held.digests}
    differ = [each.algorithm for each in version.digests if theirs.get(each.algorithm, each.value) != each.value]
    if differ and whole:
        faults.append((WRONG_DIGEST, f"its container has other bytes, by {', '.join(differ)}"))
    return faults
