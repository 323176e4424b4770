"""The process that flies: its lines, nests, aircraft, orders and records on one loop that waits for nothing.

It outlives its supervisor until its aircraft is secured, and goes on when core, uplinks or the card are gone.
"""

import asyncio
import contextlib
import logging
import os
import shutil
import signal
import socket
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from agent.control.keys import register_keys
from agent.control.rights import Rights
from agent.control.server import ControlServer, SocketTaken
from agent.flight.alarms import Alarms
from agent.flight.assemble import UNATTENDED_S, FlightPart, flight_context, flight_part
from agent.flight.core_link import CoreLink
from agent.flight.event_spool import EventSpool
from agent.flight.requests import register_flight
from agent.flight.sole import sole
from agent.flight.views import fleet_view
from agent.link.flight_messages import FlightState
from agent.runtime.child import Child
from agent.runtime.control_wire import Say
from agent.runtime.jobs import PARKED_S, Job, SettingsMistake, supervise
from agent.runtime.logging_behind import logging_behind
from agent.runtime.write_behind import WriteBehind
from agent.settings.modbus import modbus_driver
from agent.settings.settings import Settings
from drivers.event import Event, EventKind, Severity, Transition
from drivers.sample import Value
from protocols.clock import boottime_ns
from protocols.reason import Reason

LOOK_EVERY_S = 0.5
AGAIN_S = 10.0
LAST_S = 3.0
"""So long the end waits for the card, and for core to take the last words."""
_log = logging.getLogger("hydronest")


def main(child: Child, settings: Settings, rights: Rights, *, allow_motion: bool) -> None:
    """Run until the supervisor says stop; alone, until every aircraft is secured."""
    scratch(settings.socket_path.parent / "mavsdk")
    with logging_behind():
        flight = FlightProcess(child, settings, rights, allow_motion=allow_motion)
        child.run(flight.run, on_channel=flight.attach)


