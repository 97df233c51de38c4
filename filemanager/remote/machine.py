"""What the FileManager takes from the machine it runs on: the time, randomness, and password hashes.

Rule: the implementations of the ports Clock, Numbers and Passwords; nothing else in the service asks the machine.
"""

import secrets
import threading
import time

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from vofiles.errors import ServiceBusy
from vofiles.instant import Instant
from vofiles.ivorn import new_number

CHECKS_AT_ONCE = 2
"""Each takes a core and 64 MiB for a tenth of a second."""
PATIENCE = 2.0
"""Seconds that a check waits for its turn."""


class SystemClock:
    """The port Clock."""

    def now(self) -> Instant:
        return Instant(time.time_ns() // 1000)

    def elapsed(self) -> float:
        return time.monotonic()


class SystemNumbers:
    """The port Numbers."""

    def new_number(self) -> str:
        return new_number()

    def new_token(self) -> str:
        return secrets.token_urlsafe(32)


class Argon2Passwords:
    """The port Passwords: argon2id with RFC 9106's second recommended parameters, which argon2-cffi follows."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher()
        self._turns = threading.BoundedSemaphore(CHECKS_AT_ONCE)

    def hash_password(self, password: str) -> str:
        return self._hasher.hash(password.encode("utf-8", "surrogatepass"))

    def verify_password(self, password_hash: str, password: str) -> bool:
        if not self._turns.acquire(timeout=PATIENCE):
            raise ServiceBusy("logging in")
        try:
            return self._hasher.verify(password_hash, password.encode("utf-8", "surrogatepass"))
        except (VerificationError, InvalidHashError):
            return False
        finally:
            self._turns.release()
