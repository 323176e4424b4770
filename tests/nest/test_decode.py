"""From a PLC's words to a state: what stands where, what a make leaves out, and what its "invalid" means."""

import math

import pytest

from drivers.nest.decode import Words, decode, flag, number
from drivers.nest.profile import NestPoint, NestProfile, load_nest_profile
from drivers.nest.state import Cover, NestState, Rods

WORD = load_nest_profile("command-word")
STATUS = ("holding", 0)


def state(bits: str, profile: NestProfile = WORD, **more: int) -> NestState:
    """`bits`: names of the points that are on, apart by spaces."""
    word = 0
    for name in bits.split():
        word |= 1 << (profile.points[name].bit or 0)
    words: dict[tuple[str, int], int] = {STATUS: word ^ 1 << 10}  # the emergency stop is a normally closed contact
    words.update({("holding", profile.points[name].at): value for name, value in more.items()})
    return decode(profile, words, 7, 5)


@pytest.mark.parametrize(
    ("bits", "cover", "rods"),
    [
        ("cover_closed_switch rods_clamped_switch", Cover.CLOSED, Rods.CLAMPED),
        ("cover_open_switch rods_free_switch", Cover.OPEN, Rods.FREE),
        ("", Cover.MOVING, Rods.MOVING),
        ("cover_closed_switch cover_open_switch", Cover.ABNORMAL, Rods.MOVING),
        ("rods_free_switch rods_clamped_switch", Cover.MOVING, Rods.ABNORMAL),
        ("cover_open_switch cover_fault rods_free_switch rods_fault", Cover.ABNORMAL, Rods.ABNORMAL),
    ],
)
def test_where_things_are(bits: str, cover: Cover, rods: Rods) -> None:
    assert (state(bits).cover, state(bits).rods) == (cover, rods)


@pytest.mark.parametrize(
    "name",
    ["charger_on", "aircraft_present", "aircraft_centred", "pad_clear", "emergency_stop", "mains_ok", "light_on",
     "climate_on"],
)  # fmt: skip
def test_each_yes_and_no(name: str) -> None:
    assert getattr(state(name), name) is True
    assert getattr(state(""), name) is False


def test_numbers_have_units_signs_and_invalid_values() -> None:
    told = state("", wind_ms=83, gust_ms=65535, temperature_c=65336, inside_c=32767, humidity_percent=55, rain=3)
    assert (told.wind_ms, told.temperature_c, told.humidity_percent, told.rain) == (8.3, -20.0, 55.0, 3.0)
    assert math.isnan(told.gust_ms)
    assert math.isnan(told.inside_c)
    assert math.isnan(told.backup_percent)  # it was not read
    point = NestPoint(at=0, signed=True)
    assert [number({STATUS: word}, point) for word in (32767, 32768, 65535)] == [32767, -32768, -1]
    assert (told.read_ns, told.heartbeat_ns) == (7, 5)


def test_what_a_make_leaves_out() -> None:
    """No centring sensor: present counts. No pad sensor and no mains sensor: nothing there to block."""
    points = {name: point for name, point in WORD.points.items()
              if name not in {"aircraft_centred", "pad_clear", "mains_ok", "climate_on"}}  # fmt: skip
    bare = WORD.model_copy(update={"points": points})
    there = state("aircraft_present", bare)
    assert (there.aircraft_centred, there.pad_clear, there.mains_ok, there.climate_on) == (
        True,
        True,
        True,
        None,
    )
    assert state("", bare).aircraft_centred is False


def test_what_was_not_read_is_not_known() -> None:
    nothing: Words = {}
    told = decode(WORD, nothing, 1, 1)
    assert (told.cover, told.rods) == (Cover.UNKNOWN, Rods.UNKNOWN)
    assert (told.emergency_stop, told.pad_clear, told.mains_ok, told.aircraft_present) == (None, None, None, None)
    assert flag(nothing, None) is None
    assert math.isnan(number(nothing, None))
    assert flag({("coil", 3): 1}, NestPoint(table="coil", at=3)) is True
    assert flag({("coil", 3): 1}, NestPoint(table="coil", at=3, inverted=True)) is False
