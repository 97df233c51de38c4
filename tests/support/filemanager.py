"""A FileManager's use cases without any network, for tests: a database in memory or on disk, and real file stores' own
services behind the port StoreControl.

    world = World()
    dave = world.add_account("dave")
    file = world.add_file(dave, "query-7.vot")
    world.put(dave, file, b"<VOTABLE/>")          # importInit, PUT, callback

Nothing happens by itself: callbacks, errands and the stores' own movements of bytes run when the test says so.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from filemanager.config import Config, JobTerms, Terms
from filemanager.domain.caller import Caller
from filemanager.domain.store import Store as KnownStore
from filemanager.persistence.engine import open_database
from filemanager.persistence.memory import MemoryDatabase
from filemanager.ports import Database
from filemanager.remote.errands import carry
from filemanager.remote.machine import SystemNumbers
from filemanager.services.desk import Desk, make_desk
from tests.support.localstores import SERVICE, LocalStores, Watch
from vofiles import contract
from vofiles.contract import (
    AccountKind,
    AddAccount,
    AddNode,
    ExportInit,
    GetNode,
    ImportInit,
    NodeKind,
    Property,
    Transfer,
)
from vofiles.ivorn import Ivorn, LongIdentifier
from vofiles.names import parse_name

COMMUNITY = Ivorn.parse("ivo://ast.cam.ac.uk")
CAMBRIDGE = Ivorn.parse("ivo://ast.cam.ac.uk/filestore")
LEICESTER = Ivorn.parse("ivo://star.le.ac.uk/filestore")
EDINBURGH = Ivorn.parse("ivo://roe.ac.uk/filestore")
R = TypeVar("R")
ONE_VERSION = Terms(keep_versions=1, keep_days=None)
"""A world's terms unless a test is about retention: what is replaced goes at once."""
OPERATOR = Caller(SERVICE, AccountKind.SERVICE, administrator=True)


class FastPasswords:
    """The port Passwords for tests that are not about them."""

    def hash_password(self, password: str) -> str:
        return f"plain:{password}"

    def verify_password(self, password_hash: str, password: str) -> bool:
        return password_hash == f"plain:{password}"


class CountedErrands:
    """The port ErrandSender: counts."""

    def __init__(self) -> None:
        self.wakes = 0

    def wake(self) -> None:
        self.wakes += 1


