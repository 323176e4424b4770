"""Reads what decides an aircraft's way home while it stands in its nest, so that a launch only looks it up."""

import asyncio
import contextlib
import logging
from collections.abc import Callable

from agent.flight.control.observation import Observation
from agent.flight.machine.table import Phase
from agent.settings.flight import Aircraft, Nest
from drivers.drone.audit.audit import Audit, audit, found, names
from drivers.drone.audit.rules import Bounds
from drivers.drone.ports import Aircraft as Wire
from protocols.errors import WireError
from protocols.mavlink.components import GROUND
from protocols.reason import Reason

EVERY_S = 300.0
"""Half of what it may be old at a launch: one reading may fail."""
LOOK_EVERY_S, AGAIN_S = 0.5, 10.0
PASSES = 2
"""Some parameters decide only once another is set."""
Told = Callable[[tuple[Reason, ...], tuple[Reason, ...]], None]
_log = logging.getLogger("hydronest")


def bounds(nest: Nest, aircraft: Aircraft) -> Bounds:
    """What the autopilot's own settings must agree with."""
    corners = max(nest.spot.distance(corner) for corner in nest.ring())
    return Bounds(
        min(nest.max_distance_m, corners), nest.max_height_m, nest.launch_height_m, aircraft.cruise_ms, GROUND,
        aircraft.arm_authoriser, aircraft.pack, aircraft.reserve_percent, aircraft.precision_landing,
    )  # fmt: skip


def stands(phase: Phase, seen: Observation | None) -> bool:
    """A nest's aircraft is down in it, and no order to arm is under way."""
    docked = seen is not None and seen.link and seen.aircraft == "docked"
    return docked and phase is not Phase.LAUNCHING


class Auditor:
    """`run()` for ever. `stands` says whether the aircraft is down in its nest now."""

    def __init__(self, wire: Wire, bounds: Bounds, stands: Callable[[], bool]) -> None:
        self._wire = wire
        self._bounds = bounds
        self._stands = stands
        self._seen: tuple[str, int] | None = None
        self._found = Audit()
        self._told: Told | None = None

    @property
    def found(self) -> Audit:
        """As it is known now."""
        book, autopilot = self._wire.book, self._wire.state.autopilot
        if self._seen != (autopilot, book.changes):
            self._seen = autopilot, book.changes
            self._found = audit(autopilot, self._bounds, book)
        return self._found

    async def run(self) -> None:
        """Read it after each boot and each return of the link, and every five minutes; write it when told to."""
        while True:
            if self._told is not None:
                await self._write(self._told)
                self._told = None
            if self._due():
                try:
                    await self.read()
                except WireError as error:
                    _log.warning("what the aircraft is set to could not be read: %s", error)
                    await asyncio.sleep(AGAIN_S)
            await asyncio.sleep(LOOK_EVERY_S)

    async def read(self) -> None:
        """Now. WireError."""
        await self._wire.read_settings(names(self._wire.state.autopilot, self._bounds))

    @property
    def writing(self) -> bool:
        """Whether what it was told to write is under way."""
        return self._told is not None

    def write(self, told: Told) -> None:
        """Set everything that is not as needed, soon. `told` hears what was set, and what is still wrong then."""
        self._told = told

    async def _write(self, told: Told) -> None:
        before = {one.name: one.raw for one in self.found.findings}
        try:
            for _ in range(PASSES):
                for one in self.found.findings:
                    if one.instead is not None and self._stands():
                        with contextlib.suppress(WireError):  # what is read afterwards tells
                            await self._wire.write_setting(one.name, one.instead, one.kind)
                await self.read()
        except WireError as error:
            told((), (error.reason,))
            return
        findings = self.found.findings
        changed = tuple(found(one) for one in findings if one.ok and before.get(one.name) != one.raw)
        told(changed, tuple(found(one) for one in findings if one.ok is False))

    def _due(self) -> bool:
        known = names(self._wire.state.autopilot, self._bounds)
        return bool(known) and self._stands() and self.found.age_s(self._wire.now_ns()) > EVERY_S
