"""What the FileManager's use cases need from outside: the database, the stores, the clock, numbers, passwords.

Rule: Protocols only, one noun a module, and their docstrings are the contract; each has one conformance suite in tests/
that every implementation passes. Every effect of the service goes through one of these, so that a test can record it or
make it fail.

The database in short. `read(fn)` and `write(fn)` run a closure that does nothing but call the repositories of the
`Transaction` it is given, and may be run again. What a `write` changes is committed wholly, durably, before it returns,
or not at all when the closure raises; the exception passes through. Keys (`int`) are the database's own, positive,
given by `add_…`, and never used again. Accounts and stores are known by identifier, transfers by number.
"""

from filemanager.ports.accounts import Accounts, Credentials
from filemanager.ports.bulletin import Bulletin
from filemanager.ports.census import Census, Standing
from filemanager.ports.changes import Changes
from filemanager.ports.contents import Contents
from filemanager.ports.database import Database, Transaction
from filemanager.ports.jobs import Jobs
from filemanager.ports.machine import Clock, Numbers, Passwords
from filemanager.ports.nodes import Nodes
from filemanager.ports.nonces import Nonces
from filemanager.ports.repeats import Repeats
from filemanager.ports.search import Search
from filemanager.ports.stores import Errands, ErrandSender, StoreControl, Stores
from filemanager.ports.transfers import Transfers
from filemanager.ports.trash import Trash, Usages

__all__ = [
    "Accounts",
    "Bulletin",
    "Census",
    "Changes",
    "Clock",
    "Contents",
    "Credentials",
    "Database",
    "ErrandSender",
    "Errands",
    "Jobs",
    "Nodes",
    "Nonces",
    "Numbers",
    "Passwords",
    "Repeats",
    "Search",
    "Standing",
    "StoreControl",
    "Stores",
    "Transaction",
    "Transfers",
    "Trash",
    "Usages",
]
