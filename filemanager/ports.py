"""What the FileManager's use cases need from outside: the database, the stores, the clock, numbers, passwords.

Rule: Protocols only, and their docstrings are the contract; each has one conformance suite in tests/ that every
implementation passes. Every effect of the service goes through one of these, so that a test can record it or make it
fail.

The database in short. `read(fn)` and `write(fn)` run a closure that does nothing but call the repositories of the
`Transaction` it is given, and may be run again. What a `write` changes is committed wholly, durably, before it returns,
or not at all when the closure raises; the exception passes through. Keys (`int`) are the database's own, positive,
given by `add_…`, and never used again. Accounts and stores are known by identifier, transfers by number.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Protocol, TypeVar

from filemanager.domain.account import Account
from filemanager.domain.backlog import Backlog
from filemanager.domain.change import Change
from filemanager.domain.content import ContentVersion
from filemanager.domain.credential import Credential, Token
from filemanager.domain.errand import Errand
from filemanager.domain.node import Node
from filemanager.domain.replica import Replica
from filemanager.domain.store import Store
from filemanager.domain.transfer import Transfer
from vofiles.contract import (
    Container,
    ListContainersAnswer,
    StoreExportData,
    StoreExportInit,
    StoreImportData,
    StoreImportInit,
)
from vofiles.contract import Transfer as StoreTransfer
from vofiles.instant import Instant
from vofiles.ivorn import Ivorn
from vofiles.names import NodeName

R = TypeVar("R")


# --- the repositories -------------------------------------------------------------------------------------------------


class Accounts(Protocol):
    """The accounts and their properties."""

    def find_account(self, identifier: Ivorn) -> Account | None:
        """The account, or None."""

    def add_account(self, account: Account) -> None:
        """Raises DuplicateAccount where the identifier, or the public name in its community, is taken."""

    def list_accounts(self, after: Ivorn | None, limit: int) -> list[Account]:
        """At most `limit` accounts after that identifier (None: from the first), in the order of str(identifier)."""

    def properties_of_account(self, identifier: Ivorn) -> dict[str, str]:
        """Its properties; empty where there are none, or no such account."""

    def put_account_properties(self, identifier: Ivorn, values: Mapping[str, str]) -> None:
        """Set each of these, new or not; the others stay."""

    def remove_account_properties(self, identifier: Ivorn, keys: Collection[str]) -> None:
        """Remove these; keys that are not there are no error."""


class Nodes(Protocol):
    """The tree and the nodes' properties. Names compare by code points."""

    def find_node(self, number: str) -> Node | None:
        """The node of that number, or None."""

    def find_key(self, key: int) -> Node | None:
        """The node of that key, or None."""

    def find_path(self, number: str, path: Sequence[NodeName]) -> Node | None:
        """The node at the end of `path` below the node of that number (itself for an empty path), or None where any
        step is missing.
        """

    def lock_node(self, key: int) -> Node | None:
        """The node as it is now, kept from change and deletion by others until the transaction ends, or None.
        Only in a write.
        """

    def children(self, parent: int, after: NodeName | None, limit: int) -> list[Node]:
        """At most `limit` children with names greater than `after` (None: from the first), in the order of names."""

    def children_of(self, parents: Sequence[int], limit: int) -> list[Node]:
        """At most `limit` children of all these together, in the order of (parent key, name)."""

    def ancestors(self, key: int) -> list[Node]:
        """The folders above a node, the nearest first, the root last; empty for a root."""

    def add_node(self, node: Node) -> Node:
        """Store a new node and answer it with its key. `parent` is the key of a folder or None for a root.

        Raises DuplicateNode where the parent has a child of this name or, for a root, its owner has a root already;
        ParentNotFound where the parent is gone.
        """

    def save_node(self, node: Node) -> None:
        """Store what may change of a node: name, parent, modified, generation, version. Raises DuplicateNode."""

    def delete_node(self, key: int) -> None:
        """Remove a node with its properties, versions and replicas. Its transfers stay, with node None; its changes
        stay. Deleting what is gone is no error. Raises FolderNotEmpty where it has children.
        """

    def properties_of(self, keys: Sequence[int]) -> dict[int, dict[str, str]]:
        """The stored properties of these nodes by key; a node without any may be missing from the answer."""

    def property_of(self, keys: Sequence[int], name: str) -> dict[int, str]:
        """The value of one property on those of these nodes that have it."""

    def put_properties(self, key: int, values: Mapping[str, str]) -> None:
        """Set each of these, new or not; the others stay."""

    def remove_properties(self, key: int, names: Collection[str]) -> None:
        """Remove these; names that are not there are no error."""


