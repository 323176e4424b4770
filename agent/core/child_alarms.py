"""The other processes as core shows them: one that does not work is an alarm until it works again."""

from typing import Protocol

from agent.runtime.child_news import reason_of
from agent.runtime.control_wire import Message, News, Say
from protocols.reason import Reason


class JobTrouble(Protocol):
    """Where a job's trouble is told."""

    def parked(self, job: str, reason: Reason | None) -> None:
        """It does not work."""

    def unparked(self, job: str) -> None:
        """It works again."""


class ChildAlarms:
    """`heard` gets what the supervisor says. Raised once, however often a child ends before it works again.

    Of core itself the supervisor tells its new life how the last one ended: that is raised, and over.
    """

    def __init__(self, told: JobTrouble) -> None:
        self._told = told
        self._down: set[str] = set()

    def heard(self, message: Message) -> None:
        """News of a child; anything else is left alone."""
        if message.say is not Say.CHILD or message.number not in frozenset(News):
            return
        job, news = f"process {message.name}", News(message.number)
        if news is News.WORKS:
            if job in self._down:
                self._down.discard(job)
                self._told.unparked(job)
        elif job not in self._down or news is News.STUCK:
            self._down.add(job)
            self._told.parked(job, reason_of(news, int(message.value)))
