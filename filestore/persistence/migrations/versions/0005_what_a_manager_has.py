"""How much each FileManager has, from one index."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(op.f("ix_containers_manager_state_size"), "containers", ["manager", "state", "size"], unique=False)
