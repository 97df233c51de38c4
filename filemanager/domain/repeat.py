"""Repeats: what keeps an operation from being done twice when its caller asks twice.

    (caller, key)  ->  which operation, a fingerprint of the request, its answer

Rule: pure. Two requests are the same when all that they ask for is; how long one waits for the answer is not asked for.
"""

import hashlib
import json
from dataclasses import dataclass
from typing import Any, Final

from vofiles.contract import FILEMANAGER
from vofiles.errors import InvalidArgument, KeyReused
from vofiles.instant import Instant
from vofiles.ivorn import Ivorn
from vofiles.shape import Part, parts

MAX_KEY: Final = 255
"""Characters of the longest idempotency key."""

_NOT_ASKED_FOR: Final = frozenset({"idempotency_key", "wait"})
_OPERATIONS: Final = {operation.request: operation.name for operation in FILEMANAGER}


@dataclass(frozen=True, slots=True)
class Repeat:
    """A call with an idempotency key; any later one of the same caller with the same key is its repeat."""

    caller: Ivorn
    key: str
    operation: str
    fingerprint: str
    created: Instant
    transfer: str | None = None
    """Number of the transfer that it began, where its answer is a transfer as it stands."""
    answered: bool = False
    """Whether what it did is done, and its answer is kept."""

    def require_same(self, other: "Repeat") -> None:
        """Refuse a later call that asks for something else. Raises KeyReused."""
        if self.operation != other.operation:
            raise KeyReused(other.key, reason=f"it was used for {self.operation}")
        if self.fingerprint != other.fingerprint:
            raise KeyReused(other.key, reason=f"that {self.operation} asked for something else")


def repeat_of(caller: Ivorn, request: Any, now: Instant) -> Repeat | None:
    """What to write down of a request; None for one without a key. Raises InvalidArgument for a key that cannot be."""
    key: str | None = request.idempotency_key
    if key is None:
        return None
    if not 0 < len(key) <= MAX_KEY:
        raise InvalidArgument("idempotencyKey", reason=f"it has 1 to {MAX_KEY} characters, not {len(key)}")
    return Repeat(caller, key, _OPERATIONS[type(request)], fingerprint_of(request), now)


def fingerprint_of(request: Any) -> str:
    """A digest of all that a request asks for. What is not given does not count, so that a release which knows more
    optional elements finds the same.
    """
    text = json.dumps(_told(request), ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _told(value: Any) -> dict[str, Any]:
    told = {}
    for part in parts(type(value)):  # type: ignore[arg-type]  # a class is hashable
        content = getattr(value, part.field)
        if part.field in _NOT_ASKED_FOR or content is None or content == ():
            continue
        told[part.element] = [_one(part, each) for each in content] if part.many else _one(part, content)
    return told


def _one(part: Part, content: Any) -> Any:
    return _told(content) if part.simple is None else part.simple.text(content)
