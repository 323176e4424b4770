"""From raw to value and quality: worked cases by hand, and properties."""

import math
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from drivers.points import COUNTER_AGREES, Counter, Row, layout_of, rules_of
from drivers.profile.load import SHIPPED, load
from drivers.profile.point import ModbusPoint, OpcuaPoint, Point
from drivers.quality import Quality
from drivers.rule import Rule
from drivers.scaled import Said, rule_of
from drivers.units import UNITS, convert

G, U, R = Quality.GOOD, Quality.UNCERTAIN, Quality.OUT_OF_RANGE


def modbus(wire: str = "int16", **keys: Any) -> ModbusPoint:
    return ModbusPoint.model_validate({"at": "input 0", "type": wire, **keys})


def opcua(**keys: Any) -> OpcuaPoint:
    return OpcuaPoint.model_validate({"node": "s=A", **keys})


@pytest.mark.parametrize(
    ("point", "raw", "value", "quality"),
    [
        (modbus(scale=0.1), 253, 25.3, G),
        (modbus(scale=0.1), 3, 0.3, G),
        (modbus(scale=0.1, offset=-40), 653, 25.3, G),
        (modbus(scale=0.1, offset=-40), -1, -40.1, G),
        (modbus(scale=2), 7, 14, G),
        (modbus(scale=0.3333333333333333), 3, 1.0, G),
        (modbus(), -3, -3, G),
        (modbus(scale=0.001, valid=[0, 2]), 2000, 2.0, G),
        (modbus(scale=0.001, valid=[0, 2]), 2001, 2.001, R),
        (modbus(scale=0.001, valid=[0, 2]), -1, -0.001, R),
        (modbus(invalid=[0x8000]), -32768, None, Quality.INVALID_PATTERN),
        (modbus(invalid=[-32768]), -32768, None, Quality.INVALID_PATTERN),
        (modbus("uint16", invalid=[0xFFFF]), 65535, None, Quality.INVALID_PATTERN),
        (modbus("uint16", invalid=[0x7FFF]), 32767, None, Quality.INVALID_PATTERN),
        (modbus("int32", invalid=[0x7FFFFFFF]), 0x7FFFFFFF, None, Quality.INVALID_PATTERN),
        (modbus("float32", invalid=[0xC61C3C00]), -9999.0, None, Quality.INVALID_PATTERN),
        (modbus("float32", invalid=[-9999]), -9999.0, None, Quality.INVALID_PATTERN),
        (modbus("float32", valid=[0, 25]), 3.5, 3.5, G),
        (modbus("float32"), math.nan, None, Quality.NOT_A_NUMBER),
        (modbus("float32"), math.inf, None, Quality.NOT_A_NUMBER),
        (modbus("float64", scale=1e10), 1e305, None, Quality.NOT_A_NUMBER),
        (modbus("uint16", enum={"0": "off", "0x1": "on"}), 1, "on", G),
        (modbus("uint16", enum={"0": "off"}), 9, "9", U),
        (modbus("uint16", enum={"0": "off"}, invalid=[65535]), 65535, None, Quality.INVALID_PATTERN),
        (modbus("uint16", bits={"0": "leak", "15": "tilted"}), 0x8001, ("leak", "tilted"), G),
        (modbus("int16", bits={"0": "leak", "15": "tilted"}), -0x7FFF, ("leak", "tilted"), G),
        (modbus("uint16", bits={"0": "leak"}), 0, (), G),
        (modbus("uint16", bits={"0": "leak"}), 5, ("leak", "bit2"), U),
        (ModbusPoint.model_validate({"at": "coil 0"}), True, True, G),
        (ModbusPoint.model_validate({"at": "input 0.3"}), False, False, G),
        (modbus("string 4"), "HT-1", "HT-1", G),
        (modbus("string 4"), "H\N{REPLACEMENT CHARACTER}", "H\N{REPLACEMENT CHARACTER}", U),
        (opcua(unit="kPa", valid=[0, 10]), 3.25, 3.25, G),
        (opcua(unit="kPa", valid=[0, 10]), 11, 11, R),
        (opcua(), True, True, G),
        (opcua(scale=0.1), True, 0.1, G),
        (opcua(), None, None, Quality.BAD_ANSWER),
        (opcua(), b"x", None, Quality.BAD_ANSWER),
        (opcua(bits={"0": "leak"}), "1", None, Quality.BAD_ANSWER),
        (opcua(bits={"0": "leak"}), 1, ("leak",), G),
        (opcua(unit="kPa"), math.nan, None, Quality.NOT_A_NUMBER),
    ],
)  # fmt: skip
def test_worked_cases(point: Point, raw: object, value: object, quality: Quality) -> None:
    row = Row(layout_of("p", {"a": point}, ["a"]), [Rule(point)])
    for _ in range(2):  # alarm words are kept after the first time
        assert row.decode([raw]) == ((value,), bytes([quality]))
        assert row.one(0, raw) == (value, quality)
    assert type(row.decode([raw])[0][0]) is type(value)


