"""demo: a whole site with a simulated world, in temporary folders. Everything after `demo` is the demo's own."""

from __future__ import annotations

import os
import signal
import sys


def main(argv: list[str]) -> int:
    """Become `python -m hil.demo`. Nothing in the agent imports the simulators, so it is another program."""
    sys.stdout.flush()
    sys.stderr.flush()
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # Ctrl-C while it is being loaded: it takes it afterwards
    os.execv(sys.executable, [sys.executable, "-m", "hil.demo", *argv])  # noqa: S606 - fixed program, no shell
