"""Ctrl-C, SIGTERM and SIGHUP: an exception where we are, and remembered for where that was swallowed.

Python drops what is raised while it tidies up (a finaliser, a generator that is closed): once in some thousand times a
Ctrl-C was typed into that moment, and the demo went on.
"""

import contextlib
import signal
import time
from collections.abc import Iterator
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

_came: list[int] = []


def heed() -> None:
    """From now on each of them is a KeyboardInterrupt."""
    _came.clear()
    for number in SIGNALS:
        signal.signal(number, _interrupted)


def ignore() -> None:
    """Another one is late."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)


@contextlib.contextmanager
def held_back() -> Iterator[None]:
    """None of them comes now; what came meanwhile comes at the end."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def let_through() -> None:
    """They come again: to be called first by a thread that began while they were held back."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)


def look() -> None:
    """Raise KeyboardInterrupt if one came."""
    if _came:
        raise KeyboardInterrupt


def wait(seconds: float) -> None:
    """Let time pass. Raises KeyboardInterrupt when one comes, or came."""
    look()
    time.sleep(seconds)


def _interrupted(number: int, _frame: FrameType | None) -> None:
    _came.append(number)
    raise KeyboardInterrupt
