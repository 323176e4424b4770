"""What a report may cost the machine: it runs when nobody else wants to.

That it goes first when memory is short its supervisor has seen to.
"""

import logging
import os
import resource
from collections.abc import Callable
from pathlib import Path

MEMORY_MB = 256
"""Beyond what it was forked with. A Pi 3 has 1 GB for everything."""
NICE = 19

_log = logging.getLogger("hydronest")


def take_little() -> None:
    """For this process, for ever. What the system forbids is left as it is, and logged.

    With SCHED_IDLE the kernel serves its reads and writes last too (ioprio_set(2): the class follows the policy).
    """
    for what in (_run_last, _hold_little):
        _try(what)


def _try(what: Callable[[], None]) -> None:
    try:
        what()
    except (OSError, ValueError) as error:
        _log.warning("a report runs without a limit, %s: %s", what.__name__.strip("_"), error)


def _run_last() -> None:
    os.setpriority(os.PRIO_PROCESS, 0, NICE)
    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))


def _hold_little() -> None:
    most = _data_bytes() + (MEMORY_MB << 20)
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _data_bytes() -> int:
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith("VmData:"))
