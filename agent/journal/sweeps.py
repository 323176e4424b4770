"""When a group is committed: as a sweep over a line's devices ends, so that what was read is safe a moment later."""

from collections.abc import Callable
from dataclasses import dataclass

SHARE_S = 0.1
"""With several lines: sweeps that end within so long of another share a commit."""
WHOLE = 0.5
"""A sweep of less than this part of the line's largest lately is a straggler: a device that was asked again alone."""
FORGETS = 0.9
"""The largest, with each sweep."""
AGAIN = 0.75
"""So much of the time between two commits must have passed since the line's last sweep that had one."""


@dataclass(slots=True)
class _Line:
    largest: float = 0.0
    had_one_s: float = -1e9


class Sweeps:
    """`of` gives what a line is to call as a sweep of it ends, with the number of answers; `commit_by` gets a time, and
    says whether there is anything to commit.

    `every_s` is what settings call `commit_every_s`: a line has no more commits than that of its own.
    """

    def __init__(self, every_s: float, commit_by: Callable[[float], bool], now: Callable[[], float]) -> None:
        self._every_s = every_s
        self._commit_by = commit_by
        self._now = now
        self._lines: dict[str, _Line] = {}
        self._ended_s = -1e9

    def of(self, line: str) -> Callable[[int], None]:
        """For the line's driver."""
        known = self._lines[line] = _Line()
        return lambda answers: self._ended(known, answers)

    @property
    def told(self) -> bool:
        """Whether sweeps end, as far as is known: then a group need not be committed in the middle of one."""
        return self._now() - self._ended_s <= 2 * self._every_s

    def _ended(self, line: _Line, answers: int) -> None:
        now = self._now()
        line.largest = max(answers, line.largest * FORGETS)
        if answers < WHOLE * line.largest:
            return
        self._ended_s = now
        again = now - line.had_one_s >= AGAIN * self._every_s
        if again and self._commit_by(now + (SHARE_S if len(self._lines) > 1 else 0.0)):
            line.had_one_s = now
