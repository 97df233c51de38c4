"""The machine that the service runs on: time, randomness, slow hashes.

Rule: a Protocol and nothing else; its docstrings are the contract of every implementation.
"""

from typing import Protocol

from vofiles.instant import Instant


class Clock(Protocol):
    """The time."""

    def now(self) -> Instant:
        """The time of day, UTC."""

    def elapsed(self) -> float:
        """Seconds since some fixed moment; never goes back. For measuring durations."""


class Numbers(Protocol):
    """Randomness."""

    def new_number(self) -> str:
        """A fresh node or transfer number: 128 random bits."""

    def new_token(self) -> str:
        """The text of a fresh bearer token: 256 random bits."""


class Passwords(Protocol):
    """Password hashes: slow on purpose."""

    def hash_password(self, password: str) -> str:
        """A salted hash to keep."""

    def verify_password(self, password_hash: str, password: str) -> bool:
        """Whether a password has that hash; False also for a hash that cannot be read."""
