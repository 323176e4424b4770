"""How the station stands, as core told it last: asked for as long as somebody looks, and once for all who do."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from agent.web.core_link import CoreLink, NoAnswer
from protocols.reason import Reason

EVERY_S = 1.0
LOOKED_AT_S = 10.0
"""So long after the last look core is asked on."""
FRESH_S = 2.5
"""What is older than this is shown grey: three seconds with the way to the browser."""
FIRST_S = 3.0
"""So long whoever looks first waits for an answer."""
ROWS_A_SECOND, VERDICTS_A_SECOND = 1000, 250
"""Rows of hydrants and verdicts that core is asked for on average: of many the newest is some seconds old."""
Row = dict[str, Any]


class Picture:
    """`frame` as `watch` gives it, empty before the first; `rows` and `verdicts` by id, in the order of the site file.

    `version` goes up with each answer. `trouble`: why the last question had no answer; None while there are answers.
    """

    def __init__(self, link: CoreLink, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.frame: Mapping[str, Any] = {}
        self.rows: dict[str, Row] = {}
        self.verdicts: dict[str, Row] = {}
        self.version = 0
        self.trouble: Reason | None = None
        self.heard_s: float | None = None
        self.heard_utc_s: float | None = None
        self._link = link
        self._monotonic = monotonic
        self._looked_s = float("-inf")
        self._due: dict[str, float] = {}
        self._looked = asyncio.Event()
        self._answered = asyncio.Event()

    @property
    def fresh(self) -> bool:
        """Whether what is here may be shown as how things stand."""
        return self.heard_s is not None and self._monotonic() - self.heard_s < FRESH_S

    def look(self) -> None:
        """Somebody looks now."""
        self._looked_s = self._monotonic()
        self._looked.set()

    async def newest(self) -> None:
        """Look, and wait for an answer, or why there is none, where there is no fresh one."""
        self.look()
        if not self.fresh:
            self._answered.clear()
            try:
                async with asyncio.timeout(FIRST_S):
                    await self._answered.wait()
            except TimeoutError:
                pass  # it is shown as old as it is

    async def run(self) -> None:
        """For ever: ask while somebody looks."""
        loop = asyncio.get_running_loop()
        while True:
            if self._monotonic() - self._looked_s > LOOKED_AT_S:
                self._looked.clear()
                await self._looked.wait()
            began = loop.time()
            await self._ask()
            await asyncio.sleep(max(0.05, began + EVERY_S - loop.time()))

    async def _ask(self) -> None:
        try:
            self.frame = await self._link.ask("watch", count=1, rows=0, curve=0)
            self._heard()
            of_all = max(1, len(self.frame["states"]))
            if self._is_due("rows", of_all / ROWS_A_SECOND):
                self.rows = by_id(await self._link.ask("hydrant.list"))
            if self._is_due("verdicts", max(5.0, of_all / VERDICTS_A_SECOND)):
                self.verdicts = by_id(await self._link.ask("verdict.list"))
            self._heard()
            self.trouble = None
        except NoAnswer as no:
            self.trouble = no.reason
            self._due.clear()  # whoever comes next may be another life of it, with other settings
        self.version += 1
        self._answered.set()

    def _heard(self) -> None:
        self.heard_s, self.heard_utc_s = self._monotonic(), time.time()

    def _is_due(self, what: str, every_s: float) -> bool:
        now = self._monotonic()
        if now < self._due.get(what, float("-inf")):
            return False
        self._due[what] = now + every_s - EVERY_S / 2
        return True


def by_id(rows: Sequence[Row]) -> dict[str, Row]:
    """Each by its id."""
    return {row["id"]: row for row in rows}
