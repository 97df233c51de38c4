"""What stores are still to be told."""

from sqlalchemy import Column, ForeignKey, Integer, Table

from filemanager.persistence.schema.metadata import INSTANT, KEY, METADATA, TEXT
from filemanager.persistence.schema.stores import STORES

ERRANDS = Table(
    "errands",
    METADATA,
    Column("key", KEY, primary_key=True),
    Column("store", KEY, ForeignKey(STORES.c.key), nullable=False),
    Column("verb", TEXT, nullable=False),
    # Looked up by the checker: what is still to be deleted is no orphan.
    Column("subject", TEXT, nullable=False, index=True),
    Column("created", INSTANT, nullable=False),
    Column("due", INSTANT, nullable=False, index=True),
    Column("attempts", Integer, nullable=False),
    Column("error", TEXT, nullable=False),
    sqlite_autoincrement=True,
)