def test_calibration_is_added_in_the_points_unit() -> None:
    point = modbus(scale=0.001, unit="MPa", valid=[0, 2])
    assert Rule(point, 0.004).judge(300) == (0.304, G)
    assert Rule(point, -0.4).judge(300) == (-0.1, R)


def terminal(*names: str) -> Row:
    profile = load(SHIPPED / "hydrant/terminal-float.toml")
    layout = layout_of(profile.profile, profile.points, names)
    return Row(layout, rules_of(profile.points, layout))


def test_a_good_row_carries_the_shapes_own_quality() -> None:
    row = terminal("pressure", "temperature", "battery", "alarms", "mode", "volume")
    raws = (312.5, 215, 3612, 0b101, 1, 1234)
    for _ in range(2):
        values, quality = row.decode(raws)
        assert values == (312.5, 21.5, 3.612, ("cap_removed", "tilted"), "normal", 1.234)
        assert quality is row.layout.good


def test_one_bad_point_leaves_its_neighbours_alone() -> None:
    row = terminal("pressure", "temperature", "battery")
    values, quality = row.decode((math.nan, -32768, 3612))
    assert values == (None, None, 3.612)
    assert quality == bytes([Quality.NOT_A_NUMBER, Quality.INVALID_PATTERN, G])
    assert row.decode((312.5, 215, 65535)) == ((312.5, 21.5, 65.535), bytes([G, G, R]))


def test_a_row_of_nothing() -> None:
    row = terminal("pressure", "temperature")
    assert row.failed(Quality.NO_ANSWER) == ((None, None), bytes([Quality.NO_ANSWER] * 2))


def test_a_row_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="rules"):
        Row(terminal("pressure").layout, [])
    with pytest.raises(ValueError, match="zip"):
        terminal("pressure").decode((1.0, 2.0))


RAWS = st.one_of(
    st.integers(-(2**63), 2**64), st.floats(), st.booleans(), st.text(max_size=8), st.none(), st.binary(max_size=4)
)
POINTS = st.sampled_from(
    [
        modbus(scale=0.1, valid=[-40, 85], invalid=[0x8000]),
        modbus("uint16", invalid=[0, 65535]),
        modbus("float32", scale=0.01, offset=3, valid=[0, 25]),
        modbus("uint16", bits={"0": "leak", "4": "tilted"}),
        modbus("uint16", enum={"0": "off", "1": "on"}, invalid=[7]),
        modbus("uint32", counter=True),
        modbus("string 4"),
        ModbusPoint.model_validate({"at": "coil 0"}),
        opcua(),
        opcua(scale=-2.5, offset=0.1, valid=[-1, 1]),
    ]
)


@given(POINTS, RAWS)
def test_any_raw_is_judged_and_a_good_value_is_a_finite_one_inside_its_range(point: Point, raw: object) -> None:
    value, quality = Rule(point).judge(raw)
    if quality is G:
        assert value is not None
        if isinstance(value, float):
            assert math.isfinite(value)
        if point.valid is not None and isinstance(value, int | float) and not isinstance(value, bool):
            assert point.valid[0] <= value <= point.valid[1]
    if value is None:
        assert not quality.usable


def raws_of(point: Point) -> st.SearchStrategy[Any]:
    """What a Modbus codec can hand over for this type."""
    assert isinstance(point, ModbusPoint)
    if point.type.name == "string":
        return st.text(max_size=8)
    if point.type.name == "bool":
        return st.booleans()
    if point.type.float:
        return st.binary(min_size=4, max_size=4).map(lambda b: struct.unpack(">f", b)[0])
    bits = 16 * point.type.registers
    least = 0 if point.type.name.startswith("u") else -(1 << (bits - 1))
    return st.integers(least, least + (1 << bits) - 1)


@given(st.data())
def test_the_hot_path_says_what_the_slow_one_says(data: st.DataObject) -> None:
    points = [p for p in (data.draw(POINTS) for _ in range(5)) if isinstance(p, ModbusPoint)]
    names = [f"p{i}" for i in range(len(points))]
    by_name = dict(zip(names, points, strict=True))
    layout = layout_of("p", by_name, names)
    fast = Row(layout, rules_of(by_name, layout))
    slow = Row(layout, rules_of(by_name, layout))
    for _ in range(3):
        raws = [data.draw(raws_of(point)) for point in points]
        values, quality = fast.decode(raws)
        judged = [slow.one(i, raw) for i, raw in enumerate(raws)]
        assert values == tuple(value for value, _ in judged)
        assert quality == bytes(q for _, q in judged)


@given(st.integers(-(2**31), 2**31 - 1), st.sampled_from(["0.1", "0.01", "0.001", "0.5", "0.05", "0.25", "10"]))
def test_decimal_scales_add_no_noise(raw: int, scale: str) -> None:
    value, _ = Rule(modbus("int32", scale=float(scale))).judge(raw)
    from decimal import Decimal

    assert value == float(Decimal(raw) * Decimal(scale))


