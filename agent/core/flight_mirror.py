"""Flight as core knows it: what it told last, for who asks core; what it reads and reports is taken in here."""

import logging
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, replace
from typing import Any

from agent.control.request import Request, RequestError
from agent.control.server import ControlServer
from agent.core.intake import Intake
from agent.core.remote_line import RemoteLine
from agent.journal.journal import Journal
from agent.judge.facts import Incident
from agent.judge.service.fact_store import RecordedFact
from agent.link import flight_messages as say
from agent.link import samples
from agent.link.channel import Channel, Handler
from agent.link.messages import event_in, said_in
from agent.link.samples import Layouts, SampleReceiver
from agent.runtime.ticks import next_tick
from drivers.event import Event, EventKind, Evidence, Severity, Transition
from protocols.clock import NowNs
from protocols.reason import Reason, from_json

NAME = "flight"
FLIGHT_ALONE = (
    "nest.ready",
    "drone.audit",
    "flight.challenge",
    "flight.order",
    "flight.held",
    "flight.standing",
    "flight.recall",
    "flight.stop",
    "dispatch.propose",
    "dispatch.incident",
)
"""Asked of flight's own socket; whoever asks core for it found nobody there."""
SILENT_S = 3.0
"""Older than this, what flight told last is no longer how it stands."""
SILENT = Reason("flight.silent")
UNTOLD = "flight state"
"""Subject of the alarm while flight cannot tell how it stands."""
INCIDENT_FRESH_S = 30.0
"""An incident told while flight was away is passed on for so long."""
_log = logging.getLogger("hydronest")


