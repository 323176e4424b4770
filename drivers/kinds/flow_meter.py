"""流量计: a flow meter in a main, at a pump or at a hydrant's feed: what passes now, and what has passed in all."""

from typing import Final

from drivers.event import EventKind
from drivers.kinds.kind import BITS, STATE, Kind, Meaning, by_name

FLOW_METER: Final = Kind(
    name="flow_meter",
    required={"flow": Meaning("L/s")},
    optional={
        "volume": Meaning("m3"),  # forwards, since the meter was made or set to zero
        "volume_back": Meaning("m3"),
        "velocity": Meaning("m/s"),
        "pressure": Meaning("kPa"),
        "temperature": Meaning("Cel"),
        "empty_pipe": Meaning(STATE),
        "battery": Meaning("V", also=("%",)),
        "signal": Meaning("dB[mW]", also=("%",)),
        "alarms": Meaning(BITS),
        "mode": Meaning(STATE),
    },
    events=by_name(EventKind.LEAK, EventKind.BATTERY_LOW, EventKind.SENSOR_FAULT),
)
