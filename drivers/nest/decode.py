"""From the PLC's words to a NestState, without I/O."""

import math
from collections.abc import Mapping

from drivers.nest.profile import NestPoint, NestProfile
from drivers.nest.state import COVER_BY_SWITCH, RODS_BY_SWITCH, NestState, two_switches

Words = Mapping[tuple[str, int], int]
"""By (table, address)."""


def flag(words: Words, point: NestPoint | None) -> bool | None:
    """A yes or no; None where the profile has no such point or it was not read."""
    if point is None or (point.table, point.at) not in words:
        return None
    word = words[point.table, point.at]
    value = bool(word >> point.bit & 1) if point.bit is not None else bool(word)
    return value ^ point.inverted


def number(words: Words, point: NestPoint | None) -> float:
    """A number in its unit; NaN where there is none or the word is the maker's "invalid"."""
    if point is None or (point.table, point.at) not in words:
        return math.nan
    word = words[point.table, point.at]
    if word in point.invalid:
        return math.nan
    return (word - 65536 if point.signed and word >= 32768 else word) * point.scale


def decode(profile: NestProfile, words: Words, read_ns: int, heartbeat_ns: int) -> NestState:
    """The state these words prove."""

    def yes(name: str) -> bool | None:
        return flag(words, profile.points.get(name))

    def value(name: str) -> float:
        return number(words, profile.points.get(name))

    present = yes("aircraft_present")
    return NestState(
        read_ns=read_ns,
        cover=COVER_BY_SWITCH[two_switches(yes("cover_closed_switch"), yes("cover_open_switch"), yes("cover_fault"))],
        rods=RODS_BY_SWITCH[two_switches(yes("rods_free_switch"), yes("rods_clamped_switch"), yes("rods_fault"))],
        charger_on=yes("charger_on"),
        aircraft_present=present,
        aircraft_centred=yes("aircraft_centred") if "aircraft_centred" in profile.points else present,
        pad_clear=yes("pad_clear") if "pad_clear" in profile.points else True,
        emergency_stop=yes("emergency_stop"),
        mains_ok=yes("mains_ok") if "mains_ok" in profile.points else True,
        backup_percent=value("backup_percent"),
        light_on=yes("light_on"),
        climate_on=yes("climate_on"),
        wind_ms=value("wind_ms"),
        gust_ms=value("gust_ms"),
        rain=value("rain"),
        temperature_c=value("temperature_c"),
        humidity_percent=value("humidity_percent"),
        inside_c=value("inside_c"),
        heartbeat_ns=heartbeat_ns,
    )
