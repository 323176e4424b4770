"""How a child is, in a sentence: for core's alarms, tree.json and the log alike."""

import signal

from agent.runtime.control_wire import News
from protocols.reason import Reason
from protocols.system import os_reason


def reason_of(news: News, code: int) -> Reason:
    """Why it does not work. `code`: its exit status, minus the signal that ended it, or an errno (NOT_BEGUN)."""
    match news:
        case News.SILENT:
            return Reason("process.silent")
        case News.STUCK:
            return Reason("process.stuck")
        case News.NOT_BEGUN:
            return Reason("process.not_begun", why=os_reason(OSError(code, "")))
    if code < 0:
        return Reason("process.killed", signal=signal.Signals(-code).name)
    return Reason("process.exited", status=code)
