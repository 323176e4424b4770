"""Power, weather and place of one nest, worked out once: interlocks, the table's inputs and the sums all go by these.

What is not known is None, and only True is good.
"""

import math
from typing import NamedTuple

from agent.settings.flight import Aircraft, Nest, WeatherLimits
from drivers.drone.geometry import Place
from drivers.drone.pack import LENIENT, most_percent, worst_cell_v
from drivers.nest.state import NestState
from protocols.mavlink.state import PAYLOAD, PackSaid, VehicleState

BACKUP_PERCENT = 30.0
"""So much of the backup closes a cover and lets an aircraft in."""
IN_NEST_M = 10.0
"""Down further than this from the nest by its own position, it is not in it, whatever the nest's own sensor says."""
UNKNOWN_WIND_MS = 10.0
"""What wind that nobody measures is taken for in sums: more than is flown in."""
LEAST_FIX = 3
MOST_HEIGHT_OFF_M, LEAST_HEIGHT_ERROR_M = 30.0, 10.0
"""A receiver's height may be off by the second whatever it says of its error: geoid models and surveys differ too."""


class Measured(NamedTuple):
    """One value of the weather and what is flown in, both ends included. NaN: nobody measures it."""

    name: str
    value: float
    least: float
    most: float
    unit: str

    @property
    def ok(self) -> bool | None:
        """Within; None where it is not known."""
        return None if math.isnan(self.value) else self.least <= self.value <= self.most


def weather(state: NestState, limits: WeatherLimits) -> tuple[Measured, ...]:
    """Everything of the weather that is flown by."""
    return (
        Measured("wind", state.wind_ms, 0, limits.wind_ms, "m/s"),
        Measured("gust", state.gust_ms, 0, limits.gust_ms, "m/s"),
        Measured("rain", state.rain, 0, limits.rain, ""),
        Measured("temperature", state.temperature_c, limits.coldest_c, limits.hottest_c, "°C"),
    )


def flyable(state: NestState, limits: WeatherLimits) -> bool | None:
    """Whether all of it is good; None where none of it is known to be bad and some of it is not known."""
    found = [one.ok for one in weather(state, limits)]
    return False if False in found else None if None in found else True


def powered(state: NestState) -> bool | None:
    """Mains, or enough backup to close the cover; None where mains are not known and the backup alone is not enough."""
    if state.mains_ok or state.backup_percent >= BACKUP_PERCENT:
        return True
    return state.mains_ok


class Charge(NamedTuple):
    """What is left in the pack that flies it, the worst where there are several. Unknown is NaN, and infinitely old."""

    percent: float  # that is believed: no more than its volts allow
    said: float  # by the autopilot's count
    cell_v: float  # of the worst cell; NaN where nobody measures or names cells
    age_s: float

    @property
    def by_volts(self) -> bool:
        """Whether its volts belie its count."""
        return self.percent < self.said


def charge(craft: VehicleState, aircraft: Aircraft, now_ns: int) -> Charge:
    """The packs that fly it: those of the settings, else all that do not say they are for something else."""
    ids = aircraft.packs or [number for number, one in craft.packs.items() if one.function not in PAYLOAD]
    if not ids:
        return Charge(craft.battery_percent, craft.battery_percent, math.nan, craft.age_s("BATTERY_STATUS", now_ns))
    found = [_charge(craft.packs.get(number), craft, aircraft, now_ns) for number in ids]
    worst = min(found, key=lambda one: -math.inf if math.isnan(one.percent) else one.percent)
    return worst._replace(age_s=max(one.age_s for one in found))


def _charge(said: PackSaid | None, craft: VehicleState, aircraft: Aircraft, now_ns: int) -> Charge:
    if said is None:
        return Charge(math.nan, math.nan, math.nan, math.inf)
    cell_v = worst_cell_v(said.volts, aircraft.pack)
    chemistry = LENIENT if aircraft.pack is None else aircraft.chemistry
    most = most_percent(chemistry, cell_v, loaded=craft.armed is not False)
    percent = said.percent if math.isnan(said.percent) else min(said.percent, most)
    return Charge(percent, said.percent, cell_v, (now_ns - said.at_ns) / 1e9)


def wind_ms(state: NestState) -> float:
    """The wind that sums are made with."""
    return UNKNOWN_WIND_MS if math.isnan(state.wind_ms) else state.wind_ms


def off_m(craft: VehicleState, pad: Place) -> float:
    """Metres from the pad to where the aircraft says it is; NaN where it does not say."""
    return pad.distance(Place(craft.lat, craft.lon))


def in_nest(craft: VehicleState, pad: Place) -> bool:
    """Whether its own place is that of its nest."""
    return off_m(craft, pad) <= IN_NEST_M


class HeightDoubt(NamedTuple):
    """By how much its receiver's height and the surveyed one differ, and what its own error explains. Metres."""

    off_m: float
    explained_m: float

    @property
    def doubted(self) -> bool:
        """More than the receiver's own error explains."""
        return not self.off_m <= self.explained_m

    @property
    def tolerable(self) -> bool:
        """A doubt may be flown with, to a bound; what is not known may not."""
        return self.off_m <= MOST_HEIGHT_OFF_M


def height_doubt(craft: VehicleState, nest: Nest) -> HeightDoubt | None:
    """Of an aircraft on its pad; None where nobody has surveyed the pad's altitude."""
    if nest.pad_altitude_m is None:
        return None
    said_m = craft.gnss_ellipsoid_m if nest.pad_datum == "wgs84" else craft.gnss_altitude_m
    error_m = 0.0 if math.isnan(craft.gnss_error_m) else craft.gnss_error_m
    return HeightDoubt(abs(said_m - nest.pad_altitude_m), max(LEAST_HEIGHT_ERROR_M, 3 * error_m))


def has_fix(craft: VehicleState) -> bool:
    """It knows where it is."""
    return craft.gps_fix >= LEAST_FIX
