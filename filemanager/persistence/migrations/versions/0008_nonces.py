"""Signed requests that have been used, for several processes."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    # Nobody waits for the disk because of them: that a crash of the database forgets them does no harm.
    unlogged = ["UNLOGGED"] if op.get_bind().dialect.name == "postgresql" else []
    op.create_table(
        "nonces",
        sa.Column("key_id", TEXT, nullable=False),
        sa.Column("nonce", TEXT, nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key_id", "nonce", name=op.f("pk_nonces")),
        prefixes=unlogged,
    )
    op.create_index(op.f("ix_nonces_created"), "nonces", ["created"], unique=False)
