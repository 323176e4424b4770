"""Both things of a post as samples, once a second, for the journal and the platform."""

import math

from agent.flight.control.context import FlightContext
from agent.flight.control.observation import Observer
from agent.flight.machine.table import Phase
from drivers.drone.drone import Drone
from drivers.nest.nest import Nest as NestDriver
from drivers.quality import Quality
from drivers.sample import Layout, Sample, Value

AIRCRAFT = Layout(
    "aircraft",
    ("phase", "mode", "lat", "lon", "altitude", "height", "speed", "battery", "armed"),
    ("", "", "°", "°", "m", "m", "m/s", "%", ""),
)
NEST = Layout(
    "nest",
    ("phase", "cover", "rods", "charger", "wind", "gust", "rain", "temperature", "emergency_stop", "mains"),
    ("", "", "", "", "m/s", "m/s", "", "°C", "", ""),
)


class Telemetry:
    """`tell` it the phase, and both samples go out; what is not known or not fresh says so."""

    def __init__(
        self, nest_id: str, aircraft_id: str, nest: NestDriver, drone: Drone, observer: Observer, context: FlightContext
    ) -> None:
        self._nest_id = nest_id
        self._aircraft_id = aircraft_id
        self._nest = nest
        self._drone = drone
        self._observer = observer
        self._context = context

    def tell(self, phase: Phase) -> None:
        """Now."""
        state, nest = self._drone.state, self._nest.state
        speed = math.hypot(state.north_ms, state.east_ms)
        craft = (state.mode, state.lat, state.lon, state.altitude_m, self._drone.height_m, speed, state.battery_percent)
        self._sample(self._aircraft_id, AIRCRAFT, (phase.value, *craft, state.armed), self._observer.link(phase))
        weather = (nest.wind_ms, nest.gust_ms, nest.rain, nest.temperature_c)
        machinery = (nest.cover.value, nest.rods.value, nest.charger_on)
        told = (phase.value, *machinery, *weather, nest.emergency_stop, nest.mains_ok)
        self._sample(self._nest_id, NEST, told, self._observer.nest_known(phase))

    def _sample(self, device: str, layout: Layout, values: tuple[Value, ...], fresh: bool) -> None:
        told = tuple(None if isinstance(v, float) and math.isnan(v) else v for v in values)
        bad = Quality.NO_ANSWER if fresh else Quality.STALE
        quality = bytes(bad if v is None or not fresh else Quality.GOOD for v in told)
        quality = bytes([Quality.GOOD]) + quality[1:]  # the phase is our own and always known
        now_ns = self._context.now_ns()
        self._context.on_sample(Sample(device, layout, now_ns, told, layout.good if not any(quality) else quality))
