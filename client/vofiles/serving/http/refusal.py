"""What the engine itself refuses. The rule that keeps it so: after a refusal of a head or of a body's framing the
connection is closed, because nobody knows any more where the next request begins.
"""

from __future__ import annotations


class Refusal(Exception):
    """This request is not served: an HTTP status and the sentence for its sender."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
