"""Where every driver puts what it learns: kept if it is worth keeping, shown, judged."""

from collections.abc import Callable, Iterable

from agent.control.request import Request
from agent.core.active_alarms import ActiveAlarms
from agent.core.latest import LatestValues
from agent.journal.journal import Journal
from agent.settings.lines import Line
from drivers.event import Event, EventKind, Severity, Transition
from drivers.publish import Publisher
from drivers.sample import Sample
from protocols.clock import NowNs, boottime_ns
from protocols.reason import Reason, word

AnswersFor = Callable[[EventKind, str], bool]
"""Whether an event of this (kind, subject) is another process's to raise and clear."""


class Intake:
    """The drivers' `Sink`. A few microseconds a Sample; never blocks, never raises.

    Dead-bands hold a Sample back from the journal, never from the board or the judge. `judged` is told of every Sample
    and whether it is kept, `offered` of those the journal is offered. `heard` is told of every event that is not the
    judge's, `acted` of every event, for the record of acts. `lines` are those of the settings: they say themselves
    whether they are down.
    """

    def __init__(
        self,
        latest: LatestValues,
        journal: Journal,
        publisher: Publisher,
        alarms: ActiveAlarms,
        lines: Iterable[Line],
        now_ns: NowNs = boottime_ns,
        *,
        judged: Callable[[Sample, bool], None] = lambda _sample, _kept: None,
        offered: Callable[[Sample], None] = lambda _sample: None,
        heard: Callable[[Event], None] = lambda _event: None,
        acted: Callable[[Event], None] = lambda _event: None,
    ) -> None:
        self._latest = latest
        self._journal = journal
        self._publisher = publisher
        self._alarms = alarms
        self._now_ns = now_ns
        self._down = {line.id for line in lines if (line.id, EventKind.LINE_DOWN) in alarms}
        self._judged = judged
        self._offered = offered
        self._heard = heard
        self._acted = acted
        self.lines: dict[str, tuple[bool, Reason | None]] = {}  # line → up, why it is down
        self.samples = 0
        self.readings = 0

    def sample(self, sample: Sample) -> None:
        """One reading, good or bad. It is offered to the journal first: nothing behind that can cost it."""
        self.samples += 1
        self.readings += len(sample.values)
        kept = self._publisher.passes(sample)
        if kept:
            self._journal.offer_sample(sample)
            self._offered(sample)
        self._latest.sample(sample)
        self._judged(sample, kept)

    def event(self, event: Event) -> None:
        """One turn of an event of the judge's, the journal's or a post's own."""
        self._journal.offer_event(event)
        self._alarms.turned(event)
        self._acted(event)

    def told(self, event: Event) -> None:
        """One turn of an event of the site itself: a line, an uplink, a job."""
        self._heard(event)
        self.event(event)

    def line_state(self, line: str, up: bool, reason: Reason) -> None:
        """A line came up or went down; a line's first coming up is no news, unless it was down when we stopped."""
        self.lines[line] = (up, None if up else reason)
        if up == (line not in self._down):
            return
        turn = Transition.CLEARED if up else Transition.RAISED
        (self._down.discard if up else self._down.add)(line)
        self.told(Event(EventKind.LINE_DOWN, line, Severity.WARNING, turn, self._now_ns(), {"reason": reason}))

    def parked(self, job: str, reason: Reason | None) -> None:
        """A job does not run, and is tried again only each minute: an alarm. A line shows it."""
        evidence = {"reason": reason}
        if job.startswith("line "):
            self.lines[job.removeprefix("line ")] = (False, reason)
        self.told(Event(EventKind.SELF_FAULT, job, Severity.ALARM, Transition.RAISED, self._now_ns(), evidence))

    def unparked(self, job: str) -> None:
        """It runs again."""
        self.told(Event(EventKind.SELF_FAULT, job, Severity.ALARM, Transition.CLEARED, self._now_ns()))

    def begin_anew(self, elsewhere: AnswersFor = lambda _kind, _subject: False) -> None:
        """Clear what an earlier run left standing and this one starts without; it is raised again if it is still so.

        What another process answers for is left to it: it says what stands (`reconcile`).
        """
        for subject, kind in self._alarms.left:
            if not (kind is EventKind.LINE_DOWN and subject in self._down) and not elsewhere(kind, subject):
                self._clear(kind, subject)

    def reconcile(self, answers_for: AnswersFor, standing: Iterable[Event]) -> None:
        """Another process says which of the events it answers for stand; what an earlier life of it left is over."""
        stands = {(event.subject, event.kind): event for event in standing}
        before = {(alarm.event.subject, alarm.event.kind) for alarm in self._alarms}
        for subject, kind in sorted(before - stands.keys()):
            if answers_for(kind, subject):
                self._clear(kind, subject)
        for key in stands.keys() - before:
            self.told(stands[key])

    def _clear(self, kind: EventKind, subject: str) -> None:
        severity = Severity.ALARM if kind is EventKind.SELF_FAULT else Severity.WARNING
        self.told(Event(kind, subject, severity, Transition.CLEARED, self._now_ns(), {"reason": word("restarted")}))

    async def counts(self, _request: Request) -> dict[str, int]:
        """Samples and values taken since the agent started; answers the ask `intake`."""
        return {"samples": self.samples, "readings": self.readings}
