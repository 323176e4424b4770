"""What /proc tells about a process and everything it started."""

import contextlib
from collections.abc import Iterator
from pathlib import Path


def family(root: int) -> Iterator[int]:
    """`root` and every process under it, those that are still there."""
    yield root
    with contextlib.suppress(OSError):
        for children in Path(f"/proc/{root}/task").glob("*/children"):
            for pid in children.read_text(encoding="ascii").split():
                yield from family(int(pid))


def lives(pid: int) -> bool:
    """Whether a process still does anything: one that ended and was not waited for does not."""
    state = _after_name(pid)[:1]
    return bool(state) and state[0] not in "ZX"


def work_of(*pids: int) -> int:
    """CPU ticks these processes and all under them have used so far: rises while anybody there works."""
    # utime, stime and those of the ended children, from field 14 on
    return sum(sum(map(int, _after_name(pid)[11:15])) for root in pids for pid in family(root))


def command(pid: int) -> str:
    """How it was started, `?` when it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        return "?"


def _after_name(pid: int) -> list[str]:
    """The fields of its stat from the third on: the second, its name, may hold anything."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return []
