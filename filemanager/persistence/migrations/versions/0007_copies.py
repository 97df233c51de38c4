"""Transfers that bring a version to another store, and what stores said when they were last asked."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("transfers", sa.Column("replica_of", KEY, nullable=True))
    for told in ("reachable", "writable"):
        op.add_column("stores", sa.Column(told, sa.Boolean(), nullable=False, server_default=sa.true()))
