"""What SQLite's failures mean.

Rule: told by its own codes (https://www.sqlite.org/rescode.html), whether they come from the driver or by SQLAlchemy.
"""

import sqlite3

from sqlalchemy.exc import DBAPIError

from vofiles.errors import ServiceBusy


class CommitFailed(Exception):
    """The database could not make a group of changes durable; whether it holds them is known after its next start."""


def is_busy(error: BaseException) -> bool:
    """Whether another connection's lock was in the way."""
    return code_of(error) in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}


def code_of(error: BaseException) -> int:
    """SQLite's primary code; 0 where it is not SQLite's."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    return int(getattr(cause, "sqlite_errorcode", 0)) & 0xFF


def is_full(error: BaseException) -> bool:
    """Whether no room was left, so that nothing of the transaction is in the file: its last frame was not written."""
    return code_of(error) == sqlite3.SQLITE_FULL


def as_told(error: BaseException) -> BaseException:
    """What a caller is told: to try again where there was no room, else what went wrong."""
    return caused(ServiceBusy("no room is left for its database"), error) if is_full(error) else error


def caused(error: BaseException, cause: BaseException) -> BaseException:
    """The error, with what was behind it."""
    error.__cause__ = cause
    return error
