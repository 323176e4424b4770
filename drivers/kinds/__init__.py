"""The kinds of devices. A new kind is one file here and one line below, and a settings model of its own."""

from typing import Final

from drivers.kinds.fill_stand import FILL_STAND
from drivers.kinds.flow_meter import FLOW_METER
from drivers.kinds.hydrant import HYDRANT
from drivers.kinds.kind import Kind
from drivers.kinds.water_point import WATER_POINT
from drivers.kinds.weather import WEATHER

KINDS: Final[dict[str, Kind]] = {kind.name: kind for kind in (HYDRANT, FILL_STAND, WATER_POINT, FLOW_METER, WEATHER)}
