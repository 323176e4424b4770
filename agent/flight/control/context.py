"""What all posts of a gateway share."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from agent.flight.control.status import Now
from agent.flight.control.wall import WallClock
from agent.flight.logbook.logbook import Logbook
from agent.flight.orders.restraint import Restrained
from agent.runtime.write_behind import Writer
from agent.settings.flight import Permit, StandingOrder
from drivers.drone.terrain import Terrain
from drivers.event import Event
from drivers.sample import Sample
from protocols.clock import NowNs
from protocols.reason import Reason


@dataclass(slots=True)
class FlightContext:
    """Clocks, papers and sinks, the same for every nest of this gateway. All that is written goes by `writer`."""

    state_dir: Path
    writer: Writer
    logbook: Logbook
    wall: WallClock
    now_ns: NowNs
    timezone: str = "Asia/Shanghai"
    permits: tuple[Permit, ...] = ()
    terrain: dict[str, Terrain | Reason] = field(default_factory=dict)
    """Of each nest for which tiles are named: the ground, or why it is not known."""
    journal_ok: Callable[[], bool] = lambda: True
    card_ok: Callable[[], bool] = lambda: True
    """Whether our own card takes what a flight will have to write."""
    told: Callable[[], bool] = lambda: True
    """Whether both have been asked since the start: what they say until then is only that nobody knows."""
    no_launch: Callable[[], Reason | None] = lambda: None
    """Why no flight may be begun any more, whatever the nest; None where that is not so."""
    restrained: Callable[[], Restrained] = Restrained
    """Who launched how often, and which nests rest after a recall."""
    unadopted: Callable[[], bool] = lambda: False
    """Whether standing orders take the signatures of two people, and have none as they stand."""
    on_event: Callable[[Event], None] = lambda _event: None
    on_sample: Callable[[Sample], None] = lambda _sample: None
    allow_motion: bool = False
    """Whether what is not a simulator may move in this run of the agent."""

    def moment(self, standing_orders: tuple[StandingOrder, ...] = ()) -> Now:
        """Everything that holds for every nest, as it stands now."""
        return Now(
            self.now_ns(),
            self.wall(),
            self.timezone,
            self.permits,
            standing_orders,
            self.journal_ok() and self.card_ok(),
            self.no_launch(),
            self.logbook.loaded,
            self.restrained(),
            self.unadopted(),
        )
