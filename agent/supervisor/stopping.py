"""How everything ends: inputs, a bounded drain, uplinks, core, flight; an aircraft out is waited for."""

import logging
from collections.abc import Mapping

from agent.runtime.control_wire import Message, Say, send
from agent.supervisor.life import STUCK_AFTER_S, Life

AIRCRAFT_S = 60.0
"""So long an aircraft that is out is waited for; then it is told that the autopilot has it."""
LEAVE_S = 3.0
DRAIN_S = 8.0
HURRIED = 0.1
"""What each further signal leaves of every bound."""

STAGES = ("opcua", "aircraft", "leave", "web", "drain", "uplinks", "core", "flight", "rest")
"""A stage that is a child's name: that child ends. `rest`: whoever did not, is killed."""

_log = logging.getLogger("hydronest")


def longest_s(lives: Mapping[str, Life]) -> float:
    """How long everything may take: the unit's TimeoutStopSec is above it."""
    bounds = {"aircraft": AIRCRAFT_S, "leave": LEAVE_S, "drain": DRAIN_S, "rest": STUCK_AFTER_S}
    return sum(bounds.get(stage, lives[stage].spec.stop_s if stage in lives else 0.0) for stage in STAGES)


class Stopping:
    """`step` once a turn until it is true. Nothing in here waits."""

    def __init__(self, lives: Mapping[str, Life], now_s: float) -> None:
        self._lives = lives
        self._at = -1
        self._until_s = 0.0
        self._factor = 1.0
        self._tell("flight", Say.DRAIN)
        self._next(now_s)

    def hurry(self) -> None:
        """Somebody asked again: wait for less."""
        self._factor *= HURRIED
        self._until_s = 0.0

    def needs(self, life: Life) -> bool:
        """Whether it is to begin anew although everything ends: it has an aircraft out, and its time is not over."""
        return STAGES[self._at] == "aircraft" and life.spec.outlives and life.aircraft_out

    def step(self, now_s: float) -> bool:
        """Go on where the present stage is over, or its time. True when nothing is left to end, or can be ended."""
        while self._over() or now_s >= self._until_s:
            if STAGES[self._at] == "rest":
                for life in self._alive():
                    _log.error("%s is killed, and the kernel does not let it go", life.spec.name)
                return True
            self._next(now_s)
        return False

    def _next(self, now_s: float) -> None:
        self._at += 1
        stage = STAGES[self._at]
        bound_s = {"aircraft": AIRCRAFT_S, "leave": LEAVE_S, "drain": DRAIN_S, "rest": STUCK_AFTER_S}.get(stage, 0.0)
        match stage:
            case "aircraft":
                pass
            case "leave":
                if self._out():
                    self._lives["flight"].drained = False
                    self._tell("flight", Say.LEAVE)
            case "drain":
                self._tell("core", Say.DRAIN)
            case "rest":
                for life in self._alive():
                    _log.error("%s did not end in its time and is killed", life.spec.name)
                    life.killed_s = now_s
                    life.kill()
            case child:
                bound_s = self._lives[child].spec.stop_s if child in self._lives else 0.0
                self._tell(child, Say.STOP)
        self._until_s = now_s + bound_s * (1.0 if stage == "rest" else self._factor)

    def _over(self) -> bool:
        match STAGES[self._at]:
            case "aircraft":
                return not self._out()
            case "leave":
                return not self._out() or self._lives["flight"].drained
            case "drain":
                core = self._lives.get("core")
                return core is None or not core.alive or core.drained
            case "rest":
                return not self._alive()
            case child:
                return child not in self._lives or not self._lives[child].alive

    def _alive(self) -> list[Life]:
        return [life for life in self._lives.values() if life.alive]

    def _out(self) -> bool:
        flight = self._lives.get("flight")
        return flight is not None and flight.aircraft_out

    def _tell(self, name: str, what: Say) -> None:
        life = self._lives.get(name)
        if life is not None and life.control is not None:
            send(life.control, Message(what))
