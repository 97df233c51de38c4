"""What calls with an idempotency key were answered, on SQL."""

from typing import Any, TypeVar

from sqlalchemy import Connection, bindparam, delete, select, text, tuple_, update

from filemanager.domain.repeat import Repeat
from filemanager.persistence.repositories import documents
from filemanager.persistence.repositories.identifiers import ivorn
from filemanager.persistence.schema import REPEATS
from vofiles.instant import Instant
from vofiles.ivorn import Ivorn

A = TypeVar("A")

_R = REPEATS.c
_THIS = (_R.caller == bindparam("of_caller"), _R.idempotency_key == bindparam("of_key"))
# On PostgreSQL it waits for a transaction that is inserting the same, and then does nothing or inserts.
_CLAIM = text(
    "INSERT INTO repeats (caller, idempotency_key, operation, fingerprint, created, transfer, answered)"
    " VALUES (:caller, :key, :operation, :fingerprint, :created, :transfer, :answered)"
    " ON CONFLICT (caller, idempotency_key) DO NOTHING RETURNING created"
)
_FIND = select(_R.caller, _R.idempotency_key, _R.operation, _R.fingerprint, _R.created, _R.transfer, _R.answered).where(
    *_THIS
)
_LOCK = _FIND.with_for_update()
_SAVE = update(REPEATS).where(*_THIS).values(transfer=bindparam("new_transfer"), answered=bindparam("new_answered"))
_KEEP = update(REPEATS).where(*_THIS).values(answered=True, answer=bindparam("new_answer"))
_ANSWER = select(_R.answer).where(*_THIS)
_FORGET = delete(REPEATS).where(*_THIS)
_OLD = (
    select(_R.caller, _R.idempotency_key)
    .where(_R.created < bindparam("before"))
    .order_by(_R.created)
    .limit(bindparam("limit"))
)
_PRUNE = delete(REPEATS).where(tuple_(_R.caller, _R.idempotency_key).in_(_OLD))


class SqlRepeats:
    """The port `Repeats`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def claim(self, repeat: Repeat) -> Repeat | None:
        values = {
            "caller": str(repeat.caller),
            "key": repeat.key,
            "operation": repeat.operation,
            "fingerprint": repeat.fingerprint,
            "created": repeat.created,
            "transfer": repeat.transfer,
            "answered": repeat.answered,
        }
        # What stood in the way may have been forgotten before it is read; then it does so no longer.
        while self._connection.execute(_CLAIM, values).first() is None:
            row = self._connection.execute(_LOCK, _this(repeat.caller, repeat.key)).first()
            if row is not None:
                return _repeat_of(row)
        return None

    def find_repeat(self, caller: Ivorn, key: str) -> Repeat | None:
        row = self._connection.execute(_FIND, _this(caller, key)).first()
        return None if row is None else _repeat_of(row)

    def save_repeat(self, repeat: Repeat) -> None:
        changing = {"new_transfer": repeat.transfer, "new_answered": repeat.answered}
        self._connection.execute(_SAVE, {**_this(repeat.caller, repeat.key), **changing})

    def keep_answer(self, repeat: Repeat, answer: Any) -> None:
        values = {**_this(repeat.caller, repeat.key), "new_answer": documents.write_value(answer)}
        self._connection.execute(_KEEP, values)

    def find_answer(self, repeat: Repeat, kind: type[A]) -> A | None:
        return documents.read_value(kind, self._connection.execute(_ANSWER, _this(repeat.caller, repeat.key)).scalar())

    def forget(self, caller: Ivorn, key: str) -> None:
        self._connection.execute(_FORGET, _this(caller, key))

    def prune(self, before: Instant, limit: int) -> int:
        return self._connection.execute(_PRUNE, {"before": before, "limit": limit}).rowcount


def _this(caller: Ivorn, key: str) -> dict[str, Any]:
    return {"of_caller": str(caller), "of_key": key}


def _repeat_of(row: Any) -> Repeat:
    caller, key, operation, fingerprint, created, transfer, answered = row
    return Repeat(ivorn(caller), key, operation, fingerprint, Instant(created), transfer, bool(answered))
