"""ArduPilot and PX4 differ where it hurts. Each difference measured in flight is a line here and nowhere else."""

import asyncio
import contextlib
import math
from collections.abc import Sequence

from protocols.errors import Busy, NoAnswer, Refused
from protocols.mavlink import parameters
from protocols.mavlink.book import Parameter
from protocols.mavlink.exchange import COMMAND_TRIES, Exchange, Fields
from protocols.mavlink.items import (
    FENCE,
    FENCE_CORNER,
    FRAME_HOME,
    MISSION,
    RALLY_POINTS,
    TAKEOFF,
    WAYPOINT,
    Item,
    difference,
)
from protocols.mavlink.transfer import clear, count, download, upload

START_WITHIN_S = 3.0
"""PX4 denies a mission start for 0.1 to 0.3 s after an upload."""
UPLOADS = 3
LOOKS_EVERY_S = 1.5
"""ArduPilot checks once a second whether it would arm, and says the last answer meanwhile, whatever the mode now is."""

NAV_TAKEOFF, NAV_LAND, SET_MODE, CHANGE_SPEED, REPOSITION, MISSION_START, ARM = 22, 21, 176, 178, 192, 300, 400
RUN_PREARM_CHECKS = 401
REQUEST_MESSAGE, AUTOPILOT_VERSION = 512, 148
INT8, INT16, REAL32 = 2, 4, 9
RALLY = "RALLY_TOTAL"
"""ArduPilot has it as a parameter; on both the stored points themselves are counted."""


