"""What of flight itself is out of order now: jobs that do not run, a card that takes nothing."""

from agent.runtime.jobs import Job
from agent.runtime.write_behind import WriteBehind
from protocols.reason import Reason

HANGS_AFTER_S = 5.0
CARD = "flight card"


class Alarms:
    """`standing` is told to core twice a second; core raises what is new and clears what is gone."""

    def __init__(self, writer: WriteBehind) -> None:
        self._writer = writer
        self._standing: dict[str, Reason] = {}

    def parked(self, job: Job) -> None:
        """A job does not run."""
        self.note(job.name, job.trouble or Reason("flight.not_running"))

    def back(self, job: Job) -> None:
        """It runs again."""
        self.note(job.name, None)

    def note(self, subject: str, reason: Reason | None) -> None:
        """Something is out of order from now on; None: not any more."""
        if reason is None:
            self._standing.pop(subject, None)
        else:
            self._standing[subject] = reason

    def standing(self) -> dict[str, Reason]:
        """Why, by what is out of order."""
        found = dict(self._standing)
        if self._writer.behind_s > HANGS_AFTER_S:
            found[CARD] = Reason("flight.card_hangs")
        elif self._writer.trouble:
            found[CARD] = Reason("flight.card_refuses", why=self._writer.trouble)
        return found
