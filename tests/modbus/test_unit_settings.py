"""Makes that say their unit and decimals in registers: another unit's number is never taken for a good one."""

import struct
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from drivers.modbus.plans import Plans
from drivers.modbus.trial import reads_for_trial, tried
from drivers.profile.account import account
from drivers.profile.model import ModbusProfile
from drivers.quality import Quality
from drivers.sample import Value
from hil.terminals.terminal import Misbehaviour, Terminal
from protocols.clock import NowNs
from tests.modbus.rig import SECOND, Rig, profile, virtually

UNITS = {"0": "MPa", "1": "kPa", "3": "bar", "7": "m[H2O]"}
TRUE_MPA = 0.4


def transmitter(unit_at: str = "holding 2", **modbus: Any) -> ModbusProfile:
    pressure = {
        "at": "holding 4", "type": "int16", "unit": "MPa", "valid": [-0.02, 2.0], "poll": "fast",
        "unit_from": "unit_code", "decimals_from": "decimals",
    }  # fmt: skip
    points: dict[str, dict[str, Any]] = {
        "pressure": pressure,
        "unit_code": {"at": unit_at, "type": "uint16", "enum": UNITS},
        "decimals": {"at": "holding 3", "type": "uint16", "valid": [0, 3]},
    }
    return profile(points, poll_s={"fast": 1, "slow": 60}, modbus={"first_register": 0, **modbus})


def says(setting: Callable[[int], tuple[Value, int]]) -> Callable[[int], Mapping[str, Value]]:
    """0.4 MPa, shown under the settings of that moment."""

    def at(now: int) -> Mapping[str, Value]:
        unit, decimals = setting(now)
        return {"pressure": TRUE_MPA, "unit_code": unit, "decimals": decimals}

    return at


def pressures(rig: Rig) -> list[tuple[float, Value, Quality]]:
    found = []
    for sample in rig.sink.samples:
        if "pressure" in sample.layout.points:
            i = sample.layout.points.index("pressure")
            found.append((sample.read_ns / SECOND, sample.values[i], Quality(sample.quality[i])))
    return found


def story(make: ModbusProfile, setting: Callable[[int], tuple[Value, int]], seconds: float, **more: Any) -> Rig:
    """One transmitter on a pair for a while; every usable value is the true one."""

    async def run(now_ns: NowNs) -> Rig:
        start = now_ns()
        terminal = Terminal(make, 3, says(lambda at: setting(at - start)), **more.pop("terminal", {}))
        rig = Rig({3: terminal}, now_ns)
        async with rig.running():
            await more.pop("meanwhile", lambda _terminal: _sleep(seconds))(terminal)
        return rig

    rig = virtually(run)
    for when, value, quality in pressures(rig):
        if quality.usable:
            assert value == pytest.approx(TRUE_MPA, abs=1e-4), when
        else:
            assert value is None
    return rig


async def _sleep(seconds: float) -> None:
    import asyncio

    await asyncio.sleep(seconds)


