"""How everything ends: inputs, a bounded drain, uplinks, core, flight; an aircraft out is waited for."""

from collections.abc import Mapping

from agent.runtime.control_wire import Message, Say, send
from agent.supervisor.life import Life

AIRCRAFT_S = 60.0
"""So long an aircraft that is out is waited for; then it is told that the autopilot has it."""
LEAVE_S = 3.0
DRAIN_S = 8.0
HURRIED = 0.1
"""What a second signal leaves of every bound."""

STAGES = ("secure", "leave", "drain", "uplinks", "core", "flight")


class Stopping:
    """`step` once a turn until it is true. Nothing in here waits."""

    def __init__(self, lives: Mapping[str, Life], now_s: float) -> None:
        self._lives = lives
        self._at = -1
        self._until_s = 0.0
        self._factor = 1.0
        self._next(now_s)

    def hurry(self) -> None:
        """Somebody asked again: wait for less."""
        self._factor *= HURRIED
        self._until_s = 0.0

    def step(self, now_s: float) -> bool:
        """Go on where the present stage is over, or its time. True when nothing is left to end."""
        while self._over() or now_s >= self._until_s:
            if self._at == len(STAGES) - 1:
                return self._ended(now_s)
            self._next(now_s)
        return False

    def _next(self, now_s: float) -> None:
        self._at += 1
        bound_s = {"secure": AIRCRAFT_S, "leave": LEAVE_S, "drain": DRAIN_S}
        match STAGES[self._at]:
            case "secure":
                self._tell("opcua", Say.STOP)
                self._tell("flight", Say.DRAIN)
            case "leave":
                if self._out():
                    self._life("flight", drained=False)
                    self._tell("flight", Say.LEAVE)
            case "drain":
                self._tell("core", Say.DRAIN)
            case name:
                bound_s[name] = self._lives[name].spec.stop_s if name in self._lives else 0.0
                self._tell(name, Say.STOP)
        self._until_s = now_s + bound_s[STAGES[self._at]] * self._factor

    def _over(self) -> bool:
        match STAGES[self._at]:
            case "secure":
                return not self._waits("flight") or not self._out()
            case "leave":
                return not self._out() or not self._waits("flight")
            case "drain":
                return not self._waits("core")
            case name:
                return name not in self._lives or not self._lives[name].alive

    def _ended(self, now_s: float) -> bool:
        """Kill what did not end by itself; True once all were waited for."""
        left = [life for life in self._lives.values() if life.alive]
        for life in left:
            life.hung = True
            life.kill()
        self._until_s = now_s + 0.5
        return not left

    def _out(self) -> bool:
        flight = self._lives.get("flight")
        return flight is not None and flight.alive and flight.extra.get("aircraft_out", 0) > 0

    def _waits(self, name: str) -> bool:
        life = self._lives.get(name)
        return life is not None and life.alive and not life.drained

    def _life(self, name: str, *, drained: bool) -> None:
        self._lives[name].drained = drained

    def _tell(self, name: str, what: Say) -> None:
        life = self._lives.get(name)
        if life is not None and life.control is not None:
            send(life.control, Message(what))
