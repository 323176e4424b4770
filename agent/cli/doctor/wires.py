"""The lines and what hangs on them, from the counters that each driver keeps."""

from collections.abc import Iterator, Mapping
from typing import Any

from agent.cli.doctor.agent_side import reach_judged
from agent.cli.doctor.answers import Answers
from agent.cli.doctor.finding import Finding, doubt, fault, told
from agent.cli.doctor.reach import Reached
from agent.cli.doctor.remedies import remedy_of
from protocols.reason import Reason, from_json

ENOUGH = 10
"""Questions before a line's silence says anything."""
NOISY = 0.2
"""Bytes that belong to no answer, for each answer."""
IMPOSSIBLE = frozenset({"out_of_range", "not_a_number", "invalid_pattern"})
"""Qualities of a value that the device gave and that cannot be: wrong word order, scale or unit number."""


def judged(seen: Answers, ways: Mapping[str, Reached], echoing: frozenset[str]) -> list[Finding]:
    """Of every line and device. `echoing`: the lines whose settings say that they hear their own questions."""
    if seen.status is None:
        return []
    lines = {line["id"]: line for line in seen.status["lines"]}
    dead = {name for name, line in lines.items() if line["up"] is False or _mute(line)}
    found = [
        one
        for name, line in lines.items()
        for one in told("line", name, [*_of_a_line(line, ways.get(name), name in echoing)])
    ]
    devices = {device["id"]: device for device in seen.status["devices"]}
    stats = {name: counts for of_line in (seen.stats or {}).values() for name, counts in of_line.items()}
    worst = [
        one
        for name in [*devices, *(name for name in stats if name not in devices and name not in lines)]
        if devices.get(name, {}).get("line") not in dead
        for one in _of_a_device(name, devices.get(name), stats.get(name, {}))
    ]
    return [*found, *told("devices", "", worst)]


def _mute(line: Mapping[str, Any]) -> bool:
    counters = line["counters"]
    return counters.get("questions", 0) >= ENOUGH and not counters.get("answers", 0)


def _of_a_line(line: Mapping[str, Any], way: Reached | None, echoing: bool) -> Iterator[Finding]:
    name, counters, why = line["id"], line["counters"], from_json(line["reason"])
    if line["up"] is False:
        if way is not None and way.trouble is not None:
            yield from reach_judged(way)
        else:
            why = why or Reason("doctor.line_down")
            yield fault("line", name, why, remedy_of(why))
        return
    if counters.get("echoes", 0) and not echoing:
        yield fault("line", name, Reason("doctor.echo"), Reason("doctor.do_echo"))
    elif _mute(line):
        if line["kind"] == "serial" and counters.get("garbage_bytes", 0):
            yield fault("line", name, Reason("doctor.line_garbled"), Reason("doctor.do_baud"))
        elif line["kind"] == "serial":
            yield fault("line", name, Reason("doctor.line_mute"), Reason("doctor.do_wires"))
        else:
            yield fault("line", name, Reason("doctor.far_end_mute"), Reason("doctor.do_right_port"))
        return
    if counters.get("foreign", 0):
        facts = {"frames": counters["foreign"]}
        yield fault("line", name, Reason("doctor.two_masters", **facts), Reason("doctor.do_one_master"))
    if counters.get("copies", 0) > NOISY * counters.get("answers", 0):
        yield doubt("line", name, Reason("modbus.copies"), Reason("doctor.do_repeater"))
    if counters.get("garbage_bytes", 0) > NOISY * max(counters.get("answers", 0), ENOUGH):
        yield doubt("line", name, Reason("doctor.line_noisy"), Reason("doctor.do_terminate"))
    given = (counters.get("trouble"), *(counters.get("learned") or ()))
    for said in dict.fromkeys(why for one in given if (why := from_json(one)) is not None):
        yield doubt("line", name, said, remedy_of(said))


def _of_a_device(name: str, row: Mapping[str, Any] | None, counts: Mapping[str, Any]) -> Iterator[Finding]:
    why = from_json(counts.get("trouble"))
    if why is not None and why.code in ("modbus.two_devices", "modbus.another_device", "modbus.another_device_there"):
        yield fault("devices", name, why, remedy_of(why))
    elif counts.get("silent"):
        yield fault("devices", name, Reason("doctor.device_silent"), Reason("doctor.do_scan"))
    elif why is not None:
        yield doubt("devices", name, why, remedy_of(why))
    elif row is not None and row["quality"] in IMPOSSIBLE:
        facts = {"value": str(row["value"]), "unit": row["unit"]}
        yield fault("devices", name, Reason("doctor.value_impossible", **facts), Reason("doctor.do_profile_try"))
    elif row is not None and row["quality"] == "wrong_device":
        yield fault("devices", name, Reason("modbus.another_device_there"), Reason("doctor.do_right_device"))
