"""What outlives one connection: counters, the clocks' difference, and what is still missing."""

from dataclasses import dataclass, field

from drivers.opcua.gaps import Gaps
from protocols.opcua.subscription import Counters


@dataclass(slots=True)
class LineMemory:
    """One line's memory over all its epochs."""

    published: Counters = field(default_factory=Counters)
    gaps: Gaps = field(default_factory=Gaps)
    alive_ticks: int = 0  # the server's clock at its last sign of life
    epochs: int = 0
    polled_points: int = 0
    backfilled: int = 0
    backfill_refused: str = ""  # the last reason a server gave for not telling its history
    mended: int = 0  # items made anew within a connection
    untrusted: int = 0
    clock_off_ns: int | None = None
    clock_believed: bool = True
