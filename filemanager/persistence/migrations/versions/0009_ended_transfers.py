"""Transfers that have ended, by how long ago that was at the least."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    ended = sa.text("is_open = false")
    on_sqlite = sa.text("is_open = 0")
    op.create_index("ix_transfers_ended_due", "transfers", ["due"], sqlite_where=on_sqlite, postgresql_where=ended)
