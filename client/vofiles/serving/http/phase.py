"""What a connection waits for. The rule that keeps it so: each phase has one deadline, set when it is entered."""

from __future__ import annotations

from enum import Enum, auto

NEVER = float("inf")


class Phase(Enum):
    """What is to happen before the deadline."""

    IDLE = auto()  # the first byte of a request comes
    HEAD = auto()  # the head is complete
    BODY = auto()  # a window of the body has passed, which must have brought enough
    HANDLER = auto()  # the handler answers; no deadline: what it waits for has its own
    SEND = auto()  # the client takes more of its answer
    LINGER = auto()  # the client closes; what it still sends is dropped
    CLOSED = auto()  # the transport has closed
