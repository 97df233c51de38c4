"""Child processes that never outlive who started them, whatever ends that.

Rule: knows nothing of what is started. The kernel ends a child when its parent is killed; between a fork and its being
noted no signal is let in.
"""

import ctypes
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_PR_SET_PDEATHSIG = 1  # prctl(2)
_libc = ctypes.CDLL(None, use_errno=True)


@contextmanager
def uninterrupted() -> Iterator[set[signal.Signals]]:
    """Ctrl-C and SIGTERM wait until the block is over, and are raised then; has the mask there was before.

    In the hooks around a fork Python ignores what a signal handler raises, so that the signal would be lost; and
    between a fork and its being noted here, the child would be.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        yield {signal.Signals(number) for number in before}
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def die_with(parent: int, mask: set[signal.Signals]) -> Callable[[], None]:
    """What a child does before its program runs (`preexec_fn`): it gets SIGTERM when `parent` dies, or ends at once.

    The thread that forks must live as long as the process: it is what the kernel takes for the parent.
    """

    def ask() -> None:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            # It died before the kernel was asked.
            os._exit(1)

    return ask
