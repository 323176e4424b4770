"""Why something stands, in words: what was read, its limit, what else was seen, what the agent says of it."""

from __future__ import annotations

from typing import Any

from agent.web.shown import SIGNS, age, in_one_unit, number
from agent.web.words import Words

_SAID = ("phase", "status", "outcome", "reason", "why", "ended", "bit", "what", "kept_at")
"""Evidence that is a word, or a sentence of the agent's."""


def because(evidence: dict[str, Any], words: Words) -> str:
    """All of it, one behind the other."""
    given = {name: value for name, value in evidence.items() if value is not None}
    said = [words.term(given["point"])] if "point" in given else []
    unit = str(given.get("unit", ""))
    if "value" in given:
        value, to = in_one_unit(given["value"], unit)
        said.append(f"{number(value, words)} {SIGNS.get(to, to)}".strip())
    if "limit" in given:
        said.append(words("web.limit", limit=number(in_one_unit(given["limit"], unit)[0], words)))
    if "left_s" in given:
        said.append(words("web.left_to", s=round(given["left_s"]), kpa=round(given["floor_kpa"])))
    if "neighbours" in given:
        said.append(words("web.by_neighbours", n=given["neighbours"]))
    if "flat_s" in given:
        said.append(words("web.unchanged_for", time=age(given["flat_s"], words)))
    if "neighbour_moved_kpa" in given:
        said.append(words("web.neighbour_moved", kpa=number(given["neighbour_moved_kpa"], words)))
    if "silent_s" in given:
        said.append(words("web.silent_for", time=age(given["silent_s"], words)))
    if lost := given.get("readings", given.get("readings_lost")):
        said.append(words("web.readings_lost", n=lost, lane=words.term(given.get("lane", "telemetry"))))
    if given.get("cause") == "restart":
        said.append(words.term("restarted"))
    said += [_said(given[name], words) for name in _SAID if given.get(name, "") != ""]
    return ", ".join(said)


def _said(value: object, words: Words) -> str:
    return words.term(value) if isinstance(value, str) else words.reason(value)
