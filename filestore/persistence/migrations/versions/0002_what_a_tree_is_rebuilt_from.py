"""A container's node by its own identifier, and the containers of one FileManager in their order."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.add_column("containers", sa.Column("identifier", TEXT, nullable=True))
    op.create_index("ix_containers_manager_number", "containers", ["manager", "number"])
