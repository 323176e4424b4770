"""Where the town's hydrants stand and what they hang on: a district of Quzhou, invented."""

from dataclasses import dataclass
from typing import Literal

Line = Literal["street", "market", "water-company"]

LON, LAT = 118.8700, 28.9660  # the corner the streets are counted from
STEP_LON, STEP_LAT = 0.001126, -0.000989  # 110 m at this latitude
COLUMNS = 4
NEST_LON, NEST_LAT = 118.8718, 28.9680  # on the roof of the fire station

_NAMES = (
    "上街与新桥街路口", "南街 18 号", "菜市场北门", "水亭门", "县西街 4 号", "坊门街", "中河沿", "北门街 61 号",
    "讲舍街小学", "天皇巷口", "荷花路 3 号", "衢江码头",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Place:
    """One hydrant of the town. `unit` is its Modbus unit or its name on the OPC UA server."""

    id: str
    name: str
    line: Line
    unit: int | str
    lon: float
    lat: float
    elevation_m: float


def places(count: int = 12) -> list[Place]:
    """`count` hydrants in rows of four: two thirds on the street's RS-485, a sixth on TCP, a sixth on OPC UA."""
    found = []
    market, company = count - count // 3, count - count // 6
    for i in range(count):
        row, column = divmod(i, COLUMNS)
        line: Line = "street" if i < market else "market" if i < company else "water-company"
        unit: int | str = i + 1 if line != "water-company" else f"H{i + 1}"
        name = _NAMES[i] if i < len(_NAMES) else f"{row + 1} 街 {column + 1} 号"
        lon, lat = LON + column * STEP_LON, LAT + row * STEP_LAT
        elevation_m = 5.0 + row + 0.5 * (column % 2)  # as hil.water.town lays the ground
        found.append(Place(f"H{i + 1:02d}", name, line, unit, round(lon, 6), round(lat, 6), elevation_m))
    return found
