"""What is in the trash: its entries, and a second root of each account."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    root = sa.text("parent IS NULL")
    op.drop_index("uq_nodes_owner", "nodes")
    op.create_index(
        "uq_nodes_owner_kind", "nodes", ["owner", "kind"], unique=True, sqlite_where=root, postgresql_where=root
    )
    op.create_table(
        "trashed",
        sa.Column("node", KEY, autoincrement=False, nullable=False),
        sa.Column("number", TEXT, nullable=False),
        sa.Column("owner", KEY, nullable=False),
        sa.Column("parent_number", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("path", TEXT, nullable=False),
        sa.Column("deleted", sa.BigInteger(), nullable=False),
        sa.Column("deleted_by", TEXT, nullable=False),
        sa.Column("purge_after", sa.BigInteger(), nullable=True),
        sa.Column("files", sa.BigInteger(), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.Column("purger", TEXT, nullable=True),
        sa.ForeignKeyConstraint(["node"], ["nodes.key"], name=op.f("fk_trashed_node"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["owner"], ["accounts.key"], name=op.f("fk_trashed_owner")),
        sa.PrimaryKeyConstraint("node", name=op.f("pk_trashed")),
        sa.UniqueConstraint("number", name=op.f("uq_trashed_number")),
    )
    op.create_index(op.f("ix_trashed_owner_deleted_number"), "trashed", ["owner", "deleted", "number"], unique=False)
    op.create_index(op.f("ix_trashed_purge_after"), "trashed", ["purge_after"], unique=False)
    op.create_index(op.f("ix_trashed_purger"), "trashed", ["purger"], unique=False)
    uncounted = sa.text("files IS NULL")
    op.create_index("ix_trashed_uncounted", "trashed", ["node"], sqlite_where=uncounted, postgresql_where=uncounted)
