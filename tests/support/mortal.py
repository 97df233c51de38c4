"""A process that can be killed at any of its effects, for tests of what a kill leaves behind.

    mortal = Mortal(MemoryDatabase()); world = World(mortal)
    mortal.fatal = mortal.effects + 3      # killed at the third effect from now on

Rule: a write has an effect before it and one after it; whatever else is one calls `effect`.
"""

from collections.abc import Callable
from typing import TypeVar

from filemanager.ports import Database, Transaction

R = TypeVar("R")


class Killed(BaseException):
    """The process is gone."""


class Mortal:
    """A database, and stores, at each of whose effects the process can be killed."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.effects = 0
        self.fatal = 0
        """The number of the effect to be killed at."""

    def read(self, fn: Callable[[Transaction], R]) -> R:
        return self.database.read(fn)

    def write(self, fn: Callable[[Transaction], R]) -> R:
        self.effect()
        answer = self.database.write(fn)
        self.effect()
        return answer

    def close(self) -> None:
        self.database.close()

    def effect(self, *_: object) -> None:
        self.effects += 1
        if self.effects == self.fatal:
            raise Killed
