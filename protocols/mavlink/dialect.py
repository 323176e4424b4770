"""ArduPilot and PX4 differ where it hurts. Each difference measured in flight is a line here and nowhere else."""

import asyncio
import contextlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mavsdk.asyncio import Configuration, MavsdkError, System
from mavsdk.asyncio.plugins.action import ActionAsync
from mavsdk.asyncio.plugins.mavlink_direct import MavlinkDirectAsync, MavlinkMessage
from mavsdk.asyncio.plugins.mission_raw import MissionItem, MissionRawAsync, MissionRawError
from mavsdk.asyncio.plugins.param import ParamAsync

from protocols.errors import BadAnswer, Busy, NoAnswer, NotConnected, Refused, WireError
from protocols.lang import known
from protocols.mavlink.items import FENCE, FENCE_CORNER, FRAME_HOME, MISSION, WAYPOINT, Item
from protocols.reason import Reason

START_WITHIN_S = 3.0
"""PX4 denies a mission start for 0.1 to 0.3 s after an upload."""

MAV_RESULTS = {1: "temporarily_rejected", 2: "denied", 3: "unsupported", 4: "failed", 6: "cancelled"}
"""MAV_RESULT by number: `mavlink.mav_result_…`."""

GUIDED = 4
TRIES, TRY_S = 4, 0.5


def as_wire_error(error: MavsdkError) -> WireError:
    """mavsdk's result as what the caller should do about it."""
    name = getattr(getattr(error, "result", None), "name", type(error).__name__)
    if name == "TIMEOUT":
        return NoAnswer("mavlink.no_acknowledgement")
    if name in {"NO_SYSTEM", "CONNECTION_ERROR"}:
        return NotConnected(f"mavlink.result_{name.lower()}")
    if name == "BUSY":
        return Busy("mavlink.busy")
    code = f"mavlink.result_{name.lower()}"
    return Refused(code) if known(code) else Refused("mavlink.result_other", name=name)


