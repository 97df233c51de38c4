"""What the FileManager's database promises of calls with an idempotency key, and what moves need of it: against memory,
SQLite, PostgreSQL.
"""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from sqlalchemy import text

from filemanager.domain.account import Account
from filemanager.domain.node import HOME, Node
from filemanager.domain.repeat import Repeat
from filemanager.ports import Database, Transaction
from tests.support.databases import server
from tests.support.serving import wait_until
from tests.support.treedatabases import tree
from vofiles import contract
from vofiles.contract import AccountKind, DeleteAnswer, Digest, NodeAnswer, NodeKind, Property
from vofiles.instant import Instant
from vofiles.ivorn import Ivorn, NodeIdentifier
from vofiles.names import NodeName

__all__ = ["server", "tree"]

LONG = 30
T0 = Instant(1_700_000_000_000_000)
DAVE, EVE = Ivorn.parse("ivo://ast.cam.ac.uk/dave"), Ivorn.parse("ivo://ast.cam.ac.uk/eve")
CALL = Repeat(DAVE, "k é 1", "move", "0f" * 32, T0)
NODE = contract.Node(
    NodeIdentifier(Ivorn.parse("ivo://ast.cam.ac.uk/filemanager"), "abc"), "été", NodeKind.FILE, DAVE, T0, T0, 2, 1,
    size=2**41, digests=(Digest("sha-256", "00"),), properties=(Property("k", 'v "ü" \n<&>'), Property("", "")),
)  # fmt: skip


def claim(database: Database, call: Repeat) -> Repeat | None:
    return database.write(lambda tx: tx.repeats.claim(call))


def find(database: Database, call: Repeat) -> Repeat | None:
    return database.read(lambda tx: tx.repeats.find_repeat(call.caller, call.key))


def test_a_call_is_claimed_once(tree: Database) -> None:
    assert find(tree, CALL) is None
    assert claim(tree, CALL) is None
    assert claim(tree, replace(CALL, operation="copy", fingerprint="x", created=Instant(T0 + 1))) == CALL
    assert find(tree, CALL) == CALL
    assert claim(tree, replace(CALL, caller=EVE)) is None
    assert claim(tree, replace(CALL, key="K É 1")) is None


def test_what_may_change_of_a_call_changes(tree: Database) -> None:
    claim(tree, CALL)
    begun = replace(CALL, transfer="t1")
    tree.write(lambda tx: tx.repeats.save_repeat(begun))
    assert find(tree, CALL) == begun
    answered = replace(CALL, transfer="t2", answered=True)
    tree.write(lambda tx: tx.repeats.save_repeat(answered))
    assert find(tree, CALL) == answered
    tree.write(lambda tx: tx.repeats.save_repeat(replace(CALL, key="nobody's")))
    assert find(tree, replace(CALL, key="nobody's")) is None


def test_an_answer_is_kept_whole(tree: Database) -> None:
    claim(tree, CALL)
    assert tree.read(lambda tx: tx.repeats.find_answer(CALL, NodeAnswer)) is None
    tree.write(lambda tx: tx.repeats.keep_answer(CALL, NodeAnswer(NODE)))
    assert tree.read(lambda tx: tx.repeats.find_answer(CALL, NodeAnswer)) == NodeAnswer(NODE)
    assert find(tree, CALL) == replace(CALL, answered=True)
    empty = replace(CALL, key="empty")
    claim(tree, empty)
    tree.write(lambda tx: tx.repeats.keep_answer(empty, DeleteAnswer()))
    assert tree.read(lambda tx: tx.repeats.find_answer(empty, DeleteAnswer)) == DeleteAnswer()


def test_a_forgotten_call_can_be_made_anew(tree: Database) -> None:
    claim(tree, CALL)
    tree.write(lambda tx: tx.repeats.keep_answer(CALL, DeleteAnswer()))
    for _ in range(2):
        tree.write(lambda tx: tx.repeats.forget(DAVE, CALL.key))
    assert find(tree, CALL) is None
    assert claim(tree, CALL) is None
    assert tree.read(lambda tx: tx.repeats.find_answer(CALL, DeleteAnswer)) is None


def test_a_claim_goes_back_with_its_transaction(tree: Database) -> None:
    def fail(tx: Transaction) -> None:
        tx.repeats.claim(CALL)
        raise LookupError

    for _ in range(2):
        try:
            tree.write(fail)
        except LookupError:
            continue
    assert find(tree, CALL) is None


