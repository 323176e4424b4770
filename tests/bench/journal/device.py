"""`python -m tests.bench.journal.device` (root): bytes and flushes that reach a block device, ext4 and all.

A loop device on a file in memory: sectors written and flushes from /sys/block/loopN/stat, between two syncfs.
"""

import contextlib
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from agent.journal import body
from agent.journal.ledger import Ledger, Work
from agent.journal.retention import RetentionPlan
from agent.journal.spans import PrioritySpans
from agent.link.record import PriorityClass
from tests.bench.journal.town import commits


@contextlib.contextmanager
def loop_disk(size_mb: int, options: str = "noatime,lazytime,commit=60") -> Iterator[tuple[Path, str]]:
    """(mount point, block device name) of a fresh ext4."""
    with tempfile.TemporaryDirectory(dir="/dev/shm") as home:
        image, mount = Path(home, "image"), Path(home, "mount")
        mount.mkdir()
        with image.open("wb") as file:
            file.truncate(size_mb << 20)
        subprocess.run(["mkfs.ext4", "-q", "-F", "-O", "^metadata_csum_seed", image], check=True)
        device = subprocess.run(["losetup", "-f", "--show", image], check=True, capture_output=True, text=True)
        name = Path(device.stdout.strip()).name
        try:
            subprocess.run(["mount", "-t", "ext4", "-o", options, f"/dev/{name}", mount], check=True)
            try:
                yield mount, name
            finally:
                subprocess.run(["umount", mount], check=True)
        finally:
            subprocess.run(["losetup", "-d", f"/dev/{name}"], check=True)


def written(name: str, mount: Path) -> tuple[int, int, int]:
    """(bytes, requests, flushes) since the device was made."""
    subprocess.run(["sync", "-f", mount], check=True)
    fields = Path(f"/sys/block/{name}/stat").read_text().split()
    return int(fields[6]) * 512, int(fields[4]), int(fields[15])


def measure(readings: int, count: int, mount: Path, name: str) -> dict[str, float]:
    """Store, confirm, trim, in commits of so many readings, after a run-in that fills the history."""
    plan = RetentionPlan(cap_bytes=16 << 20, history=0.25)
    ledger = Ledger(mount / f"j{readings}.db", plan, boot=77, kernel_boot="k" * 32, now_ms=lambda: 5_000_000)
    ledger.open()
    feed = commits(readings)
    spans = {priority: PrioritySpans() for priority in PriorityClass}

    def one() -> None:
        stored = ledger.commit(
            Work(
                drafts=[body.telemetry(next(feed))],
                outboxes={"p": {priority: s.ranges() for priority, s in spans.items()}},
            )
        )
        for row in stored:  # confirmed by the far end, durable with the next commit
            span = spans[row.priority]
            span.taken(span.live, [row.row.seq], row.row.seq)
            span.done(row.row.seq)

    warm = 0
    while ledger.room.used(ledger.tally) < plan.history or warm < 500:
        one()
        warm += 1
    before = written(name, mount)
    made = ledger.commits
    for _ in range(count):
        one()
    after = written(name, mount)
    held = ledger.tally[PriorityClass.TELEMETRY].held
    disk = ledger.numbers()["used_bytes"] / held
    ledger.close()
    made = ledger.commits - made
    return {
        "readings": readings,
        "bytes_per_reading": (after[0] - before[0]) / (count * readings),
        "bytes_per_commit": (after[0] - before[0]) / made,
        "flushes_per_commit": (after[2] - before[2]) / made,
        "disk_per_reading": disk,
    }


def main() -> int:
    """Print the table of docs/performance/journal.md."""
    print("readings/commit  B/reading  B/commit  flushes/commit  disk B/reading")
    with loop_disk(200) as (mount, name):
        for readings in (10, 100, 500, 1000):
            got = measure(readings, 2000, mount, name)
            print(
                f"{readings:15d}  {got['bytes_per_reading']:9.1f}  {got['bytes_per_commit']:8.0f}"
                f"  {got['flushes_per_commit']:14.3f}  {got['disk_per_reading']:14.1f}"
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
