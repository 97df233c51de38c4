"""Jobs and their items."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "jobs",
        sa.Column("key", KEY, nullable=False),
        sa.Column("number", TEXT, nullable=False),
        sa.Column("verb", TEXT, nullable=False),
        sa.Column("caller", TEXT, nullable=False),
        sa.Column("owner", TEXT, nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("modified", sa.BigInteger(), nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.Column("node", TEXT, nullable=True),
        sa.Column("result", TEXT, nullable=True),
        sa.Column("request", sa.Text(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("running", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("cancelled", sa.Integer(), nullable=False),
        sa.Column("bytes_total", sa.BigInteger(), nullable=False),
        sa.Column("bytes_done", sa.BigInteger(), nullable=False),
        sa.Column("cancelling", sa.Boolean(), nullable=False),
        sa.Column("ended", sa.BigInteger(), nullable=True),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_jobs")),
        sa.UniqueConstraint("number", name=op.f("uq_jobs_number")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_jobs_caller_key"), "jobs", ["caller", "key"], unique=False)
    op.create_index(op.f("ix_jobs_ended"), "jobs", ["ended"], unique=False)
    _index("ix_jobs_open", "jobs", ["key"], "is_open = true")
    op.create_table(
        "job_items",
        sa.Column("job", KEY, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("path", TEXT, nullable=False),
        sa.Column("node", TEXT, nullable=True),
        sa.Column("result", TEXT, nullable=True),
        sa.Column("store", KEY, nullable=False),
        sa.Column("space", KEY, nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.Column("request", sa.Text(), nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("bytes_done", sa.BigInteger(), nullable=False),
        sa.Column("transfer", TEXT, nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due", sa.BigInteger(), nullable=False),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["job"], ["jobs.key"], name=op.f("fk_job_items_job")),
        sa.PrimaryKeyConstraint("job", "number", name=op.f("pk_job_items")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_job_items_job_state_number"), "job_items", ["job", "state", "number"], unique=False)
    _index("ix_job_items_waiting", "job_items", ["store", "space", "job", "number"], "state = 'WAITING'")
    _index("ix_job_items_running", "job_items", ["due"], "state = 'RUNNING'")
    _index("ix_job_items_transfer", "job_items", ["transfer"], "transfer IS NOT NULL")


def _index(name: str, table: str, columns: list[str], where: str) -> None:
    """An index on a part of a table."""
    op.create_index(
        name,
        table,
        columns,
        unique=False,
        sqlite_where=sa.text(where.replace("= true", "= 1")),
        postgresql_where=sa.text(where),
    )