class FlightMirror:
    """A `Side` of core's. `nests` is for every screen; `register` offers the questions core can answer for flight.

    `on_epoch` is told the name of flight's memory of orders when it is another; `sign` makes a seal of a flight's head.
    """

    name = NAME
    handlers: Mapping[str, Handler] = {}

    def __init__(
        self,
        intake: Intake,
        journal: Journal,
        layouts: Layouts,
        now_ns: NowNs,
        lines: Iterable[str] = (),
        *,
        on_epoch: Callable[[str], None] = lambda _epoch: None,
        sign: Callable[[str, Evidence], Evidence] = lambda _about, told: told,
    ) -> None:
        self._intake = intake
        self._journal = journal
        self._layouts = layouts
        self._now_ns = now_ns
        self._receiver = SampleReceiver(layouts)
        self._channel: Channel | None = None
        self._have = journal.mark(NAME)
        self._state: Mapping[str, Any] = {}
        self._alarms: dict[str, Reason | None] | None = None  # as this life of it told them; None before it did
        self._untold: Reason | None = None  # why it cannot tell how it stands
        self.lines = [RemoteLine(line) for line in lines]
        self.epoch = ""
        """Of flight's memory of orders; empty before it has told."""
        self._on_epoch = on_epoch
        self._sign = sign
        self._told: deque[tuple[int, dict[str, Any]]] = deque(maxlen=100)

    # -- a life of flight
    def begun(self, channel: Channel) -> None:
        """Say what we have of its events, how the journal stands, and what it may have missed."""
        self._channel, self._alarms = channel, None
        self._receiver = SampleReceiver(self._layouts)
        channel.post(say.HAVE, list(self._have))
        channel.post(say.KEPT, list(self._journal.mark(NAME)))
        self.tell_journal()
        young = self._now_ns() - INCIDENT_FRESH_S * 1e9
        for at_ns, incident in self._told:
            if at_ns > young:
                channel.post(say.INCIDENT, incident)

    def ended(self) -> None:
        """That life is over."""
        self._channel = None
        for line in self.lines:
            self._intake.lines[line.name] = (False, Reason("flight.silent"))  # no event: it is begun anew at once

    def heard(self, kind: str, body: Any) -> None:
        """Take in what it tells. Raises ValueError, KeyError or TypeError for what is none of its messages."""
        match kind:
            case say.EVENTS:
                self._events(body)
            case say.UNTOLD:
                self._untold_for(from_json(body) or Reason("flight.silent"))
            case say.STATE:
                self._untold_for(None)
                self._state = body
                if body["epoch"] != self.epoch:
                    self.epoch = body["epoch"]
                    self._on_epoch(self.epoch)
                for one in self.lines:
                    counted = body["lines"].get(one.name, {})
                    one.told = {one.name: {name: said_in(value) for name, value in counted.items()}}
                self._raise_and_clear(body["alarms"])
            case say.LINE:
                line, up, reason = body
                self._intake.line_state(line, up, from_json(reason) or Reason("flight.silent"))
            case samples.LAYOUT:
                self._receiver.named(body)
            case samples.SAMPLES:
                for sample in self._receiver.samples(body):
                    self._intake.sample(sample)
            case _:
                raise ValueError(kind)

    def _events(self, told: Iterable[Any]) -> None:
        """Each for itself: one that is bent costs none beside it, is counted and told."""
        bent = sum(not self._event(one) for one in told)
        if bent:
            evidence: Evidence = {"lane": NAME, "records": bent, "why": "damage"}
            lost = Event(EventKind.DATA_LOST, NAME, Severity.WARNING, Transition.NOTED, self._now_ns(), evidence)
            self._intake.event(lost)

    def _event(self, told: Any) -> bool:
        """False where it is lost: what is behind it marks it as had, for it will be no better another time."""
        match told:
            case [str(numbering), int(number), message]:
                pass
            case _:
                _log.error("what flight says is no event: %.200r", told)
                return False
        if numbering == self._have[0] and number <= self._have[1]:
            return True  # it was here before its life of the channel ended
        try:
            event = event_in(message)
            if event.kind is EventKind.AUDIT:  # a flight's seal, and the key is not flight's
                event = replace(event, evidence=self._sign(event.subject, event.evidence))
            self._intake.event(event)
            good = True
        except Exception:  # the boundary of the process: of another version, or bent on the card
            _log.exception("an event of flight cannot be understood")
            good = False
        self._have = numbering, number
        self._journal.offer_mark(NAME, self._have, self._committed)
        return good

    def _committed(self, mark: tuple[str, int]) -> None:
        if self._channel is not None:
            self._channel.post(say.KEPT, list(mark))

    def _untold_for(self, why: Reason | None) -> None:
        """It lives, and cannot tell how it stands: an alarm until it can."""
        before, self._untold = self._untold, why
        if before is None and why is not None:
            self._intake.told(self._alarm(UNTOLD, why))
        elif before is not None and why is None:
            self._intake.unparked(UNTOLD)

    def _raise_and_clear(self, told: Mapping[str, Any]) -> None:
        """What is out of order in flight is an alarm here for as long as it is."""
        standing = {subject: from_json(why) for subject, why in told.items()}
        before, self._alarms = self._alarms, standing
        if before is None:
            self._intake.reconcile(self.answers_for, [self._alarm(*one) for one in standing.items()])
            return
        for subject in before.keys() - standing.keys():
            self._intake.unparked(subject)
        for subject in standing.keys() - before.keys():
            self._intake.told(self._alarm(subject, standing[subject]))

    def _alarm(self, subject: str, why: Reason | None) -> Event:
        evidence = {"reason": why}
        return Event(EventKind.SELF_FAULT, subject, Severity.ALARM, Transition.RAISED, self._now_ns(), evidence)

    def answers_for(self, kind: EventKind, subject: str) -> bool:
        """Whether this is an alarm that flight tells of; none where there is no flight."""
        lines = {f"line {line.name}" for line in self.lines}
        ours = subject.startswith(("flight", "nest ")) or subject in lines
        return bool(lines) and kind is EventKind.SELF_FAULT and ours

    # -- what flight goes by
    async def run(self) -> None:
        """For ever: what flight goes by is told each second."""
        while True:
            self.tell_journal()
            await next_tick(say.JOURNAL_EVERY_S)

    def tell_journal(self) -> None:
        """Whether the journal takes what it is given."""
        if self._channel is not None:
            self._channel.post(say.JOURNAL, self._journal.failing is None, may_drop=True)

    def fact(self, told: RecordedFact) -> None:
        """A fact that was news: an open incident may be flown to, if a standing order of flight's allows it."""
        if isinstance(told.fact, Incident) and told.fact.state == "open":
            incident = {**asdict(told.fact), "by": told.told_by}
            self._told.append((self._now_ns(), incident))
            if self._channel is not None:
                self._channel.post(say.INCIDENT, incident)

    # -- what core answers for it
    @property
    def age_s(self) -> float:
        """Of what flight told last."""
        return (self._now_ns() - int(self._state["at_ns"])) / 1e9 if self._state else float("inf")

    def nests(self) -> list[dict[str, Any]]:
        """Every nest with its aircraft under `aircraft`, as old as it is; for the screens."""
        age_s, untold = self.age_s, self._untold if self._channel is not None else None
        why = (untold or SILENT).as_json()
        return [_aged(nest, age_s, why) for nest in self._state.get("nests", ())]

    def register(self, server: ControlServer) -> None:
        """Answer about nests and aircraft; what only flight itself can do is refused, saying so."""

        async def nests(_request: Request) -> list[dict[str, Any]]:
            return self.nests()

        async def drones(_request: Request) -> list[dict[str, Any]]:
            return [nest["aircraft"] for nest in self.nests()]

        async def not_here(_request: Request) -> None:
            raise RequestError("no_answer", "flight.silent", "flight.silent_remedy")

        server.register("nest.list", nests, "read")
        server.register("drone.list", drones, "read")
        for name in FLIGHT_ALONE:
            server.register(name, not_here, "read")


def _aged(nest: Mapping[str, Any], age_s: float, why: Any) -> dict[str, Any]:
    craft = dict(nest["aircraft"])
    told = {key: value for key, value in nest.items() if key != "interlocks"}
    for one in (told, craft):
        if one["age_s"] is not None:
            one["age_s"] = round(one["age_s"] + age_s, 2)
    if age_s > SILENT_S:
        craft |= {"link": "lost", "where": "unknown"}
        told |= {"attended": False, "ready": False, "why_not": [why]}
    return told | {"aircraft": craft}
