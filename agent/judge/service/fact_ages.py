"""Facts age out: an incident or a permit that nobody has spoken of for a month is over, and is kept no longer.

Inspections and flow tests stay: evidence of their days rests on them.
"""

import asyncio
import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from agent.judge.facts import Incident, Permit
from agent.judge.service.fact_store import FactStore, RecordedFact, recorded
from agent.runtime.durable import write_whole

KEPT_S = 30 * 86_400.0
"""After an incident was last told of, open or closed, and after a permit has ended."""
EVERY_S = 6 * 3600.0
WAIT_S = 86_400.0
"""So long it must have been over: a clock that stands wrong for a while costs nothing."""
_log = logging.getLogger("hydronest")


def is_over(told: RecordedFact, now_s: float) -> bool:
    """Whether nothing rests on it any more (UTC s)."""
    fact = told.fact
    if isinstance(fact, Incident):
        return fact.at_s < now_s - KEPT_S
    return isinstance(fact, Permit) and fact.until_s < now_s - KEPT_S


class FactAges:
    """`look` lets go of what is over, from the file first. `telling` keeps new facts out meanwhile."""

    def __init__(self, store: FactStore, worker: ThreadPoolExecutor, telling: asyncio.Lock) -> None:
        self._store = store
        self._worker = worker
        self._telling = telling
        self._since: dict[int, float] = {}  # facts by identity → when they were first seen to be over

    async def look(self, now_s: float) -> int:
        """How many went. A card that refuses keeps them all until the next look."""
        async with self._telling:
            loop = asyncio.get_running_loop()
            look_s = loop.time()
            seen = {id(told): told for told in self._store.told if is_over(told, now_s)}
            self._since = {one: self._since.get(one, look_s) for one in seen}
            over = [told for one, told in seen.items() if look_s - self._since[one] >= WAIT_S]
            if not over:
                return 0
            try:
                await loop.run_in_executor(self._worker, self._rewrite, over)
            except OSError as error:
                _log.warning("facts that are over stay in %s: %s", self._store.path, error)
                return 0
            self._store.forget(over)
            return len(over)

    def _rewrite(self, over: Sequence[RecordedFact]) -> None:
        """The file without them; a line that cannot be read stays as it is."""
        gone = {told.fact for told in over}
        lines = self._store.path.read_bytes().splitlines()
        stay = [line for line in lines if (told := recorded(line)) is None or told.fact not in gone]
        write_whole(self._store.path, b"".join(line + b"\n" for line in stay))
