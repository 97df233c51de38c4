"""What is said about each request when it is over. The rule that keeps it so: facts only; `vofiles.serving.logs` words
and redacts them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple


class AccessRecord(NamedTuple):
    """One served or refused request. `size` is the answer's body in bytes, `received` what came of the request's;
    `seconds` from head to last byte handed on.

    `complete` is False when the connection ended before the answer was sent wholly; `status` is 0 when there was none.
    A request whose head was refused has the method and path `-`.
    A tuple, because one is made for each request and costs a third of a frozen dataclass.
    """

    method: str
    path: str
    status: int
    size: int
    seconds: float
    request_id: str
    peer: str
    complete: bool = True
    operation: str = ""
    received: int = 0


AccessLog = Callable[[AccessRecord], None]