def test_a_counter_that_runs_back_is_not_believed_until_it_keeps_rising() -> None:
    point = modbus("uint32", counter=True, scale=0.001)
    row = Row(layout_of("p", {"a": point}, ["a"]), [Rule(point)])
    said = [row.decode([raw]) for raw in (1000, 1001, 3, 1002, 5, 6, 7, 8, 9)]
    assert [Quality(q[0]) for _, q in said] == [
        G, G, Quality.COUNTER_RAN_BACK, G, *[Quality.COUNTER_RAN_BACK] * COUNTER_AGREES, G, G,
    ]  # fmt: skip
    assert said[2][0] == (0.003,)  # kept for diagnosis


def test_a_counter_wraps_at_the_end_of_its_type() -> None:
    point = modbus("uint16", counter=True)
    row = Row(layout_of("p", {"a": point}, ["a"]), [Rule(point)])
    assert [row.decode([raw])[1] for raw in (65530, 3, 9)] == [row.layout.good] * 3


class CounterStory(RuleBasedStateMachine):
    """A real counter that only rises, read with single garbled readings in between."""

    def __init__(self) -> None:
        super().__init__()
        self.counter = Counter()
        self.true = 1000
        self.glitches = 0
        self.counter.judge(self.true, G)

    @rule(by=st.integers(0, 50))
    def reads_right(self, by: int) -> None:
        self.true += by
        self.glitches = 0
        assert self.counter.judge(self.true, G) is G

    @rule(low=st.integers(0, 999))
    def reads_low(self, low: int) -> None:
        if low >= self.true:
            return
        self.glitches += 1
        quality = self.counter.judge(low, G)
        if self.glitches <= COUNTER_AGREES:
            assert quality is Quality.COUNTER_RAN_BACK
        elif quality is G:  # believed: the device started again
            self.true = low
            self.glitches = 0


TestCounterStory = CounterStory.TestCase


PRESSURES = [code for code, unit in UNITS.items() if unit.quantity == "pressure"]


@given(st.sampled_from(PRESSURES), st.sampled_from(PRESSURES), st.integers(-32768, 32767), st.integers(0, 4))
def test_what_a_device_measures_in_becomes_the_points_unit(said: str, kept: str, raw: int, decimals: int) -> None:
    points = {
        "a": modbus(unit=kept, unit_from="u", decimals_from="d"),
        "u": modbus("uint16", enum={str(i): code for i, code in enumerate(PRESSURES)}),
        "d": modbus("uint16", valid=[0, 4]),
    }
    rule = rule_of(points, "a")
    for _ in range(2):  # settings met before take the quick way
        read = Said(raw, PRESSURES.index(said), decimals)
        value, quality = rule.judge(read)
        assert quality is G
        assert value == pytest.approx(convert(raw / 10**decimals, said, kept), rel=1e-9)
        assert rule.take(read) == value
        assert rule.judge(Said(raw, len(PRESSURES), decimals)) == (None, Quality.UNIT_UNKNOWN)
        assert rule.judge(Said(raw, read.unit, 5)) == (None, Quality.UNIT_UNKNOWN)
        assert rule.judge(Said(raw, None, decimals)) == (None, Quality.UNIT_UNKNOWN)
        assert rule.take(Said(raw, None, decimals)) is None


def test_the_same_unit_stays_exact_and_a_unit_of_something_else_is_none() -> None:
    points = {
        "a": modbus(unit="MPa", unit_from="u", decimals_from="d", valid=[0, 2]),
        "u": modbus("uint16", enum={"0": "MPa", "1": "bar", "2": "Cel"}),
        "d": modbus("int16", scale=-1, offset=4),
    }
    row = Row(layout_of("p", points, ["a"]), rules_of(points, layout_of("p", points, ["a"])))
    assert row.decode([Said(312, 0, 1)]) == ((0.312,), bytes([G]))
    assert row.decode([Said(312, 1, 3)]) == ((3.12,), bytes([R]))
    assert row.decode([Said(312, 2, 1)]) == ((None,), bytes([Quality.UNIT_UNKNOWN]))
    assert row.decode([Said(312, 0, 99)]) == ((None,), bytes([Quality.UNIT_UNKNOWN]))


def test_a_total_in_a_unit_the_meter_says_still_only_rises() -> None:
    points = {
        "a": modbus("uint32", unit="m3", counter=True, unit_from="u"),
        "u": modbus("uint16", enum={"0": "L", "1": "m3"}),
    }
    row = Row(layout_of("p", points, ["a"]), rules_of(points, layout_of("p", points, ["a"])))
    assert row.decode([Said(9_000, 0, None)]) == ((9,), bytes([G]))
    assert row.decode([Said(9, 1, None)]) == ((9,), bytes([G]))
    assert row.decode([Said(8, 1, None)])[1] == bytes([Quality.COUNTER_RAN_BACK])
