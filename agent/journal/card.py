"""What is written to the card: by the journal itself, and to the whole device, by everybody; and what a card bears."""

import os
from collections import deque
from pathlib import Path
from typing import NamedTuple

CARD_BYTES = 32e9
CARD_CYCLES = 500  # program/erase cycles a consumer card is rated for
CARD_AMPLIFICATION = 10  # bytes the card writes inside for each byte it is given; measured on no card of ours yet
DEVICES = Path("/sys/dev/block")
SECTOR_BYTES = 512
"""The unit of `stat`, whatever the device's own is (kernel, Documentation/block/stat.rst)."""
SURE_AFTER_S = 900.0
"""A day is not told from less: a start writes much at once."""
LOOK_EVERY_S = 10.0
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


class Written(NamedTuple):
    """To a device since it was there: bytes, and writes as the device was given them."""

    bytes: int
    writes: int


class Device:
    """The block device, or its partition, that a file lies on. Reads a small file of the kernel's, never the card."""

    def __init__(self, path: Path, devices: Path = DEVICES) -> None:
        number = path.stat().st_dev
        self._stat = devices / f"{os.major(number)}:{os.minor(number)}" / "stat"

    def written(self) -> Written | None:
        """None where nobody counts: memory, a network, a file system over several devices."""
        try:
            counts = self._stat.read_text("ascii").split()
            return Written(int(counts[6]) * SECTOR_BYTES, int(counts[4]))
        except (OSError, ValueError, IndexError):
            return None


class _Hour:
    """Sums of one hour."""

    def __init__(self, number: float) -> None:
        self.number = number
        self.bytes = self.flushes = self.commits = self.device_bytes = self.device_writes = 0


class CardBook:
    """Sums by the hour, of the last 24."""

    def __init__(self, now_s: float, device: Device | None = None) -> None:
        self._began = now_s
        self._hours: deque[_Hour] = deque()
        self._device = device
        self._seen = device.written() if device is not None else None
        self._seen_s = now_s

    def note(self, now_s: float, written: int, flushes: int, commits: int) -> None:
        """So much was written just now."""
        last = self._hour(now_s)
        last.bytes += written
        last.flushes += flushes
        last.commits += commits
        if now_s - self._seen_s >= LOOK_EVERY_S:
            self._look(now_s)

    def _hour(self, now_s: float) -> _Hour:
        number = now_s // _HOUR_S
        if not self._hours or self._hours[-1].number != number:
            self._hours.append(_Hour(number))
            while self._hours[0].number <= number - _DAY_HOURS:
                self._hours.popleft()
        return self._hours[-1]

    def _look(self, now_s: float) -> None:
        """What everybody has written since the last look."""
        self._seen_s = now_s
        before, self._seen = self._seen, self._device.written() if self._device is not None else None
        if before is not None and self._seen is not None and self._seen >= before:
            hour = self._hour(now_s)
            hour.device_bytes += self._seen.bytes - before.bytes
            hour.device_writes += self._seen.writes - before.writes

    def numbers(self, now_s: float) -> dict[str, float | int | None]:
        """The last 24 hours, or what there is of them: by the journal, and by everybody to the device it lies on (None
        where nobody counts). What that is a day, and the days a 32 GB card lasts so, once it is known for a while.
        """
        oldest = now_s // _HOUR_S - _DAY_HOURS
        hours = [hour for hour in list(self._hours) if hour.number > oldest]  # a list first: the journal's thread notes
        written = sum(hour.bytes for hour in hours)
        counted = self._seen is not None
        on_device = sum(hour.device_bytes for hour in hours) if counted else None
        seconds = min(max(now_s - self._began, 1.0), _DAY_HOURS * _HOUR_S)
        sure = seconds >= SURE_AFTER_S
        per_day = 86_400 / seconds * (written if on_device is None else on_device)
        bears = CARD_BYTES * CARD_CYCLES / CARD_AMPLIFICATION
        return {
            "bytes": written,
            "flushes": sum(hour.flushes for hour in hours),
            "commits": sum(hour.commits for hour in hours),
            "over_s": round(seconds, 1),
            "device_bytes": on_device,
            "device_writes": sum(hour.device_writes for hour in hours) if counted else None,
            "bytes_per_day": int(per_day) if sure else None,
            "card_days_left": round(bears / per_day) if sure and per_day > 0 else None,
        }
