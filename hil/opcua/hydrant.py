"""The nodes of hydrants as the shipped profile `hydrant/opcua` expects them."""

from collections.abc import Iterable

from hil.opcua.truth import Shown

WATER_NAMESPACE = "urn:hydronest:water"


def hydrant_nodes(unit: str) -> dict[str, Shown]:
    """One hydrant at rest: kPa, °C, L/s, V and an alarm word; `unit` is what the site file calls it."""
    return {
        f"{unit}.Type": "Hydrant stand-in",
        f"{unit}.Pressure": 350.0,
        f"{unit}.Temperature": 12.0,
        f"{unit}.Flow": 0.0,
        f"{unit}.Battery": 3.6,
        f"{unit}.Alarms": 0,
    }


def hydrants_nodes(units: Iterable[str]) -> dict[str, Shown]:
    """Several of them."""
    return {name: value for unit in units for name, value in hydrant_nodes(unit).items()}
