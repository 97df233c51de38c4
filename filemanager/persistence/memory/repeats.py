"""What calls with an idempotency key were answered, in memory."""

from dataclasses import replace
from typing import Any, TypeVar

from filemanager.domain.repeat import Repeat
from filemanager.persistence.memory.state import Repository
from vofiles.instant import Instant
from vofiles.ivorn import Ivorn

A = TypeVar("A")


class MemoryRepeats(Repository):
    """The port `Repeats`."""

    def claim(self, repeat: Repeat) -> Repeat | None:
        there = self._state.repeats.get((repeat.caller, repeat.key))
        if there is None:
            self._state.repeats[repeat.caller, repeat.key] = repeat
        return there

    def find_repeat(self, caller: Ivorn, key: str) -> Repeat | None:
        return self._state.repeats.get((caller, key))

    def save_repeat(self, repeat: Repeat) -> None:
        before = self._state.repeats.get((repeat.caller, repeat.key))
        if before is not None:
            after = replace(before, transfer=repeat.transfer, answered=repeat.answered)
            self._state.repeats[repeat.caller, repeat.key] = after

    def keep_answer(self, repeat: Repeat, answer: Any) -> None:
        if (repeat.caller, repeat.key) in self._state.repeats:
            self.save_repeat(replace(repeat, answered=True))
            self._state.answers[repeat.caller, repeat.key] = answer

    def find_answer(self, repeat: Repeat, kind: type[A]) -> A | None:
        found = self._state.answers.get((repeat.caller, repeat.key))
        assert found is None or isinstance(found, kind)
        return found

    def forget(self, caller: Ivorn, key: str) -> None:
        self._state.repeats.pop((caller, key), None)
        self._state.answers.pop((caller, key), None)

    def prune(self, before: Instant, limit: int) -> int:
        old = [each for each in self._state.repeats.values() if each.created < before]
        old = sorted(old, key=lambda repeat: repeat.created)[:limit]
        for each in old:
            self.forget(each.caller, each.key)
        return len(old)
