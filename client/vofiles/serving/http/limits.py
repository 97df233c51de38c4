"""What one server puts up with from its clients. The rule that keeps it so: every bound of the engine is named here.

Precedents: nginx (8 KiB a line, 32 KiB of headers, 60 s for a head, lingering close of 30 s), Apache's mod_reqtimeout
(minimum rate).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes in bytes, times in seconds. Deadlines are looked at about `tick` apart, so they hold to within that."""

    line: int = 8 * 1024  # the request line, and each header line
    head: int = 32 * 1024  # the whole head; also the trailers of a chunked body
    headers: int = 100
    head_seconds: float = 20.0  # absolute: from the head's first byte to its last, however the bytes trickle
    idle_seconds: float = 60.0  # between requests on one connection
    body_rate: int = 1024  # a body must bring this many bytes a second ...
    body_window: float = (
        20.0  # ... averaged over each window of this length; time while the handler pauses does not count
    )
    send_seconds: float = 60.0  # a client must take something of its answer within this time
    linger_seconds: float = 10.0  # after an early answer: how long the rest of the body is read and dropped
    linger_bytes: int = 64 * 1024 * 1024
    drain: int = 256 * 1024  # a rest this short is read to its end, and the connection kept
    connections: int = 10_000
    connections_per_address: int = 1_000
    tick: float = 1.0
