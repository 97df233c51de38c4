"""Answers at once: on the reactor, with no other thread in between, where nothing has to be waited for.

A change of thread, and the threads' taking turns at the interpreter, cost more than reading a node does. So a use case
is tried first on ports that never wait: they raise WouldWait where they would, and then the whole is done in the pool.

Rule: only what reads may be tried, for it may be begun twice. Whoever may take long says WouldWait himself: nobody else
is served meanwhile.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Generic, NoReturn, TypeVar

if TYPE_CHECKING:
    from vofiles.serving.http import Request

Caller = TypeVar("Caller")
T = TypeVar("T")
R = TypeVar("R")

LONGEST_BODY: Final = 4096
"""Bytes of a request that may be answered at once; what the gate and the schema may cost grows with them."""


class WouldWait(BaseException):
    """It cannot be answered without waiting. Not an error, and nobody's to handle on its way."""


def would_wait(*_given: object) -> NoReturn:
    """In place of what waits. Raises WouldWait."""
    raise WouldWait


class ReadingAtOnce(Generic[T]):
    """A database that is read only where that can be done at once."""

    def __init__(
        self,
        read: Callable[[Callable[[Any], Any]], Any],
        bind: Callable[[Any], T],
        mark: Callable[[], object] = would_wait,
    ) -> None:
        self._read, self._bind, self._mark = read, bind, mark

    def mark(self) -> object:
        """What is equal to an earlier mark only where nobody has changed anything in between: so what was read after
        that one can be had again. It costs less than to read. Raises WouldWait.
        """
        return self._mark()

    def read(self, fn: Callable[[T], R]) -> R:
        """As of `Database`. Raises WouldWait."""
        answer: R = self._read(lambda connection: fn(self._bind(connection)))
        return answer

    def write(self, _fn: Callable[[T], R]) -> R:
        """Raises WouldWait."""
        raise WouldWait

    def close(self) -> None:
        """Nothing: it is the database's."""


@dataclass(frozen=True)
class AtOnce(Generic[Caller]):
    """What a service tries at once."""

    identify: "Callable[[Request], Caller]"
    """As the service's own, or WouldWait."""
    functions: Mapping[str, Callable[[Caller, Any], Any]]
    """Of some of its operations: as its own, or WouldWait."""
