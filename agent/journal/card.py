"""What the journal costs the card: bytes and flushes of the last day, and how many days a card bears that."""

from collections import deque
from pathlib import Path

CARD_BYTES = 32e9
CARD_CYCLES = 500  # program/erase cycles a consumer card is rated for
CARD_AMPLIFICATION = 10  # bytes the card writes inside for each byte it is given; measured on no card of ours yet
_HOUR_S = 3600
_DAY_HOURS = 24


def thread_bytes() -> int:
    """Bytes this thread has caused to be written to disks so far; 0 where the kernel does not count them."""
    try:
        text = Path("/proc/thread-self/io").read_text("ascii")
    except OSError:
        return 0
    for line in text.splitlines():
        if line.startswith("write_bytes:"):
            return int(line.split()[1])
    return 0


class CardBook:
    """Sums by the hour, of the last 24."""

    def __init__(self, now_s: float) -> None:
        self._began = now_s
        self._hours: deque[list[float]] = deque()  # [hour, bytes, flushes, commits]

    def note(self, now_s: float, written: int, flushes: int, commits: int) -> None:
        """So much was written just now."""
        hour = now_s // _HOUR_S
        if not self._hours or self._hours[-1][0] != hour:
            self._hours.append([hour, 0, 0, 0])
            while self._hours[0][0] <= hour - _DAY_HOURS:
                self._hours.popleft()
        last = self._hours[-1]
        last[1] += written
        last[2] += flushes
        last[3] += commits

    def numbers(self, now_s: float) -> dict[str, float | int | None]:
        """The last 24 hours, or what there is of them, and the days a 32 GB card lasts at this rate."""
        written = sum(hour[1] for hour in self._hours)
        seconds = min(max(now_s - self._began, 1.0), _DAY_HOURS * _HOUR_S)
        per_day = written / seconds * 86_400
        bears = CARD_BYTES * CARD_CYCLES / CARD_AMPLIFICATION
        return {
            "bytes": int(written),
            "flushes": int(sum(hour[2] for hour in self._hours)),
            "commits": int(sum(hour[3] for hour in self._hours)),
            "over_s": round(seconds, 1),
            "bytes_per_day": int(per_day),
            "card_days_left": round(bears / per_day) if per_day > 0 and seconds >= 60 else None,
        }