@dataclass
class World:
    """A FileManager with three stores; `database` is in memory if none is given."""

    database: Database = field(default_factory=MemoryDatabase)
    names: tuple[Ivorn, ...] = (CAMBRIDGE, LEICESTER, EDINBURGH)
    default_store: Ivorn | None = None
    terms: Terms = ONE_VERSION
    jobs: JobTerms = field(default_factory=JobTerms)

    def __post_init__(self) -> None:
        self.watch = Watch()
        self.errands = CountedErrands()
        self.stores = LocalStores(self.watch, self.names)
        for name in self.names:
            self.know_store(name)
        self.desk = self.make_desk()

    def make_desk(self, jobs: JobTerms | None = None) -> Desk:
        """The use cases as a new process has them: nothing of what was in memory is left."""
        config = Config(
            SERVICE, (COMMUNITY,), "sqlite:///unused", self.default_store, terms=self.terms, jobs=jobs or self.jobs
        )
        return make_desk(config, self.database, self.stores, self.errands, self.watch, SystemNumbers(), FastPasswords())

    def know_store(self, name: Ivorn, **told: object) -> None:
        """Write a store down."""
        store = KnownStore(name, "http://127.0.0.1:9/filestore", **told)  # type: ignore[arg-type]
        self.database.write(lambda tx: tx.stores.put_store(store))

    def add_account(self, name: str, **told: str) -> Caller:
        """An account of Cambridge's with properties, as a caller."""
        identifier = Ivorn.parse(f"{COMMUNITY}/{name}")
        properties = tuple(Property(key.replace("_", "."), value) for key, value in told.items())
        self.desk.accounts.add_account(OPERATOR, AddAccount(identifier, properties=properties))
        return Caller(identifier)

    def home(self, caller: Caller) -> LongIdentifier:
        """The caller's root."""
        account = self.desk.accounts.get_account(caller, contract.GetAccount())
        return LongIdentifier(account.home)

    def add(
        self, caller: Caller, name: str, kind: str, parent: LongIdentifier | None = None, **told: str
    ) -> contract.Node:
        """A new node with properties, in the caller's home if nowhere else."""
        properties = tuple(Property(key.replace("_", "."), value) for key, value in told.items())
        request = AddNode(parent or self.home(caller), name, kind, properties)
        return self.desk.nodes.add_node(caller, request)

    def add_file(self, caller: Caller, name: str, parent: LongIdentifier | None = None, **told: str) -> LongIdentifier:
        return LongIdentifier(self.add(caller, name, NodeKind.FILE, parent, **told).identifier)

    def add_folder(
        self, caller: Caller, name: str, parent: LongIdentifier | None = None, **told: str
    ) -> LongIdentifier:
        return LongIdentifier(self.add(caller, name, NodeKind.FOLDER, parent, **told).identifier)

    def node(self, caller: Caller, identifier: LongIdentifier) -> contract.Node:
        """A node as the caller reads it."""
        return self.desk.nodes.get_node(caller, GetNode(identifier))[0]

    def offer(self, caller: Caller, node: LongIdentifier, **told: object) -> Transfer:
        """importInit."""
        return self.desk.imports.import_init(caller, ImportInit(node, **told))  # type: ignore[arg-type]

    def send(self, offer: Transfer, data: bytes, content_type: str | None = None) -> contract.Receipt:
        """PUT, without callback."""
        return self.stores[store_of(offer)].put(offer, data, content_type)

    def put(self, caller: Caller, node: LongIdentifier, data: bytes, **told: object) -> Transfer:
        """importInit, PUT, callback; answers what importInit did."""
        offer = self.offer(caller, node, **told)
        self.send(offer, data)
        self.stores.deliver(self.desk)
        return offer

    def get(self, caller: Caller, node: LongIdentifier) -> bytes:
        """exportInit, GET."""
        offer = self.desk.exports.export_init(caller, ExportInit(node)).transfer
        return self.stores[store_of(offer)].get(offer)

    def run_errands(self) -> list[tuple[str, str]]:
        """Carry every errand that is due; answers what they were. What a store refuses stays."""
        carried = []
        for errand in self.database.read(lambda tx: tx.errands.due_errands(self.watch.now(), 1000)):
            carry(self.stores, errand, 1.0)
            self.database.write(lambda tx, key=errand.key: tx.errands.delete_errand(key))  # type: ignore[misc]
            carried.append((errand.verb, errand.subject))
        return carried

    def changes(self) -> list[str]:
        """The operations of the history, in order."""
        return [change.operation for change in self.database.read(lambda tx: tx.changes.list_changes(0, 1000))]


@contextmanager
def tried_world(kind: str, folder: Path, terms: Terms | None = None) -> Iterator[World]:
    """A world over a database in memory, or on disk in a folder (`sqlite`)."""
    if kind == "memory":
        yield World(terms=terms or ONE_VERSION)
        return
    database = open_database(f"sqlite:///{folder / 'filemanager.db'}")
    yield World(database, terms=terms or ONE_VERSION)
    database.close()


def store_of(transfer: Transfer) -> Ivorn:
    """The store of a transfer's container."""
    assert transfer.container is not None
    return transfer.container.service


def property_of(node: contract.Node, key: str) -> str | None:
    """The value of a property in a reply."""
    return next((each.value for each in node.properties if each.key == key), None)


def below(parent: LongIdentifier, path: str) -> LongIdentifier:
    """The long identifier of a path below a node."""
    return LongIdentifier(parent.node, (*parent.path, *(parse_name(step) for step in path.split("/"))))
