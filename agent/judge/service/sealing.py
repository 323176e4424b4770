"""Days that are over are summed up and sealed, one at a time, beside everything else."""

import asyncio
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from agent.judge.days import Days
from agent.judge.service.day_index import DayIndex
from protocols.reason import Reason
from protocols.system import file_reason, why_failed

EVERY_S = 60.0
PAUSE_S, REST = 1.0, 4.0
"""Years that an earlier version left unsealed take at most a fifth of the time, and a day of them a second."""


class DaySealer:
    """`closed` says of a day that it changes no more; `run` seals it, and every day on disk that was left unsealed.

    `open_days` are those that may still change; `trouble` takes what could not be sealed. `sealed` is told the last day
    and the hash of its line whenever some were.
    """

    def __init__(
        self,
        directory: Path,
        days: Days,
        worker: ThreadPoolExecutor,
        open_days: Callable[[], Iterable[str]],
        trouble: list[Reason],
        sealed: Callable[[str, str], None],
    ) -> None:
        self._directory = directory
        self._index = DayIndex(directory)
        self._days = days
        self._worker = worker
        self._open_days = open_days
        self._trouble = trouble
        self._sealed = sealed
        self._refused: Reason | None = None
        self._looked = False
        self._waiting: list[str] = []

    def closed(self, day: str) -> None:
        """Nothing is counted in any more; where it is after all, it is sealed anew."""
        if day not in self._waiting:
            self._waiting.append(day)

    def reopened(self, days: Iterable[str]) -> None:
        """These are about to be written; what they were sealed as counts no more. On the worker; raises OSError."""
        for day in days:
            self._index.reopen(day)

    async def run(self) -> None:
        """For ever."""
        while True:
            try:
                await self.seal()
                self._tell(None)
            except OSError as error:
                self._tell(file_reason(self._directory, error))
            await asyncio.sleep(EVERY_S)

    async def seal(self) -> None:
        """Everything that waits. Raises OSError."""
        loop = asyncio.get_running_loop()
        if not self._looked:
            open_days = sorted(self._open_days())
            left = await loop.run_in_executor(self._worker, self._index.waiting, open_days)
            self._looked, self._waiting = True, [*left, *(day for day in self._waiting if day not in left)]
        last: tuple[str, str] | None = None
        while self._waiting:
            day, began = self._waiting[0], loop.time()
            try:
                last = day, await loop.run_in_executor(self._worker, self._index.add, day, self._days.length_min(day))
            except (ValueError, TypeError, AttributeError, OverflowError) as error:
                self._trouble.append(Reason("judge.minutes_left_aside", day=day, why=why_failed(error)))
            self._waiting.remove(day)
            if self._waiting:
                await asyncio.sleep(max(PAUSE_S, REST * (loop.time() - began)))
        if last is not None:
            self._sealed(*last)

    def _tell(self, refused: Reason | None) -> None:
        if self._refused is not None and self._refused in self._trouble:
            self._trouble.remove(self._refused)
        self._refused = None if refused is None else Reason("judge.not_sealed", why=refused)
        if self._refused is not None:
            self._trouble.append(self._refused)
