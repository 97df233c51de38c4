"""A round: the reading of all that a store holds, number after number, so that rot is found before a reader meets it.

Rule: pure; a round is a value in the catalogue, so that it goes on after a restart where it was. What is stored
meanwhile behind its place is read by the next one.
"""

from dataclasses import dataclass, replace

from vofiles.instant import Instant


@dataclass(frozen=True, slots=True)
class Round:
    """One round, and when the one before it ended."""

    began: Instant
    after: str = ""
    """The number of the container that was read last."""
    containers: int = 0
    """Read so far."""
    size: int = 0
    """Their bytes."""
    findings: int = 0
    """What was not as it should be."""
    ended: Instant | None = None
    before: Instant | None = None
    """When the round before it ended."""

    @property
    def last_end(self) -> Instant | None:
        """When a round ended last."""
        return self.ended if self.ended is not None else self.before

    def read(self, containers: int, size: int, findings: int, after: str) -> "Round":
        """The round behind the next few containers."""
        return replace(
            self,
            after=after,
            containers=self.containers + containers,
            size=self.size + size,
            findings=self.findings + findings,
        )

    def end(self, now: Instant) -> "Round":
        """The round behind the last one."""
        return replace(self, ended=now)

    def is_due(self, now: Instant, every: int) -> bool:
        """Whether the next one is to begin, where they begin so many microseconds apart."""
        return self.ended is not None and now >= self.began + every


def next_round(last: Round | None, now: Instant) -> Round:
    """The round that begins now."""
    return Round(now, before=last.last_end if last is not None else None)
