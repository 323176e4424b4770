"""Makes written from public manuals: the manual's own examples decode to what it says they are."""

import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from drivers.modbus.reads import proofs_of
from drivers.profile.load import SHIPPED, load, names
from drivers.profile.model import ModbusProfile
from tests.settings.test_import import decoded


def make(name: str) -> ModbusProfile:
    profile = load(Path(SHIPPED, name).with_suffix(".toml"))
    assert isinstance(profile, ModbusProfile)
    return profile


def image(at: dict[int, bytes]) -> bytes:
    """A table's bytes from address 0, with these at their registers."""
    data = bytearray(2 * 36_000)
    for register, said in at.items():
        data[2 * register : 2 * register + len(said)] = said
    return bytes(data)


EXAMPLES: list[tuple[str, str, dict[int, bytes], dict[str, Any]]] = [
    # 01 03 02 00 12: 18; with two decimals, in bar and in psi
    ("hydrant/mpd-380", "holding", {2: bytes.fromhex("0003 0002 0012")}, {"pressure": 0.18, "unit_code": "bar"}),
    ("hydrant/mpd-380", "holding", {2: bytes.fromhex("0006 0002 0012")}, {"unit_code": "[psi]"}),
    ("hydrant/mpd-380", "holding", {2: bytes.fromhex("0000 0002 0012")}, {"pressure": None}),
    # IEEE 754, high word first
    (
        "hydrant/keller-s30", "holding", {256: struct.pack(">ff", 4.25, 18.5)},
        {"pressure": 4.25, "temperature": 18.5},
    ),
    ("hydrant/keller-s30", "holding", {256: struct.pack(">ff", float("nan"), 1.0)}, {"pressure": None}),
    # 01 04 04 00 00 6E 8C: 28.3 °C
    ("weather/seeed-sensecap-one", "input", {0: bytes.fromhex("00006E8C")}, {"air_temperature": 28.3}),
    (
        "weather/seeed-sensecap-one", "input",
        {2: struct.pack(">ii", 65_500, 101_325_000), 12: struct.pack(">i", 359_900), 18: struct.pack(">i", 3_200)},
        {"humidity": 65.5, "air_pressure": 1013.25, "wind_from": 359.9, "wind": 3.2},
    ),
    # 101 = 10.1 m/s, 1010 = 101.0°, 255 = 25.5 °C, 355 = 35.5 %, 105000 = 1050.00 hPa
    (
        "weather/thies-wsc11", "input",
        {
            30001: struct.pack(">I", 101), 30201: struct.pack(">I", 1010), 30401: struct.pack(">i", 255),
            30601: struct.pack(">I", 355), 30801: struct.pack(">I", 105_000),
        },
        {"wind": 10.1, "wind_from": 101.0, "air_temperature": 25.5, "humidity": 35.5, "air_pressure": 1050.0},
    ),
    (
        "weather/thies-wsc10", "input",
        {
            35001: struct.pack(">I", 101), 35005: struct.pack(">I", 1010), 35009: struct.pack(">i", 255),
            35015: struct.pack(">I", 355),
        },
        {"wind": 10.1, "wind_from": 101.0, "air_temperature": 25.5, "humidity": 35.5},
    ),
    # 01 04 02 00 14: 2.0 m/s; 0xD8F1 is no value
    ("weather/lambrecht-modbus", "input", {30001: bytes.fromhex("0014")}, {"wind": 2.0}),
    ("weather/lambrecht-modbus", "input", {30401: bytes.fromhex("D8F1")}, {"air_temperature": None}),
    # value / 10 with sign; 1 = rain in the low byte, the clock's source in the high one
    (
        "weather/elsner-p03-modbus", "input", {0: struct.pack(">hHHHHHH", -52, 0, 0, 0, 0, 83, 0x0101)},
        {"air_temperature": -5.2, "wind": 8.3, "raining": True},
    ),
    ("weather/elsner-p03-modbus", "input", {6: bytes.fromhex("0100")}, {"raining": False}),
    # 1234AB67 = 305441639; 44 C8 00 00 = 1600, in litres an hour and in gallons a minute
    (
        "flow_meter/microsensor-mfe600h", "input",
        {4112: bytes.fromhex("44C80000"), 4120: bytes.fromhex("1234AB67"), 4126: b"\x00\x02", 4129: b"\x00\x01"},
        {"flow": 1.6, "volume": 305_441_639, "flow_unit": "L/h", "volume_unit": "m3", "empty_pipe": "normal"},
    ),
    (
        "flow_meter/microsensor-mfe600h", "input",
        {4112: bytes.fromhex("44C80000"), 4120: bytes.fromhex("1234AB67"), 4129: b"\x00\x02", 4132: b"\x00\x01"},
        {"flow": 5760, "volume": None, "empty_pipe": "alarm"},
    ),
    # 01 03 04 BE 80 00 00: -0.25
    ("flow_meter/microsensor-mfe600c", "holding", {0: bytes.fromhex("BE80 0000 0002")}, {"flow": -0.25}),
    ("flow_meter/microsensor-mfe600c", "holding", {0: bytes.fromhex("44C8 0000 0006")}, {"flow": None}),
    # 01 03 00 04 00 02 -> 06 51 3F 9E: 1.2345678 m3/h
    (
        "flow_meter/longrun-lrf-3000s", "holding", {4: bytes.fromhex("0651 3F9E")},
        {"flow": pytest.approx(1.2345678, abs=1e-7)},
    ),
    # 1,3,4,64,195,82,139: 6.10383; 1,3,4,189,216,115,34: -0.10569 °C
    (
        "flow_meter/siemens-mag-6000", "holding", {3002: bytes([64, 195, 82, 139])},
        {"flow": pytest.approx(6.10383, abs=1e-5)},
    ),
    (
        "flow_meter/siemens-mass-6000", "holding",
        {3002: bytes([64, 195, 82, 139]), 3006: bytes([189, 216, 115, 34])},
        {"flow": pytest.approx(6.10383, abs=1e-5), "temperature": pytest.approx(-0.10569, abs=1e-5)},
    ),
    # 02 03 0A 0081 9D02 0000 0A33 018A: 394 mm, 261.1 m3
    (
        "water_point/basi-bufm660", "holding", {0: bytes.fromhex("0081 9D02 0000 0A33 018A")},
        {"level": 0.394, "volume": 261.1},
    ),
    (
        "flow_meter/tuf-2000f", "holding", {0: bytes.fromhex("0651 3F9E"), 4: bytes.fromhex("0000 3F80")},
        {"flow": pytest.approx(1.2345678, abs=1e-7), "velocity": 1.0},
    ),
    # 2312 is 23.12 °C, 5000 is 50 %, 27521 is 275.21°, 123 is 1.23 m/s; the pressure's low word first
    (
        "weather/atmos-wind101", "input",
        {0: struct.pack(">hHHHHHH", 2312, 0, 0x8BCD, 0x0001, 5000, 27_521, 123)},
        {"air_temperature": 23.12, "air_pressure": 1013.25, "humidity": 50.0, "wind_from": 275.21, "wind": 1.23},
    ),
    # no number of its own in the four that follow: laid out as the document says
    (
        "weather/lufft-ws-umb", "input", {31: struct.pack(">h", -52), 42: b"\x00\x53", 48: struct.pack(">H", 1234)},
        {"air_temperature": -5.2, "wind": 8.3, "rain": 12.34},
    ),
    (
        "weather/lufft-ws-umb", "input", {31: b"\x7f\xff", 42: b"\x7f\xff", 48: b"\xff\xff"},
        {"air_temperature": None, "wind": None, "rain": None},
    ),
    (
        "weather/gill-maximet-gmx600", "holding",
        {
            2: struct.pack(">fff", 271, 8.5, 90), 8: struct.pack(">fff", 1013.25, 65.5, -5.25),
            16: struct.pack(">f", 1.5),
        },
        {
            "wind_from": 271.0, "wind": 8.5, "air_pressure": 1013.25, "humidity": 65.5, "air_temperature": -5.25,
            "rain": 1.5,
        },
    ),
    ("weather/gill-maximet-gmx600", "holding", {4: bytes.fromhex("7FFFFFFF")}, {"wind": None}),
    (
        "flow_meter/mjk-magflux", "holding",
        {
            600: bytes.fromhex("0000 3E80"),
            604: bytes.fromhex("7A00 232C 0860 0000"),  # 9_209_000_000_000 mm3
            610: bytes.fromhex("CA00 3B9A 0000 0000"),  # 1_000_000_000 mm3
        },
        {"flow": 0.25, "volume": pytest.approx(9209.0), "volume_back": pytest.approx(1.0)},
    ),
    (
        "flow_meter/krohne-mfc-400", "input",
        {30_000: struct.pack(">ff", 1.5, 0.25), 30_006: struct.pack(">f", 293.25)},
        {"velocity": 1.5, "flow": 0.25, "temperature": pytest.approx(20.1, abs=1e-4)},
    ),
]  # fmt: skip


