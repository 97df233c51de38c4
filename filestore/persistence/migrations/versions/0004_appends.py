"""What the container of an append begins with."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.add_column("transfers", sa.Column("base", TEXT, nullable=True))
    op.add_column("transfers", sa.Column("base_size", sa.BigInteger, nullable=True))
