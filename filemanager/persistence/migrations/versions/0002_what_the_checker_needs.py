"""Orphans that the checker has seen, and errands by what they are about."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "orphans",
        sa.Column("container", TEXT, nullable=False),
        sa.Column("seen", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("container", name=op.f("pk_orphans")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_errands_subject"), "errands", ["subject"], unique=False)
