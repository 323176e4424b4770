"""The one place that forks children: what a child inherits, and what it gives up first."""

import contextlib
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

from agent.runtime.child import Child, Orphaned
from agent.runtime.control_wire import pair
from agent.supervisor.confine import confine
from agent.supervisor.life import Spec
from agent.supervisor.signals import ASKS, STOPS

_log = logging.getLogger("hydronest")

FAULT = 70
"""Exit status of a child that failed."""
_SYSTEMDS = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID")
"""What systemd told the supervisor alone."""


def fork(spec: Spec, channels: Mapping[str, socket.socket], keep: tuple[int, ...] = ()) -> tuple[int, socket.socket]:
    """Begin a child's life: its process id, and the supervisor's end of its control socket. Raises OSError.

    The child has its own end, the `channels` and the descriptors `keep`; everything else is closed in it. It stands in
    a process group of its own, so that Ctrl-C in a terminal is the supervisor's alone.
    """
    assert threading.active_count() == 1, "a fork with threads can take a lock along that nobody opens"
    ours, its = pair()
    sys.stdout.flush()
    sys.stderr.flush()
    try:
        pid = os.fork()
    except OSError:
        ours.close()
        its.close()
        raise
    if pid:
        its.close()
        with contextlib.suppress(OSError):
            os.setpgid(pid, pid)
        return pid, ours
    os._exit(_be(spec, its, channels, keep))


def _be(spec: Spec, control: socket.socket, channels: Mapping[str, socket.socket], keep: tuple[int, ...]) -> int:
    status = FAULT
    try:
        os.setpgid(0, 0)
        signal.set_wakeup_fd(-1)
        for number in (*STOPS, *ASKS):
            signal.signal(number, signal.SIG_DFL)
        for name in _SYSTEMDS:
            os.environ.pop(name, None)
        _close_others({0, 1, 2, control.fileno(), *keep, *(sock.fileno() for sock in channels.values())})
        if spec.oom_score_adj is not None:
            _die_at(spec.oom_score_adj)
        if spec.nice is not None:
            _run_at(spec.nice)
        confine(spec.name, spec.reach)
        orphaned = Orphaned.GO_ON if spec.outlives else Orphaned.END
        spec.main(Child(spec.name, control, channels, orphaned, spec.beat_s))
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else FAULT
    except BaseException:
        _log.exception("%s failed", spec.name)
    finally:
        with contextlib.suppress(OSError, ValueError):
            logging.shutdown()
            sys.stdout.flush()
            sys.stderr.flush()
    return status


def _close_others(keep: set[int]) -> None:
    """Leave the child nothing that is another child's: a process that holds an end never lets it end."""
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208 - no objects: the list's own descriptor is among them
        if int(name) not in keep:
            with contextlib.suppress(OSError):
                os.close(int(name))


def _run_at(nice: int) -> None:
    """Leave the cores to what the supervisor's own priority is for: everybody may make himself less urgent."""
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, max(nice, os.getpriority(os.PRIO_PROCESS, 0)))


def _die_at(oom_score_adj: int) -> None:
    """Let the kernel end this process sooner, or later, when memory is short; later only where we may say so."""
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(str(oom_score_adj), "ascii")