class Contents(Protocol):
    """Content versions and their replicas."""

    def add_version(self, version: ContentVersion) -> ContentVersion:
        """Store a new version and answer it with its key. (node, number) is unique."""

    def current_versions(self, nodes: Sequence[int]) -> dict[int, ContentVersion]:
        """The highest version of each of these nodes that has one, by the node's key."""

    def versions_up_to(self, node: int, number: int) -> list[ContentVersion]:
        """A node's versions of this number and below, in order."""

    def delete_version(self, key: int) -> None:
        """Remove a version with its replicas."""

    def add_replica(self, replica: Replica) -> Replica:
        """Store a new replica and answer it with its key. (version, store) is unique, and so is the container."""

    def replicas_of(self, versions: Sequence[int]) -> dict[int, list[Replica]]:
        """The replicas of these versions by the version's key, each list in the order in which they were added; the
        first readable one is the preferred one.
        """

    def replicas_of_node(self, node: int) -> list[Replica]:
        """Every replica of every version of a node."""


class Stores(Protocol):
    """The stores that this service uses."""

    def find_store(self, identifier: Ivorn) -> Store | None:
        """The store, or None."""

    def list_stores(self) -> list[Store]:
        """All of them, in the order of str(identifier)."""

    def put_store(self, store: Store) -> None:
        """Add a store, or replace all that is known of it."""


class Transfers(Protocol):
    """The movements of bytes."""

    def find_transfer(self, number: str) -> Transfer | None:
        """The transfer of that number, or None."""

    def lock_transfer(self, number: str) -> Transfer | None:
        """The transfer as it is now, kept from change by others until the transaction ends. Only in a write."""

    def add_transfer(self, transfer: Transfer) -> None:
        """Store a new transfer; its number is unique."""

    def save_transfer(self, transfer: Transfer) -> None:
        """Store what may change: state, bytes_done, container, expiry, due, failure, receipt."""

    def open_transfers(self, node: int) -> list[Transfer]:
        """The transfers on a node that have not ended, oldest first."""

    def open_imports(self, nodes: Sequence[int]) -> dict[int, Transfer]:
        """For each of these nodes that has one: its latest import that has not ended and has a container."""

    def due_transfers(self, now: Instant, limit: int) -> list[Transfer]:
        """At most `limit` transfers that have not ended and whose `due` is not after `now`, the longest due first."""


class Changes(Protocol):
    """The history."""

    def add_change(self, change: Change) -> Change:
        """Append a change and answer it with its number: the last one's plus 1, without gaps even after roll-backs."""

    def list_changes(self, after: int, limit: int) -> list[Change]:
        """At most `limit` changes with numbers greater than `after`, in order."""


class Credentials(Protocol):
    """Passwords and tokens, as hashes."""

    def find_credential(self, account: Ivorn) -> Credential | None:
        """The account's password hash, or None where it has none."""

    def put_credential(self, credential: Credential) -> None:
        """Set an account's password, new or not."""

    def delete_credential(self, account: Ivorn) -> None:
        """Take an account's password away; one that has none is no error."""

    def find_token(self, digest: bytes) -> Token | None:
        """The token of that digest, expired or not, or None."""

    def add_token(self, token: Token) -> None:
        """Store a new token."""

    def delete_token(self, digest: bytes) -> None:
        """Remove a token; one that is not there is no error."""

    def delete_tokens_of(self, account: Ivorn) -> int:
        """Remove all tokens of an account; answers how many."""

    def delete_expired_tokens(self, now: Instant) -> int:
        """Remove the tokens with `expires` not after `now`; answers how many."""


class Errands(Protocol):
    """What stores are still to be told."""

    def add_errand(self, errand: Errand) -> Errand:
        """Store a new errand and answer it with its key."""

    def due_errands(self, now: Instant, limit: int, without: Collection[Ivorn] = ()) -> list[Errand]:
        """At most `limit` errands whose `due` is not after `now`, the longest due first, none for the stores in
        `without`.
        """

    def save_errand(self, errand: Errand) -> None:
        """Store what may change: due, attempts, error. One that is gone is no error."""

    def delete_errand(self, key: int) -> None:
        """Remove an errand, done or given up; one that is not there is no error."""


class Census(Protocol):
    """Everything in order, at most `limit` at a time, for the checker; and what it has to remember."""

    def nodes(self, after: int, limit: int) -> list[Node]:
        """The nodes with keys above `after`, in the order of keys."""

    def transfers(self, after: str, limit: int) -> list[Transfer]:
        """The transfers, ended or not, with numbers above `after`, in the order of numbers."""

    def errands(self, after: int, limit: int) -> list[Errand]:
        """The errands with keys above `after`, due or not, in the order of keys."""

    def replicas(self, store: Ivorn, after: str, limit: int) -> list[Replica]:
        """A store's replicas with container numbers above `after`, in the order of those."""

    def versions(self, keys: Sequence[int]) -> dict[int, ContentVersion]:
        """Those of these content versions that there are, by key."""

    def replicas_in(self, containers: Collection[Ivorn]) -> dict[Ivorn, Replica]:
        """The replicas in these containers, by container."""

    def subjects_among(self, subjects: Collection[str]) -> set[str]:
        """Those of these subjects that an errand is still to be done about."""

    def mark_replica(self, key: int, state: str) -> None:
        """Store a replica's state. One that is gone is no error."""

    def note_orphans(
        self, store: Ivorn, after: str, upto: str, containers: Collection[Ivorn], now: Instant
    ) -> Mapping[Ivorn, Instant]:
        """Note that exactly these of a store's containers, with numbers above `after` and up to `upto`, belong to
        nothing; answers since when that is known of each.
        """


