"""取水点: a pond, tank, river intake or suction platform a fire engine can draw from."""

from typing import Final

from drivers.event import EventKind
from drivers.kinds.kind import BITS, STATE, Kind, Meaning, by_name

WATER_POINT: Final = Kind(
    name="water_point",
    required={"level": Meaning("m")},  # of the water, upwards from the gauge's zero
    optional={
        "temperature": Meaning("Cel"),
        "volume": Meaning("m3"),
        "flow": Meaning("L/s"),
        "battery": Meaning("V", also=("%",)),
        "signal": Meaning("dB[mW]", also=("%",)),
        "alarms": Meaning(BITS),
        "mode": Meaning(STATE),
    },
    events=by_name(
        EventKind.LEVEL_LOW,
        EventKind.WATER_DRAWN,
        EventKind.LEAK,
        EventKind.FROZEN,
        EventKind.BATTERY_LOW,
        EventKind.SENSOR_FAULT,
    ),
)
