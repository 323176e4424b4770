"""The master: it only forks, watches and starts again. No loop of its own, no thread, no foreign byte."""

import gc
import json
import logging
import os
import select
import signal
import socket
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from agent.runtime.control_wire import Message, Say, receive, send
from agent.runtime.systemd import notify, watchdog_interval_s
from agent.supervisor.fork import fork
from agent.supervisor.life import Ended, Life, Spec, State
from agent.supervisor.reports import Reports
from agent.supervisor.stopping import Stopping

CANNOT_START = 73
"""Exit status of a child that says it cannot run here; before its first READY that ends the whole agent."""
STUCK_AFTER_S = 5.0
"""A killed process that is not gone after this is held by the kernel."""
STALL_S = 2.0
"""A turn this much later than due means a suspend, or that we were stopped ourselves: nobody is blamed for silence."""

_log = logging.getLogger("hydronest")


def now_s() -> float:
    """CLOCK_BOOTTIME in seconds."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class CannotStart(Exception):
    """A child cannot run here and never has; it has said why."""


class Tree:
    """`run` until a signal says stop and everything has ended. `file` tells others of every child's life."""

    def __init__(self, specs: Sequence[Spec], file: Path, report: Callable[..., None] | None = None) -> None:
        self.lives = {spec.name: Life(spec) for spec in specs}
        self._file = file
        self._poll = select.poll()
        self._signals: list[int] = []
        self._stopping: Stopping | None = None
        self._changed = True
        self._ready = False
        self._reports = Reports(report, self._poll)
        self._killed_s: dict[str, float] = {}

    def run(self) -> None:
        """Raises CannotStart where a child cannot run here."""
        gc.collect()
        gc.freeze()  # what is shared with the children stays shared
        wake, woken = socket.socketpair()
        wake.setblocking(False)
        woken.setblocking(False)
        before = signal.set_wakeup_fd(woken.fileno(), warn_on_full_buffer=False)
        handlers = {n: signal.signal(n, self._signalled) for n in (signal.SIGTERM, signal.SIGINT)}
        self._poll.register(wake, select.POLLIN)
        try:
            self._turn_for_ever(wake)
        finally:
            signal.set_wakeup_fd(before)
            for number, handler in handlers.items():
                signal.signal(number, handler)
            for life in self.lives.values():
                if life.alive:
                    life.kill()
                    os.waitpid(life.pid, 0)
                    life.over(Ended(-signal.SIGKILL), now_s())
            self._reports.end()
            wake.close()
            woken.close()
            self._file.unlink(missing_ok=True)

    def _signalled(self, number: int, _frame: object) -> None:
        self._signals.append(number)

    def _turn_for_ever(self, wake: socket.socket) -> None:
        interval_s = watchdog_interval_s() or 3600.0
        fed_s = now_s()
        while True:
            self._start_due()
            self._write()
            wait_s = min([0.5, *(max(0.0, life.due_s - now_s()) for life in self._resting())])
            asked_s = now_s()
            self._poll.poll(round(wait_s * 1000))
            now = now_s()
            if now - asked_s > wait_s + STALL_S:
                for life in self.lives.values():
                    life.heard_s = now
            while _drained(wake):
                pass
            self._listen()
            self._reap(now)
            self._watch(now)
            self._reports.look(now, self._tell_core)
            if now - fed_s >= interval_s:
                notify("WATCHDOG=1")
                fed_s = now
            if self._signals:
                self._stop(len(self._signals), now)
                self._signals.clear()
            if self._stopping is not None and self._stopping.step(now):
                return

    # Beginning

    def _resting(self) -> list[Life]:
        return [life for life in self.lives.values() if life.state is State.WAITING]

    def _start_due(self) -> None:
        if self._stopping is not None:
            return
        now = now_s()
        for life in self._resting():
            if life.due_s <= now:
                self._start(life, now)

    def _start(self, life: Life, now: float) -> None:
        """Fork it, with a fresh channel to each peer that lives; the peer gets the other end."""
        channels: dict[str, socket.socket] = {}
        others: list[tuple[Life, socket.socket]] = []
        for name in self._peers(life.spec):
            peer = self.lives[name]
            if peer.alive:
                channels[name], other = socket.socketpair()
                others.append((peer, other))
        pid, control = fork(life.spec, channels)
        life.begun(pid, control, now)
        self._poll.register(control, select.POLLIN)
        self._poll.register(life.pidfd, select.POLLIN)
        for sock in channels.values():
            sock.close()
        for peer, other in others:
            _hand_over(peer, life, other)
        self._changed = True

    def _peers(self, spec: Spec) -> list[str]:
        return [
            name
            for name, life in self.lives.items()
            if name != spec.name and (name in spec.peers or spec.name in life.spec.peers)
        ]

    def _join(self, life: Life, name: str) -> None:
        """A channel broke, not a life: both ends get a new one. A peer that is down brings one along when it begins."""
        peer = self.lives[name]
        if peer.alive:
            one, other = socket.socketpair()
            _hand_over(life, peer, one)
            _hand_over(peer, life, other)

    # Listening

    def _listen(self) -> None:
        for life in self.lives.values():
            try:
                while life.control is not None and (message := receive(life.control)) is not None:
                    self._take(life, message)
            except EOFError:
                continue  # it ends: its process is waited for

    def _take(self, life: Life, message: Message) -> None:
        life.heard_s = now = now_s()
        match message.say:
            case Say.BEAT:
                self._changed |= life.beat(message.value, now)
                if life.spec.name != "core":
                    self._tell_core(Message(Say.LAG, life.spec.name, value=message.value))
            case Say.READY:
                life.ready_once = True
                life.turn(State.RUNNING, now)
                self._changed = True
                self._tell_core(Message(Say.CHILD, life.spec.name, 1))
                self._tell_ready()
            case Say.DRAINED:
                life.drained = True
            case Say.AIRCRAFT:
                life.extra = {"aircraft_out": message.number}
                self._changed = True
            case Say.CHANNEL_ENDED if message.name in self._peers(life.spec):
                self._join(life, message.name)
            case Say.REPORT if life.spec.name == "core":
                self._reports.begin(message, now, self._tell_core)
                return
            case _:
                _log.error("%s says what it may not: %s", life.spec.name, message.say.name)
        for descriptor in message.descriptors:
            os.close(descriptor)

    def _tell_ready(self) -> None:
        if not self._ready and all(life.ready_once for life in self.lives.values()):
            self._ready = True
            notify("READY=1")

    def _tell_core(self, message: Message) -> None:
        core = self.lives.get("core")
        if core is not None and core.control is not None:
            send(core.control, message)

    # Ending

    def _reap(self, now: float) -> None:
        for life in self.lives.values():
            if not life.alive:
                continue
            pid, status = os.waitpid(life.pid, os.WNOHANG)
            if pid == 0:
                continue
            ended = Ended(os.waitstatus_to_exitcode(status), life.hung)
            if life.control is not None:
                self._poll.unregister(life.control)
            self._poll.unregister(life.pidfd)
            life.over(ended, now)
            self._killed_s.pop(life.spec.name, None)
            self._changed = True
            if self._stopping is not None:
                life.turn(State.ENDED, now)
                continue
            if ended.code == CANNOT_START and not life.ready_once:
                raise CannotStart(life.spec.name)
            _log.error("%s: %s; it begins anew", life.spec.name, ended.text)
            self._tell_core(Message(Say.CHILD, life.spec.name, 0, float(ended.code)))

    def _watch(self, now: float) -> None:
        """Kill what has been silent for too long; tell of what cannot be killed."""
        for life in self.lives.values():
            name = life.spec.name
            if life.alive and not life.hung and now - life.heard_s > life.spec.silence_s:
                _log.error("%s said nothing for %.0f s and is killed", name, now - life.heard_s)
                life.hung = True
                life.kill()
                self._killed_s[name] = now
            if name in self._killed_s and life.state is not State.STUCK and now - self._killed_s[name] > STUCK_AFTER_S:
                _log.error("%s is killed and the kernel does not let it go", name)
                life.turn(State.STUCK, now)
                self._changed = True
                self._tell_core(Message(Say.CHILD, name, 0, float(-signal.SIGKILL)))

    def _stop(self, signals: int, now: float) -> None:
        if self._stopping is None:
            notify("STOPPING=1")
            self._reports.closed = True
            self._stopping = Stopping(self.lives, now)
            signals -= 1
        for _again in range(signals):
            self._stopping.hurry()

    def _write(self) -> None:
        """Tell of every child's life in `file`: whole, never half."""
        if not self._changed:
            return
        self._changed = False
        told = {
            "pid": os.getpid(),
            "stopping": self._stopping is not None,
            "children": [{**life.as_json(), **life.extra} for life in self.lives.values()],
        }
        beside = self._file.with_name(f".{self._file.name}.new")
        try:
            beside.write_text(json.dumps(told) + "\n", encoding="ascii")
            beside.replace(self._file)
        except OSError as error:
            _log.error("%s cannot be written: %s", self._file, error.strerror)


def _hand_over(to: Life, peer: Life, sock: socket.socket) -> None:
    """Give `to` its end of a channel to `peer`, and keep none."""
    if to.control is not None:
        send(to.control, Message(Say.CHANNEL, peer.spec.name), [sock.fileno()])
    sock.close()


def _drained(wake: socket.socket) -> bytes:
    try:
        return wake.recv(64)
    except BlockingIOError:
        return b""
