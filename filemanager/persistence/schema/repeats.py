"""What calls with an idempotency key were answered."""

from sqlalchemy import Boolean, Column, Table

from filemanager.persistence.schema.metadata import INSTANT, METADATA, TEXT

REPEATS = Table(
    "repeats",
    METADATA,
    # An identifier rather than a key: whoever may call may send a key, also who has no account here.
    Column("caller", TEXT, primary_key=True),
    Column("idempotency_key", TEXT, primary_key=True),
    Column("operation", TEXT, nullable=False),
    Column("fingerprint", TEXT, nullable=False),
    Column("created", INSTANT, nullable=False, index=True),
    Column("transfer", TEXT, nullable=True),
    Column("answered", Boolean, nullable=False),
    # A JSON document of a wire value, read and written whole, never searched.
    Column("answer", TEXT, nullable=True),
)
