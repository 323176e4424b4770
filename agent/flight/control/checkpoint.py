"""Where one nest is, as it is kept for a restart: its phase, its mission, the modes it commands."""

import asyncio
import json
import logging
from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path
from typing import NamedTuple

from agent.flight.control.mission import Mission
from agent.flight.machine.table import Phase
from agent.runtime.durable import write_whole
from agent.runtime.envelope import enclosed, opened
from agent.runtime.write_behind import Writer
from protocols.reason import Reason
from protocols.system import why_failed

_log = logging.getLogger("hydronest")

RENAMED = {
    "piloted": Phase.MANUAL_OVERRIDE,
    "watching": Phase.REASSESSING,
    "missing": Phase.AIRCRAFT_LOST,
    "away": Phase.LANDED_OFF_SITE,
}
"""Phases as versions before 0.2 kept them."""
LONGEST_BYTES = 64 << 10
KIND = "nest"
AGAIN_S = 5.0
"""After a phase could not be kept it is tried again."""


class Kept(NamedTuple):
    """What a checkpoint says. `modes`: those of the aircraft that are ours; None where nothing, or no word of them, was
    kept."""

    phase: Phase = Phase.REST
    mission: Mission | None = None
    modes: tuple[str, ...] | None = ()
    doubted: bool = False


def told(kept: Kept) -> bytes:
    """The file's content."""
    task = asdict(kept.mission) if kept.mission else None
    content = {"phase": kept.phase.value, "task": task, "modes": kept.modes, "doubted": kept.doubted}
    return enclosed(KIND, json.dumps(content, ensure_ascii=False).encode())


def read(path: Path) -> Kept:
    """What was kept last; at rest where nothing was. ValueError for a file that cannot be read."""
    try:
        kept = opened(path.read_bytes(), KIND, LONGEST_BYTES)
        phase = RENAMED.get(kept["phase"]) or Phase(kept["phase"])
        modes = kept.get("modes")
        ours = tuple(str(mode) for mode in modes) if isinstance(modes, list) else None
        mission = Mission(**kept["task"]) if kept["task"] else None
        return Kept(phase, mission, ours, kept.get("doubted") is True)
    except FileNotFoundError:
        return Kept(modes=None)
    except (KeyError, TypeError) as error:
        raise ValueError(f"not as it was written: {error!r}") from None


class Checkpoint:
    """Keeps one phase after the other, in the writer's turn; nothing here waits for the card.

    `trouble`: why the phase on the disk is not the last one; it is tried again until it is. `doubted`: an earlier one
    could not be read, and nobody on site has said since that all is well.
    """

    def __init__(self, path: Path, writer: Writer, modes: Callable[[Phase], Iterable[str]]) -> None:
        self.trouble: Reason | None = None
        self.doubted = False
        self._turn = 0
        self._modes = modes
        self._path = path
        self._writer = writer

    def keep(
        self, phase: Phase, mission: Mission | None, sync_log: Callable[[], None]
    ) -> "asyncio.Future[Reason | None]":
        """Ends when the flight's log and then the phase are on the disk: None, or why they could not be put there."""
        text = told(Kept(phase, mission, tuple(self._modes(phase)), self.doubted))
        self._turn += 1
        turn, loop = self._turn, asyncio.get_running_loop()

        def write() -> None:
            sync_log()
            write_whole(self._path, text)

        kept: asyncio.Future[Reason | None] = loop.create_future()

        def again() -> None:
            if turn == self._turn:
                self.keep(phase, mission, sync_log)

        def ended(written: "asyncio.Future[None]") -> None:
            error = written.exception()
            trouble = None if error is None else why_failed(error)
            if trouble is not None and trouble != self.trouble:
                _log.error("%s cannot be kept: %s", self._path, error)
            self.trouble = trouble
            if trouble is not None:
                loop.call_later(AGAIN_S, again)
            if not kept.done():
                kept.set_result(trouble)

        self._writer.done(write).add_done_callback(ended)
        return kept