@dataclass(slots=True)
class Plugins:
    """One aircraft's mavsdk objects; made anew when its System is."""

    system: System
    configuration: Configuration
    system_id: int
    action: ActionAsync
    mission: MissionRawAsync
    param: ParamAsync
    direct: MavlinkDirectAsync
    acks: dict[int, asyncio.Future[int]] = field(default_factory=dict)

    @classmethod
    def of(cls, system: System, configuration: Configuration, system_id: int) -> "Plugins":
        """All plugins the agent uses of this System."""
        return cls(
            system, configuration, system_id, ActionAsync(system), MissionRawAsync(system), ParamAsync(system),
            MavlinkDirectAsync(system),
        )  # fmt: skip

    async def command(self, number: int, *params: float) -> None:
        """Send one COMMAND_LONG and wait for its acknowledgement: Refused with MAV_RESULT, NoAnswer after four tries.

        Not by mavsdk's own send_command: once the link is lost that call never returns, not even after destroy().
        """
        loop = asyncio.get_running_loop()
        self.acks[number] = ack = loop.create_future()
        try:
            for _ in range(TRIES):
                await self.send(number, *params)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(TRY_S):
                        result = await asyncio.shield(ack)
                        break
            else:
                raise NoAnswer("mavlink.no_acknowledgement_to", command=number)
        finally:
            self.acks.pop(number, None)
        if result != 0:
            named = MAV_RESULTS.get(result)
            why = Reason(f"mavlink.mav_result_{named}" if named else "mavlink.mav_result_other", number=result)
            raise Refused("mavlink.command_refused", number=result, command=number, result=why)

    async def send(self, number: int, *params: float) -> None:
        """Send one COMMAND_LONG and wait for nothing."""
        given = (*params, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
        fields: dict[str, Any] = {f"param{i + 1}": given[i] for i in range(7)}
        fields |= {"target_system": self.system_id, "target_component": 1, "command": number, "confirmation": 0}
        own = self.configuration
        message = MavlinkMessage("COMMAND_LONG", own.system_id, own.component_id, self.system_id, 1, json.dumps(fields))
        await self.direct.send_message(message)

    def acknowledged(self, fields: Mapping[str, Any]) -> None:
        """A COMMAND_ACK came; 5 is "in progress" and ends nothing."""
        waiting = self.acks.get(int(fields.get("command", -1)))
        if waiting is not None and not waiting.done() and fields.get("result") != 5:
            waiting.set_result(int(fields.get("result", -1)))


class Dialect:
    """What both have in common; heights are metres above home."""

    name = "px4"
    home_slot = 0  # items before the first that is flown

    def __init__(self, plugins: Plugins) -> None:
        self._p = plugins

    async def ready_to_arm(self) -> None:
        """Bring the autopilot into a mode it arms in."""

    async def arm(self) -> None:
        """Arm. Never call it unless landed and disarmed: in the air it cancels a return on both autopilots."""
        await self.ready_to_arm()
        await self._p.action.arm()

    async def take_off(self, height_m: float) -> None:
        """Climb; the altitude is a parameter on PX4 and kept in the plugin on ArduPilot."""
        await self._p.action.set_takeoff_altitude(height_m)
        await self._p.action.takeoff()

    async def go_to(self, lat: float, lon: float, altitude_m: float) -> None:
        """Fly there; `altitude_m` above sea level."""
        await self._p.action.goto_location(lat, lon, altitude_m, math.nan)

    async def hold(self) -> None:
        """Stay where it is."""
        await self._p.action.hold()

    async def return_home(self) -> None:
        """Climb, come back, land, disarm: the autopilot's own return."""
        await self._p.action.return_to_launch()

    async def land(self) -> None:
        """Come down here."""
        await self._p.action.land()

    async def disarm(self) -> None:
        """Refused in the air by both."""
        await self._p.action.disarm()

    async def set_speed(self, speed_ms: float) -> None:
        """Ground speed of the flight to a place, by MAV_CMD_DO_CHANGE_SPEED."""
        await self._p.command(178, 1.0, speed_ms, -1.0)

    async def upload_mission(self, items: Sequence[Item], home: Item) -> list[Item]:
        """Store a mission and return what the aircraft has afterwards, without the home slot."""
        whole = [*([home] * self.home_slot), *items]
        raw = [_raw(number, item, MISSION, number == self.home_slot) for number, item in enumerate(whole)]
        await self._p.mission.upload_mission(raw)
        back = await self._p.mission.download_mission()
        return [_item(each) for each in back][self.home_slot :]

    async def start_mission(self) -> None:
        """Start it, asking again while PX4 still digests the upload."""
        end = asyncio.get_running_loop().time() + START_WITHIN_S
        while True:
            try:
                await self._p.mission.start_mission()
            except MissionRawError as error:
                if error.result.name != "DENIED" or asyncio.get_running_loop().time() > end:
                    raise
                await asyncio.sleep(0.2)
            else:
                return

    async def upload_fence(self, corners: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
        """Store an inclusion fence, switch it on, and return the corners the aircraft has afterwards."""
        items = [Item(FENCE_CORNER, lat, lon, 0.0, len(corners)) for lat, lon in corners]
        await self._p.mission.upload_geofence([_raw(n, item, FENCE, current=False) for n, item in enumerate(items)])
        await self.fence_on()
        back = await self._p.mission.download_geofence()
        return [(each.x / 1e7, each.y / 1e7) for each in back if each.command == FENCE_CORNER]

    async def fence_on(self) -> None:
        """PX4 watches a fence from the moment it is stored; its action must not be "none"."""
        if await self._p.param.get_param_int("GF_ACTION") < 1:
            raise Refused("mavlink.fence_without_action")

    async def failsafe_mistake(self) -> Reason | None:
        """None when the autopilot returns home by itself once the agent is gone, else what to set."""
        action = await self._p.param.get_param_int("NAV_DLL_ACT")
        return None if action == 2 else Reason("mavlink.failsafe_px4", value=action)


class Px4(Dialect):
    """PX4 as measured (1.17-alpha)."""


class ArduPilot(Dialect):
    """ArduCopter as measured (4.7-dev)."""

    name = "ardupilot"
    home_slot = 1  # the first waypoint of a mission without it is silently lost

    async def ready_to_arm(self) -> None:
        """After RTL, LAND or AUTO mavsdk would first switch to BRAKE, which does not arm and stays for ever."""
        with contextlib.suppress(NoAnswer):  # unanswered is not undone, and arming will tell
            await self._p.command(176, 1.0, float(GUIDED))

    async def arm(self) -> None:
        """By command: mavsdk's arm() changes the mode behind one's back."""
        await self.ready_to_arm()
        await self._p.command(400, 1.0)

    async def fence_on(self) -> None:
        """An upload alone does nothing; the parameter is strictly an integer."""
        await self._p.param.set_param_int("FENCE_ENABLE", 1)
        if await self._p.param.get_param_int("FENCE_ENABLE") != 1:
            raise BadAnswer("mavlink.fence_not_on")

    async def failsafe_mistake(self) -> Reason | None:
        """Also names a ground station id that is not ours: then nothing we send counts as a heartbeat."""
        enabled = await self._p.param.get_param_int("FS_GCS_ENABLE")
        return None if enabled >= 1 else Reason("mavlink.failsafe_ardupilot", value=enabled)


def dialect(plugins: Plugins, autopilot: str) -> Dialect:
    """The adapter for what the heartbeat says; Refused for an autopilot nobody has measured."""
    if autopilot == "ardupilot":
        return ArduPilot(plugins)
    if autopilot == "px4":
        return Px4(plugins)
    raise Refused("mavlink.unknown_autopilot")


def _raw(number: int, item: Item, kind: int, current: bool) -> MissionItem:
    heading = math.nan if item.command in {WAYPOINT, 22} else 0.0
    return MissionItem(
        number, FRAME_HOME if kind == MISSION else 0, item.command, int(current), 1, item.p1, item.p2, 0.0, heading,
        round(item.lat * 1e7), round(item.lon * 1e7), item.z, kind,
    )  # fmt: skip


def _item(raw: MissionItem) -> Item:
    return Item(raw.command, raw.x / 1e7, raw.y / 1e7, raw.z, raw.param1, raw.param2)
