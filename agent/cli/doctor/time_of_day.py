"""The clock: what the kernel says of it, and what the agent makes of it."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from agent.cli.doctor.finding import Finding, doubt, fault, told
from agent.runtime.clock.trust import Witness
from agent.runtime.version import BUILT_MS
from protocols.reason import Reason

KEEPERS = ("chronyd", "systemd-timesyn", "ntpd", "ntpsec", "ptp4l")
"""Programs that keep a clock, as the kernel names them (15 letters)."""


class TimeOfDay(NamedTuple):
    """`error_ms`: how far the clock can be off, None where nobody vouches; `doubt` is the running agent's."""

    wall_ms: int
    error_ms: int | None
    keepers: tuple[str, ...]
    doubt: Reason | None = None


def look(root: Path = Path("/")) -> TimeOfDay:
    """What can be known without the agent."""
    names = set()
    for path in root.glob("proc/[0-9]*/comm"):
        try:
            names.add(path.read_text("utf-8", "replace").strip())
        except OSError:
            continue
    return TimeOfDay(time.time_ns() // 1_000_000, Witness().err_ms(), tuple(name for name in KEEPERS if name in names))


def judged(seen: TimeOfDay, *, own_clock: bool) -> list[Finding]:
    """`own_clock`: the settings vouch for it, as it has a battery."""
    return told("clock", "", [*_of_the_clock(seen, own_clock)])


def _of_the_clock(seen: TimeOfDay, own_clock: bool) -> Iterator[Finding]:
    if seen.wall_ms < BUILT_MS:
        yield fault("clock", "", Reason("doctor.clock_not_set"), Reason("doctor.do_set_clock"))
    elif seen.doubt is not None:
        yield fault("clock", "", seen.doubt, Reason("doctor.do_clock_show"))
    elif seen.error_ms is None and not own_clock:
        if seen.keepers:
            yield doubt(
                "clock", "", Reason("doctor.clock_unsynchronised", keeper=seen.keepers[0]),
                Reason("doctor.do_time_source"),
            )  # fmt: skip
        else:
            yield fault("clock", "", Reason("doctor.no_time_keeper"), Reason("doctor.do_time_keeper"))
