"""市政消火栓: a street hydrant with a terminal on it."""

from typing import Final

from drivers.event import EventKind
from drivers.kinds.kind import BITS, STATE, Kind, Meaning, by_name

HYDRANT: Final = Kind(
    name="hydrant",
    required={"pressure": Meaning("kPa")},
    optional={
        "temperature": Meaning("Cel"),  # of the water or the barrel
        "air_temperature": Meaning("Cel"),
        "flow": Meaning("L/s"),
        "volume": Meaning("m3"),
        "tilt": Meaning("deg"),
        "barrel_wet": Meaning(STATE),  # water above the drain of a dry-barrel hydrant
        "battery": Meaning("V", also=("%",)),
        "signal": Meaning("dB[mW]", also=("%",)),
        "alarms": Meaning(BITS),
        "mode": Meaning(STATE),
    },
    events=by_name(
        EventKind.PRESSURE_LOW,
        EventKind.PRESSURE_HIGH,
        EventKind.WATER_DRAWN,
        EventKind.CAP_REMOVED,
        EventKind.KNOCKED_OVER,
        EventKind.TILTED,
        EventKind.LEAK,
        EventKind.FREEZE_RISK,
        EventKind.FROZEN,
        EventKind.BURIED,
        EventKind.BATTERY_LOW,
        EventKind.SENSOR_FAULT,
    ),
)
