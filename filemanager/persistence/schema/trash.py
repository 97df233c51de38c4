"""What was deleted and can be restored: a row for each node directly below a trash's root."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Table

from filemanager.persistence.schema.accounts import ACCOUNTS
from filemanager.persistence.schema.metadata import INSTANT, KEY, METADATA, TEXT
from filemanager.persistence.schema.nodes import NODES

TRASHED = Table(
    "trashed",
    METADATA,
    Column("node", KEY, ForeignKey(NODES.c.key, ondelete="CASCADE"), primary_key=True, autoincrement=False),
    # The node's own, once more, so that a page of entries is a range of one index.
    Column("number", TEXT, nullable=False, unique=True),
    Column("owner", KEY, ForeignKey(ACCOUNTS.c.key), nullable=False),
    Column("parent_number", TEXT, nullable=False),
    Column("name", TEXT, nullable=False),
    Column("path", TEXT, nullable=False),
    Column("deleted", INSTANT, nullable=False),
    # Not always an account of this service.
    Column("deleted_by", TEXT, nullable=False),
    Column("purge_after", INSTANT, nullable=True),
    Column("files", BigInteger, nullable=True),
    Column("size", BigInteger, nullable=True),
    Column("purger", TEXT, nullable=True),
    Index(None, "owner", "deleted", "number"),
    Index(None, "purge_after"),
    Index(None, "purger"),
)

UNCOUNTED = Index(
    "ix_trashed_uncounted",
    TRASHED.c.node,
    sqlite_where=TRASHED.c.files.is_(None),
    postgresql_where=TRASHED.c.files.is_(None),
)
"""Those whose space is still to be counted."""
