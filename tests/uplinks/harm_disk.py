"""A disk of the journal's own, small enough to be filled to the last byte."""

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

DISK_MB = 80


@contextlib.contextmanager
def own_disk(folder: Path) -> Iterator[Path | None]:
    """A small file system for the journal, so that it can be filled; None where we may not mount one."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m", "tmpfs", str(folder)]
    try:
        mounted = subprocess.run(mount, check=False, capture_output=True).returncode == 0
    except FileNotFoundError:
        mounted = False
    try:
        yield folder if mounted else None
    finally:
        if mounted:
            subprocess.run(["umount", "-l", str(folder)], check=True)


@contextlib.contextmanager
def filled(folder: Path) -> Iterator[None]:
    """Not one byte is free on it."""
    ballast = folder / "ballast"
    with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(1 << 16))
    try:
        yield
    finally:
        ballast.unlink()
