"""Rebuilding a lost database from what stores hold: names, owners, sizes, digests, types, and the nodes' old numbers.

Rule: takes in only containers whose transfers the database does not know, each file in one transaction together with
those transfers; so it may be stopped anywhere and run again, and changes nothing where nothing was lost. Nothing is
deleted, here or in stores.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final

from filemanager.config import Config
from filemanager.domain.account import Account, public_name
from filemanager.domain.caller import Caller
from filemanager.domain.change import Change, ChangeOperation
from filemanager.domain.content import ContentVersion
from filemanager.domain.findings import FRESH_NUMBER, OTHER_ROOT, RENAMED, SUPERSEDED, UNKNOWN_STORE, found
from filemanager.domain.node import HOME, Node, later
from filemanager.domain.rebuilding import File, Path, Root, Version, beside, tree_of
from filemanager.domain.replica import Replica, ReplicaState
from filemanager.domain.rights import require_administrator
from filemanager.domain.transfer import Transfer
from filemanager.ports import Clock, Database, Numbers, StoreControl, Transaction
from vofiles.adoption import is_adopted
from vofiles.contract import AccountKind, ContainerState, Direction, Holding, NodeKind, Receipt, TransferState
from vofiles.errors import DuplicateAccount
from vofiles.findings import Finding, Page
from vofiles.instant import SECOND, Instant
from vofiles.ivorn import Ivorn, NodeIdentifier
from vofiles.names import NodeName

PAGE: Final = 500
"""Containers asked of a store at once."""
_NOWHERE: Final[Path] = ()
BATCH: Final = 100
"""Files in one step."""
PATIENCE: Final = 30.0
"""Seconds that a store has to answer."""


@dataclass(frozen=True)
class RebuildService:
    """The use case of rebuilding."""

    config: Config
    database: Database
    control: StoreControl
    clock: Clock
    numbers: Numbers

    def holdings(self) -> Iterator[Holding]:
        """All that the stores of the configuration hold for this service. Raises what a store raises: a tree rebuilt
        without one of them would take old contents for the newest.
        """
        for entry in sorted(self.config.stores, key=lambda store: str(store.identifier)):
            after: str | None = ""
            while after is not None:
                answer = self.control.list_containers(entry.identifier, after, PAGE, PATIENCE)
                yield from answer.holdings
                after = answer.next

    def rebuild(self, caller: Caller, holdings: Iterable[Holding]) -> Iterator[Page]:
        """The steps of taking these containers in; what they report is done when they are answered.

        Raises PermissionDenied; and from the steps what the database raises.
        """
        require_administrator(caller, "rebuild the database")
        return self._steps(caller, list(holdings))

    def _steps(self, caller: Caller, holdings: Sequence[Holding]) -> Iterator[Page]:
        stores = {store.identifier for store in self.database.read(lambda tx: tx.stores.list_stores())}
        # What is adopted is others' files; `adopt` takes it in anew, for its homes are back then.
        holdings = [each for each in holdings if not is_adopted(each.transfer)]
        strange = [each for each in holdings if each.container.service not in stores]
        fresh = [each for each in self.unknown(holdings) if each.container.service in stores]
        tree = tree_of(fresh, self.config.terms.keep_versions)
        text = "its store is not in the configuration"
        findings = tuple(found(UNKNOWN_STORE, each.container, f"{text}; {each.node} is left out") for each in strange)
        yield Page(findings, {"containers": len(holdings), "containers taken in": len(fresh)})
        for root in tree.roots:
            yield self._take_root(caller, root)
        for start in range(0, len(tree.files), BATCH):
            yield self._take_files(caller, tree.files[start : start + BATCH])

    def unknown(self, holdings: Sequence[Holding]) -> Iterator[Holding]:
        """Those that the database knows nothing of: not their transfers, and no errand about them."""
        for start in range(0, len(holdings), PAGE):
            some = holdings[start : start + PAGE]

            def look(tx: Transaction, some: Sequence[Holding] = some) -> list[Holding]:
                told = tx.census.subjects_among({str(each.container) for each in some})
                replicas = tx.census.replicas_in([each.container for each in some])
                return [
                    each
                    for each in some
                    if each.container not in replicas
                    and str(each.container) not in told
                    and tx.transfers.find_transfer(each.transfer) is None
                ]

            yield from self.database.read(look)

    # --- accounts ---

    def _take_root(self, caller: Caller, root: Root) -> Page:
        try:
            name = public_name(root.owner, None)
            account = self.database.write(lambda tx: self._root(tx, caller, root, name))
        except DuplicateAccount:
            # The public name is somebody else's; the number is nobody's.
            account = self.database.write(lambda tx: self._root(tx, caller, root, root.number))
        text = f"it was a home of {root.owner}, who has {account.home}; its files go there"
        strange = sorted({root.number, *root.others} - {account.home})
        findings = (found(OTHER_ROOT, NodeIdentifier(self.config.identifier, number), text) for number in strange)
        return Page(tuple(findings), {"accounts": 1})

    def _root(self, tx: Transaction, caller: Caller, root: Root, name: str) -> Account:
        account = tx.accounts.find_account(root.owner)
        if account is None:
            account = Account(root.owner, name, AccountKind.PERSON, root.number, root.created)
            home = Node(root.number, HOME, NodeKind.FOLDER, root.owner, root.created, root.created)
            tx.accounts.add_account(account)
            tx.nodes.add_node(home)
            _note(tx, caller, home, {"account.name": name})
        return account

    # --- files ---

    def _take_files(self, caller: Caller, files: Sequence[File]) -> Page:
        def work(tx: Transaction) -> Page:
            pages = [self._file(tx, caller, file) for file in files]
            return Page(
                tuple(finding for page in pages for finding in page.findings),
                {"files": len(files), "versions": sum(page.counted["versions"] for page in pages)},
            )

        return self.database.write(work)

    def _file(self, tx: Transaction, caller: Caller, file: File) -> Page:
        findings: list[Finding] = []
        node = tx.nodes.find_node(file.number) if file.number is not None else self._at_path(tx, file)
        if node is None or node.kind != NodeKind.FILE:
            fresh = file.number is None or node is not None
            path, node = self._add_file(tx, file, self.numbers.new_number() if fresh else file.number)
            subject = NodeIdentifier(self.config.identifier, node.number)
            if fresh:
                findings.append(
                    found(FRESH_NUMBER, subject, f"{_path(path)} has a new number; its old one is not known")
                )
            if path != file.wanted:
                findings.append(
                    found(RENAMED, subject, f"{_path(file.wanted)} is another file; it is {_path(path)} now")
                )
        versions = 0
        dropped = list(file.superseded)
        current = tx.contents.current_versions([node.key]).get(node.key)
        for version in file.versions:
            if current is not None and current.created >= (version.newest.completed or 0):
                dropped += version.holdings
                continue
            node = add_version(tx, node, version)
            versions += 1
        tx.nodes.save_node(node)
        # What was in the trash when the database was last kept stays there.
        tx.trash.forget_count(node.key)
        for holding in file.holdings:
            tx.transfers.add_transfer(self.transfer_of(node, holding))
        _note(tx, caller, node, {"node.name": node.name, "content.version": str(node.version)})
        findings += [
            found(SUPERSEDED, each.container, f"older content of {_path(file.wanted)} (node {node.number})")
            for each in dropped
        ]
        return Page(tuple(findings), {"versions": versions})

    def _at_path(self, tx: Transaction, file: File) -> Node | None:
        """The file that is known only by its path. A root is none."""
        return tx.nodes.find_path(home_of(tx, file.owner).number, file.wanted) if file.wanted else None

    def _add_file(self, tx: Transaction, file: File, number: str | None) -> tuple[Path, Node]:
        assert number is not None
        parent, path = self._folder(tx, file, number)
        names = chain([file.path[-1]], (place[-1] for place in beside(file.path, number)))
        name = next(each for each in names if tx.nodes.find_path(parent.number, (each,)) is None)
        path = (*path, name)
        node = Node(
            number, path[-1], NodeKind.FILE, file.owner, file.created, file.created,
            parent=parent.key, parent_number=parent.number,
        )  # fmt: skip
        return path, tx.nodes.add_node(node)

    def _folder(self, tx: Transaction, file: File, number: str) -> tuple[Node, Path]:
        """The folder that a file goes into, made where it is not there, and its path."""
        folder, path = home_of(tx, file.owner), _NOWHERE
        for step in file.path[:-1]:
            below, name = tx.nodes.find_path(folder.number, (step,)), step
            others = (place[-1] for place in beside((step,), number))
            while below is not None and below.kind != NodeKind.FOLDER:
                # Not everything was lost, and what was a folder is a file by now.
                name = next(others)
                below = tx.nodes.find_path(folder.number, (name,))
            folder = below if below is not None else self._add_folder(tx, folder, name, file)
            path = (*path, name)
        return folder, path

    def _add_folder(self, tx: Transaction, parent: Node, name: NodeName, file: File) -> Node:
        number = self.numbers.new_number()
        folder = Node(
            number, name, NodeKind.FOLDER, file.owner, file.created, file.created,
            parent=parent.key, parent_number=parent.number,
        )  # fmt: skip
        return tx.nodes.add_node(folder)

    def transfer_of(self, node: Node, holding: Holding) -> Transfer:
        """The transfer that made a container: it has ended, or its callback is still to come."""
        complete = holding.state == ContainerState.COMPLETE
        now = self.clock.now()
        receipt = None
        if complete:
            receipt = Receipt(
                holding.transfer, holding.container, holding.size or 0, holding.completed or holding.created,
                holding.content_type, holding.digests,
            )  # fmt: skip
        return Transfer(
            number=holding.transfer,
            caller=node.owner,
            direction=Direction.IMPORT_INIT,
            store=holding.container.service,
            state=TransferState.COMPLETED if complete else TransferState.OFFERED,
            created=holding.created,
            node=node.key,
            node_number=node.number,
            due=Instant(now + self.config.terms.transfer_lifetime * SECOND),
            bytes_done=holding.size or 0,
            container=holding.container,
            content_type=holding.content_type,
            receipt=receipt,
        )


def home_of(tx: Transaction, owner: Ivorn) -> Node:
    """The home of an account that there is."""
    account = tx.accounts.find_account(owner)
    home = tx.nodes.find_node(account.home) if account is not None else None
    assert home is not None, "roots are taken in before files"
    return home


def add_version(tx: Transaction, node: Node, version: Version) -> Node:
    """The node with one more version, which its stores have."""
    newest = version.newest
    completed = newest.completed or newest.created
    added = tx.contents.add_version(
        ContentVersion(node.key, node.version + 1, newest.size or 0, completed, newest.content_type, newest.digests)
    )
    for holding in version.holdings:
        tx.contents.add_replica(
            Replica(added.key, holding.container.service, holding.container, ReplicaState.AVAILABLE)
        )
    return node.with_content(added.number, later(completed, node.modified))


def _note(tx: Transaction, caller: Caller, node: Node, after: Mapping[str, str | None]) -> None:
    change = Change(caller.account, node.owner, node.modified, node.number, ChangeOperation.REBUILD, {}, after)
    tx.changes.add_change(change)


def _path(path: Path) -> str:
    return "/".join(path) or "/"
