"""What finding nodes needs: the size beside the other columns that nodes are sorted by, and the indexes."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_FILL = """
    UPDATE nodes SET size = (
        SELECT size FROM content_versions AS v WHERE v.node = nodes.key AND v.number = nodes.version
    ) WHERE EXISTS (SELECT 1 FROM content_versions AS v WHERE v.node = nodes.key AND v.number = nodes.version)
"""


def upgrade() -> None:
    op.add_column("nodes", sa.Column("size", sa.BigInteger(), nullable=False, server_default=sa.text("-1")))
    op.execute(_FILL)
    for column in ("name", "size", "modified", "created"):
        op.create_index(op.f(f"ix_nodes_owner_{column}_key"), "nodes", ["owner", column, "key"], unique=False)
    op.create_index(
        "ix_node_properties_name_head",
        "node_properties",
        ["name", sa.literal_column("substr(value, 1, 64)"), "node"],
        unique=False,
    )
    op.create_index(
        op.f("ix_content_versions_content_type_node"), "content_versions", ["content_type", "node"], unique=False
    )
