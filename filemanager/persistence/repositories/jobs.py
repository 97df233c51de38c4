"""The long verbs, on SQL."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, and_, bindparam, delete, exists, insert, or_, select, true, update
from sqlalchemy.exc import IntegrityError

from filemanager.domain.job import Job, JobItem
from filemanager.persistence.repositories import documents
from filemanager.persistence.repositories.batches import batches
from filemanager.persistence.repositories.identifiers import ivorn
from filemanager.persistence.repositories.job_items import SqlJobItems, add_items
from filemanager.persistence.repositories.violations import refusal
from filemanager.persistence.schema import JOB_ITEMS, JOBS
from vofiles.contract import Failure
from vofiles.errors import Conflict
from vofiles.instant import Instant
from vofiles.ivorn import Ivorn

_J = JOBS.c
_FIXED = ("number", "verb", "caller", "owner", "created")
_COUNTS = ("total", "running", "done", "failed", "cancelled", "bytes_total", "bytes_done")
_CHANGING = ("modified", "state", "is_open", "node", "result", *_COUNTS, "cancelling", "ended", "failure", "request")
_READ = [name for name in (*_FIXED, *_CHANGING) if name != "is_open"]

_ANY = select(*(_J[name] for name in _READ), _J.key)
_IS_OPEN = _J.is_open == true()
_FIND = _ANY.where(_J.number == bindparam("job"))
_LOCK = _FIND.with_for_update()
_BY_KEY = _ANY.where(_J.key.in_(bindparam("keys", expanding=True)))
_LIST = _ANY.where(_J.key < bindparam("before")).order_by(_J.key.desc()).limit(bindparam("limit"))
_ENDED_ITEMS = _J.done + _J.failed + _J.cancelled
_TO_END = (
    _ANY.where(
        _IS_OPEN,
        or_(_J.total == _ENDED_ITEMS, and_(_J.cancelling == true(), _ENDED_ITEMS + _J.running < _J.total)),
    )
    .order_by(_J.key)
    .limit(bindparam("limit"))
)
_ENDED = _ANY.where(_J.ended < bindparam("before")).order_by(_J.ended).limit(bindparam("limit"))
_ADD = insert(JOBS).values({name: bindparam(name) for name in _FIXED + _CHANGING}).returning(_J.key)
_SAVE = update(JOBS).where(_J.key == bindparam("job")).values({name: bindparam(f"new_{name}") for name in _CHANGING})
_DELETE = delete(JOBS).where(
    _J.key == bindparam("job"), ~exists(select(JOB_ITEMS.c.job).where(JOB_ITEMS.c.job == bindparam("job")))
)
_LAST = 2**62


class SqlJobs(SqlJobItems):
    """The port `Jobs`."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self._connection = connection

    def add_job(self, job: Job, items: Sequence[JobItem]) -> Job:
        values = {
            **_changing(job),
            "number": job.number,
            "verb": job.verb,
            "caller": str(job.caller),
            "owner": str(job.owner),
            "created": job.created,
        }
        try:
            key: int = self._connection.execute(_ADD, values).scalar_one()
        except IntegrityError as error:
            raise refusal(error, {"uq_jobs_number": lambda: Conflict(job.number)}) from error
        add_items(self._connection, key, job.owner, items)
        return replace(job, key=key)

    def add_items(self, job: Job, items: Sequence[JobItem]) -> None:
        add_items(self._connection, job.key, job.owner, items)

    def find_job(self, number: str) -> Job | None:
        return self._one(_FIND, number)

    def lock_job(self, number: str) -> Job | None:
        return self._one(_LOCK, number)

    def _one(self, statement: Any, number: str) -> Job | None:
        row = self._connection.execute(statement, {"job": number}).mappings().first()
        return None if row is None else _job(row)

    def jobs(self, keys: Sequence[int]) -> dict[int, Job]:
        return {
            job.key: job
            for some in batches(keys)
            for job in map(_job, self._connection.execute(_BY_KEY, {"keys": some}).mappings())
        }

    def save_job(self, job: Job) -> None:
        changing = {f"new_{name}": value for name, value in _changing(job).items()}
        self._connection.execute(_SAVE, {"job": job.key, **changing})

    def list_jobs(self, caller: Ivorn | None, state: str | None, before: int | None, limit: int) -> list[Job]:
        statement = _LISTS[caller is not None, state is not None]
        values: dict[str, Any] = {"before": _LAST if before is None else before, "limit": limit}
        if caller is not None:
            values["of_caller"] = str(caller)
        if state is not None:
            values["in_state"] = state
        return [_job(row) for row in self._connection.execute(statement, values).mappings()]

    def jobs_to_end(self, limit: int) -> list[Job]:
        return [_job(row) for row in self._connection.execute(_TO_END, {"limit": limit}).mappings()]

    def jobs_ended(self, before: Instant, limit: int) -> list[Job]:
        return [_job(row) for row in self._connection.execute(_ENDED, {"before": before, "limit": limit}).mappings()]

    def delete_job(self, key: int, limit: int) -> int:
        removed = self._delete_items(key, limit)
        if removed < limit:
            self._connection.execute(_DELETE, {"job": key})
        return removed


def _lists() -> dict[tuple[bool, bool], Any]:
    by_caller, by_state = _J.caller == bindparam("of_caller"), _J.state == bindparam("in_state")
    return {
        (False, False): _LIST,
        (True, False): _LIST.where(by_caller),
        (False, True): _LIST.where(by_state),
        (True, True): _LIST.where(by_caller, by_state),
    }


_LISTS = _lists()


def _changing(job: Job) -> dict[str, Any]:
    return {
        "modified": job.modified,
        "state": job.state,
        "is_open": not job.has_ended,
        "node": job.node,
        "result": job.result,
        **{name: getattr(job, name) for name in _COUNTS},
        "cancelling": job.cancelling,
        "ended": job.ended,
        "failure": documents.write_value(job.failure),
        "request": documents.write_texts(job.request),
    }


def _job(row: Any) -> Job:
    values = dict(row)
    values |= {
        "caller": ivorn(row["caller"]),
        "owner": ivorn(row["owner"]),
        "created": Instant(row["created"]),
        "modified": Instant(row["modified"]),
        "ended": None if row["ended"] is None else Instant(row["ended"]),
        "request": documents.read_texts(row["request"]),
        "failure": documents.read_value(Failure, row["failure"]),
    }
    return Job(**values)
