"""The stage: a play in several processes, all in this one, that can be stopped at any of its effects.

    stage = Stage(Fault(at=17, deed=Deed.STOP_BEFORE, wide=True))
    stage.effect("manager", "COMMIT", commit)

Rule: every effect of the services under trial (SQL statement, commit, file operation, call of another service) passes
through `effect` or `call`, and is counted while the stage is `armed`. A process that was stopped has no effects any
more: whatever it still tries raises Stopped, so that what is on disk is what was there at that moment.
"""

import errno
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import TypeVar

R = TypeVar("R")


class Stopped(BaseException):
    """The process has been stopped: nothing that it does counts any more."""


class Gone(Exception):
    """The other side's connection broke before it had answered."""


class Wrong(AssertionError):
    """Something is not as it must be; the sentence says what."""


class Deed(Enum):
    """What happens at an effect."""

    STOP_BEFORE = "stopped before"
    STOP_AFTER = "stopped after"
    STOP_HALF = "stopped half-way through"
    """Only where an effect can be done by half: a write."""
    FAIL_BEFORE = "fails, undone"
    FAIL_AFTER = "fails, done"
    """The system says that it failed although it was done; with a commit nobody can know."""
    SHORT = "does less than was asked"
    """A write that takes some of the bytes."""
    UNHEARD = "call never arrives"
    UNANSWERED = "answer is lost"
    TWICE = "call arrives twice"


STOPS = frozenset({Deed.STOP_BEFORE, Deed.STOP_AFTER, Deed.STOP_HALF})


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong."""

    at: int
    """The position of its effect among those counted."""
    deed: Deed
    wide: bool = False
    """Whether every process is stopped, or only that whose effect it is."""
    error: int = errno.EIO
    """What the system says of an operation that fails."""


@dataclass(frozen=True, slots=True)
class Effect:
    """One effect that was counted."""

    process: str
    kind: str
    """sql, commit, file, call."""
    what: str
    leaves_nothing: bool = False
    """Whether it is undone when its process stops right after it: it only reads, or its transaction is still open."""

    def __str__(self) -> str:
        return f"{self.process}: {self.what}"


@dataclass
class Stage:
    """Counts effects, and has one fault happen."""

    fault: Fault | None = None
    armed: bool = False
    processes: tuple[str, ...] = ()
    trace: list[Effect] = field(default_factory=list)
    dead: set[str] = field(default_factory=set)
    happened: bool = False
    """Whether the fault has."""
    unsynced: dict[str, dict[str, bytes]] = field(default_factory=dict)
    """For each process that commits without syncing: its databases as they were before, by file name."""

    def require_alive(self, process: str) -> None:
        """Raises Stopped."""
        if process in self.dead:
            raise Stopped(process)

    def effect(
        self,
        process: str,
        kind: str,
        what: str,
        act: Callable[[], R],
        *,
        half: Callable[[], R] | None = None,
        failure: Callable[[int], Exception] | None = None,
        leaves_nothing: bool = False,
    ) -> R:
        """Have an effect, or what the fault makes of it. `half` does less than `act` does."""
        self.require_alive(process)
        deed = self._deed(Effect(process, kind, what, leaves_nothing))
        if deed is Deed.STOP_BEFORE:
            self.stop(process)
        if deed is Deed.FAIL_BEFORE:
            raise self._failure(failure)
        if deed in {Deed.SHORT, Deed.STOP_HALF} and half is not None:
            result = half()
            if deed is Deed.STOP_HALF:
                self.stop(process)
            return result
        result = act()
        if deed is Deed.STOP_AFTER:
            self.stop(process)
        if deed is Deed.FAIL_AFTER:
            raise self._failure(failure)
        return result

    def call(self, process: str, what: str, act: Callable[[], R], unreachable: Callable[[], Exception]) -> R:
        """Have one process call another, which may go wrong on the wire."""
        self.require_alive(process)
        deed = self._deed(Effect(process, "call", what))
        if deed is Deed.STOP_BEFORE:
            self.stop(process)
        if deed is Deed.UNHEARD:
            raise unreachable()
        if deed is Deed.TWICE:
            act()
        result = act()
        if deed is Deed.STOP_AFTER:
            self.stop(process)
        if deed is Deed.UNANSWERED:
            raise unreachable()
        return result

    def stop(self, process: str) -> None:
        """Stop a process, or all, as the fault says. Raises Stopped."""
        wide = self.fault is not None and self.fault.wide
        self.dead |= set(self.processes) if wide else {process}
        raise Stopped(process)

    def _deed(self, effect: Effect) -> Deed | None:
        if not self.armed:
            return None
        position = len(self.trace)
        self.trace.append(effect)
        if self.fault is None or self.fault.at != position:
            return None
        self.happened = True
        return self.fault.deed

    def _failure(self, failure: Callable[[int], Exception] | None) -> Exception:
        assert self.fault is not None
        return (
            failure(self.fault.error)
            if failure is not None
            else OSError(self.fault.error, os.strerror(self.fault.error))
        )
