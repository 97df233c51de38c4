"""Accounts and their properties."""

from sqlalchemy import Boolean, Column, ForeignKey, Table, UniqueConstraint

from filemanager.persistence.schema.metadata import INSTANT, KEY, METADATA, TEXT

ACCOUNTS = Table(
    "accounts",
    METADATA,
    Column("key", KEY, primary_key=True),
    Column("identifier", TEXT, nullable=False, unique=True),
    Column("community", TEXT, nullable=False),
    Column("name", TEXT, nullable=False),
    Column("kind", TEXT, nullable=False),
    # The number of its root, kept here too because it never changes and every resolution of a path starts from it.
    Column("home", TEXT, nullable=False, unique=True),
    Column("administrator", Boolean, nullable=False),
    Column("created", INSTANT, nullable=False),
    UniqueConstraint("community", "name"),
    sqlite_autoincrement=True,
)

ACCOUNT_PROPERTIES = Table(
    "account_properties",
    METADATA,
    Column("account", KEY, ForeignKey(ACCOUNTS.c.key, ondelete="CASCADE"), primary_key=True),
    Column("name", TEXT, primary_key=True),
    Column("value", TEXT, nullable=False),
    sqlite_with_rowid=False,
)
