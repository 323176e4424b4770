"""The simulated autopilot without a wire: the same commands and the same stamped state, for flights in virtual time."""

import asyncio
import math
import random
from collections.abc import Sequence

from drivers.drone.geometry import Place
from hil.vehicle.autopilot import Autopilot
from hil.vehicle.orders import ARM, LAND, MISSION_START, REPOSITION, RTL, RUN_PREARM, TAKEOFF, Item, Result
from hil.vehicle.physics import CELLS
from protocols.clock import NowNs
from protocols.errors import NoAnswer, NotConnected, Refused
from protocols.mavlink import items
from protocols.mavlink.book import Parameter, ParameterBook
from protocols.mavlink.state import Landed, Link, PackSaid, Text, VehicleState
from protocols.reason import word

ACK_S = 0.05
REPORT_S, SLOW_S = 0.25, 1.0
"""What it says of place and state comes so often; battery, home and mission at the slower of the two."""
QUICK = {"HEARTBEAT", "SYS_STATUS", "GPS_RAW_INT", "ATTITUDE", "GLOBAL_POSITION_INT", "EXTENDED_SYS_STATE"}
TIMEOUT_S = 2.0


class DirectAircraft:
    """`drivers.drone.ports.Aircraft` over an Autopilot. Call `tick` as time passes."""

    def __init__(self, auto: Autopilot, now_ns: NowNs, *, seed: int = 1) -> None:
        self.auto = auto
        self.now_ns = now_ns
        self.state = VehicleState()
        self.texts = Text(now_ns)
        self.book = ParameterBook()
        self.down = False
        self.lose_acks = 0.0
        """Share of commands whose acknowledgement, or the command itself, is lost; half each."""
        self.mute: set[str] = set()
        """Streams that come no more."""
        self.heard_s = 0.0
        """Seconds since the aircraft last heard us."""
        self._random = random.Random(seed)
        self._changed = asyncio.Event()
        self._since_s = self._slow_s = self._home_s = 0.0

    def forget(self) -> None:
        """The agent is begun anew and has heard nothing yet: each stream comes when it comes."""
        self.state = VehicleState()
        self.book.forget()
        self._since_s, self._slow_s, self._home_s = 0.0, 0.0, -SLOW_S

    async def change(self) -> None:
        """The next report."""
        await self._changed.wait()

    def tick(self, dt: float) -> None:
        """`dt` seconds passed: the aircraft reports what is due, unless the link is down."""
        self.heard_s = self.heard_s + dt if self.down else 0.0
        self._since_s += dt
        self._slow_s += dt
        self._home_s += dt
        if self._since_s < REPORT_S:
            return
        self._since_s = 0.0
        while self.auto.texts:
            severity, text = self.auto.texts.popleft()
            if not self.down:
                self.texts.add(severity, text)
        if not self.down:
            self._report()
            if self._slow_s >= SLOW_S:
                self._slow_s = 0.0
                self._report_slowly()
            if self._home_s >= SLOW_S:
                self._home_s = 0.0
                self._report_home()
        elif self.heard_s > 3.0:
            self.state.link = Link.LOST
        self._changed.set()
        self._changed = asyncio.Event()

    def forged(self, *, armed: bool, landed: Landed) -> None:
        """Somebody else's packets under this aircraft's id, until its own come again."""
        self.state.armed, self.state.landed = armed, landed
        for name in ("HEARTBEAT", "EXTENDED_SYS_STATE"):
            self.state.heard_at(name, self.now_ns())
        self._changed.set()
        self._changed = asyncio.Event()

    def _report(self) -> None:
        auto, s, now = self.auto, self.state, self.now_ns()
        s.link, s.autopilot, s.armed, s.mode = Link.CONNECTED, auto.profile.name, auto.armed, auto.mode
        s.landed = Landed.ON_GROUND if auto.on_ground else Landed.LANDING if auto.mode == "land" else Landed.IN_AIR
        s.lat, s.lon = auto.place
        s.height_m, s.altitude_m = auto.height_m, auto.altitude_m
        s.tilt_deg = auto.tilt_deg
        s.north_ms, s.east_ms, s.up_ms = auto.body.vn, auto.body.ve, auto.body.vu
        s.gps_fix, s.satellites = (auto.profile.gps_fix, 14) if auto.fixed else (1, 0)
        s.gnss_altitude_m = auto.pad_altitude_m + auto.body.u + auto.gnss_off_m if auto.fixed else math.nan
        s.gnss_error_m = auto.gnss_error_m
        s.armable = auto.says_armable
        for name in QUICK - self.mute:
            s.heard_at(name, now)

    def _report_slowly(self) -> None:
        auto, s, now = self.auto, self.state, self.now_ns()
        s.battery_percent, s.voltage_v = float(int(auto.battery.said_percent)), auto.battery.voltage_v
        if "BATTERY_STATUS" not in self.mute:
            cells = (s.voltage_v / CELLS,) * CELLS
            s.packs = {0: PackSaid(s.battery_percent, cells, s.current_a, auto.profile.battery_function, now)}
        s.mission_seq, s.mission_total, s.mission_done = auto.seq, len(auto.mission), auto.mission_done
        s.remote_id_ok = not auto.faults.remote_id_down
        for name in {"MISSION_CURRENT", "BATTERY_STATUS", "OPEN_DRONE_ID_ARM_STATUS"} - self.mute:
            s.heard_at(name, now)

    def _report_home(self) -> None:
        self.state.home = (self.auto.home.lat, self.auto.home.lon, self.auto.home_altitude_m)
        self.state.heard_at("HOME_POSITION", self.now_ns())

    async def _command(self, number: int, p: tuple[float, ...] = (), place: Place | None = None, z: float = 0) -> None:
        if self.state.link is not Link.CONNECTED:
            raise NotConnected("mavlink.aircraft_not_connected", order=word("order"))
        lost = self.down or self._random.random() < self.lose_acks
        if not lost or (not self.down and self._random.random() < 0.5):
            result = self.auto.command(number, (*p, *([0.0] * (7 - len(p)))), place, z)
            if not lost:
                await asyncio.sleep(ACK_S)
                if result is not Result.ACCEPTED:
                    order, why, said = str(number), result.name.lower(), tuple(text for _, text in self.auto.texts)
                    raise Refused("mavlink.order_failed_saying", number=int(result), order=order, why=why, said=said)
                return
        await asyncio.sleep(TIMEOUT_S)
        raise NoAnswer("mavlink.no_acknowledgement_to", command=number)

    async def _mode(self, name: str) -> None:
        number = self.auto.profile.modes[name]
        main, sub = (number, 0) if self.auto.profile.name == "ardupilot" else (number >> 16 & 255, number >> 24)
        await self._command(176, (1.0, float(main), float(sub)))

    async def ready_to_arm(self) -> None:
        """GUIDED or Hold, and looked at there."""
        await self._arming_mode()
        await self._command(RUN_PREARM)

    async def _arming_mode(self) -> None:
        await self._mode("guided" if self.auto.profile.name == "ardupilot" else "hold")

    async def arm(self) -> None:
        """Put into its mode first, whatever becomes of the acknowledgement."""
        try:
            await self._arming_mode()
        except NoAnswer:
            await asyncio.sleep(0)
        await self._command(ARM, (1.0,))

    async def disarm(self) -> None:
        """Refused in the air."""
        await self._command(ARM, (0.0,))

    async def take_off(self, height_m: float) -> None:
        """Metres above home."""
        if "MIS_TAKEOFF_ALT" in self.auto.params:
            self.auto.params["MIS_TAKEOFF_ALT"] = height_m
        await self._command(TAKEOFF, (0, 0, 0, 0, 0, 0, height_m))

    async def go_to(self, lat: float, lon: float, altitude_m: float) -> None:
        """Altitude above sea level."""
        await self._command(REPOSITION, place=Place(lat, lon), z=altitude_m)

    async def hold(self) -> None:
        """BRAKE or Hold."""
        await self._mode(self.auto.profile.brake)

    async def return_home(self) -> None:
        """RTL."""
        await self._command(RTL)

    async def land(self) -> None:
        """Here."""
        await self._command(LAND)

    async def set_speed(self, speed_ms: float) -> None:
        """Ground speed."""
        await self._command(178, (1.0, speed_ms))

    async def upload_mission(self, mission: Sequence[items.Item], home: items.Item) -> list[items.Item]:
        """Stored as it was sent."""
        slot = [home] if self.auto.profile.slot0_is_home else []
        whole = [
            Item(n, 6, i.command, (i.p1, i.p2, 0, 0), round(i.lat * 1e7), round(i.lon * 1e7), i.z)
            for n, i in enumerate([*slot, *mission])
        ]
        self.auto.store_mission(whole)
        await asyncio.sleep(0.5)
        return list(mission)

    async def start_mission(self) -> None:
        """AUTO."""
        await self._command(MISSION_START)

    async def upload_fence(self, corners: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
        """Stored and on."""
        if self.state.link is not Link.CONNECTED:
            raise NotConnected("mavlink.aircraft_not_connected", order=word("order"))
        self.auto.fence = [Place(lat, lon) for lat, lon in corners]
        if "FENCE_ENABLE" in self.auto.params:
            self.auto.params["FENCE_ENABLE"] = 1
        await asyncio.sleep(0.5)
        return list(corners)

    async def read_settings(self, names: Sequence[str]) -> None:
        """At once: as they are now."""
        if self.state.link is not Link.CONNECTED:
            raise NotConnected("mavlink.aircraft_not_connected", order=word("read_settings"))
        have = self.auto.params | {"RALLY_TOTAL": float(len(self.auto.rally))}
        found = {name: Parameter(have[name], 9) if name in have else None for name in names}
        await asyncio.sleep(ACK_S)
        self.book.read(found, "4.6.0", self.now_ns())

    async def write_setting(self, name: str, value: float, kind: int) -> None:
        """At once."""
        del kind
        if name == "RALLY_TOTAL":
            self.auto.rally.clear()
        else:
            self.auto.params[name] = value
        await asyncio.sleep(ACK_S)
