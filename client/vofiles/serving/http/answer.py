"""An answer's head as bytes. The rule that keeps it so: every answer of this server gets its head here."""

from __future__ import annotations

from email.utils import formatdate
from http import HTTPStatus

from .messages import Response

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_REASONS = {status.value: status.phrase for status in HTTPStatus}


class AnswerHeads:
    """Writes heads; keeps the parts that are the same for every answer within a second."""

    def __init__(self) -> None:
        self._lines: dict[int, bytes] = {}
        self.set_date(0.0)

    def set_date(self, seconds: float) -> None:
        """Put this time, in seconds since 1970, on answers from now on."""
        self._date = formatdate(seconds, usegmt=True)
        self._lines.clear()

    def write(self, response: Response, request_id: str, connection: str | None) -> bytes:
        """Status line and headers, the empty line included. `connection` is the value of that header, None for none.

        Content-Length is that of the body even where HEAD keeps the body back; 204 and 304 have none (RFC 9110, 8.6).
        """
        return self.begin(response.status, request_id) + rest(response, connection)

    def begin(self, status: int, request_id: str) -> bytes:
        """What stands before that which is the same at any time: the status line to the request's id."""
        opening = self._lines.get(status)
        if opening is None:
            reason = _REASONS.get(status, "")
            opening = f"HTTP/1.1 {status} {reason}\r\nDate: {self._date}\r\nServer: vofiles\r\nX-Request-Id: ".encode()
            self._lines[status] = opening
        return opening + request_id.encode("ascii")


def rest(response: Response, connection: str | None) -> bytes:
    """What stands behind it, the empty line included."""
    lines = ["\r\n"]
    for name, value in response.headers:
        lines.append(f"{name}: {value}\r\n")
    if response.status not in (204, 304):
        lines.append(f"Content-Length: {response.length}\r\n")
    lines.append("\r\n" if connection is None else f"Connection: {connection}\r\n\r\n")
    return "".join(lines).encode("latin-1")
