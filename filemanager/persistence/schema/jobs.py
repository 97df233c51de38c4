"""Jobs and their items.

A job's counts are kept on its row, in the transactions that change its items. Callers and owners are identifiers,
because the service itself has jobs too and no account.
"""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, Table, Text, true

from filemanager.persistence.schema.metadata import INSTANT, KEY, METADATA, TEXT

JOBS = Table(
    "jobs",
    METADATA,
    Column("key", KEY, primary_key=True),
    Column("number", TEXT, nullable=False, unique=True),
    Column("verb", TEXT, nullable=False),
    Column("caller", TEXT, nullable=False),
    Column("owner", TEXT, nullable=False),
    Column("created", INSTANT, nullable=False),
    Column("modified", INSTANT, nullable=False),
    Column("state", TEXT, nullable=False),
    # Follows from `state`; a column of its own so that indexes can keep to the few that have not ended.
    Column("is_open", Boolean, nullable=False),
    Column("node", TEXT, nullable=True),
    Column("result", TEXT, nullable=True),
    # A JSON object of texts.
    Column("request", Text, nullable=False),
    Column("total", Integer, nullable=False),
    Column("running", Integer, nullable=False),
    Column("done", Integer, nullable=False),
    Column("failed", Integer, nullable=False),
    Column("cancelled", Integer, nullable=False),
    Column("bytes_total", BigInteger, nullable=False),
    Column("bytes_done", BigInteger, nullable=False),
    Column("cancelling", Boolean, nullable=False),
    Column("ended", INSTANT, nullable=True, index=True),
    # A JSON document of a wire value.
    Column("failure", Text, nullable=True),
    Index(None, "caller", "key"),
    sqlite_autoincrement=True,
)

OPEN_JOBS = Index(
    "ix_jobs_open",
    JOBS.c.key,
    sqlite_where=JOBS.c.is_open == true(),
    postgresql_where=JOBS.c.is_open == true(),
)
"""Those that have not ended, the oldest first."""

JOB_ITEMS = Table(
    "job_items",
    METADATA,
    Column("job", KEY, ForeignKey(JOBS.c.key), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("path", TEXT, nullable=False),
    Column("node", TEXT, nullable=True),
    Column("result", TEXT, nullable=True),
    # The store's key, and the owner's account's: 0 where there is none, so that indexes compare them plainly.
    Column("store", KEY, nullable=False),
    Column("space", KEY, nullable=False),
    Column("size", BigInteger, nullable=True),
    Column("request", Text, nullable=False),
    Column("state", TEXT, nullable=False),
    Column("bytes_done", BigInteger, nullable=False),
    Column("transfer", TEXT, nullable=True),
    Column("tries", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due", INSTANT, nullable=False),
    Column("failure", Text, nullable=True),
    Index(None, "job", "state", "number"),
    sqlite_with_rowid=False,
)

_I = JOB_ITEMS.c

WAITING_ITEMS = Index(
    "ix_job_items_waiting",
    _I.store,
    _I.space,
    _I.job,
    _I.number,
    sqlite_where=_I.state == "WAITING",
    postgresql_where=_I.state == "WAITING",
)
"""Those that wait, in the order of their turns."""

RUNNING_ITEMS = Index(
    "ix_job_items_running",
    _I.due,
    sqlite_where=_I.state == "RUNNING",
    postgresql_where=_I.state == "RUNNING",
)
"""Those under way, by when they are to be looked after."""

MOVING_ITEMS = Index(
    "ix_job_items_transfer",
    _I.transfer,
    sqlite_where=_I.transfer.is_not(None),
    postgresql_where=_I.transfer.is_not(None),
)
"""Those that have begun a transfer."""
