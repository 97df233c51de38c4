"""What repeated calls were answered, conditions of transfers, the folders of a folder by an index, since when a content
is no longer the current one, and the history of one node by an index.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


_FILL = """
    UPDATE content_versions SET superseded = (
        SELECT n.created FROM content_versions AS n
        WHERE n.node = content_versions.node AND n.number > content_versions.number ORDER BY n.number LIMIT 1
    )
"""


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
    op.add_column("content_versions", sa.Column("superseded", sa.BigInteger(), nullable=True))
    op.execute(_FILL)
    superseded = sa.text("superseded IS NOT NULL")
    op.create_index(
        "ix_content_versions_superseded",
        "content_versions",
        ["key"],
        sqlite_where=superseded,
        postgresql_where=superseded,
    )
    op.drop_index(op.f("ix_changes_node"), "changes")
    op.create_index(op.f("ix_changes_node_number"), "changes", ["node", "number"], unique=False)
