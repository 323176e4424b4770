"""What is done to an aircraft on the ground: made ready, armed and sent up, disarmed."""

import asyncio
import contextlib
import math
from collections.abc import Callable, Coroutine
from typing import Any

from drivers.drone.geometry import Place
from drivers.drone.limits import Limits
from drivers.drone.ports import Aircraft
from drivers.drone.watched import FRESH_S, Pad, Watched
from drivers.outcome import OrderStopped, Outcome
from protocols.errors import NoAnswer, Refused
from protocols.mavlink.plausible import up_and_about
from protocols.reason import Reason, word

READY_S = 10.0
"""An estimator settles, a check passes, within so long; then all of it is asked again."""
AGAIN_S = 0.5
ASK_EVERY_S = 0.1
ZERO_M, ZERO_S = 3.0, 3.0
"""Height that an armed aircraft may say on its pad (0.1 m at most on real ones), and how long that may take to come."""
IDLE_S = 10.0
"""Both autopilots stop their motors within three seconds of a landing, where they are set to."""


class Grounded(Watched):
    """Never arms what is not proven down and disarmed."""

    def __init__(self, aircraft: Aircraft, limits: Limits, climb_ms: float) -> None:
        super().__init__(aircraft)
        self.limits = limits
        self.launching = False
        """True only while `launch` is about to arm; the arm authoriser says yes then and never else."""
        self._idle_ns: int | None = None
        self._climb_ms = climb_ms  # the slow end: deadlines are made of these

    async def _launch(
        self, height_m: float, forbids: Callable[[], Reason | None], forbids_rising: Callable[[], Reason | None]
    ) -> Reason:
        self._may_rise(height_m)
        self.pad, self.hopped = None, False
        return await self._rise(height_m, forbids, forbids_rising)

    async def _hop(
        self, height_m: float, forbids: Callable[[], Reason | None], forbids_rising: Callable[[], Reason | None]
    ) -> Reason:
        """From beside the nest. Home is from here on where it stood, and its own return would lead there again."""
        self._may_rise(height_m)
        pad = self.pad or Pad(*self.limits.home, math.nan, math.nan)
        off_m = self.place.distance(self.limits.home)
        if not off_m <= self.limits.beside_m:
            raise OrderStopped(Outcome.REFUSED, "drone.not_beside", away_m=off_m)
        self.hopped = True
        try:
            return await self._rise(height_m, forbids, forbids_rising)
        finally:
            if self.pad is not None:
                self.pad = self.pad._replace(lat=pad.lat, lon=pad.lon)

    def _may_rise(self, height_m: float) -> None:
        if mistake := self.limits.mistake(self.limits.home, height_m):
            raise OrderStopped(Outcome.REFUSED, mistake)
        if not self.on_ground:
            raise OrderStopped(Outcome.REFUSED, "drone.not_on_ground")

    async def _rise(
        self, height_m: float, forbids: Callable[[], Reason | None], forbids_rising: Callable[[], Reason | None]
    ) -> Reason:
        """Withdrawn or stopped on the ground, its motors are stopped: the arming may have been on its way."""
        self.ownership.launched()
        try:
            self.launching = True
            try:
                await self._arm(forbids)
            finally:
                self.launching = False
            await self._stands_at_zero()
            await self._take_off(height_m, forbids_rising)
            await self._armed()  # PX4 acknowledges a take-off on the ground, disarmed
            await self._reach(
                lambda: self.flying and self.height_m >= height_m * 0.9 - 0.5, 15 + height_m / self._climb_ms,
                lambda: Reason("drone.at_height_of", height_m=self.height_m, of_m=height_m),
            )  # fmt: skip
        except (OrderStopped, Refused, asyncio.CancelledError):
            if self.idling or self.state.armed is None:
                await self._stop_motors()
            raise
        return Reason("drone.at_height", height_m=self.height_m)

    async def _arm(self, forbids: Callable[[], Reason | None]) -> None:
        """One arming. What the autopilot itself refuses is asked again for a while, each time proven down, disarmed and
        allowed: an estimate that settles, or PX4 that wants an authorisation first, passes within seconds."""
        loop = asyncio.get_running_loop()
        until = loop.time() + READY_S
        while True:
            try:
                await self._allowed_arm(forbids)
            except NoAnswer:
                await self._armed()  # telemetry decides
            except Refused:
                await asyncio.sleep(AGAIN_S)
                await self._reach(lambda: self.state.armed is not None, FRESH_S, lambda: Reason("drone.not_heard"))
                if loop.time() < until and self.on_ground:
                    continue
                raise
            return

    async def _allowed_arm(self, forbids: Callable[[], Reason | None]) -> None:
        if reason := forbids():
            raise OrderStopped(Outcome.REFUSED, "drone.not_armed", why=reason)
        try:
            await self.aircraft.arm()
        finally:
            self.state.armed = None  # what it said before proves nothing now, whatever came of it

    async def _stands_at_zero(self) -> None:
        """Armed, home is where it stands and its height is zero: from there on it counts what it flies, and comes home.

        Both autopilots set home when they are armed, unless another station has set it. OrderStopped.
        """
        since_ns = self.aircraft.now_ns()

        def wrong() -> Reason | None:
            home = self.state.home
            off_m = math.inf if home is None else self.place.distance(Place(home[0], home[1]))
            if not abs(self.state.height_m) <= ZERO_M:
                return Reason("drone.home_height_off", height_m=self.state.height_m, most_m=ZERO_M)
            return None if off_m <= self.limits.landing_m else Reason("drone.home_off", off_m=off_m)

        def told() -> bool:
            return self.state.arrived_ns.get("GLOBAL_POSITION_INT", 0) > since_ns

        await self._reach(lambda: told() and wrong() is None, ZERO_S, lambda: wrong() or Reason("drone.not_heard"))
        home = self.state.home
        assert home is not None
        self.pad = Pad(*home, self.state.altitude_m)

    async def _armed(self) -> None:
        await self._reach(lambda: bool(self.state.armed), 3.0, lambda: Reason("drone.did_not_arm"))

    async def _take_off(self, height_m: float, forbids: Callable[[], Reason | None]) -> None:
        """Right after the arming: an armed aircraft left idle disarms itself within seconds."""

        def command() -> Coroutine[Any, Any, None]:
            return self._tolerant(self.aircraft.take_off(height_m))

        try:
            await self._allowed(command, forbids)
        except Refused:
            await self._armed()
            if not self.flying:  # else it was the first one's copy that was refused
                await self._allowed(command, forbids)

    async def _allowed(
        self, command: Callable[[], Coroutine[Any, Any, None]], forbids: Callable[[], Reason | None]
    ) -> None:
        """Asked before it leaves and while it is said again, which on a bad link lasts seconds: not once it rises."""
        sending: asyncio.Task[None] | None = None
        try:
            while sending is None or not sending.done():
                if not (self.flying or up_and_about(self.state)) and (reason := forbids()):
                    raise OrderStopped(Outcome.REFUSED, "drone.not_armed", why=reason)
                sending = sending or asyncio.create_task(command())
                await asyncio.wait({sending}, timeout=ASK_EVERY_S)
            await sending
        finally:
            if sending is not None and not sending.done():
                sending.cancel()
                await asyncio.gather(sending, return_exceptions=True)

    async def _stop_motors_on_ground(self) -> None:
        """What has stood for a while with its motors running will not stop them by itself."""
        now_ns = self.aircraft.now_ns()
        if not self.idling:
            self._idle_ns = None
        elif self._idle_ns is None:
            self._idle_ns = now_ns
        elif now_ns - self._idle_ns > IDLE_S * 1e9:
            self._idle_ns = now_ns
            await self._stop_motors()

    async def _stop_motors(self) -> None:
        """Refused in the air by both autopilots."""
        with contextlib.suppress(Refused):
            await self._tolerant(self.aircraft.disarm())

    async def _disarm(self) -> Reason:
        if self.state.armed is not False:
            await self._tolerant(self.aircraft.disarm())
        await self._reach(lambda: self.fresh and self.state.armed is False, 4.0, lambda: Reason("drone.still_armed"))
        return word("disarmed")

    async def _prepare(self) -> Reason:
        """Readiness is asked in the mode that will be armed: in STABILIZE ArduPilot is ready without a place."""
        if not self.on_ground:
            raise OrderStopped(Outcome.REFUSED, "drone.not_on_ground")
        await self._tolerant(self.aircraft.ready_to_arm())
        asked_ns = self.aircraft.now_ns()
        corners = [(corner.lat, corner.lon) for corner in self.limits.fence]
        back = await self.aircraft.upload_fence(corners)
        if len(back) != len(corners) or any(
            max(abs(a[0] - b[0]), abs(a[1] - b[1])) > 1e-6 for a, b in zip(corners, back, strict=True)
        ):
            raise OrderStopped(Outcome.FAILED, "drone.other_fence")
        await self._reach(
            lambda: self.state.armable and self.state.arrived_ns.get("SYS_STATUS", 0) > asked_ns, READY_S,
            lambda: Reason("drone.not_ready", said=self.aircraft.texts.since(asked_ns)),
        )  # fmt: skip
        return Reason("drone.fence_read_back")
