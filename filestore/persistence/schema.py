"""The tables of a store's catalogue.

Rule: the same on SQLite and PostgreSQL; text compares by code point on both, instants are microseconds in a bigint, and
documents (JSON of wire values) are read and written whole, never searched. Every change here comes with a migration.
"""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, MetaData, Table, Text
from sqlalchemy.types import TypeEngine

from vofiles.serving.nonces import nonces_table

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_KEY: TypeEngine[int] = BigInteger().with_variant(Integer(), "sqlite")
_TEXT: TypeEngine[str] = Text().with_variant(Text(collation="C"), "postgresql")

CONTAINERS = Table(
    "containers",
    METADATA,
    Column("key", _KEY, primary_key=True),
    Column("number", _TEXT, nullable=False, unique=True),
    Column("manager", _TEXT, nullable=False),
    Column("node", _TEXT, nullable=False),
    Column("owner", _TEXT, nullable=False),
    Column("transfer", _TEXT, nullable=False),
    Column("state", _TEXT, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("changed", BigInteger, nullable=False),
    Column("size", BigInteger, nullable=True),
    Column("content_type", _TEXT, nullable=True),
    Column("digests", _TEXT, nullable=True),
    Column("identifier", _TEXT, nullable=True),
    # When its bytes were first seen not to be what came, and what is wrong with them.
    Column("damaged", BigInteger, nullable=True),
    Column("damage", _TEXT, nullable=True),
    Index(None, "state", "number"),
    Index(None, "manager", "number"),
    # What a FileManager has is measured from this index alone.
    Index(None, "manager", "state", "size"),
    sqlite_autoincrement=True,
)
"""What holds the bytes; deleted ones are remembered for the grace period."""

DAMAGED = Index(
    "ix_containers_damaged",
    CONTAINERS.c.number,
    sqlite_where=CONTAINERS.c.damaged.is_not(None),
    postgresql_where=CONTAINERS.c.damaged.is_not(None),
)
"""Those that an operator is to look at: few."""

TRANSFERS = Table(
    "transfers",
    METADATA,
    Column("key", _KEY, primary_key=True),
    Column("transfer", _TEXT, nullable=False, unique=True),
    Column("manager", _TEXT, nullable=False),
    Column("direction", _TEXT, nullable=False),
    Column("fingerprint", _TEXT, nullable=False),
    Column("container", _TEXT, nullable=False),
    Column("state", _TEXT, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("changed", BigInteger, nullable=False),
    Column("expiry", BigInteger, nullable=False),
    # When it is to be looked at again, which follows from the others: deadline, expiry or last change, by its state.
    Column("due", BigInteger, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("promise", _TEXT, nullable=False),
    Column("remote", _TEXT, nullable=True),
    Column("file_name", _TEXT, nullable=True),
    Column("lease", _TEXT, nullable=True),
    Column("deadline", BigInteger, nullable=True),
    Column("bytes_done", BigInteger, nullable=False),
    Column("failure", _TEXT, nullable=True),
    Column("receipt", _TEXT, nullable=True),
    Column("request_id", _TEXT, nullable=True),
    Column("base", _TEXT, nullable=True),
    Column("base_size", BigInteger, nullable=True),
    Column("staged", _TEXT, nullable=True),
    Column("partial", _TEXT, nullable=True),
    Index(None, "state", "due"),
    Index(None, "state", "transfer"),
    sqlite_autoincrement=True,
)
"""Movements of bytes; ended ones are remembered for the grace period."""

OUTBOX = Table(
    "outbox",
    METADATA,
    Column("key", _KEY, primary_key=True),
    Column("transfer", _TEXT, nullable=False, unique=True),
    Column("manager", _TEXT, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("due", BigInteger, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("error", _TEXT, nullable=True),
    Index(None, "due"),
    sqlite_autoincrement=True,
)
"""Callbacks that have not been acknowledged; a transfer ends once, so it has one at most."""

ORPHANS = Table(
    "orphans",
    METADATA,
    Column("number", _TEXT, primary_key=True),
    Column("seen", BigInteger, nullable=False),
)
"""Bytes that were found without a container, since when."""

ADOPTED = Table(
    "adopted",
    METADATA,
    Column("key", _KEY, primary_key=True),
    Column("number", _TEXT, nullable=False, unique=True),
    Column("directory", _TEXT, nullable=False),
    Column("path", _TEXT, nullable=False),
    Column("size", BigInteger, nullable=False),
    # Nanoseconds: two changes within a microsecond are two.
    Column("mtime", BigInteger, nullable=False),
    Column("properties", _TEXT, nullable=False),
    Column("replaces", _TEXT, nullable=True),
    Column("forgotten", Boolean, nullable=False),
    Index(None, "directory", "path"),
    sqlite_autoincrement=True,
)
"""Where the bytes of adopted containers are; rows stay when the container goes, so that it is not adopted again."""

ROUNDS = Table(
    "rounds",
    METADATA,
    Column("name", _TEXT, primary_key=True),
    Column("began", BigInteger, nullable=False),
    Column("after", _TEXT, nullable=False),
    Column("containers", BigInteger, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("findings", BigInteger, nullable=False),
    Column("ended", BigInteger, nullable=True),
    Column("before", BigInteger, nullable=True),
)
"""How far the reading of all that is held is, in one row."""

NONCES = nonces_table(METADATA, _TEXT)
"""Signed requests that have been used, where several processes serve."""

FACTS = Table(
    "facts",
    METADATA,
    Column("name", _TEXT, primary_key=True),
    Column("value", BigInteger, nullable=False),
)
"""Single values: `born`, when this catalogue was made."""
