"""clock: who vouches for the time, and what to do when it was wrong."""

from __future__ import annotations

from agent.cli import exits, show
from agent.cli.call import Call
from agent.cli.command import Parser
from agent.cli.reasons import in_words
from agent.cli.words import _

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def build(parser: Parser) -> None:
    """The verbs of `hydronest clock`."""
    parser.verb("show", _("the time, who vouches for it, and what speaks against it"), show_clock)
    revoke = parser.verb("revoke", _("what was trusted was wrong: believe only what is vouched for now"), revoke_all)
    revoke.add_argument("--yes", action="store_true", help=_("do not ask"))


def show_clock(call: Call) -> int:
    """Exit code 1 while the clock is not to be trusted."""
    return _told(call, call.ask("clock.show"))


def revoke_all(call: Call) -> int:
    """Only after a word of the person's: dates of records change by it."""
    call.confirm(_("Take the trust from every time noted so far?"), call.args.yes)
    return _told(call, call.ask("clock.revoke"))


def _told(call: Call, told: dict[str, Any]) -> int:
    def lines() -> list[str]:
        error = told["error_ms"]
        trusted = _("trusted, to {error} ms").format(error=error) if error is not None else _("not to be trusted yet")
        found = [f"{show.wall(told)}  {trusted}"]
        if told["doubt"]:
            found.append(in_words(told["doubt"]))
            found.append(_("If the time now is right: hydronest clock revoke. If not, set the clock."))
        if newest := told["newest_trusted"]:
            latest = show.wall({"wall": newest, "trusted": True})
            found.append(_("latest time that was trusted: {time}").format(time=latest))
        return found

    call.emit(told, lines)
    return exits.OK if told["trusted"] else exits.DEGRADED
