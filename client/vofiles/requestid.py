"""The id of a job, sent as X-Request-Id with each of its requests: under it they are found in every service's log.

    with job() as number:       # all that is asked inside, of FileManager and stores, carries the same id
        …

Rule: random, and nothing in it says who asks or what for.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final, TypeVar

HEADER: Final = "X-Request-Id"

E = TypeVar("E", bound=BaseException)

_current: ContextVar[str | None] = ContextVar("vofiles_request_id", default=None)


@contextmanager
def job(number: str | None = None) -> Iterator[str]:
    """One id for all requests of a block: the one given, else that of the job around it, else a fresh one."""
    chosen = number or request_id()
    token = _current.set(chosen)
    try:
        yield chosen
    finally:
        _current.reset(token)


def request_id() -> str:
    """The id of the job under way, else a fresh one."""
    return _current.get() or _new()


def noted(error: E, number: str | None) -> E:
    """The error, with the id of the request that met it noted for whoever looks into it; noted once."""
    note = f"{HEADER}: {number}"
    if number and note not in getattr(error, "__notes__", ()):
        error.add_note(note)
    return error


def find_noted(error: BaseException) -> str | None:
    """The id that was noted, if one was."""
    notes = [note for note in getattr(error, "__notes__", ()) if note.startswith(f"{HEADER}: ")]
    return notes[0].removeprefix(f"{HEADER}: ") if notes else None


def _new() -> str:
    return secrets.token_hex(12)
