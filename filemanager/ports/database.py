"""The database: all repositories in one transaction.

Rule: `read(fn)` and `write(fn)` run a closure that does nothing but call the repositories of the `Transaction` it is
given, and may be run again.
"""

from collections.abc import Callable
from typing import Protocol, TypeVar

from filemanager.ports.accounts import Accounts, Credentials
from filemanager.ports.census import Census, Standing
from filemanager.ports.changes import Changes
from filemanager.ports.contents import Contents
from filemanager.ports.jobs import Jobs
from filemanager.ports.nodes import Nodes
from filemanager.ports.nonces import Nonces
from filemanager.ports.repeats import Repeats
from filemanager.ports.search import Search
from filemanager.ports.stores import Errands, Stores
from filemanager.ports.transfers import Transfers
from filemanager.ports.trash import Trash, Usages

R = TypeVar("R")


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
    def jobs(self) -> Jobs: ...
    @property
    def census(self) -> Census: ...
    @property
    def repeats(self) -> Repeats: ...
    @property
    def trash(self) -> Trash: ...
    @property
    def usages(self) -> Usages: ...
    @property
    def standing(self) -> Standing: ...
    @property
    def search(self) -> Search: ...
    @property
    def nonces(self) -> Nonces: ...


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