@pytest.mark.parametrize(("name", "table", "at", "values"), EXAMPLES)
def test_the_manuals_own_example(name: str, table: str, at: dict[int, bytes], values: dict[str, Any]) -> None:
    profile = make(name)
    assert profile.source
    said = decoded(profile, table, image(at))
    assert {point: said[point] for point in values} == values


def test_every_make_with_a_source_has_an_example() -> None:
    sourced = {name for name, file in names([SHIPPED]).items() if load(file).source}
    assert sourced - {name for name, *_ in EXAMPLES} == {"hydrant/pressure-rs485-int"}  # in test_shipped


def test_psi_of_the_other_setting_is_converted() -> None:
    said = decoded(make("hydrant/mpd-380"), "holding", image({2: bytes.fromhex("0006 0000 001D")}))
    assert said["pressure"] == pytest.approx(29 * 0.06894757, rel=1e-6)


def test_another_class_of_the_same_maker_is_not_believed() -> None:
    (proof,) = proofs_of(make("hydrant/keller-s30"), 1, 12.0)
    assert proof.question.rtu[1:6] == bytes.fromhex("03 020E 0001")
    assert proof.check is not None
    assert proof.check(bytes.fromhex("0514"))
    assert not proof.check(bytes.fromhex("0A14"))


def test_two_products_with_one_register_map_are_told_apart() -> None:
    """MAG 6000 measures what MASS 6000 measures, at the same registers: the product code says which it is."""
    (mag,) = proofs_of(make("flow_meter/siemens-mag-6000"), 1, 12.0)
    (mass,) = proofs_of(make("flow_meter/siemens-mass-6000"), 1, 12.0)
    assert mag.check is not None
    assert mass.check is not None
    assert [mag.check(bytes([0, code])) for code in (24, 25)] == [True, False]
    assert [mass.check(bytes([0, code])) for code in (24, 25)] == [False, True]


