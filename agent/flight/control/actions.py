"""The table's standing orders as calls of the drivers. Each ends with a Report; none of them decides anything."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from agent.flight.control.arrival import climb_m
from agent.flight.control.mission import Mission
from agent.flight.machine.table import Do
from agent.settings.flight import Nest
from drivers.drone.drone import Drone
from drivers.drone.geometry import Place
from drivers.nest.nest import Nest as NestDriver
from drivers.nest.profile import Verb
from drivers.nest.state import Rods
from drivers.outcome import Outcome, Report
from protocols.reason import Reason

AGAIN_S = 1.0
TRIES = 3
WITHIN_REASON = frozenset({Do.GO, Do.STAY})
"""Given so often in vain, the flight is called home: the air carries it off, or the aircraft will not."""
PERSISTENT = frozenset({Do.PREPARE_AIRCRAFT, Do.COME_HOME, Do.LAND_AWAY, Do.LAND_NOW, Do.GO, Do.STAY, Do.HOLD})
"""Orders given again while their phase lasts: all safe to repeat. Arming and the nest's motions are not among them."""


class Actions:
    """One nest's orders."""

    def __init__(
        self, nest: NestDriver, drone: Drone, settings: Nest, mission: Callable[[], Mission | None],
        forbids_arming: Callable[[], Reason | None], forbids_rising: Callable[[], Reason | None],
        note: Callable[..., None],
    ) -> None:  # fmt: skip
        self._nest = nest
        self._drone = drone
        self._settings = settings
        self._mission = mission
        self._note = note
        self._do: Mapping[Do, Callable[[], Awaitable[Report]]] = {
            Do.OPEN_COVER: self._open,
            Do.CLOSE_COVER: lambda: self._tell(Verb.COVER_CLOSE),
            Do.STOP_NEST: lambda: self._tell(Verb.STOP),
            Do.FREE_BERTH: self._free,
            Do.CLAMP_BERTH: lambda: self._tell(Verb.RODS_CLAMP),
            Do.CHARGE: self._charge,
            Do.PREPARE_AIRCRAFT: drone.prepare,
            Do.LAUNCH: lambda: drone.launch(climb_m(settings, mission()), forbids_arming, forbids_rising),
            Do.HOP_IN: lambda: drone.hop(drone.limits.min_height_m, forbids_arming, forbids_rising),
            Do.GO: self._go,
            Do.STAY: self._stay,
            Do.COME_HOME: drone.return_home,
            Do.LAND_AWAY: self._land_away,
            Do.LAND_NOW: drone.land_now,
            Do.HOLD: drone.hold,
        }

    async def do(self, order: Do, tried: Callable[[Report], None]) -> Report:
        """Carry it out; a persistent one is given again until it is done or withdrawn, and `tried` hears why each time
        that there is another reason for it."""
        tries, told = 0, ""
        while True:
            report = await self._do[order]()
            tries += report.outcome is not Outcome.UNKNOWN or order is Do.GO  # a link that is gone is not its fault
            if order is Do.STAY and report.done:  # as long as it stays
                tries = 0
            elif report.done or order not in PERSISTENT or (order in WITHIN_REASON and tries >= TRIES):
                return report
            if report.reason is not None and report.reason.code != told:
                told = report.reason.code
                tried(report)
            await asyncio.sleep(AGAIN_S)

    async def _tell(self, verb: Verb) -> Report:
        """The nest; what is written to its PLC is a line of the flight in hand."""
        return await self._nest.tell(verb, self._written)

    def _written(self, verb: Verb, register: int, values: list[int], why: Reason | None) -> None:
        self._note("written", verb=verb.value, register=register, values=values, reason=why)

    async def _open(self) -> Report:
        """The cover; the rods with it where the make moves both by one command, and then the charger is off first."""
        if Verb.NEST_OPEN in self._nest.profile.commands.verbs:
            return await self._both(Verb.CHARGER_OFF, Verb.NEST_OPEN)
        return await self._tell(Verb.COVER_OPEN)

    async def _free(self) -> Report:
        """The rods; where they go free with the cover that order moves them, and this one sees it."""
        nest = self._nest
        if Verb.NEST_OPEN not in nest.profile.commands.verbs:
            return await self._both(Verb.CHARGER_OFF, Verb.RODS_FREE)
        while not (nest.fresh and nest.state.rods is Rods.FREE and nest.state.charger_on is False):
            await nest.change()  # the phase has its time, and ends where the other order fails
        return Report(Outcome.DONE, Reason("nest.by_switches"))

    async def _both(self, first: Verb, second: Verb) -> Report:
        report = await self._tell(first)
        if not report.done:
            return report
        return await self._tell(second) if second in self._nest.profile.commands.verbs else report

    async def _charge(self) -> Report:
        """Where the make lets us: some nests charge by themselves once the rods hold."""
        if Verb.CHARGER_ON not in self._nest.profile.commands.verbs or not self._nest.state.aircraft_present:
            return Report(Outcome.DONE, Reason("nest.nothing_to_charge"))
        return await self._tell(Verb.CHARGER_ON)

    async def _go(self) -> Report:
        """Up first where it is, then across: the straight line may pass through a roof."""
        mission, drone = self._mission(), self._drone
        if mission is None:
            return Report(Outcome.FAILED, Reason("flight.no_mission"))
        if drone.flying and drone.height_m < mission.height_m - 3:
            report = await drone.go_to(drone.place, mission.height_m)
            if not report.done:
                return report
        return await drone.go_to(mission.place, mission.height_m)

    async def _stay(self) -> Report:
        mission, drone = self._mission(), self._drone
        if mission is None:
            return await drone.hold()
        if mission.orbit_m > 0:
            return await drone.orbit(mission.place, mission.orbit_m, mission.height_m)
        return await drone.keep_station(mission.place, mission.height_m)

    async def _land_away(self) -> Report:
        """The nearest alternate site; without any, where it is."""
        drone, sites = self._drone, self._settings.alternates
        places = [Place(site.place.lat, site.place.lon) for site in sites]
        if not places:
            return await drone.land_now()
        nearest = min(places, key=drone.place.distance)
        return await drone.land_at(nearest, self._settings.launch_height_m)
