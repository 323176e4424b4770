"""A nest's machinery: cover, rods, charger, switches and weather, in its own time, with ways to break."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

COVER_S, RODS_S = 9.0, 6.0
ALIVE_S = 5.0
"""The PLC's own watchdog: without the agent's counter for so long it stops all motion."""
REACH_M = 6.0
"""Lower than this above the pad, an aircraft is in a moving cover's way."""
PAD_M = 1.2
NEARLY = 0.9
"""So much of its way and a cover or rod is out of an aircraft's way, or holds it: makers leave that margin."""
SEEN_S = 3.5
"""So long after somebody stepped onto the pad nobody may begin a motion: the oldest read that counts, and one more."""
END = {
    "cover_open": "cover_open_switch",
    "cover_close": "cover_closed_switch",
    "rods_clamp": "rods_clamped_switch",
    "rods_free": "rods_free_switch",
}
"""The switch at the end of each motion."""


@dataclass(slots=True)
class Weather:
    """As the mast on the nest measures it."""

    wind_ms: float = 3.0
    gust_ms: float = 4.5
    rain: int = 0
    temperature_c: float = 18.0
    humidity_percent: float = 55.0
    dead: bool = False


@dataclass(slots=True)
class Breakage:
    """What a test may break. A switch set to True or False reports that whatever the truth."""

    cover_jams_at: float | None = None
    rods_jam: bool = False
    cover_open_switch: bool | None = None
    cover_closed_switch: bool | None = None
    rods_free_switch: bool | None = None
    rods_clamped_switch: bool | None = None
    aircraft_present: bool | None = None
    plc_trusts_switches: bool = False  # it stops the drive at its end switch and calls that done; otherwise it counts
    ignore_commands: bool = False
    lose_commands: int = 0
    program_hung: bool = False
    says_done_at_once: bool = False


@dataclass(slots=True)
class Visitor:
    """What the nest's machinery can touch: the aircraft as it truly is."""

    away_m: float = 0.0
    height_m: float = 0.0
    armed: bool = False

    @property
    def on_pad(self) -> bool:
        """Standing on the pad."""
        return self.away_m < PAD_M and self.height_m < 0.05

    @property
    def above(self) -> bool:
        """In the air where the cover sweeps."""
        return self.away_m < 5.0 and 0.05 <= self.height_m < REACH_M


