"""A day in a simulated town with everything going wrong once: what was planted, and what the sensors said."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from agent.judge.asset import Asset
from agent.judge.facts import Incident, Inspection
from drivers.event import EventKind
from drivers.kinds import KINDS
from drivers.quality import Quality
from drivers.sample import Layout, Sample, Value
from hil.water.network import town
from hil.water.water import Pond, Water

NAMES = [f"H{i:02}" for i in range(12)]
EVERY_S = 20
H = 3600
LON, LAT = 118.87, 28.94
M_EAST, M_NORTH = 1 / (111_195 * math.cos(math.radians(LAT))), 1 / 111_195
SHAPE = Layout(
    "hydrant/simulated",
    ("pressure", "flow", "temperature", "battery", "tilt", "alarms"),
    ("kPa", "L/s", "Cel", "V", "deg", "1"),
)
POND = Layout("pond/simulated", ("level",), ("m",))


@dataclass(frozen=True)
class Planted:
    """A fault, and from when to when its raising is in time."""

    asset: str
    kind: EventKind
    from_s: float
    within_s: float


PLANTED = [
    Planted("H02", EventKind.LEAK, 0.5 * H, H + 60),
    Planted("H03", EventKind.WATER_DRAWN, 2 * H + 600, 60),
    Planted("H03", EventKind.WATER_STOLEN, 2 * H + 600, 120),
    Planted("H03", EventKind.CAP_REMOVED, 2 * H + 600, 60),
    Planted("H10", EventKind.FREEZE_RISK, 4 * H, 660),
    Planted("H10", EventKind.FROZEN, 5 * H, 120),
    Planted("H04", EventKind.SENSOR_DRIFT, 6 * H, H + 180),
    Planted("H09", EventKind.SENSOR_STUCK, 8 * H, 4 * H + 1200),
    Planted("H08", EventKind.KNOCKED_OVER, 9.5 * H, 60),
    Planted("H01", EventKind.BATTERY_LOW, 10 * H, 660),
    Planted("H07", EventKind.DEVICE_LOST, 11 * H, 80),
    Planted("H00", EventKind.CAP_REMOVED, 12 * H, 60),
    Planted("H05", EventKind.WATER_DRAWN, 14 * H + 300, 60),
    Planted("H06", EventKind.WATER_DRAWN, 14 * H + 300, 60),
    Planted("H05", EventKind.PRESSURE_COLLAPSING, 14 * H + 300, 120),
    Planted("H06", EventKind.PRESSURE_COLLAPSING, 14 * H + 300, 120),
    Planted("H11", EventKind.WRONG_DEVICE, 16 * H, 25),
    Planted("P1", EventKind.LEVEL_LOW, 16 * H + 6000, 330),  # 0.6 m at 40 L/s from 400 m²
]
FIRE = (14 * H + 300, 14.75 * H)
BURST = (19 * H, 20.5 * H)
FACTS: list[Incident | Inspection] = [
    Incident("119-0042", LON + 2 * 110 * M_EAST, LAT + 110 * M_NORTH, at_s=14 * H),
    Inspection("P1", at_s=-30 * 86_400, passed=True, by="李"),
]
"""Times are seconds of the day; whoever tells them adds the day's beginning."""


def assets() -> list[Asset]:
    """Twelve hydrants a block apart, rising with the ground, two stations; and a pond."""
    ground = town(NAMES)
    things = []
    for i, name in enumerate(NAMES):
        row, column = divmod(i, 4)
        elevation = ground.junctions[ground.hydrants[name]].elevation_m
        things.append(
            Asset(
                name,
                "hydrant",
                f"第{i}号",
                LON + column * 110 * M_EAST,
                LAT + row * 110 * M_NORTH,
                elevation,
                station="A" if i < 6 else "B",
                district="柯城",
                outlets_mm=(65, 65),
                bits=KINDS["hydrant"].events,
            )
        )
    pond = Asset(
        "P1", "water_point", "塘", LON, LAT - 300 * M_NORTH, 3.0, "A", "柯城", suction_floor_m=0.5, lift_at_zero_m=4.0
    )
    return [*things, pond]


def water() -> Water:
    """The town's mains on that day."""
    w = Water(town(NAMES), step_s=EVERY_S, ponds={"P1": Pond("P1", 400, 1.6, ((16 * H, 18 * H, 40),))})
    w.leak("H02", 0.5 * H)
    w.fire_flow("H03", 2 * H + 600, 2 * H + 1500)
    w.fire_flow("H05", *FIRE, ramp_s=100)
    w.fire_flow("H06", *FIRE, ramp_s=100)
    w.burst("J2.2", *BURST, hole_mm=150)
    return w


def truth_low(limit_kpa: float = 140.0) -> dict[str, list[int]]:
    """By hydrant, the steps at which the mains really were below a limit."""
    w = water()
    low: dict[str, list[int]] = {name: [] for name in NAMES}
    for t in range(0, 86_400, EVERY_S):
        for name in NAMES:
            if w.pressure_kpa(name, t) < limit_kpa:
                low[name].append(t)
    return low


def samples(w: Water, boot_ns: int) -> Iterator[Sample]:
    """What every sensor says every 20 s. `boot_ns` is CLOCK_BOOTTIME at midnight."""
    for t in range(0, 86_400, EVERY_S):
        at = boot_ns + t * 10**9
        for i, name in enumerate(NAMES):
            yield _hydrant(w, name, i, t, at + i * 10**6)
        yield Sample("P1", POND, at, (round(w.level_m("P1", t), 3),), POND.good)


def _hydrant(w: Water, name: str, i: int, t: int, at: int) -> Sample:
    if name == "H07" and t >= 11 * H:
        return Sample(name, SHAPE, at, (None,) * 6, bytes([Quality.NO_ANSWER]) * 6)
    kpa = w.pressure_kpa(name, t)
    flow = w.flow_l_s(name, t)
    celsius = 9.0 + 4 * math.sin((t / H - 9) * math.pi / 12)
    volt, tilt, alarms = 3.6, 1.0, []
    ripple = 0.4 * math.sin(t * 0.7 + i) + 0.2 * math.sin(t * 2.3 + 3 * i)
    if name == "H04" and t >= 6 * H:
        kpa += 60
    if name == "H09" and t >= 8 * H:
        kpa, ripple = 391.5, 0.0
    if name == "H10" and 4 * H <= t < 8 * H:
        celsius = 1.0
        alarms += ["frozen"] if t >= 5 * H else []
    if name == "H08" and t >= 9.5 * H:
        tilt = 82.0
        alarms.append("knocked_over")
    if name == "H01" and t >= 10 * H:
        volt = 3.2
    if (name == "H03" and 2 * H + 600 <= t < 2 * H + 1500) or (name == "H00" and 12 * H <= t < 12 * H + 1200):
        alarms.append("cap_removed")
    values: tuple[Value, ...] = (round(kpa + ripple, 1), round(flow, 2), round(celsius, 1), volt, tilt, tuple(alarms))
    if name == "H11" and 16 * H <= t < 16 * H + 300:
        return Sample(name, SHAPE, at, values, bytes([Quality.WRONG_DEVICE]) * 6)
    return Sample(name, SHAPE, at, values, SHAPE.good)
