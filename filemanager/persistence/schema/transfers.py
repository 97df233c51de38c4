"""The movements of bytes."""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, Table, false, true

from filemanager.persistence.schema.accounts import ACCOUNTS
from filemanager.persistence.schema.metadata import INSTANT, KEY, METADATA, TEXT
from filemanager.persistence.schema.nodes import NODES
from filemanager.persistence.schema.stores import STORES

TRANSFERS = Table(
    "transfers",
    METADATA,
    Column("key", KEY, primary_key=True),
    Column("number", TEXT, nullable=False, unique=True),
    Column("caller", KEY, ForeignKey(ACCOUNTS.c.key), nullable=False),
    Column("direction", TEXT, nullable=False),
    Column("store", KEY, ForeignKey(STORES.c.key), nullable=False),
    Column("state", TEXT, nullable=False),
    # Follows from `state`; a column of its own so that indexes can keep to the few that have not ended.
    Column("is_open", Boolean, nullable=False),
    Column("created", INSTANT, nullable=False),
    Column("node", KEY, ForeignKey(NODES.c.key, ondelete="SET NULL"), nullable=True),
    Column("node_number", TEXT, nullable=False),
    Column("due", INSTANT, nullable=False),
    Column("bytes_done", BigInteger, nullable=False),
    Column("container", TEXT, nullable=True),
    Column("expiry", INSTANT, nullable=True),
    Column("size", BigInteger, nullable=True),
    Column("content_type", TEXT, nullable=True),
    # JSON documents of wire values, read and written whole, never searched.
    Column("digests", TEXT, nullable=False),
    Column("if_version", Integer, nullable=True),
    # Of a content version that may be gone by now: keys are never used again.
    Column("replica_of", KEY, nullable=True),
    Column("failure", TEXT, nullable=True),
    Column("receipt", TEXT, nullable=True),
    Index(None, "node", "is_open"),
    sqlite_autoincrement=True,
)

OPEN_BY_DUE = Index(
    "ix_transfers_open_due",
    TRANSFERS.c.due,
    sqlite_where=TRANSFERS.c.is_open == true(),
    postgresql_where=TRANSFERS.c.is_open == true(),
)
"""Those that have not ended, by when they are to be looked after."""

ENDED_BY_DUE = Index(
    "ix_transfers_ended_due",
    TRANSFERS.c.due,
    sqlite_where=TRANSFERS.c.is_open == false(),
    postgresql_where=TRANSFERS.c.is_open == false(),
)
"""Those that have ended, by when they were to be looked after at the latest: so they are forgotten."""
