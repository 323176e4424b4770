"""Whether each nest could launch, second by second: a line where that turns, kept for reckoning afterwards."""

import asyncio
import json
import secrets
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from agent.flight.control.nest_controller import NestController
from agent.flight.control.status import Now
from agent.flight.control.wall import WallClock
from agent.flight.machine.table import STAYS
from agent.flight.orders.eligibility import eligibility
from agent.runtime.buffered_appender import BufferedAppender
from agent.runtime.write_behind import Writer
from protocols.clock import NowNs
from protocols.reason import Reason

FOLDER = "readiness"
LOOK_S = 0.5
ALIVE_S = 300.0
"""A line so often while nothing turns: a kill costs no more of what is known."""


class Readiness(NamedTuple):
    """How one nest stands: `ready`, `out` on a flight, or `not_ready` for these reasons (codes, or interlocks)."""

    nest: str
    stands: str
    why: tuple[str, ...] = ()


def readiness(controller: NestController, now: Now) -> Readiness:
    """Whether it would take an order to launch; a flight under way is what it is for."""
    nest = controller.settings.id
    if controller.mission is not None and not STAYS[controller.phase].end:
        return Readiness(nest, "out")
    why = [_short(reason) for reason in eligibility(controller.status(), None, now)]
    return Readiness(nest, "not_ready", tuple(dict.fromkeys(why))) if why else Readiness(nest, "ready")


def _short(reason: Reason) -> str:
    """An interlock by its name, all else by its code."""
    name = reason.facts.get("interlock")
    return name.code if isinstance(name, Reason) else reason.code


class ReadinessLog:
    """`run` for ever. Nobody waits for the card; a file a month, by the clock as it is, trusted or not."""

    def __init__(
        self, folder: Path, writer: Writer, wall: WallClock, now_ns: NowNs, look: Callable[[], Iterable[Readiness]]
    ) -> None:
        self._folder = folder
        self._writer = writer
        self._wall = wall
        self._now_ns = now_ns
        self._look = look
        self._life = secrets.token_hex(4)
        self._month = ""
        self._file: BufferedAppender | None = None
        self._last: dict[str, Readiness] = {}
        self._told_ns = 0

    async def run(self) -> None:
        """Look twice a second; what turned is a line, and the end is one."""
        await self._writer.done(lambda: self._folder.mkdir(parents=True, exist_ok=True))
        try:
            while True:
                self.look()
                await asyncio.sleep(LOOK_S)
        finally:
            self._note({})

    def look(self) -> None:
        """One look."""
        for one in self._look():
            if self._last.get(one.nest) != one:
                self._last[one.nest] = one
                self._note({"nest": one.nest, "stands": one.stands, "why": one.why})
        if self._now_ns() - self._told_ns >= ALIVE_S * 1e9:
            self._note({})

    def _note(self, what: dict[str, object]) -> None:
        wall, self._told_ns = self._wall(), self._now_ns()
        month = datetime.fromtimestamp(wall.utc_s, UTC).strftime("%Y-%m")
        if self._file is None or month != self._month:
            self._month = month
            self._file = BufferedAppender(self._folder / f"{month}.jsonl", self._writer)
        utc_s = round(wall.utc_s, 2) if wall.trusted else None
        line = {"life": self._life, "t_s": round(self._told_ns / 1e9, 2), "utc_s": utc_s, **what}
        self._file.add(json.dumps(line, separators=(",", ":")))
