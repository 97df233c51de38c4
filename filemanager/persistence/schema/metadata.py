"""What all tables share: how constraints are called, and the column types that mean the same on SQLite and PostgreSQL.

Rule: text compares by code point on both, so that pages of names and identifiers continue where the last one ended
(SQLite does so by itself; PostgreSQL with collation "C"). Instants are microseconds in a bigint.
"""

from sqlalchemy import BigInteger, Integer, MetaData, Text
from sqlalchemy.types import TypeEngine

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

KEY: TypeEngine[int] = BigInteger().with_variant(Integer(), "sqlite")
"""A row's own number; on SQLite only INTEGER is the row id itself, which counts up by itself."""

TEXT: TypeEngine[str] = Text().with_variant(Text(collation="C"), "postgresql")
"""Any text, compared by code point."""

INSTANT: TypeEngine[int] = BigInteger()
"""UTC microseconds."""
