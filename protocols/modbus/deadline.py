"""How long to wait for a unit: what it usually takes and four times how much that varies, never above the cap."""

NS = 1_000_000_000
MARGIN_NS = (
    40_000_000  # least allowance above the mean: an adapter keeps bytes back 16 ms, a busy Pi is late by as much
)
CAP_MOST_NS = 10 * NS
IN_STEP_S = 0.6
"""Of silence, before one that missed is asked again by whoever looks for it. A slave on libmodbus takes the question
behind one that another left unanswered for that answer (seen with 3.1.6) and is left with half of it. It lets go after
its byte timeout of 0.5 s and not before: asked more often it is silent for good."""
WIDEN_NS = 5_000_000  # variation assumed at least after a miss: a busy machine delays answers by tens of milliseconds


class Deadline:
    """Learns one unit's turnaround (question sent → answer whole, less their wire time). All in nanoseconds.

    Before anything is learned the wait is the cap; letting it grow above 0.3 s on a shared pair undoes half of what
    scheduling gains (measured: p95 of the alarm age 1.5 → 2.9 s).
    """

    __slots__ = ("_mean", "_spread", "cap_ns")

    def __init__(self, cap_ns: int) -> None:
        self.cap_ns = cap_ns
        self._mean = -1
        self._spread = 0

    def learn(self, took_ns: int) -> None:
        """One more turnaround (RFC 6298's weights, one eighth and one quarter).

        One above the cap was waited for by nobody: we were away while it lay there. It says no more than the cap, or
        what is usual would lie beyond every wait, and the port, which is not looked at so long, be deaf for good.
        """
        took_ns = min(max(took_ns, 0), self.cap_ns)
        if self._mean < 0:
            self._mean, self._spread = took_ns, took_ns >> 1
            return
        error = took_ns - self._mean
        self._mean += error >> 3
        self._spread += (abs(error) - self._spread) >> 2

    def widen(self) -> None:
        """An answer did not come in time: allow for twice the variation until answers show it is not needed."""
        self._spread = min(2 * max(self._spread, WIDEN_NS), self.cap_ns)

    def raise_cap(self, took_ns: int) -> bool:
        """An answer came too late: allow for half as much again, at most `CAP_MOST_NS`. Whether that is more."""
        cap_ns = min(took_ns * 3 // 2, CAP_MOST_NS)
        if cap_ns <= self.cap_ns:
            return False
        self.cap_ns = cap_ns
        self.learn(took_ns)
        return True

    @property
    def usual_ns(self) -> int | None:
        """The smoothed turnaround; None before the first answer."""
        return None if self._mean < 0 else self._mean

    def wait_ns(self, failures: int = 0) -> int:
        """How long to wait now; doubled with every failure in a row, at most the cap."""
        if self._mean < 0:
            return self.cap_ns
        wait = self._mean + max(4 * self._spread, MARGIN_NS)
        return min(wait << min(failures, 6), self.cap_ns)
