"""How the station stands, as core told it last: asked for as long as somebody looks, and once for all who do."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from agent.web.core_link import CoreLink, NoAnswer
from protocols.reason import Reason

EVERY_S = 1.0
LOOKED_AT_S = 10.0
"""So long after the last look core is asked on."""
FRESH_S = 2.5
"""What is older than this is shown grey: three seconds with the way to the browser."""
FIRST_S = 3.0
"""So long whoever looks first waits for an answer."""
Row = dict[str, Any]


class Part(NamedTuple):
    """Something that core is asked for while a page that shows it is looked at: every `every_s`, and of `rows_a_second`
    things on average: of many, the newest is some seconds old.
    """

    ask: str
    arguments: Mapping[str, Any] = {}
    every_s: float = EVERY_S
    rows_a_second: float = 1000.0
    of_flight: bool = False


HYDRANTS, VERDICTS, ALARMS = "hydrants", "verdicts", "alarms"
RATE, RATE_BY_STATION, READY = "rate", "rate by station", "ready"
PARTS: Mapping[str, Part] = {
    HYDRANTS: Part("hydrant.list"),
    VERDICTS: Part("verdict.list", every_s=5.0, rows_a_second=250.0),
    ALARMS: Part("alarm.list"),
    RATE: Part("rate", every_s=5.0),
    RATE_BY_STATION: Part("rate", {"by": "station"}, every_s=10.0),
    READY: Part("nest.ready", of_flight=True),
}


class Picture:
    """`frame` as `watch` gives it, empty before the first; `of` a part as core answered it last.

    `version` goes up with each answer. `trouble`: why the last question had no answer; None while there are answers.
    """

    def __init__(
        self, core: CoreLink, flight: CoreLink | None = None, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self.frame: Mapping[str, Any] = {}
        self.version = 0
        self.resting = False
        """Nobody looks, and nothing is asked."""
        self.trouble: Reason | None = None
        self.heard_s: float | None = None
        self.heard_utc_s: float | None = None
        self._core = core
        self._flight = flight
        self._monotonic = monotonic
        self._looked_s: dict[str, float] = {}
        self._due_s: dict[str, float] = {}
        self._told: dict[str, Any] = {}
        self._looked = asyncio.Event()
        self._turned = asyncio.Condition()

    def of(self, part: str) -> Any:
        """As it was answered last; None before the first answer."""
        return self._told.get(part)

    def by_id(self, part: str) -> dict[str, Row]:
        """The rows of one, each by its id, in the order of the site file."""
        return {row["id"]: row for row in self._told.get(part) or ()}

    @property
    def fresh(self) -> bool:
        """Whether what is here may be shown as how things stand."""
        return self.heard_s is not None and self._monotonic() - self.heard_s < FRESH_S

    def look(self, parts: Iterable[str]) -> None:
        """Somebody looks at these now."""
        now_s = self._monotonic()
        self._looked_s |= dict.fromkeys(("", *parts), now_s)
        self._looked.set()

    async def newest(self, parts: Iterable[str]) -> None:
        """Look, and wait until each has been answered, or why not, where it is not here yet."""
        parts = tuple(parts)
        self.look(parts)
        began = self.version
        with contextlib.suppress(TimeoutError):  # it is shown as it is
            async with asyncio.timeout(FIRST_S), self._turned:
                await self._turned.wait_for(lambda: self._is_all_here(parts) or self._failed_since(began))

    def _is_all_here(self, parts: tuple[str, ...]) -> bool:
        return self.fresh and all(part in self._told for part in parts)

    def _failed_since(self, version: int) -> bool:
        return self.version > version and self.trouble is not None

    async def run(self) -> None:
        """For ever: ask while somebody looks."""
        loop = asyncio.get_running_loop()
        while True:
            if not self._is_looked_at(""):
                self._looked.clear()
                self.resting = True
                await self._looked.wait()
                self.resting = False
            began = loop.time()
            await self._ask()
            async with self._turned:
                self._turned.notify_all()
            rest_s = max(0.05, began + EVERY_S - loop.time())
            self._looked.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(rest_s):
                    await self._until_something_is_lacking()

    async def _until_something_is_lacking(self) -> None:
        while True:
            await self._looked.wait()
            self._looked.clear()
            if self.trouble is None and any(part and part not in self._told for part in self._looked_s):
                return

    def _is_looked_at(self, part: str) -> bool:
        return self._monotonic() - self._looked_s.get(part, float("-inf")) <= LOOKED_AT_S

    async def _ask(self) -> None:
        try:
            self.frame = await self._core.ask("watch", count=1, rows=0, curve=0)
            self._heard()
            for name, part in PARTS.items():
                if self._is_looked_at(name) and self._is_due(name, part):
                    self._told[name] = await self._part(part)
            self._heard()
            self.trouble = None
        except NoAnswer as no:
            self.trouble = no.reason
            self._due_s.clear()  # whoever comes next may be another life of it, with other settings
        self.version += 1

    async def _part(self, part: Part) -> Any:
        if not part.of_flight:
            return await self._core.ask(part.ask, **part.arguments)
        return [await self._of_flight(part, nest["id"]) for nest in self.frame["nests"]]

    async def _of_flight(self, part: Part, nest: str) -> Any:
        """Flight's own word of a nest: none where it does not answer, which is no trouble of core's."""
        if self._flight is None:
            return None
        try:
            return await self._flight.ask(part.ask, nest=nest)
        except NoAnswer:
            return None

    def _heard(self) -> None:
        self.heard_s, self.heard_utc_s = self._monotonic(), time.time()

    def _is_due(self, name: str, part: Part) -> bool:
        now_s = self._monotonic()
        if name in self._told and now_s < self._due_s.get(name, float("-inf")):
            return False
        every_s = max(part.every_s, len(self.frame["states"]) / part.rows_a_second)
        self._due_s[name] = now_s + every_s - EVERY_S / 2
        return True
