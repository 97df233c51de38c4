"""Where alembic starts: the tables that the migrations lead to."""

from filestore.persistence.schema import METADATA
from vofiles.serving.migrations import run_migrations

run_migrations(METADATA)