class Standing(Protocol):
    """How much there is to do, for operators."""

    def open_transfers(self) -> dict[str, int]:
        """How many transfers have not ended, by state; states without any are left out."""

    def errands(self) -> Backlog:
        """How many errands there are, due or not."""


class Transaction(Protocol):
    """The repositories, all in one transaction."""

    @property
    def accounts(self) -> Accounts: ...
    @property
    def nodes(self) -> Nodes: ...
    @property
    def contents(self) -> Contents: ...
    @property
    def stores(self) -> Stores: ...
    @property
    def transfers(self) -> Transfers: ...
    @property
    def changes(self) -> Changes: ...
    @property
    def credentials(self) -> Credentials: ...
    @property
    def errands(self) -> Errands: ...
    @property
    def census(self) -> Census: ...
    @property
    def standing(self) -> Standing: ...


class Database(Protocol):
    """Where the tree is kept."""

    def read(self, fn: Callable[[Transaction], R]) -> R:
        """What `fn` answers, from one consistent state. Raises ServiceBusy where the database does not answer."""

    def write(self, fn: Callable[[Transaction], R]) -> R:
        """What `fn` answers, once its changes are durable. `fn` may be run again from the start after a conflict with
        others. Raises ServiceBusy after bounded retries.
        """

    def close(self) -> None:
        """Finish what was begun and let go of the files."""


# --- the stores -------------------------------------------------------------------------------------------------------


class StoreControl(Protocol):
    """The control plane of every store. Each call is signed as this FileManager's, and ends within `within` seconds.

    All raise StoreUnreachable (no answer in time, or the store has not been answering and is left alone for a while),
    ServiceBusy (this service already has as many calls to that store under way as it allows itself), and whatever
    the store answers: the errors of its operation. Repeating a call with the same transfer is harmless.
    """

    def is_down(self, store: Ivorn) -> bool:
        """Whether the store has not been answering and would not be asked just now."""

    def import_init(self, store: Ivorn, request: StoreImportInit, within: float) -> StoreTransfer:
        """Have it make an empty container; answers where to PUT."""

    def import_data(self, store: Ivorn, request: StoreImportData, within: float) -> StoreTransfer:
        """Have it fetch bytes; answers as soon as it has begun."""

    def export_init(self, store: Ivorn, request: StoreExportInit, within: float) -> StoreTransfer:
        """Have it offer a container's bytes; answers where to GET. Raises ContainerNotFound."""

    def export_data(self, store: Ivorn, request: StoreExportData, within: float) -> StoreTransfer:
        """Have it send a container's bytes; answers as soon as it has begun. Raises ContainerNotFound."""

    def get_transfer(self, store: Ivorn, transfer: str, within: float) -> StoreTransfer:
        """What it knows of a transfer. Raises TransferNotFound."""

    def cancel_transfer(self, store: Ivorn, transfer: str, within: float) -> None:
        """Have it end a transfer. Raises TransferNotFound, TransferEnded."""

    def delete_container(self, store: Ivorn, container: Ivorn, within: float) -> None:
        """Have it delete a container; one that is gone is no error."""

    def get_container(self, store: Ivorn, container: Ivorn, within: float) -> Container:
        """What it knows of a container. Raises ContainerNotFound."""

    def list_containers(self, store: Ivorn, after: str, limit: int, within: float) -> ListContainersAnswer:
        """What it holds for this FileManager: a page of containers with numbers above `after`, in their order."""


# --- the rest of the world --------------------------------------------------------------------------------------------


class Clock(Protocol):
    """The time."""

    def now(self) -> Instant:
        """The time of day, UTC."""

    def elapsed(self) -> float:
        """Seconds since some fixed moment; never goes back. For measuring durations."""


class Numbers(Protocol):
    """Randomness."""

    def new_number(self) -> str:
        """A fresh node or transfer number: 128 random bits."""

    def new_token(self) -> str:
        """The text of a fresh bearer token: 256 random bits."""


class Passwords(Protocol):
    """Password hashes: slow on purpose."""

    def hash_password(self, password: str) -> str:
        """A salted hash to keep."""

    def verify_password(self, password_hash: str, password: str) -> bool:
        """Whether a password has that hash; False also for a hash that cannot be read."""


class ErrandSender(Protocol):
    """Who carries errands to the stores."""

    def wake(self) -> None:
        """There may be new errands; returns at once."""
