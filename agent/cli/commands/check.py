"""check: the settings of a site and every profile it names, without the agent and without touching a wire."""

from __future__ import annotations

from agent.cli import exits, terminal, words
from agent.cli.call import Call
from agent.cli.command import Parser
from agent.cli.globals import SITE_FILE
from agent.cli.words import _

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from agent.settings.settings import Settings
    from drivers.profile.mistake import Mistake


def build(parser: Parser) -> None:
    """`hydronest check` has no verbs."""
    parser.description = _("check the settings: every mistake of every file at once")
    parser.epilog = _("Exit code: 0 the agent can start with them, 78 it cannot.")
    parser.add_argument("sites", nargs="*", metavar="FILE", help=_("the site file, or several") + f" ({SITE_FILE})")
    parser.runs(run)


def run(call: Call) -> int:
    """One line a mistake: file, line, place, what is wrong, what to write instead."""
    from pathlib import Path

    from agent.settings.load import check

    paths = [Path(name) for name in call.args.sites or [SITE_FILE]]
    if len(paths) > 1:
        return several(call, paths)
    settings, mistakes = check(paths[0])
    call.emit([as_json(mistake) for mistake in mistakes], lambda: report(call, settings, mistakes))
    return exits.OK if settings is not None else exits.BAD_SETTINGS


def several(call: Call, paths: list[Path]) -> int:
    """Each alone, then what only shows between them: one gateway id, certificate or hydrant in two of them."""
    from agent.settings.load import check
    from agent.settings.together import together

    paths = list(dict.fromkeys(path.resolve() for path in paths))
    found = [mistake for path in paths for mistake in check(path)[1]]
    found += together(paths)
    doubts = sum(mistake.doubtful for mistake in found)

    def text() -> list[str]:
        told = _("{files} site files: {mistakes} mistakes, {doubts} doubts")
        return [*painted(call, found), told.format(files=len(paths), mistakes=len(found) - doubts, doubts=doubts)]

    call.emit([as_json(mistake) for mistake in found], text)
    return exits.OK if doubts == len(found) else exits.BAD_SETTINGS


def as_json(mistake: Mistake) -> dict[str, Any]:
    """A mistake for programs."""
    return {
        "file": str(mistake.file),
        "line": mistake.line,
        "where": mistake.where,
        "reason": mistake.reason,
        "remedy": mistake.remedy,
        "doubtful": mistake.doubtful,
    }


def report(call: Call, settings: Settings | None, mistakes: list[Mistake]) -> list[str]:
    """The mistakes, then the verdict."""
    lines = painted(call, mistakes)
    doubts = sum(mistake.doubtful for mistake in mistakes)
    if settings is None:
        told = _("{mistakes} mistakes, {doubts} doubts: the agent will not start with these settings")
        return [*lines, "", told.format(mistakes=len(mistakes) - doubts, doubts=doubts)]
    site = settings.site
    told = _("the settings are good: {devices} devices on {lines} lines, {uplinks} uplinks, {profiles} profiles")
    counts = {"devices": len(site.devices), "lines": len(site.lines), "uplinks": len(site.uplinks)}
    return [*lines, told.format(**counts, profiles=len(settings.profiles))]


def painted(call: Call, mistakes: list[Mistake]) -> list[str]:
    """A line a mistake."""
    return [
        terminal.paint(mistake.text(words.language()), "warning" if mistake.doubtful else "alarm", call.colour)
        for mistake in mistakes
    ]
