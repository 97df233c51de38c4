"""A FileManager's database with Dave, Eve and two stores in it, and how tests add, find and save its rows.

Rule: a module imports the fixtures that it uses, and `server` and `tree` with `database`.
"""

from collections.abc import Collection
from dataclasses import replace
from typing import Any

import pytest

from filemanager.domain.account import Account
from filemanager.domain.change import Change, ChangeOperation
from filemanager.domain.content import ContentVersion
from filemanager.domain.credential import Credential, Token
from filemanager.domain.errand import Errand, ErrandVerb
from filemanager.domain.node import HOME, Node
from filemanager.domain.store import Store
from filemanager.domain.transfer import Transfer
from filemanager.ports import Database, Transaction
from vofiles.contract import AccountKind, Digest, Direction, NodeKind, TransferState
from vofiles.instant import Instant
from vofiles.ivorn import Ivorn, new_number
from vofiles.names import NodeName, parse_name

LONG = 30
T0 = Instant(1_700_000_000_000_000)
DAVE = Ivorn.parse("ivo://ast.cam.ac.uk/dave")
EVE = Ivorn.parse("ivo://ast.cam.ac.uk/eve")
LEICESTER = Ivorn.parse("ivo://star.le.ac.uk/filestore")
CAMBRIDGE = Ivorn.parse("ivo://ast.cam.ac.uk/filestore")


# --- the implementations ----------------------------------------------------------------------------------------------


@pytest.fixture
def database(tree: Database) -> Database:
    """With Dave, Eve and two stores."""

    def fill(tx: Transaction) -> None:
        tx.accounts.add_account(account(DAVE, "dave"))
        tx.accounts.add_account(account(EVE, "eve"))
        tx.stores.put_store(Store(LEICESTER, "http://leicester/filestore"))
        tx.stores.put_store(Store(CAMBRIDGE, "http://cambridge/filestore"))

    tree.write(fill)
    return tree


# --- makers -----------------------------------------------------------------------------------------------------------


def account(identifier: Ivorn, name: str, **changes: Any) -> Account:
    return replace(Account(identifier, name, AccountKind.PERSON, new_number(), T0), **changes)


def root(owner: Ivorn = DAVE) -> Node:
    return Node(new_number(), HOME, NodeKind.FOLDER, owner, T0, T0)


def under(parent: Node, name: str, kind: str = NodeKind.FILE, **changes: Any) -> Node:
    node = Node(new_number(), parse_name(name), kind, parent.owner, T0, T0, 1, 0, parent.key, parent.number)
    return replace(node, **changes)


def add(database: Database, node: Node) -> Node:
    return database.write(lambda tx: tx.nodes.add_node(node))


def add_tree(database: Database, *names: str) -> list[Node]:
    """A root, and a chain of folders below it."""
    nodes = [add(database, root())]
    for name in names:
        nodes.append(add(database, under(nodes[-1], name, NodeKind.FOLDER)))
    return nodes


def add_account(database: Database, added: Account) -> None:
    database.write(lambda tx: tx.accounts.add_account(added))


def add_transfer(database: Database, added: Transfer) -> Transfer:
    database.write(lambda tx: tx.transfers.add_transfer(added))
    return added


def save_transfer(database: Database, saved: Transfer) -> None:
    database.write(lambda tx: tx.transfers.save_transfer(saved))


def find_transfer(database: Database, number: str) -> Transfer | None:
    return database.read(lambda tx: tx.transfers.find_transfer(number))


def put_store(database: Database, store: Store) -> None:
    database.write(lambda tx: tx.stores.put_store(store))


def add_token(database: Database, token: Token) -> None:
    database.write(lambda tx: tx.credentials.add_token(token))


def put_credential(database: Database, credential: Credential) -> None:
    database.write(lambda tx: tx.credentials.put_credential(credential))


def add_errand(database: Database, added: Errand) -> Errand:
    return database.write(lambda tx: tx.errands.add_errand(added))


def save_errand(database: Database, saved: Errand) -> None:
    database.write(lambda tx: tx.errands.save_errand(saved))


def delete_errand(database: Database, key: int) -> None:
    database.write(lambda tx: tx.errands.delete_errand(key))


def due_errands(database: Database, due: int, limit: int = 10, without: Collection[Ivorn] = ()) -> list[Errand]:
    return database.read(lambda tx: tx.errands.due_errands(Instant(T0 + due), limit, without))


def children(database: Database, parent: Node, after: NodeName | None = None, limit: int = 100) -> list[Node]:
    return database.read(lambda tx: tx.nodes.children(parent.key, after, limit))


def ancestors(database: Database, node: Node) -> list[Node]:
    return database.read(lambda tx: tx.nodes.ancestors(node.key))


def find(database: Database, start: Node, *path: str) -> Node | None:
    return database.read(lambda tx: tx.nodes.find_path(start.number, [NodeName(name) for name in path]))


def save(database: Database, node: Node) -> None:
    database.write(lambda tx: tx.nodes.save_node(node))


def delete(database: Database, node: Node) -> None:
    database.write(lambda tx: tx.nodes.delete_node(node.key))


def version(node: Node, number: int = 1, **changes: Any) -> ContentVersion:
    digests = (Digest("xxh3-128", "0f" * 16), Digest("sha-256", "ab" * 32))
    return replace(ContentVersion(node.key, number, 2**40, T0, "image/fits", digests), **changes)


def container(store: Ivorn = LEICESTER) -> Ivorn:
    return store.with_fragment(new_number())


def transfer(node: Node, **changes: Any) -> Transfer:
    new = Transfer(
        new_number(), DAVE, Direction.IMPORT_INIT, LEICESTER, TransferState.REQUESTED, T0, node.key, node.number, T0
    )
    return replace(new, **changes)


def change(number: int = 0, **changes: Any) -> Change:
    return replace(Change(DAVE, EVE, T0, "number", ChangeOperation.ADD_NODE, number=number), **changes)


# --- errands ----------------------------------------------------------------------------------------------------------


def errand(store: Ivorn, due: int, subject: str) -> Errand:
    return Errand(store, ErrandVerb.DELETE_CONTAINER, subject, T0, Instant(T0 + due))
