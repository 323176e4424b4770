"""`network.import` and `network.work` as reports: a company's file is taken in, what hydrants give is worked out."""

import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from agent.control.request import RequestError
from agent.judge.water_record import WaterRecord
from agent.reports.job import Job
from agent.reports.network.kept import LEARNED, Kept, kept_in, taken_in
from agent.reports.network.readings import Gauge, known_of
from agent.runtime.durable import write_whole
from agent.runtime.envelope import enclosed
from agent.water import table
from agent.water.belief import Belief
from agent.water.closed import learn
from agent.water.curve import Draw
from agent.water.day import live_through
from agent.water.hydraulics import Hydraulics
from agent.water.inp_text import BadNetwork
from agent.water.system import NoBalance
from agent.water.tanks import set_by_readings
from agent.water.ties import Hydrant, Ties, tie
from agent.water.work import hours_of, rows
from protocols.reason import Reason
from protocols.system import file_reason

MOST_TOLD = 200
"""Doubts and residuals that are told one by one."""
LONGEST_S = 480.0
"""After so long what is worked out is kept, and the next report goes on: a report may last ten minutes."""
LEAST_S = 100.0
"""… but for so long at least it works something out, however long it learned: each report comes further."""
SLOW_FIT_S = 20.0
"""Where one fit takes longer, no closed pipe is looked for."""


class _Late(Exception):
    """The time is up."""


def imported(job: Job) -> Iterator[dict[str, Any]]:
    """What the file holds, which hydrants stand on it, and every doubt."""
    folder, args = Path(job.inputs["folder"]), job.args
    meridian = args.get("meridian")
    try:
        kept = taken_in(folder, str(args["datum"]), None if meridian is None else float(meridian), job.inputs["utc_s"])
        ties = tie(kept.read.network, kept.places, _hydrants(job.inputs))
        hydraulics = Hydraulics(kept.read.network)
        hydraulics.solve(hydraulics.at(0.0))
    except BadNetwork as bad:
        raise RequestError("bad_data", bad.reason) from None
    except NoBalance:
        raise RequestError("bad_data", Reason("network.no_balance")) from None
    except FileNotFoundError:  # nothing was sent
        raise RequestError("not_found", Reason("network.none"), "network.import_one") from None
    except OSError as error:
        raise RequestError("cannot_write", file_reason(folder, error)) from None
    yield _told(kept, ties)


def _told(kept: Kept, ties: Ties) -> dict[str, Any]:
    net = kept.read.network
    return {
        "title": net.title,
        "nodes": len(net.nodes),
        "links": len(net.links),
        "tied": len(ties.stands),
        "doubts": [{"id": "", "doubt": doubt} for doubt in kept.read.doubts]
        + [{"id": name, "doubt": doubt} for name, doubt in ties.doubts[:MOST_TOLD]],
        "doubtful": len(ties.doubts),
    }


def worked(job: Job) -> Iterator[dict[str, Any]]:
    """Learn from what was read, work out what every hydrant gives, and leave it for everybody to read."""
    inputs, folder = job.inputs, Path(job.inputs["folder"])
    until = time.monotonic() + LONGEST_S
    try:
        kept = kept_in(folder)
        if kept is None:
            raise RequestError("not_found", Reason("network.none"), "network.import_one")
        ties = tie(kept.read.network, kept.places, _hydrants(inputs))
        belief, learned = _believed(kept, ties, inputs)
        learned = {**_told(kept, ties), **learned, "sum": kept.sum}
        done = _rows(job, belief, ties, folder, learned, until)
        write_whole(folder / LEARNED, enclosed(LEARNED, orjson.dumps(learned, default=_plain)) + b"\n")
    except BadNetwork as bad:
        raise RequestError("bad_data", bad.reason) from None
    except NoBalance:
        raise RequestError("bad_data", Reason("network.no_balance")) from None
    except OSError as error:
        raise RequestError("cannot_write", file_reason(folder, error)) from None
    yield {**learned, "worked_out": done, "complete": done == len(ties.stands)}


def _plain(value: object) -> object:
    return value.as_json() if isinstance(value, Reason) else str(value)


def _hydrants(inputs: Mapping[str, Any]) -> list[Hydrant]:
    return [Hydrant(*one) for one in inputs["hydrants"]]


def _believed(kept: Kept, ties: Ties, inputs: Mapping[str, Any]) -> tuple[Belief, dict[str, Any]]:
    """The drawing, moved to what was read; what that showed."""
    hydraulics = Hydraulics(kept.read.network)
    live_through(hydraulics)
    gauges = {
        name: Gauge(WaterRecord.from_json(one["record"]) if one["record"] else None, [Draw(*d) for d in one["draws"]])
        for name, one in inputs["known"].items()
    }
    known = known_of(ties.stands, gauges, ZoneInfo(inputs["timezone"]), inputs["utc_s"])
    moved = set_by_readings(hydraulics, known.hours)
    belief = Belief(hydraulics)
    began, nodes = time.monotonic(), hydraulics.network.nodes

    def looked() -> None:
        if time.monotonic() - began > SLOW_FIT_S * 6:
            raise _Late

    try:
        suspects = learn(belief, known.readings, looked)
    except _Late:
        suspects = []
        belief.close(())
        belief.fit(known.readings)
    names = {stand.node: stand.id for stand in ties.stands}
    return belief, {
        "readings": len(belief.misses),
        "residuals": [
            {
                "id": names.get(miss.reading.node, nodes[miss.reading.node].id),
                "hour": int(miss.reading.at_s // 3600),
                "drawn_l_s": round(1000 * sum(flow for _, flow in miss.reading.drawn), 1),
                "before_kpa": round(miss.before, 1),
                "after_kpa": round(miss.after, 1),
            }
            for miss in belief.misses[:MOST_TOLD]
        ],
        "closed": [{"id": hydraulics.network.links[one.link].id, "better": round(one.better, 1)} for one in suspects],
        "tanks": [{"hour": hour, "id": nodes[hydraulics.network.tanks[n].node].id} for hour, n in moved],
    }


def _rows(job: Job, belief: Belief, ties: Ties, folder: Path, learned: Mapping[str, Any], until: float) -> int:
    """Work out what is not yet; how many hydrants there are by now."""
    until = max(until, time.monotonic() + LEAST_S)
    hours, moments = hours_of(belief)
    found = {row.id: row for row in _before(folder, str(learned["sum"]), ties)}

    def looked(done: int, of: int) -> None:
        job.progress.reach(done, of)
        if time.monotonic() > until:
            raise _Late

    try:
        for row in rows(belief, ties.stands, hours, looked, frozenset(found)):
            found[row.id] = row
    except _Late:
        pass
    head = {
        "made_s": job.inputs["utc_s"],
        "sum": learned["sum"],
        "hours": hours,
        "complete": len(found) == len(ties.stands),
    }
    write_whole(folder / table.FILE, table.written(found.values(), moments, head))
    return len(found)


def _before(folder: Path, network: str, ties: Ties) -> list[table.Row]:
    """What a report that ran out of time had worked out of the same network."""
    try:
        found = table.read_all(folder)
    except table.BadTable:
        return []
    if found is None or found.head.get("complete") or found.head.get("sum") != network:
        return []
    here = {stand.id for stand in ties.stands}
    return [row for row in found.rows if row.id in here]


ANSWERS = {"network.import": imported, "network.work": worked}
