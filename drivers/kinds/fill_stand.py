"""消防水鹤: a stand pipe that fills fire engines from above, common where hydrants freeze."""

from typing import Final

from drivers.event import EventKind
from drivers.kinds.kind import BITS, STATE, Kind, Meaning, by_name

FILL_STAND: Final = Kind(
    name="fill_stand",
    required={"pressure": Meaning("kPa")},
    optional={
        "temperature": Meaning("Cel"),
        "air_temperature": Meaning("Cel"),
        "flow": Meaning("L/s"),
        "volume": Meaning("m3"),
        "barrel_wet": Meaning(STATE),
        "battery": Meaning("V", also=("%",)),
        "signal": Meaning("dB[mW]", also=("%",)),
        "alarms": Meaning(BITS),
        "mode": Meaning(STATE),
    },
    events=by_name(
        EventKind.PRESSURE_LOW,
        EventKind.PRESSURE_HIGH,
        EventKind.WATER_DRAWN,
        EventKind.KNOCKED_OVER,
        EventKind.LEAK,
        EventKind.FREEZE_RISK,
        EventKind.FROZEN,
        EventKind.BATTERY_LOW,
        EventKind.SENSOR_FAULT,
    ),
)
