"""Where every driver puts what it learns: shown, judged, and kept if it is worth keeping."""

from agent.board import Board
from agent.control.request import Request
from agent.journal.journal import Journal
from agent.judge.judge import Judge
from drivers.event import Event, EventKind, Severity, Turn
from drivers.publish import Publisher
from drivers.sample import Sample
from protocols.clock import NowNs, boottime_ns


class Intake:
    """The drivers' `Sink`. A few microseconds a Sample; never blocks, never raises.

    Dead-bands hold a Sample back from the journal, never from the board or the judge. `judge` is set once it exists:
    it is made with this intake's `event`.
    """

    def __init__(self, board: Board, journal: Journal, publisher: Publisher, now_ns: NowNs = boottime_ns) -> None:
        self._board = board
        self._journal = journal
        self._publisher = publisher
        self._now_ns = now_ns
        self._down: set[str] = set()
        self.judge: Judge | None = None
        self.lines: dict[str, tuple[bool, str]] = {}  # line → up, reason
        self.samples = 0
        self.readings = 0

    def sample(self, sample: Sample) -> None:
        """One reading, good or bad."""
        self.samples += 1
        self.readings += len(sample.values)
        self._board.sample(sample)
        kept = self._publisher.passes(sample)
        if self.judge is not None:
            self.judge.sample(sample, kept)
        if kept:
            self._journal.offer_sample(sample)

    def event(self, event: Event) -> None:
        """One turn of an event, from the judge, an uplink or the supervisor."""
        self._board.event(event)
        self._journal.offer_event(event)

    def line_state(self, line: str, up: bool, reason: str) -> None:
        """A line came up or went down; a line's first coming up is no news."""
        self.lines[line] = (up, "" if up else reason)
        if up == (line not in self._down):
            return
        turn = Turn.CLEARED if up else Turn.RAISED
        (self._down.discard if up else self._down.add)(line)
        self.event(Event(EventKind.LINE_DOWN, line, Severity.WARNING, turn, self._now_ns(), {"reason": reason}))

    def parked(self, job: str, reason: str) -> None:
        """The supervisor gave a job up."""
        evidence = {"reason": reason}
        self.event(Event(EventKind.SELF_FAULT, job, Severity.ALARM, Turn.RAISED, self._now_ns(), evidence))

    async def counts(self, _request: Request) -> dict[str, int]:
        """Samples and values taken since the agent started; answers the ask `intake`."""
        return {"samples": self.samples, "readings": self.readings}
