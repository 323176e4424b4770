"""One child as the supervisor sees it: its life, its silence, and when it may begin anew."""

import contextlib
import os
import signal
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from agent.runtime.child import BEAT_EVERY_S, Child
from agent.runtime.child_news import reason_of
from agent.runtime.control_wire import LATE_S, Message, News, Say, send
from agent.supervisor.confine import EVERYTHING, Reach
from protocols.reason import Reason

FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 30.0
LONGEST_WITH_AIRCRAFT_S = 2.0
"""Between two lives of the one that has an aircraft out: meanwhile nobody leads it."""
CALM_S = 60.0
"""A child that lived this long begins anew after the first pause."""
FIRST_BEAT_S = 90.0
"""So long a child may load its modules from a slow card before its loop turns."""
LAG_EVERY_S = 20.0
"""So often core is told how late a child's loop was at most, where it was not late."""
STUCK_AFTER_S = 5.0
"""A killed process that is not gone after this is held by the kernel."""


class State(StrEnum):
    """What a child is doing."""

    STARTING = "starting"
    RUNNING = "running"
    WAITING = "waiting"  # ended; begins anew after its pause
    STUCK = "stuck"  # killed, and the kernel does not let it go: it is never doubled
    ENDED = "ended"  # for good


@dataclass(frozen=True, slots=True)
class Spec:
    """A child: what it runs, whom it talks to, how long it may be silent or take to stop, what it may reach.

    `oom_score_adj`: the higher, the sooner the kernel ends it when memory is short; None as its parent. `nice`: the
    higher, the later it gets a core that is short; never before its parent, None as its parent.
    """

    name: str
    main: Callable[[Child], None]
    peers: tuple[str, ...] = ()
    silence_s: float = 20.0
    stop_s: float = 10.0
    oom_score_adj: int | None = 0
    nice: int | None = 0
    reach: Reach = EVERYTHING
    beat_s: float = BEAT_EVERY_S
    outlives: bool = False  # goes on when the supervisor is gone, until its own work is safe


class Ended(NamedTuple):
    """Why a child's life ended. `code`: its exit status, minus the signal, or the errno of a beginning that failed."""

    news: News
    code: int

    @property
    def reason(self) -> Reason:
        """For people."""
        return reason_of(self.news, self.code)


