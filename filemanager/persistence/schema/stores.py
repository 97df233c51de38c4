"""The stores that this service uses."""

from sqlalchemy import BigInteger, Boolean, Column, Table, true

from filemanager.persistence.schema.metadata import KEY, METADATA, TEXT

STORES = Table(
    "stores",
    METADATA,
    Column("key", KEY, primary_key=True),
    Column("identifier", TEXT, nullable=False, unique=True),
    Column("address", TEXT, nullable=False),
    Column("site", TEXT, nullable=False),
    Column("storage_class", TEXT, nullable=False),
    Column("state", TEXT, nullable=False),
    # A JSON array of words: read and written whole, never searched.
    Column("capabilities", TEXT, nullable=False),
    Column("free", BigInteger, nullable=True),
    Column("reachable", Boolean, nullable=False, server_default=true()),
    Column("writable", Boolean, nullable=False, server_default=true()),
    sqlite_autoincrement=True,
)
