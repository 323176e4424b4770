"""A power cut made by the kernel: the file system is shut down under a writing journal and mounted again."""

import contextlib
import ctypes
import fcntl
import os
import select
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.journal.ledger import Ledger, Work
from agent.journal.mending import Sweep
from agent.journal.retention import RetentionPlan
from agent.link.record import PriorityClass
from tests.waiting import Patience

SHUTDOWN = 0x8004587D  # EXT4_IOC_SHUTDOWN
NO_LOG_FLUSH = 2
CUTS = int(os.environ.get("HYDRONEST_POWER_CUTS", "6"))
PLAN = RetentionPlan(cap_bytes=4 << 20, wal_bytes=256 << 10)

WRITER = """
import random, sys
from pathlib import Path
from agent.journal import body
from agent.journal.ledger import Ledger, Work
from agent.link.record import PriorityClass
from agent.journal.retention import RetentionPlan
from tests.journal.things import event, sample
path, synchronous = Path(sys.argv[1]), sys.argv[2]
ledger = Ledger(path, RetentionPlan(4 << 20, 256 << 10), boot=random.getrandbits(47), kernel_boot="k" * 32,
                now_ms=lambda: 5_000_000, synchronous=synchronous)
ledger.open()
i = 0
while True:
    drafts = [body.telemetry([sample(i + k) for k in range(10)])]
    if i % 50 == 0:
        drafts.append(body.events([event(i)]))
    ledger.commit(Work(drafts=drafts, outboxes={"platform": {lane: [(1, 1 << 60)] for lane in PriorityClass}}))
    print(ledger.tally.tick, flush=True)
    i += 10
"""


@contextlib.contextmanager
def small_disk(home: Path) -> Iterator[tuple[Path, Path]]:
    """(image, mount point) of an unmounted ext4; skips with the reason where there can be none."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount")
    image, mount = home / "image", home / "mount"
    mount.mkdir()
    with image.open("wb") as file:
        file.truncate(64 << 20)
    made = subprocess.run(["mkfs.ext4", "-q", "-F", image], check=False, capture_output=True)
    if made.returncode != 0:
        pytest.skip(f"no ext4 can be made here: {made.stderr.decode().strip()}")
    tried = subprocess.run(["mount", "-o", "loop", image, mount], check=False, capture_output=True)
    if tried.returncode != 0:
        pytest.skip(f"no loop mount here: {tried.stderr.decode().strip()}")
    subprocess.run(["umount", mount], check=True)
    try:
        yield image, mount
    finally:
        subprocess.run(["umount", "-l", mount], check=False, capture_output=True)  # only where a cut went wrong


def cut(image: Path, mount: Path, synchronous: str) -> tuple[int, int, str]:
    """Write, shut the file system down, mount it again; (commits acknowledged, commits found, what is wrong)."""
    subprocess.run(["mount", "-o", "loop", image, mount], check=True)
    command = [sys.executable, "-c", WRITER, str(mount / "journal.db"), synchronous]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as writer:
        assert writer.stdout is not None
        acked = b""
        patience = Patience("the writer commits", 20, lambda: len(acked))
        wanted = 0
        while not patience.over():
            select.select([writer.stdout], [], [], 1)
            acked += os.read(writer.stdout.fileno(), 1 << 16)
            lines = acked.splitlines()
            if wanted == 0 and lines:
                wanted = len(lines) + 60
            if lines and len(lines) >= wanted:
                break
        else:
            raise patience.stuck()
        fd = os.open(mount, os.O_RDONLY)
        fcntl.ioctl(fd, SHUTDOWN, ctypes.c_uint32(NO_LOG_FLUSH))
        os.close(fd)
        writer.kill()
    subprocess.run(["umount", mount], check=True)
    subprocess.run(["mount", "-o", "loop", image, mount], check=True)
    try:
        ledger = Ledger(mount / "journal.db", PLAN, boot=3, kernel_boot="k" * 32, now_ms=lambda: 5_000_000)
        ledger.open()
        found = ledger.tally.tick
        wrong = "taken for damage" if ledger.damage else ""
        ledger.commit(Work())
        sweep = Sweep()
        while not sweep.rounds:
            if sweep.step(ledger, 1000):
                wrong = "a hole"
        if not all(ledger.tally[priority].balanced for priority in PriorityClass):
            wrong = "the account does not balance"
        ledger.close()
    finally:
        subprocess.run(["umount", mount], check=True)
    return int(acked.splitlines()[-1] if acked.endswith(b"\n") else acked.splitlines()[-2]), found, wrong


def test_no_acknowledged_commit_is_lost_to_a_dead_file_system(tmp_path: Path) -> None:
    with small_disk(tmp_path) as (image, mount):
        for _ in range(CUTS):
            acked, found, wrong = cut(image, mount, "FULL")
            assert found >= acked
            assert wrong == ""


def test_a_weaker_sync_is_caught_by_it(tmp_path: Path) -> None:
    with small_disk(tmp_path) as (image, mount):
        for _ in range(12):
            acked, found, _ = cut(image, mount, "NORMAL")
            if found < acked:
                return
        pytest.fail("synchronous=NORMAL lost nothing in 12 cuts: this test proves nothing here")