@dataclass(slots=True)
class Mechanics:
    """Truth, not what the PLC says. `hazards` collects every motion that would have hurt something."""

    visitor: Callable[[], Visitor]
    cover: float = 0.0  # 0 closed, 1 open
    rods: float = 1.0  # 0 free, 1 clamped
    charger_on: bool = True
    emergency_stop: bool = False
    mains_ok: bool = True
    backup_percent: float = 100.0
    pad_clear: bool = True
    light_on: bool = False
    climate_on: bool = True
    weather: Weather = field(default_factory=Weather)
    broken: Breakage = field(default_factory=Breakage)
    hazards: list[str] = field(default_factory=list)
    counter: int = 0
    cover_goal: float | None = None
    rods_goal: float | None = None
    centred: bool = True
    stopped: str = ""
    alive_s: float = 0.0  # since the agent's counter last moved
    t: float = 0.0
    blocked_s: float = 0.0  # since somebody stepped onto the pad
    cover_motions: int = 0
    alive_limit_s: float = ALIVE_S

    def tell(self, verb: str) -> None:
        """A command from the program of the PLC to the machinery."""
        if (verb in END or verb == "nest_open") and self.blocked_s > SEEN_S:
            self._hazard("told to move with somebody on the pad")
        if verb == "stop":
            self.cover_goal = self.rods_goal = None
        elif self.emergency_stop and verb not in {"charger_off", "light_on", "light_off"}:
            self.stopped = "emergency stop"
        elif verb == "nest_open":
            self.cover_goal, self.rods_goal = 1.0, 0.0
            self.cover_motions += 1
        elif verb in {"cover_open", "cover_close"}:
            self.cover_goal = 1.0 if verb == "cover_open" else 0.0
            self.cover_motions += 1
        elif verb in {"rods_clamp", "rods_free"}:
            self.rods_goal = 1.0 if verb == "rods_clamp" else 0.0
        elif verb.startswith(("charger", "light", "climate")):
            setattr(self, f"{verb.split('_')[0]}_on", verb.endswith("on"))

    def reached(self, verb: str) -> bool | None:
        """Whether the machinery is where the verb wants it; None for a motion that was stopped short."""
        if verb == "nest_open":
            parts = {self.reached("cover_open"), self.reached("rods_free")}
            return None if None in parts else parts == {True}
        goal = {"cover_open": 1.0, "cover_close": 0.0, "rods_clamp": 1.0, "rods_free": 0.0}.get(verb)
        if goal is None:
            return True
        at, aim = (self.cover, self.cover_goal) if verb.startswith("cover") else (self.rods, self.rods_goal)
        if at == goal or self._stops_at(verb):
            return True
        return False if aim == goal else None

    def _stops_at(self, verb: str) -> bool:
        """Whether the PLC takes the end switch's word that this motion is over."""
        return self.broken.plc_trusts_switches and bool(self.ends()[END[verb]])

    def step(self, dt: float) -> None:
        """Let `dt` seconds pass."""
        self.t += dt
        self.alive_s += dt
        self.blocked_s = 0.0 if self.pad_clear else self.blocked_s + dt
        if not self.broken.program_hung:
            self.counter = (self.counter + 1) % 65536
        if not self.mains_ok:
            self.backup_percent = max(0.0, self.backup_percent - dt / 36.0)
        if self.emergency_stop or self.alive_s > self.alive_limit_s:
            self.cover_goal = self.rods_goal = None
        visitor = self.visitor()
        if not visitor.on_pad:
            self.centred = False
        if visitor.above and self.cover < NEARLY:
            self._hazard("an aircraft flew where the cover was not open")
        if visitor.above and self.rods > 1 - NEARLY:
            self._hazard("an aircraft flew where the rods were not free")
        self._move_cover(dt, visitor)
        self._move_rods(dt, visitor)

    def _move_cover(self, dt: float, visitor: Visitor) -> None:
        if self.cover_goal is None or self.cover == self.cover_goal:
            return
        if self._stops_at("cover_open" if self.cover_goal else "cover_close"):
            self.cover_goal = None
            return
        jam = self.broken.cover_jams_at
        was = self.cover
        step = dt / COVER_S
        self.cover += max(-step, min(step, self.cover_goal - self.cover))
        if jam is not None and min(was, self.cover) <= jam <= max(was, self.cover):
            self.cover = jam
        if self.cover != was:
            if visitor.above:
                self._hazard("cover moved under a flying aircraft")
            if visitor.on_pad and visitor.armed:
                self._hazard("cover moved over an armed aircraft")
            if visitor.on_pad and self.cover < was and not self.centred:
                self._hazard("cover closed onto an aircraft that is not centred")

    def _move_rods(self, dt: float, visitor: Visitor) -> None:
        if self.rods_goal is None or self.rods == self.rods_goal or self.broken.rods_jam:
            return
        if self._stops_at("rods_clamp" if self.rods_goal else "rods_free"):
            self.rods_goal = None
            return
        was = self.rods
        step = dt / RODS_S
        self.rods += max(-step, min(step, self.rods_goal - self.rods))
        if visitor.armed and visitor.on_pad:
            self._hazard("rods moved at an armed aircraft")
        if self.rods >= NEARLY > was:
            self.centred = visitor.on_pad

    def _hazard(self, what: str) -> None:
        if what not in self.hazards:
            self.hazards.append(what)

    # -- what its switches say
    def ends(self) -> dict[str, bool]:
        """The four end switches, lies included."""
        broken = self.broken
        truth = {
            "cover_closed_switch": (self.cover <= 0.0, broken.cover_closed_switch),
            "cover_open_switch": (self.cover >= 1.0, broken.cover_open_switch),
            "rods_free_switch": (self.rods <= 0.0, broken.rods_free_switch),
            "rods_clamped_switch": (self.rods >= 1.0, broken.rods_clamped_switch),
        }
        return {name: there if lie is None else lie for name, (there, lie) in truth.items()}

    def switches(self) -> dict[str, float]:
        """Every point by its profile name."""
        visitor, air = self.visitor(), self.weather
        nan = math.nan
        lie = self.broken.aircraft_present
        present = visitor.on_pad if lie is None else lie
        return {
            **self.ends(),
            "cover_fault": False,
            "rods_fault": False,
            "charger_on": self.charger_on,
            "aircraft_present": present,
            "aircraft_centred": present and self.centred,
            "pad_clear": self.pad_clear,
            "emergency_stop": self.emergency_stop,
            "mains_ok": self.mains_ok,
            "light_on": self.light_on,
            "climate_on": self.climate_on,
            "heartbeat": self.counter,
            "backup_percent": self.backup_percent,
            "wind_ms": nan if air.dead else air.wind_ms,
            "gust_ms": nan if air.dead else air.gust_ms,
            "rain": nan if air.dead else air.rain,
            "temperature_c": nan if air.dead else air.temperature_c,
            "humidity_percent": nan if air.dead else air.humidity_percent,
            "inside_c": 21.0,
        }
