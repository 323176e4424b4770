"""What a restarted agent finds of a nest: where it was and what it was at, the modes that are ours, its record."""

from pathlib import Path
from typing import NamedTuple

from agent.flight.control import checkpoint
from agent.flight.control.context import FlightContext
from agent.flight.control.mission import Mission
from agent.flight.logbook.record import FlightRecord
from agent.flight.machine.table import Phase
from drivers.drone.ownership import EVERY


class TakenUp(NamedTuple):
    """As it was kept."""

    phase: Phase
    mission: Mission | None
    modes: frozenset[str]
    record: FlightRecord | None
    doubted: bool


def taken_up(path: Path, context: FlightContext) -> TakenUp:
    """For the writer's thread. OSError, ValueError."""
    phase, mission, kept, doubted = checkpoint.read(path)
    modes = EVERY if kept is None else frozenset(kept)
    folder = context.logbook.folder / mission.flight if mission is not None else Path()
    if mission is None or not folder.is_dir():
        return TakenUp(phase, mission, modes, None, doubted)
    return TakenUp(phase, mission, modes, FlightRecord.reopened(folder, context.writer), doubted)
