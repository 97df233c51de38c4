"""Password hashes and the digests of tokens; never a secret itself."""

from sqlalchemy import Column, ForeignKey, LargeBinary, Table

from filemanager.persistence.schema.accounts import ACCOUNTS
from filemanager.persistence.schema.metadata import INSTANT, KEY, METADATA, TEXT

CREDENTIALS = Table(
    "credentials",
    METADATA,
    Column("account", KEY, ForeignKey(ACCOUNTS.c.key, ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("password_hash", TEXT, nullable=False),
)

TOKENS = Table(
    "tokens",
    METADATA,
    Column("digest", LargeBinary, primary_key=True),
    Column("account", KEY, ForeignKey(ACCOUNTS.c.key, ondelete="CASCADE"), nullable=False, index=True),
    Column("created", INSTANT, nullable=False),
    Column("expires", INSTANT, nullable=False, index=True),
    sqlite_with_rowid=False,
)
