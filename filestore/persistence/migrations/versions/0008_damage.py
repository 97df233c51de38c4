"""Containers whose bytes are not what came, and how far the reading of all of them is."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.add_column("containers", sa.Column("damaged", sa.BigInteger(), nullable=True))
    op.add_column("containers", sa.Column("damage", TEXT, nullable=True))
    op.create_index(
        "ix_containers_damaged",
        "containers",
        ["number"],
        unique=False,
        sqlite_where=sa.text("damaged IS NOT NULL"),
        postgresql_where=sa.text("damaged IS NOT NULL"),
    )
    op.create_table(
        "rounds",
        sa.Column("name", TEXT, nullable=False),
        sa.Column("began", sa.BigInteger(), nullable=False),
        sa.Column("after", TEXT, nullable=False),
        sa.Column("containers", sa.BigInteger(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("findings", sa.BigInteger(), nullable=False),
        sa.Column("ended", sa.BigInteger(), nullable=True),
        sa.Column("before", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_rounds")),
    )
