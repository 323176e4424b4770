"""The agent's process: settings, signals, the loop. `hydronest run` becomes this."""

import asyncio
import logging
import os
import signal
import sys
from pathlib import Path

import uvloop

from agent.cli import exits, words
from agent.cli.command import Parser
from agent.cli.globals import SITE_FILE, take
from agent.cli.words import _
from agent.control.server import SocketTaken
from agent.lifetime import Broken
from agent.settings.load import load
from agent.settings.settings import Settings
from agent.site import CannotStart, Site
from drivers.profile.mistake import SettingsError


def main(argv: list[str]) -> int:
    """Run until SIGTERM or SIGINT. 0 after a clean stop, 78 for wrong settings, 73 where it cannot start,
    70 where it could not go on. Raises Trouble for a wrong command line."""
    options, argv = take(argv)
    words.use(words.choose(options.lang, os.environ), "run")
    parser = Parser("hydronest run", _("run the agent in the foreground"))
    parser.add_argument(
        "site",
        nargs="?",
        type=Path,
        default=Path(SITE_FILE),
        metavar="SITE",
        help=_("the site file") + f" ({SITE_FILE})",
    )
    parser.add_argument("--verbose", action="store_true", help=_("say more; -v is short for it"))
    parser.add_argument(
        "--allow-motion", action="store_true", help=_("nests and aircraft that are no simulators may move in this run")
    )
    told = parser.parse_args(argv)
    try:
        settings = load(told.site)
    except SettingsError as error:
        sys.stderr.write(error.report(words.language()) + "\n")
        return exits.BAD_SETTINGS
    for doubt in settings.doubts:
        sys.stderr.write(doubt.text(words.language()) + "\n")
    _log(verbose=told.verbose or options.verbose > 0)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_run(settings, allow_motion=told.allow_motion))
    except Broken as error:
        sys.stderr.write(f"hydronest: {error}\n")
        return exits.BUG
    except (SocketTaken, CannotStart) as error:
        sys.stderr.write(f"hydronest: {error}\n")
        return exits.CANNOT_WRITE
    return exits.OK


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
