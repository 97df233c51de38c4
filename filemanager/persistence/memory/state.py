"""The state of the database in memory: maps, and what all repositories on them share.

Rule: a value in a map is replaced, never changed, so that copying the maps is enough to keep two states apart.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from filemanager.domain.account import Account
from filemanager.domain.change import Change
from filemanager.domain.content import ContentVersion
from filemanager.domain.credential import Credential, Token
from filemanager.domain.errand import Errand
from filemanager.domain.job import Job, JobItem
from filemanager.domain.node import Node
from filemanager.domain.repeat import Repeat
from filemanager.domain.replica import Replica
from filemanager.domain.store import Store
from filemanager.domain.transfer import Transfer
from filemanager.domain.trash import TrashEntry
from vofiles.errors import AccountNotFound, StoreNotFound
from vofiles.instant import Instant
from vofiles.ivorn import Ivorn


@dataclass
class State:
    """Everything there is, by its key."""

    accounts: dict[Ivorn, Account] = field(default_factory=dict)
    account_properties: dict[Ivorn, dict[str, str]] = field(default_factory=dict)
    nodes: dict[int, Node] = field(default_factory=dict)
    numbers: dict[str, int] = field(default_factory=dict)
    children: dict[int, dict[str, int]] = field(default_factory=dict)
    """Keys by name, for each folder that ever had a child."""
    node_properties: dict[int, dict[str, str]] = field(default_factory=dict)
    versions: dict[int, ContentVersion] = field(default_factory=dict)
    replicas: dict[int, Replica] = field(default_factory=dict)
    stores: dict[Ivorn, Store] = field(default_factory=dict)
    transfers: dict[str, Transfer] = field(default_factory=dict)
    changes: dict[int, Change] = field(default_factory=dict)
    credentials: dict[Ivorn, Credential] = field(default_factory=dict)
    tokens: dict[bytes, Token] = field(default_factory=dict)
    errands: dict[int, Errand] = field(default_factory=dict)
    jobs: dict[int, Job] = field(default_factory=dict)
    job_items: dict[tuple[int, int], JobItem] = field(default_factory=dict)
    """By the keys of their jobs and their numbers."""
    orphans: dict[Ivorn, Instant] = field(default_factory=dict)
    """Containers without a replica, and since when that has been seen."""
    repeats: dict[tuple[Ivorn, str], Repeat] = field(default_factory=dict)
    answers: dict[tuple[Ivorn, str], Any] = field(default_factory=dict)
    nonces: dict[tuple[str, str], int] = field(default_factory=dict)
    trash: dict[int, TrashEntry] = field(default_factory=dict)
    last_key: dict[str, int] = field(default_factory=lambda: {"last": 0})

    def through(self, change: Callable[[dict[Any, Any]], Any]) -> "State":
        return State(**{name: change(content) for name, content in vars(self).items()})

    def new_key(self) -> int:
        self.last_key["last"] += 1
        return self.last_key["last"]


class Repository:
    """What a repository in memory stands on."""

    def __init__(self, state: State) -> None:
        self._state = state

    def _require_account(self, account: Ivorn) -> None:
        if account not in self._state.accounts:
            raise AccountNotFound(account)

    def _require_store(self, store: Ivorn) -> None:
        if store not in self._state.stores:
            raise StoreNotFound(store)
