"""What the journal keeps and hands out: one record is one group commit of one lane."""

from enum import IntEnum, StrEnum
from typing import NamedTuple


class PriorityClass(IntEnum):
    """Where a record is kept. The numbers are stored: never renumber one."""

    EVENT = 0
    TELEMETRY = 1
    SUMMARY = 2  # old telemetry, down-sampled when room ran short

    @property
    def code(self) -> str:
        """The name as it stands in messages: `telemetry`."""
        return self.name.lower()


class Stream(StrEnum):
    """What an uplink takes by, most urgent first."""

    EVENTS = "events"  # every unsent event, in the order it was raised
    LIVE = "live"  # telemetry committed since the last reconnect
    BACKLOG = "backlog"  # telemetry from before it, oldest outage first, then summaries


class Record(NamedTuple):
    """One committed group, whole and checked. Its name for ever is (gateway, boot, seq).

    `body` is the UTF-8 text of a JSON object without the message's head: `{"frames":[…]}` or `{"events":[…]}`.
    `n` counts readings (values, not samples) or events. Times inside the body are milliseconds from `t0`.
    `t0_ns` is UTC in nanoseconds, reckoned when the record is taken; `err_ms` says how far it can be off,
    None where no trusted clock was ever seen in that kernel boot. `kernel_boot` and `mono_ms` (CLOCK_BOOTTIME)
    let a receiver correct a doubtful `t0` later by itself.
    """

    boot: str
    seq: int
    priority: PriorityClass
    n: int
    t0_ns: int
    err_ms: int | None
    kernel_boot: str
    mono_ms: int
    body: bytes
