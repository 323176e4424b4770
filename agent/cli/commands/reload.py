"""reload: what was changed in the site file takes effect, and nothing else is interrupted."""

from __future__ import annotations

from agent.cli import exits
from agent.cli.call import Call
from agent.cli.command import Parser
from agent.cli.reloading import asked, lines, tree_of, tried, would
from agent.cli.words import _

TYPE_CHECKING = False
if TYPE_CHECKING:
    from agent.settings.settings import Settings


def build(parser: Parser) -> None:
    """`hydronest reload` has no verbs."""
    parser.description = _("take the changed site file into use; what has not changed goes on")
    parser.epilog = _(
        "Exit code: 0 done, or nothing had changed, 1 refused or not back yet, 78 the settings have mistakes."
    )
    parser.add_argument(
        "--dry-run", action="store_true", help=_("only say what would change, and who would begin anew for it")
    )
    parser.runs(run)


def run(call: Call) -> int:
    """Every mistake first, and then nothing happens; else ask, and tell what changed and who began anew."""
    from pathlib import Path

    from agent.cli.commands.check import as_json, painted
    from agent.settings.load import check

    tree = tree_of(call)
    settings, mistakes = check(Path(tree["site"]))
    if grave := [one for one in mistakes if not one.doubtful]:
        call.emit([as_json(one) for one in grave], lambda: [*painted(call, grave), _("nothing was changed")])
        return exits.BAD_SETTINGS
    if call.args.dry_run and settings is not None:
        told = tried(call, tree)
        told["interrupted"] = _interrupted(settings, told["begun"])
        call.emit(told, lambda: would(told, told["interrupted"]))
        return exits.DEGRADED if told["outcome"] == "refused" else exits.OK
    told = asked(call, tree)
    call.emit(told, lambda: lines(told))
    return exits.DEGRADED if told["outcome"] == "refused" or told["not_back"] else exits.OK


def _interrupted(settings: Settings, begun: list[str]) -> list[str]:
    """The lines that whoever begins anew has in hand: each process owns those of its kind."""

    def owner(name: str, kind: str) -> str:
        return "opcua" if kind == "opcua" else "flight" if name in settings.nest_lines else "core"

    return [name for name, line in settings.lines.items() if owner(name, line.kind) in begun]
