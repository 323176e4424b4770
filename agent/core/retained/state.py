"""Looks at everything once a second, and gives the uplinks process what is new of it."""

from collections.abc import Callable
from typing import Any, Protocol

from agent.core.active_alarms import ActiveAlarms
from agent.core.retained.assets import AssetDocuments
from agent.core.retained.documents import Documents
from agent.core.retained.others import AlarmDocuments, IncidentDocuments, NestDocuments, SealDocuments
from agent.journal.journal import Journal
from agent.judge.service.service import AssessmentService
from agent.link.utc import utc_text
from agent.runtime.slices import in_slices
from agent.runtime.ticks import next_tick
from drivers.event import Event
from protocols.clock import NowNs

AT_ONCE = 100
"""Documents of one message: some tens of kilobytes."""
JUMP_NS = 1_000_000_000
"""A wall clock that is put right by less than this makes no document new."""

Give = Callable[[dict[str, Any]], bool]
"""Gives the uplinks process a message; False where it is not there, or takes nothing now."""


class Nests(Protocol):
    """Who knows of nests and aircraft."""

    def nests(self) -> list[dict[str, Any]]:
        """Every nest with its aircraft under `aircraft`."""


class RetainedState:
    """`run` for ever; `begun` when a new life of the uplinks process knows nothing yet.

    `event` and `turned` are told; `give` takes what is new.
    """

    def __init__(
        self,
        assessments: AssessmentService,
        alarms: ActiveAlarms,
        nests: Nests,
        journal: Journal,
        utc_ns: Callable[[], int | None],
        now_ns: NowNs,
        give: Give,
    ) -> None:
        self.documents = documents = Documents()
        self._give = give
        self._utc_ns = utc_ns
        self._now_ns = now_ns
        self._offset_ns: int | None = None
        self._looked = self._whole = False
        self._assets = AssetDocuments(documents, assessments, now_ns, self._at)
        self._alarms = AlarmDocuments(documents, alarms, now_ns, self._at)
        self._incidents = IncidentDocuments(documents, assessments.store, now_ns)
        self._nests = NestDocuments(documents, nests.nests, now_ns, self._at)
        self._seals = SealDocuments(documents, journal.notes(), journal.keep, now_ns, self._at)

    def begun(self) -> None:
        """Everything is to be given anew."""
        self._whole = False
        self.documents.all_again()

    def event(self, event: Event) -> None:
        """Seals are noted."""
        self._seals.event(event)

    def turned(self, subject: str) -> None:
        """Of this subject something else stands than before."""
        self._alarms.turned(subject)
        self._assets.turned(subject)

    async def run(self) -> None:
        """For ever."""
        while True:
            await self.look()
            self.tell()
            await next_tick()

    async def look(self) -> None:
        """Make every document anew that is not right any more."""
        self._know_time()
        for part in (self._alarms, self._incidents, self._nests, self._assets):
            await in_slices(part.look())
        self._looked = self._assets.complete

    def tell(self) -> None:
        """Give what is new, as much as is taken."""
        while batch := self.documents.some(AT_ONCE):
            if not self._give({"documents": batch, "whole": None}):
                return
            self.documents.given(batch)
        if self._looked and not self._whole:
            self._whole = self._give({"documents": [], "whole": len(self.documents)})

    def _know_time(self) -> None:
        utc_ns, now_ns = self._utc_ns(), self._now_ns()
        offset_ns = None if utc_ns is None else utc_ns - now_ns
        before = self._offset_ns
        if offset_ns is None:
            return  # what was told stays told: nobody knows it better
        if before is None or abs(offset_ns - before) >= JUMP_NS:
            self._offset_ns = offset_ns
            self._assets.clock += 1
            self._alarms.all_anew()

    def _at(self, ns: int) -> str | None:
        """UTC of a moment of this boot, to the second before it."""
        if self._offset_ns is None:
            return None
        return utc_text((ns + self._offset_ns) // 1_000_000_000 * 1_000_000_000)
