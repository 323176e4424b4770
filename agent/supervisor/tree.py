"""The master: it only forks, watches and starts again. No loop of its own, no thread, no foreign byte."""

import gc
import logging
import os
import select
import time
from collections.abc import Sequence

from agent.runtime.control_wire import Message, News, Say, receive, send
from agent.runtime.systemd import notify, watchdog_interval_s
from agent.supervisor.confine import EVERYTHING, Reach
from agent.supervisor.fork import fork
from agent.supervisor.inhibitor import Inhibitor
from agent.supervisor.joining import channels, join, peers_of
from agent.supervisor.life import STUCK_AFTER_S, Ended, Life, Spec, State
from agent.supervisor.reloading import Asked, Reloading
from agent.supervisor.renewal import Renewal
from agent.supervisor.reports import Main, Reports
from agent.supervisor.signals import Signals
from agent.supervisor.stopping import Stopping, longest_s
from agent.supervisor.tree_file import TreeFile

CANNOT_START = 73
"""Exit status of a child that says it cannot run here; before core was ever ready that ends an agent without flight."""
TURN_S = 1.2
"""The longest turn: where children beat once a second, none is for nothing."""
STOPPING_TURN_S = 0.5
STALL_S = 2.0
"""A turn this much later than due means a suspend, or that we were stopped ourselves: nobody is blamed for silence."""
MOST_MESSAGES = 50
"""Of one child in one turn: a flood delays nobody."""
READY_S = 30.0
"""After core works, so long systemd waits for the others to work for the first time."""

_log = logging.getLogger("hydronest")


