"""Shipped makes: a captured answer decodes to what the device showed."""

import struct
from pathlib import Path

import pytest

from drivers.profile.load import SHIPPED, load
from drivers.profile.model import ModbusProfile
from drivers.sample import Value
from tests.settings.test_import import decoded


@pytest.mark.parametrize(
    ("name", "table", "data", "values"),
    [
        (
            "hydrant/pressure-rs485-int",
            "holding",
            struct.pack(">5H", 1, 0, 0, 3, 312),
            {"pressure": 0.312, "unit_code": "MPa", "decimals": 3},
        ),
        (
            "hydrant/pressure-rs485-int",
            "holding",
            struct.pack(">5H", 1, 0, 6, 1, 453),
            {"pressure": pytest.approx(0.312333, abs=1e-6), "unit_code": "[psi]", "decimals": 1},
        ),
        (
            "hydrant/pressure-rs485-int",
            "holding",
            struct.pack(">5H", 1, 0, 9, 3, 312),
            {"pressure": None, "unit_code": "9", "decimals": 3},
        ),
        (
            "hydrant/pressure-rs485-int",
            "holding",
            struct.pack(">5H", 1, 0, 0, 4, 312),
            {"pressure": None, "unit_code": "MPa", "decimals": 4},
        ),
        (
            "hydrant/terminal-float",
            "input",
            struct.pack(">fhHHHIfhh", 312.5, -35, 3612, 0b10001, 1, 1_234_567, 0.0, 12, -87),
            {
                "pressure": 312.5, "temperature": -3.5, "battery": 3.612, "alarms": ("cap_removed", "water_drawn"),
                "mode": "normal", "volume": 1234.567, "flow": 0.0, "tilt": 1.2, "signal": -87,
            },
        ),
        (
            "water_point/level-rs485",
            "holding",
            struct.pack(">4H", 0x0CB9, 0x0000, 185, 0b01),
            {"level": 3.257, "temperature": 18.5, "alarms": ("level_low",)},
        ),
        (
            "weather/mast-rs485",
            "input",
            struct.pack(">HHHhHHH", 312, 518, 270, -15, 655, 10132, 4),
            {
                "wind": 3.12, "gust": 5.18, "wind_from": 270, "air_temperature": -1.5, "humidity": 65.5,
                "air_pressure": 1013.2, "rain": 0.4,
            },
        ),
    ],
)  # fmt: skip
def test_a_captured_answer(name: str, table: str, data: bytes, values: dict[str, Value]) -> None:
    profile = load(Path(SHIPPED, name).with_suffix(".toml"))
    assert isinstance(profile, ModbusProfile)
    assert decoded(profile, table, data) == values