def test_an_order_of_bytes_that_is_a_setting_is_asked_first() -> None:
    (proof,) = proofs_of(make("flow_meter/krohne-mfc-400"), 1, 12.0)
    assert proof.question.rtu[1:6] == bytes.fromhex("03 C356 0001")
    assert proof.check is not None
    assert [proof.check(bytes([0, code])) for code in (0, 1)] == [False, True]


def test_a_list_that_does_not_say_where_it_counts_from_is_believed_with_its_constants_in_place() -> None:
    (proof,) = proofs_of(make("flow_meter/mjk-magflux"), 1, 12.0)
    assert proof.question.rtu[1:6] == bytes.fromhex("03 1389 0002")
    assert proof.check is not None
    assert proof.check(bytes.fromhex("0000 FFFF"))
    assert not proof.check(bytes.fromhex("FFFF 0000"))  # one off


def test_a_report_that_is_a_setting_is_believed_with_its_date_in_its_place() -> None:
    (proof,) = proofs_of(make("weather/gill-maximet-gmx600"), 1, 12.0)
    assert proof.question.rtu[1:6] == bytes.fromhex("03 0014 0004")
    assert proof.check is not None
    assert proof.check(b"2026-11-")
    assert not proof.check(bytes.fromhex("41A2 0000 3F80 0000"))


def test_the_questions_are_those_of_the_manuals() -> None:
    from drivers.modbus.trial import reads_for_trial

    assert len(reads_for_trial(make("weather/thies-wsc10"))) == 2
    names_of = {read.layout.points: read.count for read in reads_for_trial(make("flow_meter/microsensor-mfe600h"))}
    assert names_of["flow", "velocity"] == 15  # 4112 to 4126: the unit is read with the flow
    assert names_of["volume", "flow_unit", "volume_unit", "empty_pipe", "system_alarm"] == 14
    for name, longest in (("weather/elsner-p03-modbus", 17), ("hydrant/keller-s30", 4), ("hydrant/mpd-380", 13)):
        assert all(read.count <= longest for read in reads_for_trial(make(name)))


def test_the_table_of_makes_is_up_to_date() -> None:
    done = subprocess.run([sys.executable, "tools/makes.py", "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
