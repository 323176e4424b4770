"""Reports: a child each, forked when core asks, with what core hands over; at most two, each within its limits."""

import logging
import os
import select
import socket
from collections.abc import Callable

from agent.runtime.child import Child
from agent.runtime.control_wire import MOST_REPORTS, REPORT_LATE, REPORT_LONGEST_S, Message, Say
from agent.supervisor.fork import fork
from agent.supervisor.life import Ended, Life, Spec

OOM_SCORE_ADJ = 1000

_log = logging.getLogger("hydronest")

Tell = Callable[[Message], None]


class Reports:
    """`main(child, descriptors)` is a report's life; None where no reports are made. `poll` wakes at each end."""

    def __init__(self, main: Callable[[Child, tuple[int, ...]], None] | None, poll: select.poll) -> None:
        self._main = main
        self._poll = poll
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

            spec = Spec("report", work, oom_score_adj=OOM_SCORE_ADJ)
            life = Life(spec)
            pid, control = fork(spec, {}, keep=handed)
            life.begun(pid, control, now_s)
            self._poll.register(life.pidfd, select.POLLIN)
            self._running[message.number] = life
            tell(Message(Say.REPORT_BEGUN, number=message.number))
        finally:
            for descriptor in handed:
                os.close(descriptor)

    def look(self, now_s: float, tell: Tell) -> None:
        """Wait for those that ended, and end what takes too long."""
        for number, life in list(self._running.items()):
            pid, status = os.waitpid(life.pid, os.WNOHANG)
            if pid:
                ended = Ended(os.waitstatus_to_exitcode(status), life.hung)
                del self._running[number]
                self._poll.unregister(life.pidfd)
                life.over(ended, now_s)
                late = REPORT_LATE if life.hung else ""
                tell(Message(Say.REPORT_ENDED, late, number, float(ended.code)))
            elif now_s - life.born_s > REPORT_LONGEST_S and not life.hung:
                _log.error("a report took longer than %.0f s and is ended", REPORT_LONGEST_S)
                life.hung = True
                life.kill()
            elif life.control is not None:
                _discard(life.control)

    def end(self) -> None:
        """Kill all."""
        for life in self._running.values():
            life.kill()
            os.waitpid(life.pid, 0)
            life.over(Ended(-9), 0.0)
        self._running.clear()


def _discard(control: socket.socket) -> None:
    """A report's beats fill its socket, and nobody needs them."""
    try:
        while control.recv(64, socket.MSG_DONTWAIT):
            pass
    except OSError:
        return
