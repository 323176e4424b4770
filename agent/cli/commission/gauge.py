"""A hand gauge beside what a terminal says: what was typed, and whether the two agree."""

import re
from typing import NamedTuple

from agent.cli.questions import wrong
from agent.cli.words import _

PARTS = 0.05
"""Of the larger of the two: a gauge of class 1.6 over 1 MPa and a terminal of 0.5 % are that far apart at 0.4 MPa."""
LEAST = {"kPa": 15.0, "m": 0.05}
"""Below it nobody reads a hand gauge, or a staff."""
_TYPED = re.compile(r"([0-9]+(?:[.,][0-9]+)?)\s*([A-Za-z]*)")
_SPELLED = {"kpa": "kPa", "mpa": "MPa", "bar": "bar", "m": "m", "cm": "cm", "mm": "mm"}
WHAT = {"hydrant": ("pressure", "kPa"), "fill_stand": ("pressure", "kPa"), "water_point": ("level", "m")}
"""What of a kind a hand can measure, and in which unit it is asked for and shown."""


class Measured(NamedTuple):
    """`gauge` and `shown` in one unit."""

    gauge: float
    shown: float
    agrees: bool


def typed(unit: str, text: str) -> float | None:
    """What was typed, in `unit`; None for nothing. Raises Trouble that says how it is written."""
    from drivers.units import convert

    if not text:
        return None
    found = _TYPED.fullmatch(text)
    given = _SPELLED.get(found[2].lower(), "") if found and found[2] else unit
    if found is None or not given:
        raise wrong(_("a number, in {unit} or with its unit: 0.31 MPa, 3.1 bar").format(unit=unit))
    try:
        return round(convert(float(found[1].replace(",", ".")), given, unit), 3)
    except ValueError:
        raise wrong(_("a number, in {unit} or with its unit: 0.31 MPa, 3.1 bar").format(unit=unit)) from None


def compared(gauge: float, shown: float, unit: str) -> Measured:
    """Whether both say the same, as far as a hand can tell."""
    room = max(LEAST.get(unit, 0.0), PARTS * max(abs(gauge), abs(shown)))
    return Measured(gauge, shown, abs(gauge - shown) <= room)
