"""Which container of which store holds a version's bytes."""

from sqlalchemy import BigInteger, Column, ForeignKey, Table, UniqueConstraint

from filemanager.persistence.schema.contents import CONTENT_VERSIONS
from filemanager.persistence.schema.metadata import KEY, METADATA, TEXT
from filemanager.persistence.schema.stores import STORES

REPLICAS = Table(
    "replicas",
    METADATA,
    Column("key", KEY, primary_key=True),
    Column("version", KEY, ForeignKey(CONTENT_VERSIONS.c.key, ondelete="CASCADE"), nullable=False),
    Column("store", KEY, ForeignKey(STORES.c.key), nullable=False),
    Column("container", TEXT, nullable=False, unique=True),
    Column("state", TEXT, nullable=False),
    Column("slice_offset", BigInteger, nullable=False),
    Column("slice_length", BigInteger, nullable=True),
    UniqueConstraint("version", "store"),
    sqlite_autoincrement=True,
)
