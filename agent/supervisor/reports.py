"""Reports: a child each, forked when core asks, with what core hands over; at most two, each within its limits."""

import logging
import os
import select
import signal
import socket
from collections.abc import Callable

from agent.runtime.child import Child
from agent.runtime.control_wire import MOST_REPORTS, REPORT_LATE, REPORT_LONGEST_S, Message, Say
from agent.supervisor.confine import EVERYTHING, Reach
from agent.supervisor.fork import fork
from agent.supervisor.life import Life, Spec

OOM_SCORE_ADJ = 1000

_log = logging.getLogger("hydronest")

Tell = Callable[[Message], None]
Main = Callable[[Child, tuple[int, ...]], None]
"""A report's life, with the descriptors it was handed."""


class Reports:
    """`main` is None where no reports are made. `poll` wakes at each end."""

    def __init__(self, main: Main | None, poll: select.poll, reach: Reach = EVERYTHING) -> None:
        self._main = main
        self._poll = poll
        self._reach = reach
        self._running: dict[int, Life] = {}
        self.closed = False
        """No more are begun: everything ends."""

    def begin(self, message: Message, now_s: float, tell: Tell) -> None:
        """Fork one for this request, or say that too many run. The descriptors are closed here either way."""
        main, handed = self._main, message.descriptors
        try:
            if main is None or self.closed or len(self._running) >= MOST_REPORTS:
                tell(Message(Say.REPORT_BUSY, number=message.number))
                return

            def work(child: Child) -> None:
                main(child, handed)

            life = Life(Spec("report", work, oom_score_adj=OOM_SCORE_ADJ, reach=self._reach))
            life.begun(*fork(life.spec, {}, keep=handed), now_s)
            self._poll.register(life.pidfd, select.POLLIN)
            self._running[message.number] = life
            tell(Message(Say.REPORT_BEGUN, number=message.number))
        except OSError as error:
            _log.error("a report cannot be begun: %s", error)
            tell(Message(Say.REPORT_BUSY, number=message.number))
        finally:
            for descriptor in handed:
                os.close(descriptor)

    def look(self, now_s: float, tell: Tell) -> None:
        """Wait for those that ended, and end what takes too long."""
        for number, life in list(self._running.items()):
            pidfd = life.pidfd
            ended = life.wait()
            if ended is not None:
                del self._running[number]
                self._poll.unregister(pidfd)
                late = REPORT_LATE if life.killed_s else ""
                tell(Message(Say.REPORT_ENDED, late, number, float(ended.code)))
            elif now_s - life.born_s > REPORT_LONGEST_S and not life.killed_s:
                _log.error("a report took longer than %.0f s and is ended", REPORT_LONGEST_S)
                life.killed_s = now_s
                life.kill()
            elif life.control is not None:
                _discard(life.control)

    def close(self) -> None:
        """End them all: what a report has not said yet is asked for again by whoever wants it."""
        self.closed = True
        for life in self._running.values():
            life.kill(signal.SIGKILL)


def _discard(control: socket.socket) -> None:
    """A report's beats fill its socket, and nobody needs them."""
    try:
        while control.recv(64, socket.MSG_DONTWAIT):
            pass
    except OSError:
        return
