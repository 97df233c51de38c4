"""The long verbs, in memory."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from filemanager.domain.job import Job, JobItem
from filemanager.persistence.memory.state import Repository
from vofiles.contract import ItemState
from vofiles.errors import Conflict
from vofiles.instant import Instant
from vofiles.ivorn import Ivorn

_FIXED = ("number", "verb", "caller", "owner", "created")
_CHANGING = ("state", "node", "result", "size", "bytes_done", "transfer", "tries", "attempts", "due", "failure")


class MemoryJobs(Repository):
    """The port `Jobs`."""

    def add_job(self, job: Job, items: Sequence[JobItem]) -> Job:
        if self.find_job(job.number) is not None:
            raise Conflict(job.number)
        added = replace(job, key=self._state.new_key())
        self.add_items(added, items)
        self._state.jobs[added.key] = added
        return added

    def add_items(self, job: Job, items: Sequence[JobItem]) -> None:
        for store in {item.store for item in items if item.store is not None}:
            self._require_store(store)
        accounts = list(self._state.accounts)
        space = accounts.index(job.owner) + 1 if job.owner in accounts else 0
        for item in items:
            self._state.job_items[job.key, item.number] = replace(item, job=job.key, space=space)

    def find_job(self, number: str) -> Job | None:
        return next((job for job in self._state.jobs.values() if job.number == number), None)

    lock_job = find_job

    def jobs(self, keys: Sequence[int]) -> dict[int, Job]:
        return {key: self._state.jobs[key] for key in keys if key in self._state.jobs}

    def save_job(self, job: Job) -> None:
        before = self._state.jobs.get(job.key)
        if before is not None:
            fixed: dict[str, Any] = {name: getattr(before, name) for name in _FIXED}
            self._state.jobs[job.key] = replace(job, **fixed)

    def list_jobs(self, caller: Ivorn | None, state: str | None, before: int | None, limit: int) -> list[Job]:
        found = [
            job
            for job in self._state.jobs.values()
            if caller in {None, job.caller} and state in {None, job.state} and (before is None or job.key < before)
        ]
        return sorted(found, key=lambda job: -job.key)[:limit]

    def jobs_to_end(self, limit: int) -> list[Job]:
        found = [
            job
            for job in self._state.jobs.values()
            if not job.has_ended and (job.left == 0 or (job.cancelling and job.waiting))
        ]
        return sorted(found, key=lambda job: job.key)[:limit]

    def jobs_ended(self, before: Instant, limit: int) -> list[Job]:
        found = [job for job in self._state.jobs.values() if job.ended is not None and job.ended < before]
        return sorted(found, key=lambda job: job.ended or 0)[:limit]

    def delete_job(self, key: int, limit: int) -> int:
        items = self.items(key, None, 0, limit)
        for item in items:
            del self._state.job_items[key, item.number]
        if len(items) < limit:
            self._state.jobs.pop(key, None)
        return len(items)

    def items(self, job: int, state: str | None, after: int, limit: int) -> list[JobItem]:
        found = self._where(lambda item: item.job == job and item.number > after and state in {None, item.state})
        return sorted(found, key=lambda item: item.number)[:limit]

    def find_items(self, job: int, numbers: Sequence[int]) -> list[JobItem]:
        items = self._state.job_items
        return [items[job, number] for number in sorted(set(numbers)) if (job, number) in items]

    def items_of_transfers(self, transfers: Sequence[str]) -> list[JobItem]:
        return self._where(lambda item: item.transfer is not None and item.transfer in transfers)

    def job_of_transfer(self, transfer: str) -> str | None:
        return next((self._state.jobs[item.job].number for item in self.items_of_transfers([transfer])), None)

    def waiting_items(self, store: Ivorn | None, after: int, limit: int) -> list[JobItem]:
        waiting = self._where(lambda item: item.state == ItemState.WAITING and item.store == store)
        spaces = sorted({item.space for item in waiting})
        turn = next((space for space in spaces if space > after), spaces[0] if spaces else None)
        found = [item for item in waiting if item.space == turn]
        return sorted(found, key=lambda item: (item.job, item.number))[:limit]

    def running_items(self) -> dict[Ivorn | None, int]:
        return dict(Counter(item.store for item in self._running()))

    def due_items(self, now: Instant, limit: int) -> list[JobItem]:
        due = [item for item in self._running() if item.due <= now]
        return sorted(due, key=lambda item: (item.due, item.job, item.number))[:limit]

    def next_due(self) -> Instant | None:
        return min((item.due for item in self._running()), default=None)

    def save_items(self, items: Sequence[JobItem]) -> None:
        for item in items:
            before = self._state.job_items.get((item.job, item.number))
            if before is not None:
                changes: dict[str, Any] = {name: getattr(item, name) for name in _CHANGING}
                self._state.job_items[item.job, item.number] = replace(before, **changes)

    def retry_items(self, job: int) -> int:
        failed = self._where(lambda item: item.job == job and item.state == ItemState.FAILED)
        self.save_items([item.again() for item in failed])
        return len(failed)

    def hurry_items(self, now: Instant) -> int:
        running = self._running()
        self.save_items([replace(item, due=now) for item in running])
        return len(running)

    def _running(self) -> list[JobItem]:
        return self._where(lambda item: item.state == ItemState.RUNNING)

    def _where(self, fits: Callable[[JobItem], bool]) -> list[JobItem]:
        return [item for item in self._state.job_items.values() if fits(item)]
