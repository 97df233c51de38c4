"""Pauses that a client would have made, counted in place of being made."""


class Pauses:
    """Lets no time pass."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, _: float) -> None:
        self.count += 1
