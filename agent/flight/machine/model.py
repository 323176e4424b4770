"""The world the table is checked against: finite, and free to do anything at any time."""

import functools
import itertools
from collections.abc import Mapping
from typing import Any, NamedTuple

from agent.flight.machine.table import STAYS, Do, Phase
from agent.flight.machine.transition import FLOWN_BY_ANOTHER

INPUTS: Mapping[str, tuple[Any, ...]] = {
    "order": ("none", "fly", "recall", "stop"),
    "clear": (False, True),
    "timed_out_or_failed": (False, True),
    "plc": (True, False),
    "link": (True, False),
    "estop": (False, True),
    "pad": (True, False),
    "power": (True, False),
    "weather": (True, False),
    "papers": (True, False),  # permit, operator, clock, journal, identification: the interlocks that sense nothing
    "gnss": (True, False),
    "home_kept": (True, False),
    "held": (False, True),
    "owner": (
        "ours",
        "pilot",
        "returns_by_itself",
        "lands_by_itself",
        "stops_by_itself",
        "own_stop_over",
        "another_station",
    ),
    "prepared": (True, False),
    "goal_reached": (False, True),
    "may_lead": (True, False),
    "beside": (True, False),  # landed just now, level, next to its nest, and not too often yet
}


class PlantState(NamedTuple):
    """The truth that lasts from one look to the next."""

    phase: Phase = Phase.REST
    cover: str = "closed"
    berth: str = "clamped"
    aircraft: str = "docked"
    energy: str = "ample"


class Unread(Exception):
    """A field was asked for that this branch has not fixed yet."""


class PlantModel:
    """What the agent sees of a PlantState, with inputs fixed one by one as they are read."""

    def __init__(self, core: PlantState, fixed: Mapping[str, Any]) -> None:
        self.core = core
        self.fixed = fixed

    def raw(self, name: str) -> Any:
        """The true input, whether or not the agent can see it."""
        try:
            return self.fixed[name]
        except KeyError:
            raise Unread(name) from None

    order = property(lambda self: self.raw("order"))
    clear = property(lambda self: self.raw("clear"))
    timed_out_or_failed = property(
        lambda self: STAYS[self.core.phase].within_s is not None and self.raw("timed_out_or_failed")
    )
    plc = property(lambda self: self.raw("plc"))
    link = property(lambda self: self.raw("link"))
    cover = property(lambda self: self.core.cover if self.plc else "unknown")
    berth = property(lambda self: self.core.berth if self.plc else "unknown")
    estop = property(lambda self: self.raw("estop") if self.plc else None)
    pad = property(lambda self: self.raw("pad") if self.plc else None)
    power = property(lambda self: self.raw("power") if self.plc else None)
    weather = property(lambda self: self.raw("weather") if self.plc else None)
    aircraft = property(lambda self: self.core.aircraft if self.link else "unknown")
    energy = property(lambda self: self.core.energy if self.link else "unknown")
    gnss = property(lambda self: self.raw("gnss") if self.link else None)
    held = property(lambda self: self.raw("held"))
    home_kept = property(lambda self: self.raw("home_kept") if self.link else None)
    owner = property(lambda self: self.raw("owner") if self.link else "unknown")
    pilot = property(lambda self: self.raw("owner") == "pilot" if self.link else None)
    may_lead = property(lambda self: self.raw("may_lead"))
    prepared = property(lambda self: self.link and self.raw("prepared"))
    goal_reached = property(lambda self: self.core.aircraft == "airborne" and self.link and self.raw("goal_reached"))

    @property
    def may_hop(self) -> bool:
        """What arming beside the nest needs; that it stands there is the table's to ask."""
        core = self.core
        return bool(
            core.cover == "open" and core.berth == "free" and core.energy == "ample" and self.plc and self.link
            and self.raw("beside") and self.raw("may_lead") and self.raw("papers") and self.estop is False and self.pad
            and self.power and self.weather and self.gnss and self.pilot is False
        )  # fmt: skip

    @property
    def interlocks_ok(self) -> bool:
        """The interlock list: everything launch needs but what preparing brings about."""
        return bool(
            self.plc and self.link and self.raw("papers") and self.estop is False and self.pad and self.power
            and self.weather and self.gnss and self.energy == "ample" and self.pilot is False
        )  # fmt: skip


@functools.cache
def moves(core: PlantState, *, faults: bool) -> tuple[PlantState, ...]:
    """What the truth may be at the next look. With `faults`, also what nobody ordered."""
    orders = STAYS[core.phase].orders
    resting = STAYS[core.phase].within_s is None and core.phase not in FLOWN_BY_ANOTHER
    covers = {core.cover}
    if Do.OPEN_COVER in orders or core.cover == "moving":
        covers |= {"closed": {"moving"}, "moving": {"open"}}.get(core.cover, set())
    if Do.CLOSE_COVER in orders or core.cover == "moving":
        covers |= {"open": {"moving"}, "moving": {"closed"}}.get(core.cover, set())
    berths = {core.berth}
    if Do.FREE_BERTH in orders:
        berths |= {"clamped": {"between"}, "between": {"free"}}.get(core.berth, set())
    if Do.CLAMP_BERTH in orders:
        berths |= {"free": {"between"}, "between": {"clamped"}}.get(core.berth, set())
    crafts = {core.aircraft}
    if Do.LAUNCH in orders:
        crafts |= {"docked": {"armed"}, "armed": {"airborne"}}.get(core.aircraft, set())
    if Do.HOP_IN in orders:
        crafts |= {"landed_off_site": {"armed"}, "armed": {"airborne", "landed_off_site"}}.get(core.aircraft, set())
    if Do.COME_HOME in orders:
        crafts |= {"airborne": {"armed"}, "armed": {"docked"}}.get(core.aircraft, set())
    energies = {core.energy}
    if faults:
        covers |= {"abnormal", "closed", "moving", "open"} if core.cover == "abnormal" else {"abnormal"}
        if core.cover == "open":
            covers.add("moving")  # somebody at the nest's own panel
        berths.add("between")
        crafts |= {
            "docked": {"armed", "landed_off_site"} if resting else {"armed"},
            "armed": {"docked", "airborne"},
            "airborne": {"armed", "landed_off_site"},
            "landed_off_site": {"docked", "airborne"} if resting else {"airborne"},  # up again, or never down
        }[core.aircraft]
        energies |= {"ample": {"homeward"}, "homeward": {"critical"}, "critical": set()}[core.energy]
        if resting:
            energies.add("ample")
    return tuple(PlantState(core.phase, *truth) for truth in itertools.product(covers, berths, crafts, energies))