def scratch(folder: Path) -> None:
    """A folder in memory for mavsdk, which makes some where TMPDIR and HOME say and leaves them when it is killed."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    os.environ["TMPDIR"] = os.environ["HOME"] = str(folder)


class FlightProcess:
    """Everything of flight. `run` returns when it is to end."""

    def __init__(self, child: Child, settings: Settings, rights: Rights, *, allow_motion: bool) -> None:
        self._child = child
        self._rights = rights
        self._settings = settings
        self._allow_motion = allow_motion
        self._writer = WriteBehind("flight's card")
        self._alarms = Alarms(self._writer)
        self._spool = EventSpool(settings.flight_dir / "events.jsonl", self._writer)
        want = partial(child.say, Say.CHANNEL_ENDED, "core")
        self._core = CoreLink(self._spool, boottime_ns, self._state, self._incident, want)
        self._drivers = [
            modbus_driver(line, settings)
            for line in settings.site.lines
            if line.id in settings.nest_lines and line.kind != "opcua"
        ]
        self._part: FlightPart | None = None
        self._out = 0

    async def run(self) -> None:
        """One life."""
        child = self._child
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, self._asked_to_let_go)
        link = asyncio.create_task(self._kept("flight: core", self._core.run), name="flight: core")
        life = asyncio.create_task(self._live(), name="flight")
        stopping = asyncio.create_task(child.stopping.wait(), name="stop")
        try:
            await asyncio.wait({link, life, stopping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (stopping, life, link):
                task.cancel()
                await asyncio.wait({task})
        if not life.cancelled():
            life.result()

    async def _live(self) -> None:
        """We are the one flight there is, from here on."""
        async with sole(self._settings.flight_lock_path, self._waits_for):
            try:
                async with asyncio.TaskGroup() as group:
                    group.create_task(self._load_events(), name="events of before")
                    group.create_task(self._look(), name="aircraft out")
                    group.create_task(self._leave(), name="last words")
                    for driver in self._drivers:
                        work = partial(driver.run, self._core)
                        group.create_task(self._kept(f"line {driver.name}", work), name=f"line {driver.name}")
                    group.create_task(self._kept("flights", self._fly, UNATTENDED_S), name="flights")
            finally:
                with contextlib.suppress(TimeoutError, OSError):
                    async with asyncio.timeout(LAST_S):
                        await self._writer.done(lambda: None)

    async def _kept(self, name: str, work: Callable[[], Awaitable[None]], parked_s: float = PARKED_S) -> None:
        await supervise(Job(name), work, self._alarms.parked, self._alarms.back, parked_s=parked_s)

    async def _fly(self) -> None:
        """The nests, and who asks them. SettingsMistake where the settings cannot be flown by."""
        if self._part is None:
            lines = {driver.name: driver.line for driver in self._drivers}
            context = flight_context(self._settings, self._writer, self._core, self._no_launch, self._allow_motion)
            try:
                self._part = flight_part(self._settings, context, self._alarms, lines.__getitem__)
            except SettingsMistake:
                self._child.ready()  # to say why it does not fly
                raise
        async with asyncio.TaskGroup() as group:
            group.create_task(self._part.run(), name="nests")
            group.create_task(self._kept("flight.sock", partial(self._serve, self._part)), name="flight.sock")

    async def _serve(self, part: FlightPart) -> None:
        server = ControlServer(self._settings.flight_socket_path, self._rights, acts=part.fleet.acted)
        register_flight(server, part.fleet)
        register_keys(server, part.keys, part.revoked, "flight")
        try:
            await server.start()
        except SocketTaken as error:
            raise SettingsMistake(error.reason) from None
        try:
            self._child.ready()
            await asyncio.Event().wait()
        finally:
            await server.close()

    async def _load_events(self) -> None:
        while True:
            try:
                await self._spool.load()
            except OSError as error:
                _log.error("events of before cannot be read: %s", error)
                await asyncio.sleep(AGAIN_S)
            else:
                return

    # -- when to end
    async def _look(self) -> None:
        """Say how many aircraft are out; alone, end once none is and no nest is at work."""
        while True:
            controllers = list(self._part.fleet.controllers.values()) if self._part is not None else []
            out = sum(controller.out for controller in controllers)
            if out != self._out:
                self._out = out
                self._child.say(Say.AIRCRAFT, number=out)
            if self._child.alone.is_set() and not any(controller.at_work for controller in controllers):
                _log.warning("alone, and every aircraft is secured: ending")
                self._child.stopping.set()
            await asyncio.sleep(LOOK_EVERY_S)

    async def _leave(self) -> None:
        """We are to end although an aircraft is out: tell of it, and say so once core has it."""
        await self._child.leaving.wait()
        for controller in self._part.fleet.controllers.values() if self._part is not None else ():
            if controller.out:
                subject, phase = controller.settings.id, controller.phase.value
                evidence: dict[str, Value | Reason] = {"phase": phase, "reason": Reason("flight.left_out")}
                event = Event(EventKind.FLIGHT, subject, Severity.ALARM, Transition.NOTED, boottime_ns(), evidence)
                self._core.event(event)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LAST_S):
                while not self._spool.at_rest:  # noqa: ASYNC110 - the spool is asked here only
                    await asyncio.sleep(0.05)
        self._child.say(Say.DRAINED)

    def _asked_to_let_go(self) -> None:
        """By a new flight, once our supervisor is gone: it goes on with what we have kept."""
        if self._child.alone.is_set():
            _log.warning("a new flight takes over")
            self._child.stopping.set()
        else:
            _log.warning("asked to end; that is the supervisor's to say")

    def _no_launch(self) -> Reason | None:
        """Why no flight may begin in this life any more."""
        ending = self._child.draining.is_set() or self._child.alone.is_set()
        return Reason("flight.stopping") if ending else None

    # -- core
    def attach(self, peer: str, sock: socket.socket) -> None:
        """The supervisor made a channel to this child."""
        if peer == "core":
            self._core.take(sock)
        else:
            sock.close()

    def _waits_for(self, pid: int) -> None:
        self._alarms.note("flight", Reason("flight.another", pid=pid) if pid else None)

    def _state(self) -> FlightState:
        counters: dict[str, Mapping[str, Any]] = {
            driver.name: driver.counters().get(driver.name, {}) for driver in self._drivers
        }
        nests = fleet_view(self._part.fleet) if self._part is not None else []
        epoch = self._part.fleet.verifier.epoch if self._part is not None else ""
        return FlightState(boottime_ns(), nests, counters, self._alarms.standing(), epoch)

    def _incident(self, told: Mapping[str, Any]) -> None:
        if self._part is not None:
            self._part.incident(told)
