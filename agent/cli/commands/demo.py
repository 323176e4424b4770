"""demo: a whole site with a simulated world, in temporary folders. Everything after `demo` is the demo's own."""

from __future__ import annotations

import os
import signal

from agent.cli import exits
from agent.cli.become import become
from agent.cli.trouble import Trouble
from agent.cli.words import _


def main(argv: list[str]) -> int:
    """Become `python -m hil.demo`. Nothing in the agent imports the simulators, so it is another program.

    Raises Trouble where what the simulators need is not installed.
    """
    _need("pymavlink.dialects.v20", _("the demo's aircraft needs pymavlink, which is not installed"),
          _("Install it: pip install 'hydronest[hil]'"))  # fmt: skip
    if not any(os.access(f"{place}/mosquitto", os.X_OK) for place in (*os.get_exec_path(), "/usr/sbin")):
        _need("amqtt", _("the demo needs a broker, and neither mosquitto nor amqtt is installed"),
              _("Install one: sudo apt install mosquitto (or pip install 'hydronest[hil]')"))  # fmt: skip
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # Ctrl-C while it is being loaded: it takes it afterwards
    try:
        become("hil.demo", argv)
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})  # it could not begin


def _need(module: str, told: str, remedy: str) -> None:
    from importlib.util import find_spec

    try:
        there = find_spec(module) is not None
    except ModuleNotFoundError:
        there = False
    if not there:
        raise Trouble(exits.CANNOT_WRITE, told, remedy)
