"""One nest, and the gateway it hangs on, as they stand at one moment: it does not change under who asks it."""

from dataclasses import dataclass, field

from agent.flight.control.observation import Observation
from agent.flight.control.wall import Wall
from agent.flight.machine.table import Phase
from agent.flight.orders.restraint import FREE, Restrained
from agent.settings.flight import Aircraft, Nest, Permit, StandingOrder
from drivers.drone.audit.audit import Audit
from drivers.drone.terrain import Terrain
from drivers.nest.state import NestState
from protocols.mavlink.state import VehicleState
from protocols.reason import Reason


@dataclass(frozen=True, slots=True)
class NestStatus:
    """What nest and aircraft last proved, and what they are at. `craft` is nobody's but this status's."""

    settings: Nest
    aircraft: Aircraft
    state: NestState
    craft: VehicleState
    phase: Phase
    seen: Observation | None  # the last look; None before the first
    stale_after_s: float = 3.0  # so old the nest's state may be
    trouble: Reason | None = None  # why the nest could not be read last
    attended: bool = True
    opening: bool = False  # a launch waits for the card
    may_move: bool = True
    prepared: bool = False  # fence uploaded and read back
    record_ok: bool = True  # the flight in hand, and the phase, can be written down
    rank: int = 0  # of whoever ordered the flight in hand
    incident: str = ""  # that the flight in hand is for
    audit: Audit = field(default_factory=Audit)  # of what its autopilot is set to
    terrain: Terrain | Reason | None = None  # the ground, or why it is not known; None where no tile is named
    flown_by_hand: bool = False  # a person flies it by hand
    doubted: bool = False  # what was kept of it could not be read, and nobody on site has cleared it since


@dataclass(frozen=True, slots=True)
class Now:
    """What holds for every nest of the gateway. `at_ns` as the ages of states and streams are counted."""

    at_ns: int
    wall: Wall
    timezone: str = "Asia/Shanghai"
    permits: tuple[Permit, ...] = ()
    standing_orders: tuple[StandingOrder, ...] = ()
    journal_ok: bool = True
    ending: Reason | None = None  # why no flight may be begun any more
    flights_read: bool = True  # it is known what was flown before
    restrained: Restrained = FREE  # who launched how often, and which nests rest
    unadopted: bool = False  # the standing orders are others than were signed for
