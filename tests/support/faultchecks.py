"""What must be true of a FileManager and its stores, whatever went wrong: the invariants I1 to I8 of the design.

Rule: everything is read from the files themselves, past the services; an invariant is one function, and what it finds
is raised as Wrong. `check_structure` holds at every moment when the processes run, `check_left_alone` after the grace
period, and `check_sight` says what callers may see.
"""

import hashlib
import json
import sqlite3
from collections import Counter
from pathlib import Path
from typing import Any

from filemanager.domain.node import TRASH_KIND
from filestore.domain.sidecar import Sidecar
from tests.support.faultcallers import look
from tests.support.faultworld import StoreProcess, World
from tests.support.localstores import SERVICE
from tests.support.stage import Wrong
from vofiles.contract import JobState, TransferState

Row = dict[str, Any]
_IMPORTS = ("importInit", "importData", "appendInit", "copy")
_TOLD = ("import", "append", "copy")
_MADE = ("addNode", "addAccount", "copy")


class Ledger:
    """What one world's files say just now."""

    def __init__(self, world: World) -> None:
        self._manager = _Tables(world.folder / "manager.db")
        self.accounts = self._manager.rows("accounts")
        self.nodes = {row["key"]: row for row in self._manager.rows("nodes")}
        self.versions = self._manager.rows("content_versions")
        self.version_digests = self._manager.rows("version_digests")
        self.replicas = self._manager.rows("replicas")
        self.transfers = self._manager.rows("transfers")
        self.changes = self._manager.rows("changes")
        self.errands = self._manager.rows("errands")
        self.trash = {row["node"]: row for row in self._manager.rows("trashed")}
        self.jobs = self._manager.rows("jobs")
        self._manager.close()
        self.shelves = {str(store.identifier): Shelf(store) for store in world.stores}

    def container(self, identifier: str) -> Row | None:
        """A container's row in the store that its identifier names."""
        store, _, number = identifier.partition("#")
        return self.shelves[store].containers.get(number)


class Shelf:
    """One store's files."""

    def __init__(self, store: StoreProcess) -> None:
        tables = _Tables(store.folder / "catalogue.db")
        self.store = store
        self.containers = {row["number"]: row for row in tables.rows("containers")}
        self.transfers = tables.rows("transfers")
        self.outbox = {row["transfer"]: row for row in tables.rows("outbox")}
        self.orphans = tables.rows("orphans")
        tables.close()
        self.files = store.kept()

    def complete(self) -> list[Row]:
        return [row for row in self.containers.values() if row["state"] == "COMPLETE"]


class _Tables:
    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.row_factory = sqlite3.Row

    def rows(self, table: str) -> list[Row]:
        return [dict(row) for row in self._connection.execute(f"SELECT * FROM {table}")]

    def close(self) -> None:
        self._connection.close()


def require(what: object, sentence: str) -> None:
    """Raises Wrong."""
    if not what:
        raise Wrong(sentence)


# --- at every moment --------------------------------------------------------------------------------------------------


def check_structure(world: World) -> None:
    """Raises Wrong."""
    ledger = Ledger(world)
    for shelf in ledger.shelves.values():
        for container in shelf.complete():
            _content_is_there(shelf, container)
        _who_is_owed_a_callback_gets_one(shelf)
        _leases_are_somebodys(shelf)
    _acknowledged_is_known(ledger)
    _one_root_and_no_cycles(ledger)
    _trash_is_known(ledger)
    _current_versions_are_held(ledger)
    _transfers_end_once(ledger)
    _history_has_no_gaps(ledger)


def _content_is_there(shelf: Shelf, container: Row) -> None:
    """I1, I8: what is COMPLETE is whole, and says beside it what it is."""
    number = container["number"]
    path, beside = shelf.files.get(number), shelf.files.get(f"{number}.json")
    require(path is not None, f"I1: container {number} has no bytes")
    assert path is not None
    data = path.read_bytes()
    require(len(data) == container["size"], f"I1: container {number} has {len(data)} bytes, not {container['size']}")
    digests = {each["algorithm"]: each["value"] for each in json.loads(container["digests"])}
    require(hashlib.sha256(data).hexdigest() == digests["sha-256"], f"I8: container {number} has other bytes")
    require(beside is not None, f"I2: container {number} has no sidecar")
    assert beside is not None
    try:
        sidecar = Sidecar.from_json(beside.read_text())
    except ValueError as error:
        raise Wrong(f"I2: the sidecar of container {number} cannot be read") from error
    said = {each.algorithm: each.value for each in sidecar.content.digests}
    require(said == digests, f"I2: the sidecar of container {number} is about other bytes")


