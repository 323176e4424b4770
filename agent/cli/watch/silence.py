"""What is shown while nobody answers: how things were, as old as that is by now, and nothing called well."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

UNKNOWN = "unknown"


def frame_of_then(frame: Mapping[str, Any], ago_s: float) -> dict[str, Any]:
    """The last frame, told `ago_s` ago. Figures are those of then, their ages of now; no state is known any more."""
    states = [UNKNOWN] * len(frame["states"])
    return {
        **frame,
        "journal": {**frame["journal"], "state": UNKNOWN},
        "uplinks": [{**_older(one, ago_s, "oldest_s"), "state": UNKNOWN, "reason": None} for one in frame["uplinks"]],
        "states": states,
        "counts": {UNKNOWN: len(states)} if states else {},
        "devices": [{**_older(one, ago_s), "state": UNKNOWN} for one in frame["devices"]],
        "standing": [_older(one, ago_s) for one in frame["standing"]],
        "notices": [_older(one, -ago_s, "left_s") for one in frame["notices"]],
        "nests": [
            {**_older(one, ago_s), "aircraft": {**one["aircraft"], "link": UNKNOWN, "where": UNKNOWN}}
            for one in frame.get("nests", [])
        ],
    }


def device_of_then(one: Mapping[str, Any], ago_s: float) -> dict[str, Any]:
    """The same of everything about one device; of nothing, nothing."""
    if not one:
        return {}
    points = [_older(point, ago_s) for point in one["points"]]
    standing = [_older(alarm, ago_s) for alarm in one["standing"]]
    return {**_older(one, ago_s), "state": UNKNOWN, "points": points, "standing": standing}


def _older(one: Mapping[str, Any], by_s: float, key: str = "age_s") -> dict[str, Any]:
    told = one.get(key)
    return dict(one) if told is None else {**one, key: told + by_s}
