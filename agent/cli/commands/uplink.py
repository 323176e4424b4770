"""uplink: what goes to the platforms, and what still waits."""

from __future__ import annotations

from agent.cli import exits, show
from agent.cli.call import Call
from agent.cli.command import Parser
from agent.cli.reasons import in_words
from agent.cli.table import Column
from agent.cli.words import _, term

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def build(parser: Parser) -> None:
    """The verbs of `hydronest uplink`."""
    parser.verb("status", _("every uplink: connected or why not, what waits, what was confirmed"), show_status)
    parser.verb(
        "bearers", _("every bearer of an uplink that has several: in use, ready or down, and its bytes"), bearers
    )
    pause = parser.verb("pause", _("send nothing more for now; everything is kept"), pause_one)
    resume = parser.verb("resume", _("go on sending"), resume_one)
    replay = parser.verb("replay", _("send again what is still held; the platform drops repeats"), replay_one)
    for verb in (pause, resume, replay):
        verb.add_argument("uplink", metavar="UPLINK")
    replay.add_argument("--since", metavar="SEQ", type=int, required=True, help=_("first sequence number to send"))
    replay.add_argument("--yes", action="store_true", help=_("do not ask"))


def show_status(call: Call) -> int:
    """A table. 1 if an uplink is not connected or has parked anything, else 0."""
    rows = call.ask("uplink.status")
    several, short = any("bearers" in row for row in rows), any("messages" in row for row in rows)
    columns = [
        Column("id", _("uplink")),
        Column("state", _("state"), lambda row: term(row["state"]), style=lambda row: _style(row["state"])),
        *([Column("bearer", _("bearer"), lambda row: row.get("bearer") or "")] if several else []),
        Column("backlog", _("waiting"), right=True),
        Column("oldest_s", _("oldest"), lambda row: _age(row["oldest_s"]), right=True, priority=1),
        Column("confirmed", _("confirmed"), right=True),
        *([Column("messages", _("messages"), _messages, right=True)] if short else []),
        Column("last_confirmed_s", _("last"), lambda row: _age(row["last_confirmed_s"]), right=True, priority=2),
        Column("in_flight", _("under way"), right=True, priority=4),
        Column("parked", _("refused"), right=True, priority=1),
        Column("retried", _("retried"), right=True, priority=5),
        Column("losses", _("cut off"), right=True, priority=5),
        Column("reason", _("why"), lambda row: in_words(row["reason"]), priority=3),
    ]
    call.table(columns, rows)
    well = all(row["state"] == "connected" and not row["parked"] for row in rows)
    return exits.OK if well else exits.DEGRADED


def bearers(call: Call) -> int:
    """A table. 1 if a bearer is down or has carried what it may, else 0."""
    rows = [{"uplink": row["id"], **one} for row in call.ask("uplink.status") for one in row.get("bearers", ())]
    columns = [
        Column("uplink", _("uplink")),
        Column("name", _("bearer")),
        Column("state", _("state"), lambda row: term(row["state"]), style=lambda row: _style(row["state"])),
        Column("carries", _("carries"), lambda row: _carries(row["carries"])),
        Column("carried_bytes", _("MB so far"), lambda row: f"{row['carried_bytes'] / 1e6:.1f}", right=True),
        Column("left_bytes", _("MB left"), lambda row: _megabytes(row["left_bytes"]), right=True, priority=1),
        Column("reason", _("why"), lambda row: in_words(row["reason"]), priority=3),
    ]
    call.table(columns, rows)
    return exits.OK if all(row["reason"] is None for row in rows) else exits.DEGRADED


def pause_one(call: Call) -> int:
    """Stop sending to one uplink; what is under way is still confirmed."""
    return _told(call, call.ask("uplink.pause", uplink=call.args.uplink))


def resume_one(call: Call) -> int:
    """Go on."""
    return _told(call, call.ask("uplink.resume", uplink=call.args.uplink))


def replay_one(call: Call) -> int:
    """Asks first: it costs air time, though no reading is doubled at a platform that follows the contract."""
    question = _("Send everything since {since} to {uplink} once more?")
    call.confirm(question.format(since=call.args.since, uplink=call.args.uplink), call.args.yes)
    told = call.ask("uplink.replay", uplink=call.args.uplink, since=call.args.since)
    call.emit(told, lambda: [_("{records} records of {id} will be sent again").format(**told)])
    return exits.OK


def _told(call: Call, one: dict[str, Any]) -> int:
    state = term(one["state"])
    call.emit(one, lambda: [_("{id}: {state}, {backlog} waiting").format(**{**one, "state": state})])
    return exits.OK


def _messages(row: dict[str, Any]) -> str:
    return str(row["messages"]["sent"]) if "messages" in row else ""


def _style(state: str) -> str:
    return show.STYLE_OF.get(state, "")


def _carries(what: str) -> str:
    return {"all": _("everything"), "present": _("events and the present")}.get(what, _("events only"))


def _megabytes(left: int | None) -> str:
    return "" if left is None else f"{left / 1e6:.1f}"


def _age(seconds: float | None) -> str:
    return "" if seconds is None else show.age(seconds)
