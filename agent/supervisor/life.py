"""One child as the supervisor sees it: its life, its silence, and when it may begin anew."""

import os
import signal
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from agent.runtime.child import Child

FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 30.0
CALM_S = 60.0
"""A child that lived this long begins anew after the first pause."""


class State(StrEnum):
    """What a child is doing."""

    STARTING = "starting"
    RUNNING = "running"
    WAITING = "waiting"  # ended; begins anew after its pause
    STUCK = "stuck"  # killed, and the kernel does not let it go: it is never doubled
    ENDED = "ended"  # for good


@dataclass(frozen=True, slots=True)
class Spec:
    """A child: what it runs, whom it talks to, how long it may be silent or take to stop."""

    name: str
    main: Callable[[Child], None]
    peers: tuple[str, ...] = ()
    silence_s: float = 20.0
    stop_s: float = 10.0
    oom_score_adj: int = 0
    outlives: bool = False  # goes on when the supervisor is gone, until its own work is safe


class Ended(NamedTuple):
    """Why a child's life ended. `code`: its exit status, or minus the signal that ended it."""

    code: int
    hung: bool = False

    @property
    def text(self) -> str:
        """For tree.json and the log."""
        if self.hung:
            return "it said nothing and was killed"
        return f"killed by {signal.Signals(-self.code).name}" if self.code < 0 else f"exit status {self.code}"


@dataclass(slots=True)
class Life:
    """Its present life, or the rest after the last one. Times are CLOCK_BOOTTIME seconds."""

    spec: Spec
    state: State = State.WAITING
    since_s: float = 0.0
    restarts: int = 0
    reason: str = ""
    pid: int = 0
    pidfd: int = -1
    control: socket.socket | None = None
    due_s: float = 0.0
    heard_s: float = 0.0
    lag_s: float = 0.0
    beat_s: float = 0.0
    longest_gap_s: float = 0.0
    """Between two beats of this life, as heard from outside."""
    hung: bool = False
    drained: bool = False
    ready_once: bool = False
    pause_s: float = FIRST_PAUSE_S
    born_s: float = 0.0
    extra: Mapping[str, int] = field(default_factory=dict)

    @property
    def alive(self) -> bool:
        """Whether its process is there."""
        return self.pid != 0

    def turn(self, state: State, now_s: float) -> None:
        """It is in another state from now on."""
        self.state, self.since_s = state, now_s

    def begun(self, pid: int, control: socket.socket, now_s: float) -> None:
        """A new process."""
        self.pid, self.pidfd, self.control = pid, os.pidfd_open(pid), control
        self.born_s = self.heard_s = now_s
        self.hung = self.drained = False
        self.beat_s = self.longest_gap_s = 0.0
        self.turn(State.STARTING, now_s)

    def beat(self, lag_s: float, now_s: float) -> bool:
        """Its loop turns. True where it never was silent for so long."""
        self.lag_s = lag_s
        gap_s = now_s - self.beat_s if self.beat_s else 0.0
        self.beat_s = now_s
        if gap_s <= self.longest_gap_s:
            return False
        self.longest_gap_s = gap_s
        return True

    def over(self, ended: Ended, now_s: float) -> None:
        """Its process was waited for: rest, longer each time it does not live long."""
        os.close(self.pidfd)
        if self.control is not None:
            self.control.close()
        self.pid, self.pidfd, self.control = 0, -1, None
        self.reason = ended.text
        self.restarts += 1
        if now_s - self.born_s > CALM_S:
            self.pause_s = FIRST_PAUSE_S
        self.due_s = now_s + self.pause_s
        self.pause_s = min(self.pause_s * 2, LONGEST_PAUSE_S)
        self.turn(State.WAITING, now_s)

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Send a signal to this very process."""
        if self.alive:
            signal.pidfd_send_signal(self.pidfd, number)

    def as_json(self) -> dict[str, object]:
        """As it stands in tree.json."""
        return {
            "child": self.spec.name,
            "state": self.state.value,
            "pid": self.pid,
            "since_s": round(self.since_s, 3),
            "restarts": self.restarts,
            "last_reason": self.reason,
            "longest_gap_s": round(self.longest_gap_s, 3),
        }
