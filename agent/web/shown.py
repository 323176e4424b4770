"""How values and ages look on a page: as the command shows them (a test holds both against each other)."""

from __future__ import annotations

from typing import Any

from agent.web.words import Words
from drivers.units import CANONICAL, UNITS, convert

USABLE = ("good", "uncertain", "substituted")
SIGNS = {"Cel": "°C", "dB[mW]": "dBm", "state": "", "bits": "", "1": ""}
"""UCUM's spelling to the one people know."""
_IN_ONE_UNIT = ("pressure", "flow", "temperature")
"""Quantities that makes send in different units."""


def in_one_unit(value: Any, unit: str) -> tuple[Any, str]:
    """A pressure, flow or temperature in kPa, L/s or Cel, whatever the device sends; anything else as it is."""
    known = UNITS.get(unit)
    if known is None or known.quantity not in _IN_ONE_UNIT or isinstance(value, bool):
        return value, unit
    to = CANONICAL[known.quantity]
    return (convert(value, unit, to) if isinstance(value, int | float) else value), to


def number(value: Any, words: Words) -> str:
    """A reading: as many decimals as matter, bits and enums as words."""
    if isinstance(value, bool):
        return words("web.yes") if value else words("web.no")
    if isinstance(value, float):
        whole = abs(value)
        places = ".1f" if 10 <= whole < 1e6 or not whole else ".2f" if 1 <= whole < 10 else ".3g"
        return format(value, places)
    if isinstance(value, list | tuple):
        return words.terms(map(str, value)) or "-"
    return words.term(value) if isinstance(value, str) else str(value)


def reading(row: dict[str, Any], words: Words) -> str:
    """A main value with its unit; why there is none, otherwise. A bad number never looks like a good one."""
    if row["quality"] in USABLE and row["value"] is not None:
        mark = "" if row["quality"] == "good" else "?"
        value, unit = in_one_unit(row["value"], row["unit"])
        return f"{number(value, words)}{mark} {SIGNS.get(unit, unit)}".rstrip()
    return f"({words.term(row['quality'])})" if row["quality"] else "-"


def age(seconds: float | None, words: Words) -> str:
    """How long ago: 12m, 3h, 5d; less than two minutes are now, so that a row is not written anew each second."""
    if seconds is None:
        return "-"
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f}{unit}"
    return words("web.now")


def percent(rate: float | None) -> str:
    """A rate as people write it; never rounded up to 100 %."""
    if rate is None:
        return "-"
    return "100 %" if rate == 1.0 else f"{min(rate * 100, 99.99):.2f} %"
