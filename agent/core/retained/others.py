"""What stands of all else: alarms, incidents, nests and aircraft, and the newest seals."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from typing import Any

from agent.control.encoding import encoded
from agent.core.active_alarms import ActiveAlarms
from agent.core.alarm import ActiveAlarm
from agent.core.retained.assets import At
from agent.core.retained.documents import Documents
from agent.core.retained.topics import level
from agent.judge.facts import Incident
from agent.judge.service.fact_store import FactStore
from agent.link.messages import event_out
from agent.link.utc import utc_text
from agent.runtime.seals import KEY
from drivers.event import Event, EventKind
from protocols.clock import NowNs

ALARMS, INCIDENTS, NESTS, AIRCRAFT, SEALS = "alarm/", "incident/", "nest/", "aircraft/", "seal/"
SEAL_NOTE = "seal:"
OF_FLIGHTS = "flight"
"""The newest of all flights: each has a seal of its own, and all of them are events."""
OWN = ("audit", "days")
EVIDENCE = "evidence"
"""The seal of a file that somebody asked for, a day or more later: of no newest one there is anything to say."""
OUT_S, DOCKED_S = 5.0, 60.0
"""What drifts of a nest and its aircraft is told so often, while that is out, and at rest."""
LONGEST_EVIDENCE = 4000
"""Bytes of one alarm's; the event that raised it has more."""
_TURNS = ("phase", "why", "attended", "cover", "rods", "charger_on", "aircraft_present", "emergency_stop", "mains_ok",
          "flight", "incident", "ready", "why_not")  # fmt: skip
_CRAFT_TURNS = ("link", "mode", "armed", "landed", "where", "energy", "remote_id_ok")


class AlarmDocuments:
    """One of each subject of which something stands. `turned` names a subject that is to be looked at."""

    def __init__(self, documents: Documents, alarms: ActiveAlarms, now_ns: NowNs, at: At) -> None:
        self._documents = documents
        self._alarms = alarms
        self._now_ns = now_ns
        self._at = at
        self._turned: dict[str, None] = {}
        self.all_anew()

    def turned(self, subject: str) -> None:
        """Something of it turned."""
        self._turned[subject] = None

    def all_anew(self) -> None:
        """Times are told otherwise."""
        self._turned.update((alarm.event.subject, None) for alarm in self._alarms)

    def look(self) -> Iterator[None]:
        """Make anew what turned."""
        turned, self._turned = self._turned, {}
        for subject in turned:
            alarms, topic = list(self._alarms.of(subject).values()), ALARMS + level(subject)
            if alarms:
                document = {"subject": subject, "alarms": [self._alarm(alarm) for alarm in alarms]}
                self._documents.put(topic, document, None, self._now_ns())
            else:
                self._documents.drop(topic)
            yield

    def _alarm(self, alarm: ActiveAlarm) -> dict[str, Any]:
        event, seen, moments = alarm.event, alarm.acknowledged, self._alarms.moments
        since_ns = moments.here_ns(alarm.raised)
        seen_ns = None if seen is None else moments.here_ns(seen.at)
        return {
            "kind": event.kind,
            "severity": event.severity,
            "since": None if since_ns is None else self._at(since_ns),
            "acknowledged": None if seen is None
            else {"by": seen.by, "at": None if seen_ns is None else self._at(seen_ns), "note": seen.note},
            "shelved_until": self._at(alarm.shelved_until_ns) if alarm.shelved_until_ns > self._now_ns() else None,
            "group": alarm.group or None,
            "evidence": _bounded(event_out(event)[-1]),
        }  # fmt: skip


def _bounded(evidence: Mapping[str, Any]) -> Mapping[str, Any]:
    size = len(encoded(evidence))
    return evidence if size <= LONGEST_EVIDENCE else {"left_out": size}


class IncidentDocuments:
    """Every incident that is known, open or closed, until the agent lets it go."""

    def __init__(self, documents: Documents, facts: FactStore, now_ns: NowNs) -> None:
        self._documents = documents
        self._store = facts
        self._now_ns = now_ns
        self._seen = -1

    def look(self) -> Iterator[None]:
        """Make anew what was told."""
        if self._store.facts.count == self._seen:
            return
        self._seen = self._store.facts.count
        there = set()
        for told in list(self._store.told):
            if isinstance(told.fact, Incident) and self._store.facts.incidents.get(told.fact.id) is told.fact:
                topic = INCIDENTS + level(told.fact.id)
                there.add(topic)
                told_at = None if told.told_s is None else utc_text(round(told.told_s * 1e9))
                document = {**asdict(told.fact), "told_at": told_at, "told_by": told.told_by, "more": dict(told.more)}
                self._documents.put(topic, document, None, self._now_ns())
            yield
        for topic in self._documents.below(INCIDENTS):
            if topic not in there:
                self._documents.drop(topic)


class NestDocuments:
    """Nests and aircraft as flight tells of them."""

    def __init__(self, documents: Documents, nests: Callable[[], list[dict[str, Any]]], now_ns: NowNs, at: At) -> None:
        self._documents = documents
        self._nests = nests
        self._now_ns = now_ns
        self._at = at

    def look(self) -> Iterator[None]:
        """Make anew what turned, and now and then what drifts."""
        for nest in self._nests():
            craft = nest["aircraft"]
            every_s = DOCKED_S if craft["where"] == "docked" else OUT_S
            self._put(NESTS, {**nest, "aircraft": craft["id"]}, _TURNS, every_s)
            self._put(AIRCRAFT, craft, _CRAFT_TURNS, every_s)
            yield

    def _put(self, folder: str, told: Mapping[str, Any], names: tuple[str, ...], every_s: float) -> None:
        topic, now_ns = folder + level(told["id"]), self._now_ns()
        turns = tuple(told.get(name) for name in names)
        if self._documents.is_due(topic, turns, now_ns, every_s):
            age_s = told["age_s"]
            document = {name: value for name, value in told.items() if name != "age_s"}
            document["seen"] = None if age_s is None else self._at(now_ns - round(age_s * 1e9))
            self._documents.put(topic, document, turns, now_ns)


class SealDocuments:
    """The newest seal of the record of acts, of what was counted, and of a flight; kept over restarts by `keep`."""

    def __init__(
        self,
        documents: Documents,
        notes: Mapping[str, object],
        keep: Callable[[str, object], None],
        now_ns: NowNs,
        at: At,
    ) -> None:
        self._documents = documents
        self._keep = keep
        self._now_ns = now_ns
        self._at = at
        for name, note in notes.items():
            if name.startswith(SEAL_NOTE) and isinstance(note, dict):
                documents.put(SEALS + name.removeprefix(SEAL_NOTE), note, None, now_ns())

    def event(self, event: Event) -> None:
        """Any event; of seals the newest is kept."""
        if event.kind is not EventKind.AUDIT or event.subject in (
            KEY,
            EVIDENCE,
        ):
            return
        about = event.subject if event.subject in OWN else OF_FLIGHTS
        document = {"of": about, "subject": event.subject, "at": self._at(event.at_ns), "seal": dict(event.evidence)}
        self._documents.put(SEALS + about, document, None, self._now_ns())
        self._keep(SEAL_NOTE + about, document)
