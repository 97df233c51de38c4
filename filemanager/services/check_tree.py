"""The check of the tree by itself: roots, parents, names, the trash, versions and their replicas.

Rule: each page is judged in one state of the database, so that no change under way can look like a fault. What SQL's
constraints keep true is looked at all the same: a file may have been restored, or edited by hand.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from filemanager.config import Config
from filemanager.domain.account import Account
from filemanager.domain.findings import (
    BELOW_A_FILE,
    CYCLE,
    NO_HOME,
    NO_REPLICA,
    OTHER_OWNER,
    STRAY_ROOT,
    WRONG_NAME,
    WRONG_TRASH,
    WRONG_VERSION,
    found,
)
from filemanager.domain.node import Node
from filemanager.ports import Database, Transaction
from vofiles.contract import NodeKind
from vofiles.errors import InvalidName
from vofiles.findings import Finding, Page, number_in
from vofiles.ivorn import Ivorn, NodeIdentifier
from vofiles.names import parse_name

PAGE: Final = 500
"""Nodes or accounts in one step."""


@dataclass(frozen=True)
class TreeCheck:
    """The tree's part of a check."""

    config: Config
    database: Database

    def nodes(self, after: str) -> Page:
        """A page of nodes, by their keys."""
        start = number_in(after)

        def look(tx: Transaction) -> tuple[list[Node], list[Finding]]:
            nodes = tx.census.nodes(start, PAGE)
            return nodes, [*self._places(tx, nodes), *self._contents(tx, nodes)]

        nodes, findings = self.database.read(look)
        return Page(tuple(findings), {"nodes": len(nodes)}, str(nodes[-1].key) if len(nodes) == PAGE else None)

    def accounts(self, after: str) -> Page:
        """A page of accounts, by their identifiers."""
        start = Ivorn.parse(after) if after else None

        def look(tx: Transaction) -> tuple[list[Account], list[Finding]]:
            accounts = tx.accounts.list_accounts(start, PAGE)
            return accounts, [finding for account in accounts for finding in _home(tx, account)]

        accounts, findings = self.database.read(look)
        following = str(accounts[-1].identifier) if len(accounts) == PAGE else None
        return Page(tuple(findings), {"accounts": len(accounts)}, following)

    def _subject(self, node: Node) -> NodeIdentifier:
        return NodeIdentifier(self.config.identifier, node.number)

    def _places(self, tx: Transaction, nodes: list[Node]) -> Iterator[Finding]:
        parents = {node.key: node for node in nodes}
        for node in nodes:
            if not _is_name(node.name):
                yield found(WRONG_NAME, self._subject(node), f"{node.name!a} is no name that a node can have")
            if node.parent is None:
                yield from self._root(tx, node)
                continue
            if node.parent not in parents:
                parent = tx.nodes.find_key(node.parent)
                assert parent is not None, "a foreign key leads nowhere"
                parents[node.parent] = parent
            yield from self._place(tx, node, parents[node.parent])
        yield from self._trashed(tx, nodes, parents)

    def _root(self, tx: Transaction, node: Node) -> Iterator[Finding]:
        if node.is_trash:
            trash = tx.trash.find_root(node.owner)
            if trash is None or trash.key != node.key:
                yield found(STRAY_ROOT, self._subject(node), f"it is a trash, and not the one of {node.owner}")
            return
        account = tx.accounts.find_account(node.owner)
        if account is None or account.home != node.number:
            yield found(STRAY_ROOT, self._subject(node), f"it is a root, and not the home of {node.owner}")

    def _trashed(self, tx: Transaction, nodes: list[Node], parents: dict[int, Node]) -> Iterator[Finding]:
        """What lies in a trash is listed there, and nothing else is."""
        entries = tx.trash.entries_among([node.key for node in nodes])
        for node in nodes:
            inside = node.parent is not None and parents[node.parent].is_trash
            if inside and node.key not in entries:
                yield found(WRONG_TRASH, self._subject(node), "it is in the trash, and not listed there")
            if node.key in entries and not inside:
                yield found(WRONG_TRASH, self._subject(node), "it is listed in the trash, and not there")

    def _place(self, tx: Transaction, node: Node, parent: Node) -> Iterator[Finding]:
        subject = self._subject(node)
        if parent.kind != NodeKind.FOLDER and not parent.is_trash:
            yield found(BELOW_A_FILE, subject, f"{node.name} is in {parent.name}, which is a {parent.kind}")
        if parent.owner != node.owner:
            yield found(OTHER_OWNER, subject, f"it is {node.owner}'s, in a folder of {parent.owner}")
        # Every cycle has a node that is older than its parent; no other way up is worth going.
        if parent.key >= node.key and _returns(tx, node):
            yield found(CYCLE, subject, f"{node.name} is above itself")

    def _contents(self, tx: Transaction, nodes: list[Node]) -> Iterator[Finding]:
        versions = tx.contents.current_versions([node.key for node in nodes])
        replicas = tx.contents.replicas_of([version.key for version in versions.values()])
        for node in nodes:
            version = versions.get(node.key)
            number = version.number if version is not None else 0
            if number != node.version or (number and node.kind != NodeKind.FILE):
                text = f"the {node.kind} is of version {node.version}, its latest content is {number or 'absent'}"
                yield found(WRONG_VERSION, self._subject(node), text)
            if version is not None and not replicas.get(version.key):
                yield found(NO_REPLICA, self._subject(node), f"no store is known to hold version {number}")


def _is_name(name: str) -> bool:
    try:
        return parse_name(name) == name
    except InvalidName:
        return False


def _returns(tx: Transaction, node: Node) -> bool:
    """Whether the way up from a node leads to itself."""
    seen: set[int] = set()
    above = node.parent
    while above is not None and above not in seen:
        if above == node.key:
            return True
        seen.add(above)
        parent = tx.nodes.find_key(above)
        above = parent.parent if parent is not None else None
    return False


def _home(tx: Transaction, account: Account) -> Iterator[Finding]:
    home = tx.nodes.find_node(account.home)
    if home is None:
        yield found(NO_HOME, account.identifier, f"its home, node {account.home}, is not there")
    elif not home.is_root or home.is_trash or home.owner != account.identifier:
        yield found(NO_HOME, account.identifier, f"its home, node {account.home}, is not a root of its own")