def test_the_number_and_its_unit_are_of_one_answer() -> None:
    """Someone turns the transmitter from MPa to bar to kPa: not one value is another unit's, and none is missed."""

    def setting(at: int) -> tuple[Value, int]:
        return [("MPa", 3), ("bar", 2), ("kPa", 0), ("m[H2O]", 2)][at // (5 * SECOND) % 4]

    rig = story(transmitter(), setting, 19.0)
    seen = pressures(rig)
    assert len(seen) > 15
    assert {quality for _, _, quality in seen} == {Quality.GOOD}


def test_an_unknown_unit_is_named_and_gives_no_number() -> None:
    def setting(at: int) -> tuple[Value, int]:
        return ("MPa", 3) if at < 5 * SECOND else (9, 3)

    rig = story(transmitter(), setting, 70.0)
    assert pressures(rig)[-1][2] is Quality.UNIT_UNKNOWN
    trouble = rig.driver.counters()["h3"]["trouble"]
    assert str(trouble) == "pressure has no value: what it is measured in is not known (unit_code = 9, decimals = 3)"


def test_settings_no_question_reaches_with_the_number_are_read_by_themselves() -> None:
    rig = story(transmitter("input 2"), lambda _: ("bar", 2), 5.0)
    seen = pressures(rig)
    assert sum(quality is Quality.GOOD for *_, quality in seen) >= len(seen) - 1
    assert {quality for *_, quality in seen} <= {Quality.GOOD, Quality.UNIT_UNKNOWN}


def test_after_a_silence_the_unit_is_read_before_a_number_is_believed() -> None:
    """It was replaced, or set anew, while it was off: what it said before counts for nothing."""

    async def meanwhile(terminal: Terminal) -> None:
        await _sleep(10)
        terminal.misbehaviour = Misbehaviour.DEAD
        await _sleep(3)
        terminal.misbehaviour = None
        await _sleep(50)

    def setting(at: int) -> tuple[Value, int]:
        return ("MPa", 3) if at < 12 * SECOND else ("bar", 1)

    rig = story(transmitter("input 2"), setting, 0, meanwhile=meanwhile)
    after = [quality for when, _, quality in pressures(rig) if quality in (Quality.GOOD, Quality.UNIT_UNKNOWN)]
    assert after.count(Quality.UNIT_UNKNOWN) <= 3
    late = [when for when, _, quality in pressures(rig) if quality is Quality.GOOD]
    assert max(late) - min(late) > 50


def test_a_device_that_refuses_what_lies_between_is_asked_apart() -> None:
    make = transmitter("holding 0")  # 1 is not there
    rig = story(make, lambda _: ("bar", 2), 20.0, terminal={"refuse_gaps": True})
    assert pressures(rig)[-1][2] is Quality.GOOD


def test_a_hole_said_in_the_profile_is_never_asked_for() -> None:
    make = transmitter("holding 0", holes=["holding 1"])
    assert all(not (read.address <= 1 < read.address + read.count) for read in Plans(lambda _: 12.0).reads(_spec(make)))


def _spec(make: ModbusProfile) -> Any:
    from drivers.modbus.plans import DeviceSpec

    return replace(DeviceSpec("h3", make, 3))


def test_a_trial_reads_the_settings_first_and_shows_what_they_make_of_the_number() -> None:
    make = transmitter("input 2")
    words = {"unit_code": [3], "decimals": [1], "pressure": [40]}
    held: dict[str, object] = {}
    found = {
        one.point: one
        for read in reads_for_trial(make)
        for one in tried(make, read, [word for name in read.layout.points for word in words[name]], held)
    }
    assert (found["pressure"].value, found["pressure"].quality) == (0.4, Quality.GOOD)
    assert (found["unit_code"].value, found["decimals"].value) == ("bar", 1)


def test_a_wide_number_is_shown_in_all_orders_under_its_setting() -> None:
    points: dict[str, dict[str, Any]] = {
        "pressure": {"at": "holding 4", "type": "float32", "unit": "MPa", "unit_from": "unit_code"},
        "unit_code": {"at": "holding 2", "type": "uint16", "enum": UNITS},
    }
    make = profile(points)
    (read, *_) = [one for one in reads_for_trial(make) if "pressure" in one.layout.points]
    words = [3, 0, *struct.unpack(">2H", struct.pack(">f", 4.0))]
    (one,) = [one for one in tried(make, read, words) if one.point == "pressure"]
    assert one.value == pytest.approx(0.4)
    value, believed = one.orders["ABCD"]
    assert value == one.value
    assert believed
    assert one.orders["CDAB"][0] != one.value


def test_what_a_check_calls_unused_is_not_what_says_the_unit() -> None:
    fast, slow = account(transmitter()).reads
    assert (fast.first, fast.count, fast.spare) == (2, 3, 0)
    assert (slow.first, slow.count, slow.spare) == (2, 2, 0)
