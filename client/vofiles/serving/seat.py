"""The seat of a process among those that serve one service together: which of how many it is.

Rule: a value and nothing else. One process at a time has a seat, because its parent starts the next one when the last
has ended; so whatever bears a seat's mark was begun by who has it, or by one who is gone.
"""

from dataclasses import dataclass, replace

from vofiles.listen import Metrics


@dataclass(frozen=True, slots=True)
class Seat:
    """One of several workers, or the only process."""

    number: int = 1
    """From 1."""
    of: int = 1
    """How many there are."""
    first: bool = True
    """Whether the others start when this one serves: what must be done once before that, it does."""

    @property
    def alone(self) -> bool:
        """Whether there are no others."""
        return self.of == 1

    @property
    def mark(self) -> str:
        """What tells one seat's things from another's: `2.`; empty where there are no others."""
        return "" if self.alone else f"{self.number}."

    def share(self, limit: int) -> int:
        """This process's part of what all of them may do together; 1 at least."""
        return -(-limit // self.of)

    def metrics(self, metrics: Metrics) -> Metrics:
        """Where this process shows its metrics: each has a port of its own, one behind the other."""
        if not metrics.port:
            return metrics
        return replace(metrics, port=metrics.port + self.number - 1)

    def __str__(self) -> str:
        return f"{self.number}/{self.of}" + "/first" * self.first


ALONE = Seat()


def parse_seat(text: str) -> Seat:
    """A seat as it writes itself: `2/3`, `1/3/first`. Raises ValueError."""
    number, of, *first = text.split("/")
    seat = Seat(int(number), int(of), first == ["first"])
    if not 1 <= seat.number <= seat.of:
        raise ValueError(f"there is no seat {text}")
    return seat
