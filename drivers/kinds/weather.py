"""气象: a weather mast, for freezing hydrants and for flying."""

from typing import Final

from drivers.event import EventKind
from drivers.kinds.kind import BITS, STATE, Kind, Meaning, by_name

WEATHER: Final = Kind(
    name="weather",
    required={"wind": Meaning("m/s"), "air_temperature": Meaning("Cel")},
    optional={
        "gust": Meaning("m/s"),
        "wind_from": Meaning("deg"),
        "humidity": Meaning("%"),
        "air_pressure": Meaning("hPa"),
        "rain": Meaning("mm"),
        "raining": Meaning(STATE),
        "visibility": Meaning("m"),
        "battery": Meaning("V", also=("%",)),
        "alarms": Meaning(BITS),
    },
    events=by_name(EventKind.BATTERY_LOW, EventKind.SENSOR_FAULT),
)
