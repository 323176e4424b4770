"""The site file, for commands that work without the agent. Raises Trouble: not there is told from mistakes in it."""

from __future__ import annotations

from agent.cli import exits
from agent.cli.trouble import Trouble
from agent.cli.words import _

TYPE_CHECKING = False
if TYPE_CHECKING:
    from agent.settings.settings import Settings


def settings_of(site: str) -> Settings:
    """The settings of the site file named `site`."""
    from pathlib import Path

    from agent.settings.load import load
    from drivers.profile.mistake import SettingsError

    if not Path(site).exists():
        told = _("there is no site file {file}").format(file=site)
        raise Trouble(exits.BAD_SETTINGS, told, _("Name it with --site, or start the agent."))
    try:
        return load(Path(site))
    except SettingsError:
        told = _("{file} has mistakes").format(file=site)
        advice = _("See them: {command}").format(command=f"hydronest check {site}")
        raise Trouble(exits.BAD_SETTINGS, told, advice) from None