def _who_is_owed_a_callback_gets_one(shelf: Shelf) -> None:
    for transfer in shelf.transfers:
        if transfer["state"] == TransferState.STORED:
            require(transfer["transfer"] in shelf.outbox, "I6: a transfer is STORED, and nobody will be told")


def _acknowledged_is_known(ledger: Ledger) -> None:
    """I5: a store calls an import COMPLETED when, and only when, its FileManager knows its end."""
    ended = {each["number"] for each in ledger.transfers if each["state"] in TransferState.ENDED}
    for shelf in ledger.shelves.values():
        for transfer in shelf.transfers:
            if transfer["state"] == TransferState.COMPLETED and transfer["direction"] in _IMPORTS:
                require(transfer["transfer"] in ended, "I5: the FileManager does not know what the store says it does")


def _leases_are_somebodys(shelf: Shelf) -> None:
    for transfer in shelf.transfers:
        if transfer["state"] == TransferState.RECEIVING:
            held = shelf.store.store.flows.find(transfer["lease"])
            require(held is not None, "I5: a lease is held by nobody")
    for container in shelf.containers.values():
        if container["state"] == "RECEIVING":
            filling = [each for each in shelf.transfers if each["container"] == container["number"]]
            require(
                any(each["state"] == TransferState.RECEIVING or _is_kept(each) for each in filling),
                f"I5: container {container['number']} is RECEIVING, and nothing fills it",
            )


def _is_kept(transfer: Row) -> bool:
    """Whether bytes are safe that another part can go on behind."""
    return bool(transfer["state"] == TransferState.OFFERED and transfer["bytes_done"] > 0)


def _one_root_and_no_cycles(ledger: Ledger) -> None:
    tops = [node for node in ledger.nodes.values() if node["parent"] is None]
    roots = Counter(node["owner"] for node in tops if node["kind"] != TRASH_KIND)
    owners = {account["key"]: account["home"] for account in ledger.accounts}
    require(roots == Counter(list(owners)), "I4: an account has not exactly one root")
    require(
        {node["number"] for node in tops if node["kind"] != TRASH_KIND} == set(owners.values()),
        "I4: an account's home is not its root",
    )
    names = Counter((node["parent"], node["name"]) for node in ledger.nodes.values() if node["parent"] is not None)
    require(all(number == 1 for number in names.values()), "I4: two siblings have one name")
    for node in ledger.nodes.values():
        steps = 0
        while node["parent"] is not None:
            node, steps = ledger.nodes[node["parent"]], steps + 1  # noqa: PLW2901
            require(steps <= len(ledger.nodes), "I4: a node is its own ancestor")
            require(node["kind"] in {"FOLDER", TRASH_KIND}, "I4: a node is in something that is no folder")


def _trash_is_known(ledger: Ledger) -> None:
    """What is in a trash has an entry, and nothing else has one."""
    trashes = {node["key"] for node in ledger.nodes.values() if node["kind"] == TRASH_KIND}
    inside = {node["key"] for node in ledger.nodes.values() if node["parent"] in trashes}
    require(inside == set(ledger.trash), f"I4: {inside} are in the trash, {set(ledger.trash)} have an entry")


def _current_versions_are_held(ledger: Ledger) -> None:
    """I2."""
    for node in ledger.nodes.values():
        versions = [each for each in ledger.versions if each["node"] == node["key"]]
        current = max(versions, key=lambda each: each["number"], default=None)
        number = current["number"] if current is not None else 0
        require(node["version"] == number, f"I2: a node is at version {node['version']}, its highest is {number}")
        if current is None:
            continue
        digests = {
            each["algorithm"]: each["value"] for each in ledger.version_digests if each["version"] == current["key"]
        }
        replicas = [each for each in ledger.replicas if each["version"] == current["key"]]
        require(any(each["state"] == "AVAILABLE" for each in replicas), "I2: a current version has no replica")
        for replica in replicas:
            _replica_is_held(ledger, replica, current, digests)


def _replica_is_held(ledger: Ledger, replica: Row, version: Row, digests: dict[str, str]) -> None:
    container = ledger.container(replica["container"])
    require(container is not None, f"I2: {replica['container']} is not in its store")
    assert container is not None
    require(container["state"] == "COMPLETE", f"I2: {replica['container']} is {container['state']}")
    require(container["manager"] == str(SERVICE), "I2: the container is another FileManager's")
    require(container["size"] == version["size"], "I2: the replica has another size")
    held = {each["algorithm"]: each["value"] for each in json.loads(container["digests"])}
    require(held == digests, "I2: the replica has other digests")


