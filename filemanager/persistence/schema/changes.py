"""The history, and the counter that numbers it without gaps.

A sequence or an identity would leave gaps where a transaction is rolled back. The counter's row is part of the
transaction, and its lock makes changes take their numbers in the order in which they commit.
"""

from sqlalchemy import BigInteger, Column, Index, Table

from filemanager.persistence.schema.metadata import INSTANT, METADATA, TEXT

CHANGES = Table(
    "changes",
    METADATA,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    # Identifiers rather than keys: history stays readable whatever becomes of accounts and nodes.
    Column("who", TEXT, nullable=False),
    Column("on_behalf_of", TEXT, nullable=False),
    Column("at", INSTANT, nullable=False),
    Column("node", TEXT, nullable=False),
    Column("operation", TEXT, nullable=False),
    # JSON objects of texts and nulls.
    Column("before", TEXT, nullable=False),
    Column("after", TEXT, nullable=False),
    # The history of one node is a range of this, in its order.
    Index(None, "node", "number"),
)

COUNTERS = Table(
    "counters",
    METADATA,
    Column("name", TEXT, primary_key=True),
    Column("value", BigInteger, nullable=False),
)
