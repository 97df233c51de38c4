"""The id of the request that had bytes moved, for the callback to carry."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.add_column("transfers", sa.Column("request_id", TEXT, nullable=True))
