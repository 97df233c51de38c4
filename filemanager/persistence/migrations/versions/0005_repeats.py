"""What repeated calls were answered, conditions of transfers, and the folders of a folder by an index."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "repeats",
        sa.Column("caller", TEXT, nullable=False),
        sa.Column("idempotency_key", TEXT, nullable=False),
        sa.Column("operation", TEXT, nullable=False),
        sa.Column("fingerprint", TEXT, nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("transfer", TEXT, nullable=True),
        sa.Column("answered", sa.Boolean(), nullable=False),
        sa.Column("answer", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("caller", "idempotency_key", name=op.f("pk_repeats")),
    )
    op.create_index(op.f("ix_repeats_created"), "repeats", ["created"], unique=False)
    op.add_column("transfers", sa.Column("if_version", sa.Integer(), nullable=True))
    folders = sa.text("kind = 'FOLDER'")
    op.create_index("ix_nodes_folders", "nodes", ["parent"], sqlite_where=folders, postgresql_where=folders)
