"""Verbs that reach a state. Each ends with what telemetry shows, within a deadline, whatever was acknowledged."""

import asyncio
import contextlib
import functools
import math
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from drivers.drone.geometry import Place
from drivers.drone.grounded import Grounded
from drivers.drone.limits import Limits
from drivers.drone.ownership import GONE_TO, HELD, LANDING, ON_ROUTE, RETURNING
from drivers.drone.ports import Aircraft
from drivers.outcome import OrderStopped, Outcome, Report
from protocols.errors import Refused, WireError
from protocols.mavlink.items import WAYPOINT, Item, difference
from protocols.reason import Reason, word

NEAR_M = 3.0
IN_NEST_M = 10.0
"""A flight that began further from its nest did not begin in it."""
ADRIFT_M = 15.0
"""Further off than this from where it is to stay, an aircraft is sent there again."""
OVER_S = 10.0
"""So long an aircraft over its nest is given to come over the middle of it."""
STUCK_S = 8.0
"""An aircraft that has not come 3 m nearer in this time is not on its way, whatever it acknowledged."""


def never() -> bool:
    """For a place that only being there counts as reaching."""
    return False


def nothing_forbids() -> Reason | None:
    """For an aircraft that stands on no nest."""
    return None


class Drone(Grounded):
    """One aircraft and its bounds. One verb at a time: cancel the running one before giving the next."""

    def __init__(
        self, aircraft: Aircraft, limits: Limits, *, climb_ms: float = 1.5, cruise_ms: float = 5.0,
        stuck_s: float = STUCK_S,
    ) -> None:  # fmt: skip
        super().__init__(aircraft, limits, climb_ms)
        self._stuck_s = stuck_s
        self._cruise_ms = cruise_ms
        self._verb = ""

    # -- verbs
    async def launch(
        self, height_m: float, forbids: Callable[[], Reason | None] = nothing_forbids,
        forbids_rising: Callable[[], Reason | None] = nothing_forbids,
    ) -> Report:  # fmt: skip
        """Arm and climb to `height_m` above the pad. Never arms an aircraft that is not proven down and disarmed.

        `forbids` is asked right before each arming command; what it names ends the launch. None is leave to arm.
        `forbids_rising` is asked from then until the take-off is acknowledged; what it names stops the motors.
        """
        return await self._do("launch", self._launch(height_m, forbids, forbids_rising))

    async def hop(
        self, height_m: float, forbids: Callable[[], Reason | None] = nothing_forbids,
        forbids_rising: Callable[[], Reason | None] = nothing_forbids,
    ) -> Report:  # fmt: skip
        """As `launch`, of an aircraft that came down beside its nest; `return_home` then leads over the nest itself."""
        return await self._do("hop", self._hop(height_m, forbids, forbids_rising))

    async def go_to(self, place: Place, height_m: float) -> Report:
        """Fly there and stay; done within 3 m and slow: what rushes through at full tilt is not there."""
        return await self._do("go_to", self._go_to(place, height_m))

    async def keep_station(self, place: Place, height_m: float) -> Report:
        """Stay there until withdrawn, sent back where it drifts off; ends only when it cannot hold the place."""
        return await self._do("keep_station", self._keep_station(place, height_m))

    async def hold(self) -> Report:
        """Stop where it is; done when slower than 1 m/s."""
        return await self._do("hold", self._hold())

    async def orbit(self, centre: Place, radius_m: float, height_m: float, turns: int = 1) -> Report:
        """Circle a place as a route of twelve points a turn: both autopilots fly that alike."""
        ring = [math.radians(30 * k) for k in range(12 * turns + 1)]
        return await self.fly_route(
            [(centre.moved(radius_m * math.cos(a), radius_m * math.sin(a)), height_m) for a in ring], verb="orbit"
        )

    async def fly_route(self, points: Sequence[tuple[Place, float]], *, verb: str = "fly_route") -> Report:
        """Upload (place, height) points, read them back, fly them; done at the last one."""
        return await self._do(verb, self._fly_route(points))

    async def return_home(self) -> Report:
        """The autopilot's own return; done when landed and disarmed within 5 m of the pad."""
        return await self._do("return_home", self._return_home())

    async def land_at(self, place: Place, height_m: float) -> Report:
        """Fly to another site and land there."""
        return await self._do("land_at", self._land_at(place, height_m))

    async def land_now(self) -> Report:
        """Land where it is."""
        return await self._do("land_now", self._land())

    async def abort(self) -> Report:
        """On the ground disarm, in the air stay where it is."""
        return await self._do("abort", self._hold() if self.flying else self._disarm())

    async def prepare(self) -> Report:
        """Upload the fence, read it back, and see that the autopilot would come home without us."""
        return await self._do("prepare", self._prepare())

    async def _do(self, verb: str, work: Coroutine[Any, Any, Reason]) -> Report:
        if self._verb:
            work.close()
            busy = Reason("order.another_carried_out", order=word(verb), other=word(self._verb))
            return Report(Outcome.REFUSED, busy)
        loop = asyncio.get_running_loop()
        start = loop.time()
        self._verb = verb
        try:
            reason = await work
        except OrderStopped as stop:
            return Report(stop.outcome, stop.reason, loop.time() - start)
        except Refused as error:
            return Report(Outcome.REFUSED, error.reason, loop.time() - start)
        except WireError as error:
            return Report(Outcome.UNKNOWN, error.reason, loop.time() - start)
        finally:
            self._verb = ""
        return Report(Outcome.DONE, reason, loop.time() - start)

    # -- how
    async def _go_to(self, place: Place, height_m: float) -> Reason:
        if mistake := self.limits.mistake(place, height_m):
            raise OrderStopped(Outcome.REFUSED, mistake)
        self._must_fly()
        zero_m = self._zero_m()
        since = self.aircraft.now_ns()
        self.ownership.commanded(GONE_TO)
        await self._tolerant(self.aircraft.go_to(place.lat, place.lon, zero_m + height_m))
        await self._approach(place, height_m, since, never)
        return Reason("drone.away", away_m=self.place.distance(place))

    async def _keep_station(self, place: Place, height_m: float) -> Reason:
        while True:
            await self._go_to(place, height_m)
            while not self.fresh or self._off(place, height_m) < ADRIFT_M:
                self._must_not_be_down()
                await self._change(1.0)

    def _home(self) -> tuple[float, float, float]:
        """As the autopilot has it: without it nothing is sent anywhere."""
        if self.state.home is None:
            raise OrderStopped(Outcome.UNKNOWN, "drone.home_not_heard")
        return self.state.home

    def _zero_m(self) -> float:
        """The altitude that heights are over: that of the pad it left, or home's where that is not known."""
        home = self._home()
        return home[2] if self.pad is None else self.pad.altitude_m

    def _off(self, place: Place, height_m: float) -> float:
        return math.hypot(self.place.distance(place), self.height_m - height_m)

    def _must_not_be_down(self) -> None:
        if self.on_ground:
            raise OrderStopped(Outcome.FAILED, "drone.not_in_air")

    async def _approach(self, place: Place, height_m: float, since_ns: int, passed: Callable[[], bool]) -> None:
        def left() -> float:
            return self._off(place, height_m)

        loop = asyncio.get_running_loop()
        best, best_at = left(), loop.time()
        deadline = loop.time() + 20 + best / self._cruise_ms
        while not (self.fresh and ((left() < NEAR_M and self.slow) or passed())):
            if self.fresh and (left() < best - NEAR_M or (left() < NEAR_M and best >= NEAR_M)):
                best, best_at = left(), loop.time()
            waited = loop.time() - best_at
            if loop.time() > deadline or (self.fresh and waited > self._stuck_s):
                reason = Reason("drone.not_coming_nearer", away_m=left())
                if said := self.aircraft.texts.since(since_ns):
                    reason = Reason("drone.saying", why=reason, said=said)
                raise OrderStopped(Outcome.FAILED if self.fresh else Outcome.UNKNOWN, reason)
            await self._change(max(0.05, min(self._stuck_s - waited + 0.1, deadline - loop.time())))

    async def _hold(self) -> Reason:
        self._must_fly()
        self.ownership.commanded(HELD)
        await self._tolerant(self.aircraft.hold())
        await self._reach(
            lambda: self.fresh and math.hypot(self.state.north_ms, self.state.east_ms) < 1.0, 15.0,
            lambda: Reason("drone.did_not_stop"),
        )  # fmt: skip
        return word("holding")

    async def _fly_route(self, points: Sequence[tuple[Place, float]]) -> Reason:
        for number, (place, height_m) in enumerate(points, 1):
            if mistake := self.limits.mistake(place, height_m):
                raise OrderStopped(Outcome.REFUSED, "drone.route_point", point=number, why=mistake)
        if not points:
            raise OrderStopped(Outcome.REFUSED, "drone.no_points")
        self._must_fly()
        home = self._home()
        over_home_m = self._zero_m() - home[2]  # a route's heights are over the autopilot's home
        items = [Item(WAYPOINT, place.lat, place.lon, height_m + over_home_m) for place, height_m in points]
        back = await self.aircraft.upload_mission(items, Item(WAYPOINT, home[0], home[1]))
        if other := difference(items, back):
            raise OrderStopped(Outcome.FAILED, "drone.other_route", why=other)
        since = self.aircraft.now_ns()
        self.ownership.commanded(ON_ROUTE)
        await self._tolerant(self.aircraft.start_mission())
        slot = 1 if self.state.autopilot == "ardupilot" else 0
        last = len(points) - 1
        for number, (place, height_m) in enumerate(points):  # the aircraft's own count or its place shows each passed
            flown = functools.partial(self._beyond, slot + number) if number < last else never
            await self._approach(place, height_m, since, flown)
        return Reason("drone.points_flown", points=len(points))

    def _beyond(self, seq: int) -> bool:
        return self.state.mission_seq > seq

    async def _return_home(self) -> Reason:
        if not self.on_ground and self.home_moved is None and not self.hopped:
            self.ownership.commanded(RETURNING)
            await self._again_until(self.aircraft.return_home, lambda: self.state.mode in {"rtl", "auto_rtl", "land"})
            await self._down(20 + self.place.distance(self.limits.home) / self._cruise_ms)
        if not self.on_ground:
            await self._return_to_pad()
        return self._where_down()

    async def _return_to_pad(self) -> None:
        """Its own return would lead to a home that is not ours any more."""
        began = self.limits.home if self.pad is None else Place(self.pad.lat, self.pad.lon)
        pad = began if began.distance(self.limits.home) <= IN_NEST_M else self.limits.home
        height_m = min(max(self.height_m, self.limits.min_height_m), self.limits.max_height_m)
        await self._go_to(pad, height_m)
        with contextlib.suppress(OrderStopped):  # as near as it gets: what hovers over a nest only loses by waiting
            await self._reach(lambda: self.fresh and self._over(pad), OVER_S, lambda: word("returning"))
        await self._land()

    def _over(self, place: Place) -> bool:
        """Near enough over its middle to be taken in, drift on the way down included."""
        return self.slow and self.place.distance(place) <= self.limits.landing_m / 3

    def _where_down(self) -> Reason:
        away = self.place.distance(self.limits.home)
        if away > self.limits.beside_m:
            raise OrderStopped(Outcome.FAILED, "drone.landed_off_pad", away_m=away)
        return Reason("drone.landed", away_m=away)

    async def _down(self, extra_s: float) -> None:
        """Until it has landed, or its home is moved under it."""
        seconds = 40 + extra_s + self.height_m / 0.5 if math.isfinite(self.height_m) else 300.0
        await self._reach(
            lambda: self.on_ground or (self.flying and self.home_moved is not None), seconds, self._still_up,
            self._stop_motors_on_ground,
        )  # fmt: skip

    def _still_up(self) -> Reason:
        return Reason("drone.still_at", height_m=self.height_m)

    async def _land_at(self, place: Place, height_m: float) -> Reason:
        if not self.on_ground:
            await self._go_to(place, max(height_m, self.limits.min_height_m))
            await self._land()
        return Reason("drone.landed_at_site", away_m=self.place.distance(place))

    async def _land(self) -> Reason:
        if not self.on_ground:
            self.ownership.commanded(LANDING)
            await self._again_until(self.aircraft.land, lambda: self.state.mode == "land")
            seconds = 60 + (self.height_m / 0.5 if math.isfinite(self.height_m) else 240)
            await self._reach(lambda: self.on_ground, seconds, self._still_up, self._stop_motors_on_ground)
        return Reason("drone.landed_at", lat=self.place.lat, lon=self.place.lon)
