"""What telemetry proves of an aircraft, and waiting until it proves what was asked for."""

import asyncio
import math
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, NamedTuple

from drivers.drone.geometry import Place
from drivers.drone.ownership import Owner, Ownership
from drivers.drone.ports import Aircraft
from drivers.outcome import OrderStopped, Outcome
from protocols.errors import NoAnswer, Refused
from protocols.mavlink.plausible import believed_down, up_and_about
from protocols.mavlink.state import Landed, Link, VehicleState
from protocols.reason import Reason

FRESH_S = 3.0
SLOW_MS = 1.5
HOME_OFF_M, HOME_UP_M = 5.0, 10.0
"""PX4 corrects its home by less, 2 s after the take-off and where it lands (1.4 and 0.6 m on a real one)."""
FLYING = ("HEARTBEAT", "GLOBAL_POSITION_INT", "EXTENDED_SYS_STATE")


def _unchanged() -> Reason:
    return Reason("drone.mode_unchanged")


async def _nothing() -> None:
    """There is nothing to do meanwhile."""


class Pad(NamedTuple):
    """Where a flight began: home as it was then, and the altitude it stood at by its own word, above sea level."""

    lat: float
    lon: float
    home_m: float
    altitude_m: float


class Watched:
    """One aircraft as its telemetry shows it."""

    def __init__(self, aircraft: Aircraft) -> None:
        self.aircraft = aircraft
        self.ownership = Ownership()
        self.pad: Pad | None = None
        """Of the flight in hand; heights are over it, whatever becomes of the autopilot's home."""
        self.hopped = False
        """It was armed beside its nest, and its own return leads there."""

    @property
    def state(self) -> VehicleState:
        """The aircraft's last words."""
        return self.aircraft.state

    @property
    def fresh(self) -> bool:
        """Whether link, position and landed state are new enough to act upon."""
        return self.state.link is Link.CONNECTED and not self.state.stale(self.aircraft.now_ns(), FRESH_S, FLYING)

    @property
    def height_m(self) -> float:
        """Metres above the pad it left; above home where that is not known."""
        if self.pad is None or not self.state.armed:
            return self.state.height_m
        return self.state.altitude_m - self.pad.altitude_m

    @property
    def height_over_pad_m(self) -> float:
        """As `height_m`, on the ground too; NaN where the pad it left is not known."""
        return math.nan if self.pad is None else self.state.altitude_m - self.pad.altitude_m

    @property
    def home_moved(self) -> Reason | None:
        """How far home is from where it was when this flight began; None where it is there, or nobody knows."""
        home, pad = self.state.home, self.pad
        if home is None or pad is None:
            return None
        off_m, up_m = Place(home[0], home[1]).distance(Place(pad.lat, pad.lon)), home[2] - pad.home_m
        moved = off_m > HOME_OFF_M or abs(up_m) > HOME_UP_M
        return Reason("drone.home_moved", off_m=off_m, up_m=up_m) if moved else None

    @property
    def place(self) -> Place:
        """Where it last was; NaN when never heard."""
        return Place(self.state.lat, self.state.lon)

    @property
    def on_ground(self) -> bool:
        """Proven landed and disarmed: said, and not contradicted by where and how fast it is."""
        return self.fresh and believed_down(self.state, self.aircraft.now_ns())

    @property
    def flying(self) -> bool:
        """Proven in the air."""
        return self.fresh and bool(self.state.armed) and self.state.landed is not Landed.ON_GROUND

    @property
    def idling(self) -> bool:
        """On the ground with its motors running, by its own word and by place and speed."""
        landed = self.fresh and bool(self.state.armed) and self.state.landed is Landed.ON_GROUND
        return landed and not up_and_about(self.state)

    @property
    def slow(self) -> bool:
        """Not passing through: over ground below 1.5 m/s."""
        return math.hypot(self.state.north_ms, self.state.east_ms) < SLOW_MS

    def owner(self) -> Owner:
        """Whose mode it is in; ours while it is disarmed, for then no mode does anything."""
        if not self.state.armed:
            if self.on_ground:
                self.ownership.landed()
            return Owner.OURS
        return self.ownership.look(self.state.mode, self.aircraft.now_ns())

    def _must_fly(self) -> None:
        if not self.flying:
            raise OrderStopped(Outcome.REFUSED if self.fresh else Outcome.UNKNOWN, "drone.not_in_air")

    async def _tolerant(self, command: Coroutine[Any, Any, None]) -> None:
        """Send; a missing acknowledgement is not a missing deed, so telemetry is left to decide."""
        try:
            await command
        except NoAnswer:
            return

    async def _again_until(self, command: Callable[[], Coroutine[Any, Any, None]], seen: Callable[[], bool]) -> None:
        """Coming down may be asked for as often as it takes: it is always safe to ask again."""
        for _ in range(4):
            try:
                await command()
            except Refused:
                await asyncio.sleep(0.5)
            except NoAnswer:
                pass
            try:
                await self._reach(lambda: self.fresh and (seen() or self.on_ground), 4.0, _unchanged)
            except OrderStopped:
                continue
            return
        raise OrderStopped(Outcome.FAILED, "drone.still_in_mode", times=4, mode=self.state.mode)

    async def _reach(
        self, there: Callable[[], bool], within_s: float, short: Callable[[], Reason],
        meanwhile: Callable[[], Awaitable[None]] = _nothing,
    ) -> None:  # fmt: skip
        """Wait until it is so, `meanwhile` at each change. OrderStopped with `short` after so long."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + within_s
        while not there():
            await meanwhile()
            left = deadline - loop.time()
            if left <= 0:
                raise OrderStopped(Outcome.FAILED if self.fresh else Outcome.UNKNOWN, short())
            await self._change(left)

    async def _change(self, within_s: float) -> None:
        try:
            async with asyncio.timeout(min(within_s, 1.0)):
                await self.aircraft.change()
        except TimeoutError:
            return