def now_s() -> float:
    """CLOCK_BOOTTIME in seconds."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class CannotStart(Exception):
    """A child cannot run here and never has; it has said why."""


class Tree:
    """`run` until a signal says stop and everything has ended. `file` tells others of every child's life.

    With `renewal` SIGHUP reads the settings anew; without it is one more way to stop.
    """

    def __init__(
        self,
        specs: Sequence[Spec],
        file: TreeFile,
        report: Main | None = None,
        report_reach: Reach = EVERYTHING,
        renewal: Renewal | None = None,
    ) -> None:
        self.lives = {spec.name: Life(spec) for spec in specs}
        self._file = file
        self._poll = select.poll()
        self._stopping: Stopping | None = None
        self._changed = True
        self._unwritten = False
        self._ready = False
        self._turned_s = now_s()
        self._fed_s = 0.0
        self._reports = Reports(report, self._poll, report_reach)
        self._inhibitor = Inhibitor()
        self._reloading = None if renewal is None else Reloading(renewal, self.lives, self._poll)

    def run(self) -> None:
        """Raises CannotStart where core cannot run here. When it fails itself, flight goes on by itself."""
        gc.collect()
        gc.freeze()  # what is shared with the children stays shared
        alone = True
        try:
            with Signals(self._poll, reloads=self._reloading is not None) as signals:
                while not self._turn(signals):
                    pass
            alone = False
        except CannotStart:
            alone = False
            raise
        finally:
            self._end([name for name, life in self.lives.items() if alone and life.spec.outlives])

    def _turn(self, signals: Signals) -> bool:
        """Once around. True when everything has ended."""
        self._start_due()
        self._write()
        turn_s = TURN_S if self._stopping is None else STOPPING_TURN_S
        wait_s = min([turn_s, *(max(0.0, life.due_s - now_s()) for life in self._resting())])
        self._poll.poll(round(wait_s * 1000) + 1)
        now = now_s()
        if now - self._turned_s > wait_s + STALL_S:
            for life in self.lives.values():
                life.heard_s = now
        self._turned_s = now
        self._listen()
        self._wait(now)
        self._watch(now)
        self._reports.look(now, self._tell_core)
        flight = self.lives.get("flight")
        self._inhibitor.hold(flight is not None and flight.aircraft_out, now)
        self._tell_systemd(now)
        if self._reloading is not None:
            asked = Asked(take=signals.hung_up(), look=signals.tried())
            self._changed |= self._reloading.turn(now, asked, stopping=self._stopping is not None)
        if came := signals.taken():
            self._stop(came, now)
        return self._stopping is not None and self._stopping.step(now)

    # Beginning

    def _resting(self) -> list[Life]:
        """Those that are to begin anew."""
        resting = [life for life in self.lives.values() if life.state is State.WAITING]
        return resting if self._stopping is None else [life for life in resting if self._stopping.needs(life)]

    def _start_due(self) -> None:
        now = now_s()
        for life in self._resting():
            if life.due_s <= now:
                try:
                    self._start(life, now)
                except OSError as error:  # no memory, no more processes or descriptors: as bad as an end
                    _log.error("%s cannot be begun: %s", life.spec.name, error)
                    life.rest(Ended(News.NOT_BEGUN, error.errno or 0), now)
                    self._tell(life)

    def _start(self, life: Life, now: float) -> None:
        """Fork it, with a fresh channel to each peer that lives. Raises OSError."""
        with channels(life.spec, self.lives) as ends:
            pid, control = fork(life.spec, ends)
            life.begun(pid, control, now)
        self._poll.register(control, select.POLLIN)
        self._poll.register(life.pidfd, select.POLLIN)
        self._changed = True

    # Listening

    def _listen(self) -> None:
        for life in self.lives.values():
            try:
                for _ in range(MOST_MESSAGES):
                    if life.control is None or (message := receive(life.control)) is None:
                        break
                    self._take(life, message)
            except EOFError:  # it ends, and is waited for; or it is mad, and silent from now on
                self._unregister(life)
                life.hang_up()

    def _take(self, life: Life, message: Message) -> None:
        life.heard_s = now = now_s()
        match message.say:
            case Say.BEAT:
                self._changed |= life.beat(now)
                if life.spec.name != "core" and (lag := life.lag(message.value, now)):
                    self._tell_core(lag)
            case Say.READY:
                life.ready_once = True
                life.turn(State.RUNNING, now)
                if life.spec.name == "core":
                    self._tell_of_all(life)
                self._tell(life)
            case Say.DRAINED:
                life.drained = True
            case Say.AIRCRAFT if life.spec.outlives:
                life.extra = {"aircraft_out": message.number}
                self._changed = True
            case Say.CHANNEL_ENDED if message.name in peers_of(life.spec, self.lives):
                join(life, self.lives[message.name])
            case Say.REPORT if life.spec.name == "core":
                self._reports.begin(message, now, self._tell_core)
                return
            case _:
                _log.error("%s says what it may not: %s", life.spec.name, message.say.name)
        for descriptor in message.descriptors:
            os.close(descriptor)

    def _tell(self, life: Life) -> None:
        """It is in another state."""
        self._changed = True
        self._tell_core(life.news)

    def _tell_of_all(self, core: Life) -> None:
        """A new core hears how it ended itself, and how the others are."""
        if core.last is not None:
            self._tell_core(Message(Say.CHILD, core.spec.name, core.last.news, float(core.last.code)))
        for life in self.lives.values():
            if life is not core and (life.state is not State.STARTING or life.last is not None):
                self._tell_core(life.news)

    def _tell_core(self, message: Message) -> None:
        core = self.lives.get("core")
        if core is not None and core.control is not None:
            send(core.control, message)

    def _tell_systemd(self, now: float) -> None:
        """Ready once core works and the others do, or have had their time; alive as long as we turn."""
        core = self.lives.get("core")
        if not self._ready and (core is None or core.state is State.RUNNING):
            waited_s = now - core.since_s if core is not None else 0.0
            done = waited_s > READY_S or all(one.ready_once or one.last for one in self.lives.values())
            self._ready = done and notify("READY=1")
            self._changed |= self._ready
        interval_s = watchdog_interval_s()
        if interval_s is not None and now - self._fed_s >= interval_s - TURN_S and notify("WATCHDOG=1"):
            self._fed_s = now

    # Ending

    def _wait(self, now: float) -> None:
        for life in list(self.lives.values()):
            control, pidfd = life.control.fileno() if life.control is not None else -1, life.pidfd
            ended = life.wait()  # closes both, perhaps before all it said was read
            if ended is None:
                continue
            if control >= 0:
                self._poll.unregister(control)
            self._poll.unregister(pidfd)
            if life.changes_until_s and self._stopping is None:
                life.changed(now)
                self._changed = True
                if life.leaves:
                    del self.lives[life.spec.name]
                continue
            life.rest(ended, now)
            if self._stopping is not None and not self._stopping.needs(life):
                life.turn(State.ENDED, now)
                self._changed = True
                continue  # as it was told to: no news
            if ended.code == CANNOT_START and life.spec.name == "core" and self._alone(life):
                raise CannotStart
            _log.error("%s: %s; it begins anew", life.spec.name, ended.reason)
            self._tell(life)

    def _alone(self, core: Life) -> bool:
        """Nobody needs us but core, which cannot run here: flight could have an aircraft out."""
        return not core.ready_once and not any(life.spec.outlives for life in self.lives.values())

    def _watch(self, now: float) -> None:
        """Kill what has been silent for too long; tell of what cannot be killed."""
        for life in self.lives.values():
            news = life.watch(now)
            if news is News.SILENT:
                _log.error("%s said nothing for %.0f s and is killed", life.spec.name, now - life.heard_s)
            elif news is News.STUCK:
                _log.error("%s is killed and the kernel does not let it go", life.spec.name)
                self._tell(life)

    def _stop(self, signals: int, now: float) -> None:
        if self._stopping is None:
            notify("STOPPING=1")
            _log.info("stopping, within %.0f s", longest_s(self.lives))
            self._reports.close()
            self._stopping = Stopping(self.lives, now)
            self._changed = True
            signals -= 1
        for _again in range(signals):
            self._stopping.hurry()

    def _end(self, left_alone: Sequence[str]) -> None:
        """Nobody outlives us but who is `left_alone`, and whoever the kernel holds."""
        self._reports.close()
        until_s = now_s() + STUCK_AFTER_S
        for life in self.lives.values():
            if life.spec.name not in left_alone:
                life.kill()
            while life.spec.name not in left_alone and life.alive and life.wait() is None and now_s() < until_s:
                time.sleep(0.01)
        self._reports.look(now_s(), self._tell_core)
        self._inhibitor.let_go()
        self._file.close()

    # Telling

    def _unregister(self, life: Life) -> None:
        if life.control is not None:
            self._poll.unregister(life.control)

    def _write(self) -> None:
        if not self._changed and not self._file.gone:
            return
        self._changed = False
        told = {} if self._reloading is None else self._reloading.told
        told |= {"stopping": self._stopping is not None, "ready": self._ready}
        told["children"] = [life.as_json() for life in self.lives.values()]
        try:
            self._file.write(told)
        except OSError as error:
            if not self._unwritten:
                _log.error("tree.json cannot be written: %s", error)
            self._unwritten = self._changed = True  # it is tried again each turn
        else:
            self._unwritten = False
