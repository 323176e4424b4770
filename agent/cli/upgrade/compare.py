"""Whether the agent does worse than before its upgrade: pure, each answer a reason with both numbers."""

from __future__ import annotations

from protocols.reason import Reason, word

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

FEWER = 0.7
"""Answers a minute that are this part of before, or less, are fewer: whole rounds of them scatter by retries alone, and
what is asked every few seconds by a tenth."""
LEAST_PER_MIN = 2.0
"""Where fewer than that came before, nothing can be told from their number."""
OWED_LEAST_PER_MIN = 5.0
DEVICES = 0.1
"""So many of the devices that were well may have fallen silent by themselves; one always may."""
OWED_MIN = 3.0
"""An uplink may owe what so many minutes bring beyond what it owed before: so long it may be away after the start. More
cannot be asked for: the whole watch brings five. What becomes less is being sent, however much it is."""
UNSENT = 0.5
"""An uplink whose debt grew by more than this part of what was kept took nothing: nobody subscribes at its broker."""
RESTARTS = 2
"""One new beginning of a part after an upgrade may be chance, two are none."""
CONNECTED = "connected"


def worse(before: dict[str, Any], after: dict[str, Any], round_s: float = 0.0) -> list[Reason]:
    """Why, most telling first; empty where it does as well. What was bad before cannot become worse.

    `round_s`: a site that is asked all at once every so many seconds owes a round of it at once, too.
    """
    if not before["active"]:
        return []
    if not after["active"]:
        return [Reason("upgrade.worse_service")]
    found = []
    if after["starts"] > 0:
        found.append(Reason("upgrade.worse_starts", times=after["starts"]))
    for name in [name for name, works in before["parts"].items() if works]:
        if not after["parts"].get(name):
            found.append(Reason("upgrade.worse_part", part=word(name)))
        elif after["restarts"][name] >= RESTARTS:
            found.append(Reason("upgrade.worse_part_restarts", part=word(name), times=after["restarts"][name]))
    if not before["answers"]:
        return found
    if not after["answers"]:
        return [*found, Reason("upgrade.worse_silent")]
    return [*found, *_of_what_it_does(before, after, max(OWED_MIN, round_s / 60))]


def _of_what_it_does(before: dict[str, Any], after: dict[str, Any], owed_min: float) -> list[Reason]:
    found = []
    if before["keeps"] and not after["keeps"]:
        found.append(Reason("upgrade.worse_journal"))
    now, was = after["answers_per_min"], before["answers_per_min"]
    if now is not None and was is not None and was >= LEAST_PER_MIN and now <= was * FEWER:
        found.append(Reason("upgrade.worse_readings", was=was, now=now))
    if gone := tuple(name for name in before["lines"] if name not in after["lines"]):
        found.append(Reason("upgrade.worse_lines", lines=gone))
    if before["devices_ok"] - after["devices_ok"] > max(1.0, before["devices_ok"] * DEVICES):
        found.append(Reason("upgrade.worse_devices", was=before["devices_ok"], now=after["devices_ok"]))
    kept = before["readings_per_min"] or 0.0
    owed_most = max(kept, OWED_LEAST_PER_MIN) * owed_min
    for name, state in before["uplinks"].items():
        took_nothing = before["grows_per_min"].get(name, 0.0) > kept * UNSENT
        owes, owed = after["backlog"].get(name, 0), before["backlog"][name]
        if state == CONNECTED and after["uplinks"].get(name) != CONNECTED:
            found.append(Reason("upgrade.worse_uplink", uplink=name))
        elif state == CONNECTED and name in after["growing"] and not took_nothing and owes > owed + owed_most:
            found.append(Reason("upgrade.worse_backlog", uplink=name, was=owed, now=owes))
    if new := tuple(one for one in after["own_alarms"] if one not in before["own_alarms"]):
        found.append(Reason("upgrade.worse_alarms", subjects=new))
    return found
