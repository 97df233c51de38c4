"""A stream that can be read once only and does not know its length, as a socket or a pipe."""

import io


class Unseekable(io.RawIOBase):
    """Some bytes as such a stream."""

    def __init__(self, content: bytes) -> None:
        super().__init__()
        self._rest = io.BytesIO(content)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "memoryview[int] | bytearray") -> int:  # type: ignore[override]
        return self._rest.readinto(buffer)