def test_old_calls_are_pruned_the_oldest_first(tree: Database) -> None:
    for number in (3, 1, 4, 2, 0):
        claim(tree, replace(CALL, key=f"k{number}", created=Instant(T0 + number)))
    assert tree.write(lambda tx: tx.repeats.prune(T0, 10)) == 0
    assert tree.write(lambda tx: tx.repeats.prune(Instant(T0 + 4), 3)) == 3
    left = {n for n in range(5) if find(tree, replace(CALL, key=f"k{n}")) is not None}
    assert left == {3, 4}
    assert tree.write(lambda tx: tx.repeats.prune(Instant(T0 + 9), 10)) == 2


def test_of_many_at_once_one_does_it_and_all_have_its_answer(tree: Database) -> None:
    together = threading.Barrier(8)

    def work(number: int) -> DeleteAnswer | None:
        def once(tx: Transaction) -> DeleteAnswer | None:
            before = tx.repeats.claim(CALL)
            if before is not None:
                return tx.repeats.find_answer(before, DeleteAnswer)
            answer = DeleteAnswer(NodeIdentifier(Ivorn.parse("ivo://a.org/f"), f"n{number}"))
            tx.repeats.keep_answer(CALL, answer)
            return answer

        together.wait(LONG)
        return tree.write(once)

    with ThreadPoolExecutor(8) as pool:
        answers = {done.result(LONG) for done in [pool.submit(work, number) for number in range(8)]}
    assert len(answers) == 1
    assert None not in answers


# --- what moves need --------------------------------------------------------------------------------------------------


def folders(database: Database, *parents: int, kind: str = NodeKind.FOLDER) -> list[Node]:
    """A root, and nodes each below the one with that place in the list."""

    def fill(tx: Transaction) -> list[Node]:
        tx.accounts.add_account(Account(DAVE, "dave", AccountKind.PERSON, "n0", T0))
        made = [tx.nodes.add_node(Node("n0", HOME, NodeKind.FOLDER, DAVE, T0, T0))]
        for number, place in enumerate(parents, 1):
            parent, name = made[place], f"n{number}"
            node = Node(name, NodeName(name), kind, DAVE, T0, T0, 1, 0, parent.key, parent.number)
            made.append(tx.nodes.add_node(node))
        return made

    return database.write(fill)


def heights(database: Database, nodes: list[Node]) -> list[int]:
    return [database.read(lambda tx, key=node.key: tx.nodes.height(key)) for node in nodes]  # type: ignore[misc]


def test_height_is_that_of_the_deepest_node_of_any_kind(tree: Database) -> None:
    made = folders(tree, 0, 1, 2, 0, 1)
    assert heights(tree, made) == [3, 2, 1, 0, 0, 0]

    def put(tx: Transaction) -> None:
        for parent in (made[3], made[4]):
            name = f"file {parent.key}"
            tx.nodes.add_node(Node(name, NodeName(name), NodeKind.FILE, DAVE, T0, T0, 1, 0, parent.key, parent.number))

    tree.write(put)
    assert heights(tree, made) == [4, 3, 2, 1, 1, 0]
    assert tree.read(lambda tx: tx.nodes.height(10**6)) == 0


def test_who_waited_for_a_lock_is_told_what_has_become_of_the_node(tree: Database) -> None:
    """Its parent's number included, which is in another row."""
    made = folders(tree, 0, 0, 0)
    locked = threading.Event()

    def hold(tx: Transaction) -> None:
        node = tx.nodes.lock_node(made[1].key)
        assert node is not None
        locked.set()
        connection = getattr(tx.nodes, "_connection", None)
        if connection is not None and connection.dialect.name == "postgresql":
            wait_until(lambda: connection.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted")), "it waits")
        tx.nodes.save_node(replace(node, parent=made[2].key, parent_number=made[2].number, name=NodeName("moved")))

    def wait(tx: Transaction) -> Node | None:
        return tx.nodes.lock_node(made[1].key)

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(tree.write, hold)
        assert locked.wait(LONG)
        found = pool.submit(tree.write, wait).result(LONG)
        first.result(LONG)
    assert found is not None
    assert (found.name, found.parent, found.parent_number) == ("moved", made[2].key, made[2].number)
