"""The gateway's own figures, as readings like any other: each line's counters and the agent's own cost."""

import asyncio
import resource
from collections.abc import Sequence
from pathlib import Path
from typing import TypeGuard

from agent.core.intake import Intake
from agent.core.loop_lag import LoopLag
from drivers.ports import Counted
from drivers.sample import Layout, Sample
from protocols.clock import NowNs

EVERY_S = 60.0
AGENT = Layout("hydronest/agent", ("cpu", "memory", "loop_lag", "samples", "readings"), ("s", "1", "s", "1", "1"))
"""CPU seconds since the start, resident MB, by how much core's loop was late at worst, Samples and values taken."""
CORE = "core"


class Metrics:
    """`run` puts one Sample a line and one for the gateway into the intake every minute.

    A counter's own name is its point (`timeouts`, `garbage_bytes`, `utilisation` …); the device is the line's id, and
    the gateway's for the agent; the loops of its other processes stand beside it as `uplinks_loop_lag` … They are kept,
    forwarded and exported as readings are; nothing judges them.
    """

    def __init__(
        self,
        gateway: str,
        lines: Sequence[Counted],
        intake: Intake,
        lags: LoopLag,
        now_ns: NowNs,
        every_s: float = EVERY_S,
    ) -> None:
        self._gateway = gateway
        self._lines = lines
        self._intake = intake
        self._lags = lags
        self._now_ns = now_ns
        self._every_s = every_s
        self._layouts: dict[tuple[str, ...], Layout] = {}

    async def run(self) -> None:
        """For ever."""
        while True:
            await asyncio.sleep(self._every_s)
            self.put()

    def put(self) -> None:
        """One round now."""
        now = self._now_ns()
        for line in self._lines:
            counted = line.line_counters()
            numbers = {name: value for name, value in counted.items() if _is_number(value)}
            if not numbers:
                continue  # of a line whose process has not told of it yet
            layout = self._layout(tuple(numbers))
            self._intake.sample(Sample(line.name, layout, now, tuple(numbers.values()), layout.good))
        worst = self._lags.take_worst()
        used = resource.getrusage(resource.RUSAGE_SELF)
        intake = self._intake
        values = (
            round(used.ru_utime + used.ru_stime, 2),
            _resident_mb(),
            round(worst.get(CORE, 0.0), 4),
            intake.samples,
            intake.readings,
        )
        self._intake.sample(Sample(self._gateway, AGENT, now, values, AGENT.good))
        others = {f"{process}_loop_lag": round(lag, 4) for process, lag in worst.items() if process != CORE}
        if others:
            layout = self._layout(tuple(others), "hydronest/processes", "s")
            self._intake.sample(Sample(self._gateway, layout, now, tuple(others.values()), layout.good))

    def _layout(self, names: tuple[str, ...], profile: str = "hydronest/line", unit: str = "1") -> Layout:
        layout = self._layouts.get(names)
        if layout is None:
            layout = self._layouts[names] = Layout(profile, names, (unit,) * len(names))
        return layout


def _is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return round(pages * resource.getpagesize() / 1e6, 1)
