"""A long verb seen from a terminal: how far its job is, and what to do when one does not want to wait.

Rule: the job is the service's; leaving it, by Ctrl-C too, ends only the looking, and the person is told so.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from vofiles.cli import progress
from vofiles.cli.exits import complain
from vofiles.jobs import JobInfo, JobProgress


@contextmanager
def following(label: str) -> Iterator[JobProgress]:
    """What is told how a job goes on, and shows it where somebody watches."""
    last: list[JobInfo] = []
    with progress.items(label) as shown:

        def see(info: JobInfo) -> None:
            last[:] = [info]
            if shown is not None:
                shown(info)

        try:
            yield see
        except KeyboardInterrupt:
            if last and not last[0].is_ended:
                number = last[0].id
                complain(f"the job goes on: vofiles jobs {number} shows how far it is, --cancel stops it")
            raise
