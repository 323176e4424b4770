"""events: what stands now, and what was raised and cleared lately."""

from __future__ import annotations

from agent.cli import exits, show
from agent.cli.call import Call
from agent.cli.command import Parser
from agent.cli.judged import time_text, zone_of
from agent.cli.table import Column
from agent.cli.words import _, term

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def build(parser: Parser) -> None:
    """`hydronest events [standing|recent]`; without a verb what stands."""
    parser.runs(show_standing)
    parser.verb("standing", _("what was raised and not yet cleared"), show_standing)
    recent = parser.verb("recent", _("the newest first, raised and cleared"), show_recent)
    recent.add_argument("--most", metavar="N", type=int, default=50, help=_("how many; 50 otherwise"))


def show_standing(call: Call) -> int:
    """3 while an alarm stands, 1 while a warning does; what is only told (info) counts for nothing."""
    rows = call.ask("events")["standing"]
    call.table([*_what(), Column("age_s", _("for"), lambda row: show.age(row["age_s"]), right=True), _why()],
               rows, _("nothing stands"))  # fmt: skip
    severities = {row["severity"] for row in rows}
    return exits.ALARM if "alarm" in severities else exits.DEGRADED if "warning" in severities else exits.OK


def show_recent(call: Call) -> int:
    """Turns of the judge since the agent began; the journal has all of them."""
    answer = call.ask("events")
    rows, zone = answer["recent"][: max(0, call.args.most)], zone_of(answer.get("timezone"))
    when = Column("utc_s", _("time"), lambda row: time_text(row.get("utc_s"), zone), priority=3)
    turn = Column("turn", _("turn"), lambda row: term(row["turn"]))
    ago = Column("age_s", _("ago"), lambda row: show.age(row["age_s"]), right=True)
    call.table([ago, when, *_what(), turn, _why()], rows, _("nothing was raised or cleared since the agent began"))
    return exits.OK


def _what() -> list[Column]:
    return [
        Column("subject", _("id")),
        Column("kind", _("event"), lambda row: term(row["kind"]), style=_style),
        Column("severity", _("severity"), lambda row: term(row["severity"]), priority=2),
    ]


def _why() -> Column:
    return Column("evidence", _("because"), lambda row: show.because(row["evidence"]), priority=1)


def _style(row: dict[str, Any]) -> str:
    return str(row["severity"]) if row["severity"] in ("alarm", "warning") else ""