class Dialect:
    """What both have in common; heights are metres above home."""

    name = "px4"
    home_slot = 0  # items before the first that is flown
    by_bytes = True  # whole numbers among parameters

    HOLD: tuple[float, ...] = (4.0, 3.0)
    AUTO: tuple[float, ...] = (4.0, 4.0)
    RETURN: tuple[float, ...] = (4.0, 5.0)

    def __init__(self, exchange: Exchange) -> None:
        self._x = exchange

    async def set_mode(self, *mode: float) -> None:
        """By DO_SET_MODE: main and sub mode on PX4, one number on ArduPilot."""
        await self._x.command(SET_MODE, 1.0, *mode)

    async def arming_mode(self) -> None:
        """Bring the autopilot into a mode it arms in; unanswered is not undone, and arming will tell."""
        with contextlib.suppress(NoAnswer):
            await self.set_mode(*self.HOLD)

    async def ready_to_arm(self) -> None:
        """Into that mode, and have its readiness looked at there: what it says from here on is of that mode."""
        await self.arming_mode()
        try:
            await self._x.command(RUN_PREARM_CHECKS)
        except NoAnswer:
            return
        except Refused:  # before ArduCopter 4.2, which looks by itself once a second
            await asyncio.sleep(LOOKS_EVERY_S)

    async def arm(self) -> None:
        """Arm. Never call it unless landed and disarmed: the mode it arms in cancels a return on both autopilots."""
        await self.arming_mode()
        await self._x.command(ARM, 1.0)

    async def take_off(self, height_m: float) -> None:
        """Climb; the altitude is a parameter on PX4 and goes with the command on ArduPilot."""
        await parameters.write(self._x, "MIS_TAKEOFF_ALT", height_m, REAL32, by_bytes=self.by_bytes)
        await self._x.command(NAV_TAKEOFF, *[math.nan] * 7)

    async def go_to(self, lat: float, lon: float, altitude_m: float) -> None:
        """Fly there; `altitude_m` above sea level."""
        await self._x.command_at(REPOSITION, lat, lon, altitude_m, -1.0, 1.0, 0.0, math.nan)

    async def hold(self) -> None:
        """Stay where it is."""
        await self.set_mode(*self.HOLD)

    async def return_home(self) -> None:
        """Climb, come back, land, disarm: the autopilot's own return."""
        await self.set_mode(*self.RETURN)

    async def land(self) -> None:
        """Come down here."""
        await self._x.command(NAV_LAND, 0.0, 0.0, 0.0, math.nan)

    async def disarm(self) -> None:
        """Refused in the air by both."""
        await self._x.command(ARM, 0.0)

    async def set_speed(self, speed_ms: float) -> None:
        """Ground speed of the flight to a place, by MAV_CMD_DO_CHANGE_SPEED."""
        await self._x.command(CHANGE_SPEED, 1.0, speed_ms, -1.0)

    async def upload_mission(self, items: Sequence[Item], home: Item) -> list[Item]:
        """Store a mission and return what the aircraft has afterwards, without the home slot."""
        return (await self._stored(MISSION, [*([home] * self.home_slot), *items]))[self.home_slot :]

    async def _stored(self, kind: int, items: Sequence[Item]) -> list[Item]:
        """Upload and read back; again where neither the acknowledgement nor what is read says that it arrived."""
        first = self.home_slot if kind == MISSION else 0
        back: list[Item] = []
        for _ in range(UPLOADS):
            sure = False
            with contextlib.suppress(Busy):
                sure = await upload(self._x, kind, [_raw(n, item, kind, first) for n, item in enumerate(items)])
            back = [_item(each) for each in await download(self._x, kind)]
            if sure or difference(items[first:], back[first:]) is None:
                break
        return back

    async def start_mission(self) -> None:
        """Start it, asking again while PX4 still digests the upload."""
        end = asyncio.get_running_loop().time() + START_WITHIN_S
        while True:
            try:
                await self.set_mode(*self.AUTO)
            except Refused:
                if asyncio.get_running_loop().time() > end:
                    raise
                await asyncio.sleep(0.2)
            else:
                return

    async def upload_fence(self, corners: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
        """Store an inclusion fence, switch it on, and return the corners the aircraft has afterwards."""
        back = await self._stored(FENCE, [Item(FENCE_CORNER, lat, lon, 0.0, len(corners)) for lat, lon in corners])
        await self.fence_on()
        return [(each.lat, each.lon) for each in back if each.command == FENCE_CORNER]

    async def fence_on(self) -> None:
        """PX4 watches a fence from the moment it is stored."""

    # -- what it is set to
    async def read_settings(self, names: Sequence[str]) -> dict[str, Parameter | None]:
        """Parameters by name, None for one it does not have. `RALLY_TOTAL` is the number of its rally points on both.

        NoAnswer.
        """
        found = await parameters.read_all(self._x, [one for one in names if one != RALLY], by_bytes=self.by_bytes)
        if RALLY in names:
            found[RALLY] = Parameter(float(await count(self._x, RALLY_POINTS)), INT16)
        return found

    async def write_setting(self, name: str, value: float, kind: int) -> None:
        """Set one, of a MAV_PARAM_TYPE, and have its new value said. NoAnswer, Refused."""
        if name == RALLY:
            await clear(self._x, RALLY_POINTS)
        else:
            await parameters.write(self._x, name, value, kind, by_bytes=self.by_bytes)

    async def version(self) -> str:
        """Of its software, such as 4.6.0; empty where it does not say."""

        def told(fields: Fields) -> str | None:
            number = int(fields.get("flight_sw_version") or 0)
            return f"{number >> 24}.{number >> 16 & 255}.{number >> 8 & 255}" if number else None

        asked = {f"param{n}": 0.0 for n in range(2, 8)} | {"param1": float(AUTOPILOT_VERSION)}
        try:
            fields = asked | {"command": REQUEST_MESSAGE, "confirmation": 0}
            return await self._x.ask("COMMAND_LONG", fields, "AUTOPILOT_VERSION", told, COMMAND_TRIES)
        except NoAnswer:
            return ""


class Px4(Dialect):
    """PX4 as measured (1.17-alpha, 1.18)."""


class ArduPilot(Dialect):
    """ArduCopter as measured (4.6-dev, 4.7-dev)."""

    name = "ardupilot"
    home_slot = 1  # the first waypoint of a mission without it is silently lost
    by_bytes = False

    GUIDED = (4.0,)
    HOLD = (17.0,)  # BRAKE: LOITER would sink, with nobody at the throttle
    AUTO = (3.0,)
    RETURN = (6.0,)

    async def arming_mode(self) -> None:
        """After RTL, LAND or AUTO it does not arm, nor in BRAKE, and stays for ever."""
        with contextlib.suppress(NoAnswer):
            await self.set_mode(*self.GUIDED)

    async def take_off(self, height_m: float) -> None:
        """In GUIDED, where arming left it."""
        await self._x.command(NAV_TAKEOFF, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, height_m)

    async def start_mission(self) -> None:
        """In AUTO it waits for the throttle unless it is told to start."""
        await self.set_mode(*self.AUTO)
        await self._x.command(MISSION_START)

    async def fence_on(self) -> None:
        """An upload alone does nothing. Of which kinds and with what action is asked before, with all that decides."""
        await parameters.write(self._x, "FENCE_ENABLE", 1.0, INT8, by_bytes=False)


def dialect(exchange: Exchange, autopilot: str) -> Dialect:
    """The adapter for what the heartbeat says; Refused for an autopilot nobody has measured."""
    if autopilot == "ardupilot":
        return ArduPilot(exchange)
    if autopilot == "px4":
        return Px4(exchange)
    raise Refused("mavlink.unknown_autopilot")


def _raw(number: int, item: Item, kind: int, current: int) -> Fields:
    """As MISSION_ITEM_INT; exactly one item of a mission is the current one."""
    return {
        "seq": number, "mission_type": kind, "frame": FRAME_HOME if kind == MISSION else 0, "command": item.command,
        "current": int(kind == MISSION and number == current), "autocontinue": 1,
        "param1": float(item.p1), "param2": float(item.p2), "param3": 0.0,
        "param4": math.nan if item.command in {WAYPOINT, TAKEOFF} else 0.0,
        "x": round(item.lat * 1e7), "y": round(item.lon * 1e7), "z": float(item.z),
    }  # fmt: skip


def _item(raw: Fields) -> Item:
    place = int(raw["x"]) / 1e7, int(raw["y"]) / 1e7
    height, p1, p2 = (math.nan if raw[key] is None else float(raw[key]) for key in ("z", "param1", "param2"))
    return Item(int(raw["command"]), *place, height, p1, p2)
