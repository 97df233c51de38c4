"""Content versions and their digests."""

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, SmallInteger, Table, UniqueConstraint

from filemanager.persistence.schema.metadata import INSTANT, KEY, METADATA, TEXT
from filemanager.persistence.schema.nodes import NODES

CONTENT_VERSIONS = Table(
    "content_versions",
    METADATA,
    Column("key", KEY, primary_key=True),
    Column("node", KEY, ForeignKey(NODES.c.key, ondelete="CASCADE"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("created", INSTANT, nullable=False),
    Column("content_type", TEXT, nullable=True),
    UniqueConstraint("node", "number"),
    sqlite_autoincrement=True,
)

VERSION_DIGESTS = Table(
    "version_digests",
    METADATA,
    Column("version", KEY, ForeignKey(CONTENT_VERSIONS.c.key, ondelete="CASCADE"), primary_key=True),
    Column("position", SmallInteger, primary_key=True),
    Column("algorithm", TEXT, nullable=False),
    Column("value", TEXT, nullable=False),
    UniqueConstraint("version", "algorithm"),
    sqlite_with_rowid=False,
)
