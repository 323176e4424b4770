"""run: the agent itself, in the foreground. Everything after `run` is the agent's own."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from agent.cli import exits, words
from agent.cli.command import Parser
from agent.cli.globals import SITE_FILE, take
from agent.cli.reasons import trouble_of
from agent.cli.words import _


def main(argv: list[str]) -> int:
    """Become the agent; returns when it has stopped.

    0 after a clean stop, 78 for wrong settings, 73 where it cannot start.
    Raises Trouble for a wrong command line.
    """
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
    parser.add_argument(
        "--own-user-operates",
        action="store_true",
        help=_("whoever runs this may operate it, not only root and the operator group: for a rehearsal"),
    )
    told = parser.parse_args(argv)
    from agent.settings.load_apart import load_apart
    from agent.supervisor import main as supervisor  # the whole agent: only here
    from drivers.profile.mistake import SettingsError

    try:
        settings = load_apart(told.site)
    except SettingsError as error:
        sys.stderr.write(error.report(words.language()) + "\n")
        return exits.BAD_SETTINGS
    for doubt in settings.doubts:
        sys.stderr.write(doubt.text(words.language()) + "\n")
    try:
        supervisor.run(
            settings,
            allow_motion=told.allow_motion,
            own_user=told.own_user_operates,
            verbose=told.verbose or options.verbose > 0,
        )
    except supervisor.CannotStart:
        return exits.CANNOT_WRITE
    except supervisor.Taken as taken:
        raise trouble_of(exits.CANNOT_WRITE, taken.reason) from None
    return exits.OK
