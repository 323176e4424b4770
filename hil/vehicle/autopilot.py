"""The autopilot's mind without its wire: modes, commands and their answers, missions, failsafes."""

import math
from collections import deque

from drivers.drone.geometry import Place
from hil.vehicle import fences
from hil.vehicle.failsafes import act
from hil.vehicle.heights import Heights
from hil.vehicle.orders import (
    ARM,
    CHANGE_SPEED,
    LAND,
    MISSION_START,
    NAN,
    REPOSITION,
    RTL,
    RUN_PREARM,
    SET_HOME,
    SET_MODE,
    TAKEOFF,
    WAYPOINT,
    Faults,
    Item,
    Result,
)
from hil.vehicle.physics import Air, Battery, Body
from hil.vehicle.profile import Profile
from hil.vehicle.steering import wanted


class Autopilot(Heights):
    """One aircraft. `step` moves simulated time; `command` answers as the real one answers.

    `speedup` only scales delays the real autopilot measures on the wire's clock (the denial after an upload).
    """

    def __init__(
        self, profile: Profile, home: Place, *, altitude_m: float = 62.0, air: Air | None = None,
        battery: Battery | None = None, ekf_s: float = 30.0, speedup: float = 1.0,
    ) -> None:  # fmt: skip
        super().__init__(home, altitude_m, Body())
        self.profile = profile
        self.air = air or Air()
        self.battery = battery or Battery()
        self.ekf_s = ekf_s
        self.fix_s = ekf_s / 3
        self.speedup = speedup
        self.faults = Faults()
        self.params = {name: value for name, (value, _) in profile.params.items()}
        self.texts: deque[tuple[int, str]] = deque(maxlen=50)
        self.reached: deque[int] = deque(maxlen=50)
        self.mission: list[Item] = []
        self.fence: list[Place] = []
        self.arm_count = 0
        self.power_w = 0.0
        self.charging = False
        self.rally: list[Place] = []
        self.return_off_m = profile.return_off_m
        self.tilt_deg = 0.0
        self.minds_battery = True
        """Its battery failsafe is set, as it is by default."""
        self.gcs_silent_s = 0.0
        self._boot()

    def _boot(self) -> None:
        self.t = 0.0
        self.mode = self.profile.start_mode
        self.armed = False
        self.on_ground = self.body.u <= 0.01
        self.target: tuple[float, float, float] | None = None
        self.climb_to: float | None = None
        self.speed_ms = 10.0
        self.seq = 0
        self.hold_until: float | None = None
        self.jumps: dict[int, int] = {}
        self.mission_done = False
        self.uploaded_at = -math.inf
        self.idle_since = 0.0
        self.gps_lost_since: float | None = None
        self.low_since: dict[str, float] = {}
        self.failing_since: float | None = None
        self.over_home_since: float | None = None
        self.auth_until = -math.inf
        self.looked_at = -math.inf
        self.says_armable = False

    # -- what it says of itself
    @property
    def ekf_ok(self) -> bool:
        """Whether its position estimate is good: some time after boot, and only with satellites."""
        return self.t >= self.ekf_s and not self.faults.gps_lost

    @property
    def fixed(self) -> bool:
        """Whether its receiver has a place: well before the estimator trusts it."""
        return self.t >= self.fix_s and not self.faults.gps_lost

    @property
    def armable(self) -> bool:
        """Whether it would arm now, in the mode it is in; `says_armable` is its last look's answer."""
        placed = self.ekf_ok or self.mode in self.profile.blind_modes
        return placed and not self.gcs_lost and not self.faults.not_armable and not self.faults.remote_id_down

    def look(self) -> None:
        """Check now whether it would arm, as it is asked to or does by itself every now and then."""
        self.looked_at, self.says_armable = self.t, self.armable

    def _say_why_not(self) -> None:
        why = "GCS failsafe on" if self.gcs_lost else "check failed" if self.ekf_ok else "Need Position Estimate"
        self.say(2, f"PreArm: {why}")

    @property
    def gcs_lost(self) -> bool:
        """Whether the ground station failsafe would act."""
        if self.profile.name == "ardupilot":
            return self.params["FS_GCS_ENABLE"] >= 1 and self.gcs_silent_s > self.params["FS_GCS_TIMEOUT"]
        return self.params["NAV_DLL_ACT"] >= 1 and self.gcs_silent_s > self.params["COM_DL_LOSS_T"]

    def delivered(self) -> None:
        """As from its maker: set to nothing that a nest needs."""
        self.params |= self.profile.as_delivered

    def say(self, severity: int, text: str) -> None:
        """Put out a status text, with the tail this autopilot leaves."""
        self.texts.append((severity, text + self.profile.text_tail))

    # -- what it is told
    def command(self, command: int, p: tuple[float, ...], place: Place | None = None, z: float = NAN) -> Result:
        """Do one MAV_CMD; `p` are its seven parameters, `place` and `z` the position of a COMMAND_INT."""
        if command in self.faults.refused:
            self.say(3, f"command {command} failed")
            return Result.FAILED
        if command in self.faults.ignored:
            return Result.ACCEPTED
        if command == ARM:
            return self._arm(p[0] >= 0.5, p[1] == 21196)
        if command == TAKEOFF:
            return self._takeoff(p[6])
        if command == LAND:
            return self.enter("land")
        if command == RTL:
            return self.enter("rtl")
        if command == SET_MODE:
            custom = int(p[1]) if self.profile.name == "ardupilot" else int(p[1]) << 16 | int(p[2]) << 24
            names = [name for name, number in self.profile.modes.items() if number == custom]
            if names == ["auto"] and self.profile.name == "px4":
                return self._start_mission()
            return self.enter(names[0]) if names else Result.DENIED
        if command == SET_HOME and place is not None:
            return self.set_home(place, z)
        if command == REPOSITION and place is not None:
            return self._reposition(place, z)
        if command == RUN_PREARM:
            self.look()
            if not self.says_armable:
                self._say_why_not()
            return Result.ACCEPTED
        if command == MISSION_START:
            return self._start_mission()
        if command == CHANGE_SPEED:
            self.speed_ms = max(1.0, min(15.0, p[1]))
            return Result.ACCEPTED
        return Result.UNSUPPORTED

    def _arm(self, arm: bool, force: bool) -> Result:
        if not arm:
            if not self.on_ground and not force:
                self.say(4, "Disarm denied: not landed")
                return Result.FAILED if self.profile.name == "ardupilot" else Result.DENIED
            self.armed = False
            return Result.ACCEPTED
        if self.armed:
            return Result.ACCEPTED
        if self.mode in self.profile.unarmable:
            self.say(2, f"Arm: {self.mode.upper()} mode not armable")
            return Result.FAILED
        if not self.armable:
            self._say_why_not()
            return Result.FAILED if self.profile.name == "ardupilot" else Result.DENIED
        self.armed = True
        self.arm_count += 1
        self.idle_since = self.t
        self._home_here()
        return Result.ACCEPTED

    def _takeoff(self, altitude_m: float) -> Result:
        if self.profile.name == "px4":
            altitude_m = self.params["MIS_TAKEOFF_ALT"]
        if not self.armed:
            if not self.profile.acks_on_ground:
                self.enter("guided")
                return Result.FAILED
            return Result.ACCEPTED
        if self.profile.name == "px4":
            self.enter("takeoff")
        self.climb_to = altitude_m + self.home_altitude_m - self.pad_altitude_m
        self.target = None
        return Result.ACCEPTED

    def _reposition(self, place: Place, absolute_m: float) -> Result:
        if fences.forbids(self, place):
            self.say(2, "Reposition is outside geofence")
            return Result.ACCEPTED if self.profile.acks_outside_fence else Result.FAILED
        if not self.armed or self.on_ground:
            return Result.ACCEPTED
        self.enter("guided" if "guided" in self.profile.modes else "hold")
        north, east = self.pad.to(place)
        up = self.body.u if math.isnan(absolute_m) else absolute_m - self.pad_altitude_m - self.drift_m
        self.target = (north, east, up)
        self.climb_to = None
        return Result.ACCEPTED

    def _start_mission(self) -> Result:
        first = 1 if self.profile.slot0_is_home else 0
        late = self.t - self.uploaded_at < self.profile.start_denied_s * self.speedup
        if len(self.mission) <= first or late:
            self.say(4, "Switching to Mission is currently not available")
            return Result.DENIED
        if any(fences.forbids(self, item.place) for item in self.mission[first:] if item.command == WAYPOINT):
            self.say(2, f"Geofence violation for waypoint {first}")
            return Result.DENIED
        if not self.armed:
            return Result.FAILED
        return self.enter("auto")

    def enter(self, mode: str) -> Result:
        """Change the mode, with what the change itself does to the flight."""
        if mode not in self.profile.modes:
            return Result.DENIED
        if mode == "auto":
            if not self.mission:
                return Result.DENIED
            if self.mission_done or self.seq == 0:
                self.seq = 1 if self.profile.slot0_is_home else 0
                self.jumps.clear()
            self.mission_done = False
            self.hold_until = None
        if mode == "land" and self.mode != "land":
            self.target = (self.body.n + self.faults.lands_off_m, self.body.e, 0.0)
        self.mode = mode
        self.climb_to = self.over_home_since = None
        if mode in {"brake", "loiter", "hold", "guided"} and not self.on_ground:
            self.target = (self.body.n, self.body.e, self.body.u)
        return Result.ACCEPTED

    def store_mission(self, items: list[Item]) -> None:
        """Take a whole new mission; PX4 needs a moment before it can be started."""
        self.mission = items
        self.seq = next((item.seq for item in items if item.current), 0)
        self.mission_done = False
        self.jumps.clear()
        self.uploaded_at = self.t

    def reboot(self) -> None:
        """As by a brown-out: in the air the motors keep what they had only in the simulator, so only on the ground."""
        self._boot()

    @property
    def _disarms_after_s(self) -> float:
        """Motors idling on the ground; infinite where it is set to let them."""
        landed = self.mode in {"rtl", "land"}
        if self.profile.name == "ardupilot":
            return self.profile.disarm_s if landed else self.params["DISARM_DELAY"] * self.speedup or math.inf
        after_s = self.params["COM_DISARM_LAND"]
        return math.inf if after_s <= 0 else after_s if landed else 10.0 * self.speedup

    # -- time
    def step(self, dt: float, gcs_silent_s: float = 0.0) -> None:
        """Let `dt` simulated seconds pass; `gcs_silent_s` is how long no ground station that counts was heard."""
        self.t += dt
        self.gcs_silent_s = gcs_silent_s
        if self.t - self.looked_at >= self.profile.looks_every_s:
            self.look()
        air = self.air.at(dt)
        if not self.armed:
            self.battery.drawn_w = 0.0
            if self.charging:
                left = self.battery.left_wh + self.battery.charge_w * dt / 3600.0
                self.battery.left_wh = min(self.battery.capacity_wh, left)
            return
        act(self)
        want = wanted(self, dt)
        if self.on_ground and want[2] <= 0:
            self.power_w = self.battery.drawn_w = 20.0
            if self.t - self.idle_since > self._disarms_after_s:
                self.armed = False
                if self.profile.after_landing:
                    self.mode = self.profile.after_landing
            return
        self.power_w = self.body.step(dt, want, air, self.battery)
        was = self.on_ground
        self.on_ground = self.body.u <= 0.01 and want[2] <= 0
        if self.battery.left_wh <= 0 and not self.on_ground:
            self.body.u, self.on_ground = 0.0, True  # it falls
            self.say(0, "Battery empty: crash")
        if self.on_ground and not was:
            self.idle_since = self.t
            self.body.vn = self.body.ve = self.body.vu = 0.0
