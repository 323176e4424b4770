"""The agent's process: signals and the loop. `hydronest run` becomes this."""

import asyncio
import logging
import signal
import sys

import uvloop

from agent.control.server import SocketTaken
from agent.core.assemble import CannotStart, Site
from agent.core.lifetime import Broken
from agent.settings.settings import Settings

CANNOT_START = (SocketTaken, CannotStart)

__all__ = ["CANNOT_START", "Broken", "run"]


def run(settings: Settings, *, allow_motion: bool, verbose: bool) -> None:
    """Run until SIGTERM or SIGINT. Raises Broken where it could not go on, else one of CANNOT_START."""
    _log(verbose=verbose)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_run(settings, allow_motion=allow_motion))


async def _run(settings: Settings, *, allow_motion: bool) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await Site(settings, allow_motion=allow_motion).run(stop)


def _log(*, verbose: bool) -> None:
    """Our own lines go to standard error (journald); the libraries' only when they are serious: we count for them."""
    logging.basicConfig(
        level=logging.DEBUG if verbose else logging.INFO,
        format="%(levelname)s %(name)s: %(message)s",
        stream=sys.stderr,
    )
    for library in ("asyncua", "pymodbus", "mqtt", "paho", "asyncio"):
        logging.getLogger(library).setLevel(logging.CRITICAL if not verbose else logging.WARNING)
