"""The tables, one file each; `METADATA` knows them all.

Rule: what must always be true of the tree is a constraint here where SQL can say it, so that no fault of the code above
can break it. Every change of a table comes with a migration.
"""

from filemanager.persistence.schema.accounts import ACCOUNT_PROPERTIES, ACCOUNTS
from filemanager.persistence.schema.changes import CHANGES, COUNTERS
from filemanager.persistence.schema.contents import CONTENT_VERSIONS, VERSION_DIGESTS
from filemanager.persistence.schema.credentials import CREDENTIALS, TOKENS
from filemanager.persistence.schema.errands import ERRANDS
from filemanager.persistence.schema.jobs import JOB_ITEMS, JOBS
from filemanager.persistence.schema.metadata import METADATA
from filemanager.persistence.schema.nodes import HEAD_OF_VALUE, NODE_PROPERTIES, NODES
from filemanager.persistence.schema.nonces import NONCES
from filemanager.persistence.schema.orphans import ORPHANS
from filemanager.persistence.schema.repeats import REPEATS
from filemanager.persistence.schema.replicas import REPLICAS
from filemanager.persistence.schema.stores import STORES
from filemanager.persistence.schema.transfers import TRANSFERS
from filemanager.persistence.schema.trash import TRASHED

__all__ = [
    "ACCOUNTS",
    "ACCOUNT_PROPERTIES",
    "CHANGES",
    "CONTENT_VERSIONS",
    "COUNTERS",
    "CREDENTIALS",
    "ERRANDS",
    "HEAD_OF_VALUE",
    "JOBS",
    "JOB_ITEMS",
    "METADATA",
    "NODES",
    "NODE_PROPERTIES",
    "NONCES",
    "ORPHANS",
    "REPEATS",
    "REPLICAS",
    "STORES",
    "TOKENS",
    "TRANSFERS",
    "TRASHED",
    "VERSION_DIGESTS",
]
