"""Where a request's body ends. The rule that keeps it so: no I/O; bytes in, payload and the bytes behind the body out.

Chunks are read here and not by httptools, because it would read on into the next request. RFC 9112, 7.1.
"""

from __future__ import annotations

import re

from .refusal import Refusal

_SIZE = re.compile(rb"([0-9A-Fa-f]{1,15})(?:[\t ]*;[\t\x20-\x7e\x80-\xff]*)?")
_TRAILER = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t\x20-\x7e\x80-\xff]*")
_MAX_LINE = 1024  # of a chunk's size with extensions, which nobody sends


class LengthBody:
    """A body of announced length."""

    __slots__ = ("done", "left")

    def __init__(self, length: int) -> None:
        self.left = length
        self.done = length == 0

    def skip_to(self, left: int) -> None:
        """All but the last `left` bytes have been taken by other means."""
        self.left = left
        self.done = left == 0

    def feed(self, data: bytes) -> tuple[bytes, bytes]:
        """(payload, what follows the body) in `data`."""
        if len(data) < self.left:
            self.left -= len(data)
            return data, b""
        payload, rest = data[: self.left], data[self.left :]
        self.left = 0
        self.done = True
        return payload, rest


class ChunkedBody:
    """A body in chunks. `left` counts nothing before the end is seen: nobody knows."""

    __slots__ = ("_chunk", "_held", "_max_trailers", "_read_line", "done", "left")

    def __init__(self, max_trailers: int) -> None:
        self.left: int | None = None
        self.done = False
        self._chunk = 0
        self._held = b""
        self._max_trailers = max_trailers
        self._read_line = self._read_size

    def feed(self, data: bytes) -> tuple[bytes, bytes]:
        """(payload, what follows the body) in `data`. Raises Refusal where the framing is broken."""
        if self._held:
            data, self._held = self._held + data, b""
        pieces: list[bytes] = []
        at = 0
        while not self.done and at < len(data):
            if self._chunk:
                piece = data[at : at + self._chunk]
                pieces.append(piece)
                at += len(piece)
                self._chunk -= len(piece)
                continue
            end = data.find(b"\n", at, at + _MAX_LINE)
            if end < 0:
                if len(data) - at >= _MAX_LINE:
                    raise Refusal(400, "a line of the chunked body is too long")
                self._held = data[at:]
                return b"".join(pieces), b""
            if data[end - 1 : end] != b"\r" or end == at:
                raise Refusal(400, "the chunked body has a bare line feed")
            self._read_line(data[at : end - 1])
            at = end + 1
        return b"".join(pieces), data[at:]

    def _read_size(self, line: bytes) -> None:
        size = _SIZE.fullmatch(line)
        if size is None:
            raise Refusal(400, "the chunked body has a malformed size")
        self._chunk = int(size[1], 16)
        self._read_line = self._read_end if self._chunk else self._read_trailer

    def _read_end(self, line: bytes) -> None:
        if line:
            raise Refusal(400, "a chunk is longer than its size")
        self._read_line = self._read_size

    def _read_trailer(self, line: bytes) -> None:
        """Trailers are checked and dropped: nothing here asks for any."""
        if not line:
            self.done = True
            return
        self._max_trailers -= len(line) + 2
        if self._max_trailers < 0:
            raise Refusal(431, "the chunked body's trailers are too large")
        if not _TRAILER.fullmatch(line):
            raise Refusal(400, "the chunked body has a malformed trailer")
