"""The closed list of units a profile may use (UCUM codes, case-sensitive), and how they convert."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fractions import Fraction


class Unit:
    """One unit: canonical = value × factor + offset. The canonical unit of a quantity has factor 1, offset 0."""

    __slots__ = ("factor", "offset", "quantity")

    def __init__(self, quantity: str, factor: float, offset: float = 0.0) -> None:
        self.quantity = quantity
        self.factor = factor
        self.offset = offset


UNITS = {
    "kPa": Unit("pressure", 1.0),
    "Pa": Unit("pressure", 0.001),
    "hPa": Unit("pressure", 0.1),
    "MPa": Unit("pressure", 1000.0),
    "bar": Unit("pressure", 100.0),
    "mbar": Unit("pressure", 0.1),
    "m[H2O]": Unit("pressure", 9.80665),  # conventional water, as UCUM defines it
    "cm[H2O]": Unit("pressure", 0.0980665),
    "mm[H2O]": Unit("pressure", 0.00980665),
    "mm[Hg]": Unit("pressure", 0.133322),
    "kgf/cm2": Unit("pressure", 98.0665),
    "[psi]": Unit("pressure", 6.894757293168),
    "atm": Unit("pressure", 101.325),
    "Cel": Unit("temperature", 1.0),
    "K": Unit("temperature", 1.0, -273.15),
    "L/s": Unit("flow", 1.0),
    "L/min": Unit("flow", 1.0 / 60.0),
    "L/h": Unit("flow", 1.0 / 3600.0),
    "m3/s": Unit("flow", 1000.0),
    "m3/min": Unit("flow", 1000.0 / 60.0),
    "m3/h": Unit("flow", 1.0 / 3.6),
    "L": Unit("volume", 1.0),
    "m3": Unit("volume", 1000.0),
    "m": Unit("length", 1.0),
    "cm": Unit("length", 0.01),
    "mm": Unit("length", 0.001),
    "m/s": Unit("speed", 1.0),
    "km/h": Unit("speed", 1.0 / 3.6),
    "V": Unit("voltage", 1.0),
    "mV": Unit("voltage", 0.001),
    "A": Unit("current", 1.0),
    "mA": Unit("current", 0.001),
    "W": Unit("power", 1.0),
    "kW": Unit("power", 1000.0),
    "%": Unit("share", 1.0),
    "deg": Unit("angle", 1.0),
    "s": Unit("time", 1.0),
    "min": Unit("time", 60.0),
    "h": Unit("time", 3600.0),
    "d": Unit("time", 86400.0),
    "dB[mW]": Unit("signal", 1.0),
    "1": Unit("count", 1.0),
}

CANONICAL = {unit.quantity: code for code, unit in UNITS.items() if unit.factor == 1.0 and not unit.offset}


def convert(value: float, unit: str, to: str) -> float:
    """`value` of one unit in another of the same quantity; ValueError when they do not measure the same thing."""
    here, there = UNITS[unit], UNITS[to]
    if here.quantity != there.quantity:
        raise ValueError(f"{unit} is {here.quantity}, {to} is {there.quantity}: one cannot become the other")
    if here is there:
        return value
    return (value * here.factor + here.offset - there.offset) / there.factor


def same_quantity(unit: str, to: str) -> bool:
    """Whether one can become the other."""
    return UNITS[unit].quantity == UNITS[to].quantity


def converted(scale: Fraction, offset: Fraction, unit: str, to: str) -> tuple[Fraction, Fraction]:
    """raw × scale + offset of one unit as the scale and offset that give the other, without rounding."""
    here, there = UNITS[unit], UNITS[to]
    share = _exact(here.factor) / _exact(there.factor)
    return scale * share, offset * share + (_exact(here.offset) - _exact(there.offset)) / _exact(there.factor)


def _exact(number: float) -> Fraction:
    from fractions import Fraction  # the command line converts without it

    return Fraction(repr(number)).limit_denominator(10**15)
