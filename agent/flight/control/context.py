"""What all posts share, and the flight in hand."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from agent.flight.control.wall import WallClock
from agent.flight.logbook.logbook import Logbook
from agent.settings.flight import Permit
from drivers.drone.geometry import Place
from drivers.event import Event
from drivers.sample import Sample
from protocols.clock import NowNs


@dataclass(slots=True)
class FlightContext:
    """Clocks, papers and sinks, the same for every nest of this gateway."""

    state_dir: Path
    logbook: Logbook
    wall: WallClock
    now_ns: NowNs
    timezone: str = "Asia/Shanghai"
    permits: tuple[Permit, ...] = ()
    journal_ok: Callable[[], bool] = lambda: True
    on_event: Callable[[Event], None] = lambda _event: None
    on_sample: Callable[[Sample], None] = lambda _sample: None
    allow_motion: bool = False
    """Whether what is not a simulator may move in this run of the agent."""


@dataclass(slots=True)
class Mission:
    """What one flight is for. Kept with the phase, so that a restarted agent knows it."""

    flight: str
    lat: float
    lon: float
    height_m: float
    operator: str
    training: bool = False
    incident: str = ""
    permit: str = ""
    order: str = ""
    orbit_m: float = 0.0
    rank: int = 0
    launched: bool = False
    start_percent: float = 0.0
    used_percent: float = 0.0
    air_s: float = 0.0
    timing: dict[str, float] = field(default_factory=dict)

    @property
    def place(self) -> Place:
        """Where it flies."""
        return Place(self.lat, self.lon)

    @property
    def class_(self) -> str:
        """训练 or 实战."""
        return "training" if self.training else "live"
