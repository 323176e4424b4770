"""Where one nest is, as it is kept for a restart: its phase and its mission."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from pathlib import Path

from agent.flight.control.context import Mission
from agent.flight.machine.table import Phase
from agent.runtime.durable import write_whole

Durable = Callable[[Callable[[], None]], Awaitable[None]]
_log = logging.getLogger(__name__)


RENAMED = {
    "piloted": Phase.MANUAL_OVERRIDE,
    "watching": Phase.REASSESSING,
    "missing": Phase.AIRCRAFT_LOST,
    "away": Phase.LANDED_OFF_SITE,
}
"""Phases as versions before 0.2 kept them."""


def told(phase: Phase, mission: Mission | None) -> bytes:
    """The file's content."""
    kept = {"phase": phase.value, "task": asdict(mission) if mission else None}
    return json.dumps(kept, ensure_ascii=False).encode()


def read(path: Path) -> tuple[Phase, Mission | None]:
    """What was kept last; at rest where nothing was. ValueError for a file that cannot be read."""
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        phase = RENAMED.get(kept["phase"]) or Phase(kept["phase"])
        return phase, Mission(**kept["task"]) if kept["task"] else None
    except FileNotFoundError:
        return Phase.REST, None
    except (KeyError, TypeError) as error:
        raise ValueError(f"not as it was written: {error!r}") from None


class Checkpoint:
    """Writes one phase after the other. A wait that is withdrawn leaves its write under way, and in its turn."""

    def __init__(self, path: Path, durable: Durable) -> None:
        self._path = path
        self._durable = durable
        self._last: asyncio.Task[str] | None = None

    def keep(self, phase: Phase, mission: Mission | None, sync_log: Callable[[], None]) -> asyncio.Task[str]:
        """Ends when the flight's log and then the phase are on the disk: empty, or why they could not be put there."""
        text, before = told(phase, mission), self._last

        def write() -> None:
            sync_log()
            write_whole(self._path, text)

        async def in_turn() -> str:
            if before is not None:
                await asyncio.wait({before})
            try:
                await self._durable(write)
            except OSError as error:
                _log.error("%s cannot be kept: %s", self._path, error)
                return error.strerror or str(error)
            return ""

        self._last = asyncio.create_task(in_turn(), name=f"keep {phase.value}")
        return self._last

    async def idle(self) -> None:
        """Return when nothing is being written."""
        if self._last is not None:
            await asyncio.wait({self._last})
