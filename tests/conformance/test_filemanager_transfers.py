"""What the port `Database` promises of transfers, against every implementation."""

from dataclasses import replace

import pytest

from filemanager.ports import Database
from tests.support.databases import server
from tests.support.treedatabases import tree
from tests.support.treerows import (
    EVE,
    T0,
    add,
    add_transfer,
    container,
    database,
    find_transfer,
    root,
    save_transfer,
    transfer,
    under,
)
from vofiles.contract import Digest, Direction, Failure, Property, Receipt, TransferState
from vofiles.errors import (
    AccountNotFound,
    Conflict,
    NodeNotFound,
    StoreNotFound,
)
from vofiles.instant import Instant
from vofiles.ivorn import Ivorn

__all__ = ["database", "server", "tree"]


def test_a_transfer_is_found_as_it_was_added_and_saved(database: Database) -> None:
    file = add(database, under(add(database, root()), "a"))
    plain = transfer(file)
    full = transfer(
        file, size=5, content_type="text/csv", digests=(Digest("sha-256", "00" * 32),), container=container()
    )
    add_transfer(database, plain)
    add_transfer(database, full)
    assert find_transfer(database, plain.number) == plain
    assert find_transfer(database, "missing") is None
    where = container()
    receipt = Receipt(
        full.number, where, 2**41, Instant(T0 + 7), "image/fits", full.digests, (Property("k", 'v "ü" \n<&>'),)
    )
    saved = replace(
        full,
        state=TransferState.COMPLETED,
        bytes_done=2**41,
        container=where,
        expiry=Instant(T0 + 5),
        due=Instant(T0 + 6),
        failure=Failure("ChecksumMismatch", "no — really"),
        receipt=receipt,
    )
    save_transfer(database, saved)
    assert find_transfer(database, full.number) == saved
    assert database.write(lambda tx: tx.transfers.lock_transfer(full.number)) == saved
    assert database.write(lambda tx: tx.transfers.lock_transfer("missing")) is None
    least = replace(saved, failure=None, receipt=Receipt(full.number, where, 0, T0), expiry=None)
    save_transfer(database, least)
    assert find_transfer(database, full.number) == least


def test_a_transfer_is_of_a_caller_a_store_and_a_node_that_are_there_and_its_number_is_new(database: Database) -> None:
    file = add(database, under(add(database, root()), "a"))
    first = transfer(file)
    add_transfer(database, first)
    nowhere = Ivorn("nowhere.org", "x")
    for wrong, error in (
        (transfer(file, number=first.number), Conflict),
        (transfer(file, caller=nowhere), AccountNotFound),
        (transfer(file, store=nowhere), StoreNotFound),
        (replace(transfer(file), node=10**9), NodeNotFound),
    ):
        with pytest.raises(error):
            add_transfer(database, wrong)


def test_open_transfers_of_a_node_come_oldest_first_and_the_latest_import_with_a_container_counts(
    database: Database,
) -> None:
    home = add(database, root())
    file, other, idle = (add(database, under(home, name)) for name in "abc")
    late = transfer(file, created=Instant(T0 + 2), container=container())
    early = transfer(file, created=Instant(T0 + 1), container=container())
    bare = transfer(file, created=Instant(T0 + 3))
    export = transfer(file, created=Instant(T0 + 4), container=container(), direction=Direction.EXPORT_DATA)
    ended = transfer(file, created=Instant(T0 + 5), container=container(), state=TransferState.COMPLETED)
    fetched = transfer(other, container=container(), direction=Direction.IMPORT_DATA)
    for each in (late, early, bare, export, ended, fetched):
        add_transfer(database, each)
    assert database.read(lambda tx: tx.transfers.open_transfers(file.key)) == [early, late, bare, export]
    keys = [idle.key, other.key, file.key]
    assert database.read(lambda tx: tx.transfers.open_imports(keys)) == {file.key: late, other.key: fetched}
    done = replace(late, state=TransferState.FAILED)
    save_transfer(database, done)
    assert database.read(lambda tx: tx.transfers.open_imports(keys))[file.key] == early


def test_the_open_imports_into_the_space_of_an_account_come_the_longest_due_first(database: Database) -> None:
    home, another = add(database, root()), add(database, root(EVE))
    file, other = (add(database, under(home, name)) for name in "ab")
    theirs = add(database, under(another, "c"))
    late = transfer(file, due=Instant(T0 + 2), container=container())
    early = transfer(other, due=Instant(T0 + 1), container=container(), direction=Direction.IMPORT_DATA)
    bare = transfer(file)
    export = transfer(file, container=container(), direction=Direction.EXPORT_DATA)
    ended = transfer(file, container=container(), state=TransferState.COMPLETED)
    for each in (late, early, bare, export, ended, transfer(theirs, container=container())):
        add_transfer(database, each)
    assert database.read(lambda tx: tx.transfers.imports_into(home.owner)) == [early, late]


def test_due_transfers_are_open_and_come_the_longest_due_first(database: Database) -> None:
    file = add(database, under(add(database, root()), "a"))
    moving = [transfer(file, due=Instant(T0 + offset)) for offset in (3, 1, 2, 4)]
    ended = transfer(file, due=T0, state=TransferState.CANCELLED)
    for each in (*moving, ended):
        add_transfer(database, each)
    now = Instant(T0 + 3)
    ordered = [moving[1], moving[2], moving[0]]
    assert database.read(lambda tx: tx.transfers.due_transfers(now, 10)) == ordered
    assert database.read(lambda tx: tx.transfers.due_transfers(now, 2)) == ordered[:2]


def test_transfers_that_ended_are_forgotten_the_longest_due_first(database: Database) -> None:
    file = add(database, under(add(database, root()), "a"))
    ended = [transfer(file, due=Instant(T0 + n), state=TransferState.COMPLETED) for n in (3, 1, 2)]
    still = transfer(file, due=T0)
    for each in (*ended, still):
        add_transfer(database, each)
    assert database.write(lambda tx: tx.transfers.prune(Instant(T0 + 1), 10)) == 0
    assert database.write(lambda tx: tx.transfers.prune(Instant(T0 + 3), 1)) == 1
    left = [each for each in ended if database.read(lambda tx, n=each.number: tx.transfers.find_transfer(n))]  # type: ignore[misc]
    assert left == [ended[0], ended[2]]
    assert database.write(lambda tx: tx.transfers.prune(Instant(T0 + 3), 10)) == 1
    assert database.read(lambda tx: tx.transfers.find_transfer(ended[0].number)) == ended[0]
    assert database.read(lambda tx: tx.transfers.find_transfer(still.number)) == still
