"""Whether an autopilot is still there, judged by what its link has been losing: two heartbeats of three are a radio."""

from collections import deque

SILENT_S = 3.0
"""Nothing at all from it for so long, with streams at 2 and 5 Hz, is no lossy link."""
LEAST_S, MOST_S = 6.0, 10.0
"""Bounds of how long a heartbeat may be out, with one a second sent: four in a row are lost every few minutes where a
third is, and a real launch was given up for it; six twice an hour. A cut is seen by the silence of all else."""
OF_THE_WORST = 2.5
REMEMBERED_NS = 60_000_000_000


class Heart:
    """Told of every message of one autopilot, in order; `now_ns` monotonic."""

    def __init__(self) -> None:
        self._heard_ns: int | None = None
        self._beat_ns: int | None = None
        self._gaps: deque[tuple[int, float]] = deque()  # when it ended, seconds; each longer than all after it

    def heard(self, now_ns: int, *, beat: bool) -> None:
        """A message arrived; `beat` for a heartbeat."""
        self._heard_ns = now_ns
        if not beat:
            return
        if self._beat_ns is not None:
            gap_s = (now_ns - self._beat_ns) / 1e9
            if gap_s <= MOST_S:  # longer was a loss, and says nothing of the link when it works
                while self._gaps and self._gaps[-1][1] <= gap_s:
                    self._gaps.pop()
                self._gaps.append((now_ns, gap_s))
        self._beat_ns = now_ns
        while self._gaps and now_ns - self._gaps[0][0] > REMEMBERED_NS:
            self._gaps.popleft()

    @property
    def limit_s(self) -> float:
        """So old a heartbeat may be on this link: 2.5 times the longest gap of the last minute, 6 to 10 s."""
        worst_s = self._gaps[0][1] if self._gaps else 0.0
        return min(MOST_S, max(LEAST_S, OF_THE_WORST * worst_s))

    def alive(self, now_ns: int) -> bool:
        """Whether it is heard."""
        if self._heard_ns is None or self._beat_ns is None:
            return False
        return now_ns - self._heard_ns <= SILENT_S * 1e9 and now_ns - self._beat_ns <= self.limit_s * 1e9
