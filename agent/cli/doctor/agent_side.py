"""The agent's own parts: whether it runs, answers and keeps what it reads, and how its uplinks do."""

from collections.abc import Iterator, Mapping
from typing import Any

from agent.cli.doctor.answers import Answers
from agent.cli.doctor.finding import Finding, doubt, fault, told
from agent.cli.doctor.reach import Reached
from agent.cli.doctor.remedies import remedy_of
from agent.runtime.version import VERSION
from protocols.reason import Reason, from_json, word

OFTEN = 5
"""So many new beginnings of one part since the agent began are no accident."""
BEHIND_S = 900.0
"""What an uplink that is connected has not confirmed after this long piles up."""
WORKS = "connected"


def judged(seen: Answers) -> list[Finding]:
    """Of the agent and its journal."""
    found = told("agent", "", [*_of_the_agent(seen)])
    if seen.status is None:
        return found
    return [*found, *told("journal", "", [*_of_the_journal(seen.status)])]


def _of_the_agent(seen: Answers) -> Iterator[Finding]:
    if seen.agents > 1:
        yield fault("agent", "", Reason("doctor.two_agents", agents=seen.agents), Reason("doctor.do_one_agent"))
    if seen.denied:
        yield fault("agent", "", Reason("doctor.not_let_in"), Reason("doctor.do_join_group"))
    elif seen.hangs:
        yield fault("agent", "", Reason("doctor.agent_hangs"), Reason("doctor.do_restart"))
    elif seen.trouble is not None and not seen.parts:
        yield fault("agent", "", Reason("doctor.agent_stopped"), Reason("doctor.do_start"))
    for part in seen.parts:
        why = from_json(part["last_reason"]) or Reason("doctor.no_reason")
        name = word(part["child"])
        if part["state"] != "running":
            yield fault("agent", "", Reason("doctor.part_down", part=name, why=why), Reason("doctor.do_log"))
        elif part["restarts"] >= OFTEN:
            facts = {"part": name, "times": part["restarts"], "why": why}
            yield doubt("agent", "", Reason("doctor.restarts_often", **facts), Reason("doctor.do_report"))
    if seen.status is not None and (runs := seen.status["gateway"]["version"]) != VERSION:
        yield doubt(
            "agent", "", Reason("doctor.old_version", runs=runs, here=VERSION), Reason("doctor.do_restart_at_rest")
        )


def _of_the_journal(status: Mapping[str, Any]) -> Iterator[Finding]:
    if status["journal"]["state"] != "ok":
        yield fault("journal", "", Reason("doctor.journal_trouble"), Reason("doctor.do_journal_status"))


def uplinks_judged(rows: list[dict[str, Any]], ways: Mapping[str, Reached]) -> list[Finding]:
    """Of each uplink; `ways`: how far one that is not connected is to be reached."""
    return [one for row in rows for one in told("uplink", row["id"], [*_of_an_uplink(row, ways.get(row["id"]))])]


def _of_an_uplink(row: Mapping[str, Any], way: Reached | None) -> Iterator[Finding]:
    name, why = row["id"], from_json(row["reason"])
    if row["state"] == "paused":
        yield doubt("uplink", name, Reason("doctor.paused"), Reason("doctor.do_resume", uplink=name))
    elif row["state"] != WORKS:
        if way is not None and (way.wants_tls or way.trouble is not None):
            yield from reach_judged(way)
        elif why is not None:
            yield fault("uplink", name, why, remedy_of(why))
        elif row["state"] in ("down", "parked"):
            yield fault("uplink", name, Reason("doctor.uplink_down"), Reason("doctor.do_log"))
    elif why is not None:
        yield doubt("uplink", name, why, remedy_of(why))
    elif row["backlog"] and (row["oldest_s"] or 0.0) > BEHIND_S:
        facts = {"readings": row["backlog"], "minutes": row["oldest_s"] / 60}
        yield doubt("uplink", name, Reason("doctor.behind", **facts), Reason("doctor.do_bearer"))
    for one in row.get("bearers", ()):
        if one["state"] == "down" or one["reason"] is not None:
            facts = {"bearer": one["name"], "why": from_json(one["reason"]) or word("unknown")}
            yield doubt("uplink", name, Reason("doctor.bearer_down", **facts), Reason("doctor.do_bearers"))
    if row.get("parked"):
        facts = {"records": row["parked"]}
        yield doubt("uplink", name, Reason("doctor.parked_records", **facts), Reason("doctor.do_uplink_status"))


def reach_judged(way: Reached) -> list[Finding]:
    """How far it went to one far end; nothing where it went all the way."""
    if way.wants_tls:
        return [fault(way.goal.part, way.goal.subject, Reason("doctor.wants_tls"), Reason("doctor.do_tls"))]
    if way.trouble is not None:
        return [fault(way.goal.part, way.goal.subject, way.trouble, remedy_of(way.trouble))]
    return []
