"""Content versions and their digests."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, SmallInteger, Table, UniqueConstraint

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
    # When the next version was complete; NULL for the current one.
    Column("superseded", INSTANT, nullable=True),
    UniqueConstraint("node", "number"),
    Index(None, "content_type", "node"),
    sqlite_autoincrement=True,
)

SUPERSEDED = Index(
    "ix_content_versions_superseded",
    CONTENT_VERSIONS.c.key,
    sqlite_where=CONTENT_VERSIONS.c.superseded.is_not(None),
    postgresql_where=CONTENT_VERSIONS.c.superseded.is_not(None),
)
"""Those that are kept although there is a newer one: few, unless people want more."""

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