@dataclass(slots=True)
class Life:
    """Its present life, or the rest after the last one. Times are CLOCK_BOOTTIME seconds."""

    spec: Spec
    state: State = State.WAITING
    since_s: float = 0.0
    restarts: int = 0
    last: Ended | None = None
    pid: int = 0
    pidfd: int = -1
    control: socket.socket | None = None
    due_s: float = 0.0
    heard_s: float = 0.0
    beat_s: float = 0.0
    longest_gap_s: float = 0.0
    """Between two beats of this life, as heard from outside."""
    lag_s: float = 0.0
    """The longest that a beat was late since core was told of it."""
    lag_due_s: float = 0.0
    killed_s: float = 0.0
    drained: bool = False
    ready_once: bool = False
    pause_s: float = FIRST_PAUSE_S
    born_s: float = 0.0
    extra: Mapping[str, int] = field(default_factory=dict)
    changes_until_s: float = 0.0
    """Until when it may take to end where other settings wait for it; 0 where none do."""
    leaves: bool = False
    """The settings want it no more."""

    @property
    def alive(self) -> bool:
        """Whether its process is there."""
        return self.pid != 0

    @property
    def aircraft_out(self) -> bool:
        """Whether it has an aircraft out, as it said last, in this life or the one before."""
        return self.extra.get("aircraft_out", 0) > 0

    def turn(self, state: State, now_s: float) -> None:
        """It is in another state from now on."""
        self.state, self.since_s = state, now_s

    def begun(self, pid: int, control: socket.socket, now_s: float) -> None:
        """A new process."""
        self.pid, self.pidfd, self.control = pid, os.pidfd_open(pid), control
        self.born_s = self.heard_s = now_s
        self.drained = False
        self.beat_s = self.longest_gap_s = self.killed_s = 0.0
        self.turn(State.STARTING, now_s)

    def beat(self, now_s: float) -> bool:
        """Its loop turns. True where it never was silent for so long."""
        gap_s = now_s - self.beat_s if self.beat_s else 0.0
        self.beat_s = now_s
        if gap_s <= self.longest_gap_s:
            return False
        self.longest_gap_s = gap_s
        return True

    def lag(self, late_s: float, now_s: float) -> Message | None:
        """A beat was late by so much: what core is told, at once where that is much, else now and then."""
        self.lag_s = max(self.lag_s, late_s)
        if self.lag_s <= LATE_S and now_s < self.lag_due_s:
            return None
        worst, self.lag_s, self.lag_due_s = self.lag_s, 0.0, now_s + LAG_EVERY_S
        return Message(Say.LAG, self.spec.name, value=worst)

    def watch(self, now_s: float) -> News | None:
        """Kill it if it has been silent for too long; STUCK once the kernel turns out not to let it go."""
        if not self.alive:
            return None
        if self.changes_until_s and now_s > self.changes_until_s and not self.killed_s:
            self.killed_s = now_s
            self.kill()
        loaded = self.beat_s or self.state is State.RUNNING
        if not self.killed_s and now_s - self.heard_s > (self.spec.silence_s if loaded else FIRST_BEAT_S):
            self.killed_s = now_s
            self.kill()
            return News.SILENT
        if self.killed_s and self.state is not State.STUCK and now_s - self.killed_s > STUCK_AFTER_S:
            self.turn(State.STUCK, now_s)
            return News.STUCK
        return None

    def wait(self) -> Ended | None:
        """How its process ended, once it has; what that left behind in its group ends too. Never waits."""
        if not self.alive or os.waitid(os.P_PIDFD, self.pidfd, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            return None
        with contextlib.suppress(OSError):
            os.killpg(self.pid, signal.SIGKILL)  # its number is its own until it is waited for
        code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        os.close(self.pidfd)
        self.hang_up()
        self.pid, self.pidfd = 0, -1
        return Ended(News.SILENT if self.killed_s else News.ENDED, code)

    def hang_up(self) -> None:
        """Let go of its control socket: it says what is no message, or is at its end."""
        if self.control is not None:
            self.control.close()
            self.control = None

    def rest(self, ended: Ended, now_s: float) -> None:
        """Begin anew after a pause, longer each time it does not live long."""
        self.last = ended
        self.restarts += 1
        if now_s - self.born_s > CALM_S and ended.news is not News.NOT_BEGUN:
            self.pause_s = FIRST_PAUSE_S
        if self.aircraft_out:
            self.pause_s = min(self.pause_s, LONGEST_WITH_AIRCRAFT_S)
        self.due_s = now_s + self.pause_s
        self.pause_s = min(self.pause_s * 2, LONGEST_PAUSE_S)
        self.turn(State.WAITING, now_s)

    def change(self, now_s: float) -> None:
        """End for other settings, within its bound; it begins anew at once, and that is no trouble."""
        if self.alive:
            self.changes_until_s = now_s + self.spec.stop_s
            if self.control is not None:
                send(self.control, Message(Say.STOP))

    def changed(self, now_s: float) -> None:
        """It has ended for them."""
        self.changes_until_s = 0.0
        self.pause_s, self.due_s = FIRST_PAUSE_S, now_s
        self.turn(State.WAITING, now_s)

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Send a signal to this very process."""
        if self.alive:
            signal.pidfd_send_signal(self.pidfd, number)

    @property
    def news(self) -> Message:
        """How it is, for core."""
        if self.state is State.RUNNING:
            news, code = News.WORKS, 0
        elif self.state is State.STUCK:
            news, code = News.STUCK, -signal.SIGKILL
        else:
            news, code = self.last or (News.ENDED, 0)
        return Message(Say.CHILD, self.spec.name, news, float(code))

    def as_json(self) -> dict[str, object]:
        """As it stands in tree.json."""
        return {
            "child": self.spec.name,
            "state": self.state.value,
            "pid": self.pid,
            "since_s": round(self.since_s, 3),
            "restarts": self.restarts,
            "last_reason": self.last and self.last.reason.as_json(),
            "longest_gap_s": round(self.longest_gap_s, 3),
            "ends": self.changes_until_s > 0.0,
            **self.extra,
        }
