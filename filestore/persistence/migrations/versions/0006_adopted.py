"""Where the bytes of adopted containers are."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "adopted",
        sa.Column("key", KEY, nullable=False),
        sa.Column("number", TEXT, nullable=False),
        sa.Column("directory", TEXT, nullable=False),
        sa.Column("path", TEXT, nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("mtime", sa.BigInteger(), nullable=False),
        sa.Column("properties", TEXT, nullable=False),
        sa.Column("replaces", TEXT, nullable=True),
        sa.Column("forgotten", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_adopted")),
        sa.UniqueConstraint("number", name=op.f("uq_adopted_number")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_adopted_directory_path"), "adopted", ["directory", "path"], unique=False)