def _transfers_end_once(ledger: Ledger) -> None:
    """I5: a version came of each import that is COMPLETED, and of nothing else."""
    for node in ledger.nodes.values():
        imports = [each for each in ledger.transfers if each["node"] == node["key"] and each["direction"] in _IMPORTS]
        # One of another replica makes no version.
        made = [each for each in imports if each["replica_of"] is None]
        completed = sum(each["state"] == TransferState.COMPLETED for each in made)
        require(completed == node["version"], f"I5: {completed} imports have made {node['version']} versions")
        changes = [each for each in ledger.changes if each["node"] == node["number"] and each["operation"] in _TOLD]
        # What is made as a copy comes without content.
        told = sum("content.version" in json.loads(each["after"]) for each in changes)
        require(told == node["version"], f"I5: {told} changes tell of {node['version']} versions")
    for transfer in ledger.transfers:
        ended = transfer["state"] in TransferState.ENDED
        require(bool(transfer["is_open"]) is not ended, "I5: a transfer is open and has ended")


def _history_has_no_gaps(ledger: Ledger) -> None:
    numbers = sorted(each["number"] for each in ledger.changes)
    require(numbers == list(range(1, len(numbers) + 1)), "the history has gaps")
    made = {each["node"] for each in ledger.changes if each["operation"] in _MADE}
    nodes = {node["number"] for node in ledger.nodes.values() if node["kind"] != TRASH_KIND}
    require(nodes <= made, "a node came into being without a Change")


# --- after the grace period -------------------------------------------------------------------------------------------


def check_left_alone(world: World) -> None:
    """I6. Raises Wrong."""
    ledger = Ledger(world)
    require(not ledger.errands, f"I6: errands are left: {ledger.errands}")
    still = [each["state"] for each in ledger.transfers if each["state"] not in TransferState.ENDED]
    require(not still, f"I6: the FileManager's transfers have not ended: {still}")
    at_work = [each["verb"] for each in ledger.jobs if each["state"] not in JobState.ENDED]
    require(not at_work, f"I6: jobs have not ended: {at_work}")
    wanted = {each["container"] for each in ledger.replicas}
    require(
        len(ledger.replicas) == len({each["version"] for each in ledger.replicas}),
        "I2: a version is there more than once",
    )
    for name, shelf in ledger.shelves.items():
        require(not shelf.outbox, f"I6: callbacks are left: {shelf.outbox}")
        require(not shelf.transfers, f"I6: transfers are left: {[each['state'] for each in shelf.transfers]}")
        require(not shelf.orphans, f"I6: files without a container are left: {shelf.orphans}")
        held = {f"{name}#{each['number']}" for each in shelf.complete()}
        require(held == {each for each in wanted if each.startswith(name)}, f"I6: {held} are held, wanted: {wanted}")
        rest = [each["state"] for each in shelf.containers.values() if each["state"] != "COMPLETE"]
        require(not rest, f"I6: containers are left: {rest}")
        numbers = {each["number"] for each in shelf.complete()}
        require(
            set(shelf.files) == numbers | {f"{number}.json" for number in numbers},
            f"I6: files are left: {set(shelf.files) - numbers}",
        )
    require(not world.notes.given_up, f"I6: given up: {world.notes.given_up}")


# --- what callers see -------------------------------------------------------------------------------------------------


def check_sight(world: World) -> None:
    """I1, I8: what was acknowledged is there; what was only asked for is there wholly or not at all. What has been seen
    once stays so. Raises Wrong.
    """
    seen: dict[str, set[object]] = {}
    for (kind, name), allowed in world.notes.allowed.items():
        found = look(world, kind, name)
        if found not in allowed:
            raise Wrong(f"I1: {kind} of {name} is {_short(found)}, allowed: {[_short(each) for each in allowed]}")
        world.notes.allowed[(kind, name)] = [found]
        if kind == "property" and len(allowed) > 1:
            seen.setdefault(name.partition(" ")[0], set()).add(found)
    require(all(len(values) == 1 for values in seen.values()), f"I7: a change was done by half: {seen}")


def _short(value: object) -> str:
    return f"{value[:12]!r}… ({len(value)} bytes)" if isinstance(value, bytes) else repr(value)
