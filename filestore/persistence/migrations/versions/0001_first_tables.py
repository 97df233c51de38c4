"""The first tables: containers, transfers, callbacks, orphans, facts.

Rule for every step: it says for itself what it makes and imports nothing of the program, whose tables will change.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    add_containers()
    add_facts()
    add_orphans()
    add_outbox()
    add_transfers()


def add_containers() -> None:
    op.create_table(
        "containers",
        sa.Column("key", KEY, nullable=False),
        sa.Column("number", TEXT, nullable=False),
        sa.Column("manager", TEXT, nullable=False),
        sa.Column("node", TEXT, nullable=False),
        sa.Column("owner", TEXT, nullable=False),
        sa.Column("transfer", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("changed", sa.BigInteger(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.Column("content_type", TEXT, nullable=True),
        sa.Column("digests", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_containers")),
        sa.UniqueConstraint("number", name=op.f("uq_containers_number")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_containers_state_number"), "containers", ["state", "number"], unique=False)


def add_facts() -> None:
    op.create_table(
        "facts",
        sa.Column("name", TEXT, nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_facts")),
    )


def add_orphans() -> None:
    op.create_table(
        "orphans",
        sa.Column("number", TEXT, nullable=False),
        sa.Column("seen", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_orphans")),
    )


def add_outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("key", KEY, nullable=False),
        sa.Column("transfer", TEXT, nullable=False),
        sa.Column("manager", TEXT, nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("due", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("error", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_outbox")),
        sa.UniqueConstraint("transfer", name=op.f("uq_outbox_transfer")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_outbox_due"), "outbox", ["due"], unique=False)


def add_transfers() -> None:
    op.create_table(
        "transfers",
        sa.Column("key", KEY, nullable=False),
        sa.Column("transfer", TEXT, nullable=False),
        sa.Column("manager", TEXT, nullable=False),
        sa.Column("direction", TEXT, nullable=False),
        sa.Column("fingerprint", TEXT, nullable=False),
        sa.Column("container", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("changed", sa.BigInteger(), nullable=False),
        sa.Column("expiry", sa.BigInteger(), nullable=False),
        sa.Column("due", sa.BigInteger(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("promise", TEXT, nullable=False),
        sa.Column("remote", TEXT, nullable=True),
        sa.Column("file_name", TEXT, nullable=True),
        sa.Column("lease", TEXT, nullable=True),
        sa.Column("deadline", sa.BigInteger(), nullable=True),
        sa.Column("bytes_done", sa.BigInteger(), nullable=False),
        sa.Column("failure", TEXT, nullable=True),
        sa.Column("receipt", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_transfers")),
        sa.UniqueConstraint("transfer", name=op.f("uq_transfers_transfer")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_transfers_state_due"), "transfers", ["state", "due"], unique=False)
    op.create_index(op.f("ix_transfers_state_transfer"), "transfers", ["state", "transfer"], unique=False)
