"""How everything stands, as core says it: made new when it turns, now and then when it drifts, and not else."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.control.encoding import encoded
from agent.core.retained.assets import AssetDocuments
from agent.core.retained.documents import Documents
from agent.core.retained.others import DOCKED_S, OUT_S, AlarmDocuments, IncidentDocuments, NestDocuments, SealDocuments
from agent.core.retained.topics import level
from agent.judge.life import LifeEntry, LifeState
from agent.judge.service.service import AssessmentService
from drivers.event import Event, EventKind, Severity, Transition
from protocols.reason import Reason
from tests.alarms import Notes, offset_alarms
from tests.judge.stand import UTC0, S, hydrant, rules
from tests.uplinks.test_platform_contract import validator

FIRE = {"id": "F/1 #2", "lon": 118.9, "lat": 28.9, "at_s": UTC0 / 1e9 - 60}


class Clock:
    """Turned by hand; `at` tells times as core does."""

    def __init__(self) -> None:
        self.now = 1000 * S

    def now_ns(self) -> int:
        return self.now

    def at(self, ns: int) -> str | None:
        return f"T{ns // S}"


def told(documents: Documents) -> dict[str, Any]:
    """What there is, without versions; each taken as given."""
    found: dict[str, Any] = {}
    while batch := documents.some(3):
        documents.given(batch)
        found.update((topic, document) for topic, _version, document in json.loads(encoded(batch)))
    return found


def look(looks: Iterator[None]) -> None:
    for _ in looks:
        pass


@pytest.mark.parametrize(
    ("name", "topic"),
    [
        ("H01", "H01"),
        ("消火栓7", "消火栓7"),
        ("a/b", "a%2Fb"),
        ("+#%", "%2B%23%25"),
        ("line 1\n", "line%201%0A"),
        ("", "%"),
    ],
)
def test_an_id_is_one_level_of_a_topic(name: str, topic: str) -> None:
    assert level(name) == topic


def test_versions_rise_and_what_says_nothing_new_has_none() -> None:
    documents = Documents()
    documents.put("a", {"n": 1}, 1, 0)
    documents.put("b", {"n": 1}, 1, 0)
    assert [row[:2] for row in documents.some(9)] == [["a", 1], ["b", 2]]
    assert told(documents) == {"a": {"n": 1}, "b": {"n": 1}}
    documents.put("a", {"n": 1}, 2, 5 * S)
    assert documents.some(9) == []
    assert not documents.is_due("a", 2, 6 * S, 2.0)
    assert documents.is_due("a", 2, 7 * S, 2.0), "it may have drifted"
    assert documents.is_due("a", 3, 6 * S, 2.0), "it turned"
    documents.drop("b")
    documents.drop("nothing")
    assert (documents.some(9), documents.version) == ([["b", 3, None]], 3)
    documents.all_again()
    assert told(documents) == {"a": {"n": 1}}, "whoever is new knows of none that is gone"


async def test_an_asset_is_told_as_it_turns(tmp_path: Path) -> None:
    clock = Clock()
    service = AssessmentService(
        [hydrant("H1"), hydrant("H2", 1)], rules(), lambda _e: None, tmp_path, gateway="g",
        utc_ns=lambda: UTC0 + clock.now, now_ns=clock.now_ns,
    )  # fmt: skip
    documents = Documents()
    assets = AssetDocuments(documents, service, clock.now_ns, clock.at)
    look(assets.look())
    first = told(documents)
    assert not any(topic.startswith("asset/") for topic in first), "nobody has judged them yet"
    complete = [assets.complete]
    service.judge.tick(clock.now, UTC0 + clock.now)
    look(assets.look())
    first |= told(documents)
    assert [*complete, assets.complete] == [False, True]
    one = first["asset/H1"]
    assert (one["state"], one["counts_as"], one["since"]) == ("unknown", "unknown", "T1000")
    assert {
        "code": "verdict.not_known",
        "facts": {"rule": "pressure", "of": "pressure", "limit": 140.0, "unit": "kPa"},
    } in one["reasons"]
    assert first["rate"]["unknown"] == 2
    look(assets.look())
    assert told(documents) == {}
    await service.know_assets(UTC0 + clock.now)
    now_s = (UTC0 + clock.now) / 1e9
    await service.assets.tell(LifeEntry("H1", now_s, now_s, LifeState.RETIRED, by="王"), now_s)
    look(assets.look())
    now = told(documents)
    assert (now["asset/H1"]["life"], now["asset/H1"]["counts_as"]) == ("retired", None)
    assert (now["asset/H2"]["life"], now["rate"]["total"]) == ("in_service", 1)
    for topic, document in {**first, **now}.items():
        head = {"v": 1, "gateway": "g", "boot": "b", "version": 1}
        text = json.dumps({**head, **document}).replace('"T1000"', '"2026-11-21T23:24:13.000Z"')
        assert list(validator("state").iter_errors(json.loads(text))) == [], topic
    clock.now += 600 * S
    service.judge._started_ns -= 10**12
    assets.turned("H2")
    look(assets.look())
    assert service.stopped is not None
    assert told(documents)["asset/H2"]["reasons"] == [{"code": "judge_not_running", "facts": {}}]
    await service.close()


def test_alarms_come_and_go_with_their_subject() -> None:
    clock, notes = Clock(), Notes()
    room = offset_alarms(notes, UTC0, clock.now_ns, on_turn=lambda subject: alarms.turned(subject))
    documents = Documents()
    alarms = AlarmDocuments(documents, room, clock.now_ns, clock.at)
    evidence = {"reason": Reason("modbus.unplugged", port="x"), "odd": object()}
    for kind, subject in ((EventKind.LEAK, "H1"), (EventKind.FROZEN, "H1"), (EventKind.LINE_DOWN, "line/1")):
        room.turned(Event(kind, subject, Severity.ALARM, Transition.RAISED, clock.now, evidence))  # type: ignore[arg-type]  # what JSON cannot carry
    look(alarms.look())
    found = told(documents)
    assert [one["kind"] for one in found["alarm/H1"]["alarms"]] == ["leak", "frozen"]
    assert found["alarm/line%2F1"]["alarms"][0]["evidence"]["reason"]["code"] == "modbus.unplugged"
    clock.now += 60 * S
    room.acknowledge(("H1", EventKind.LEAK), "王", "seen")
    room.shelve(("H1", EventKind.FROZEN), 60, "王", "thaws")
    look(alarms.look())
    leak, frozen = told(documents)["alarm/H1"]["alarms"]
    assert leak["acknowledged"] == {"by": "王", "at": "T1060", "note": "seen"}
    assert frozen["shelved_until"] == "T1120"
    for kind in (EventKind.LEAK, EventKind.FROZEN):
        room.turned(Event(kind, "H1", Severity.ALARM, Transition.CLEARED, clock.now))
    look(alarms.look())
    assert told(documents) == {"alarm/H1": None}
    again = Documents()
    look(AlarmDocuments(again, offset_alarms(notes, UTC0, clock.now_ns), clock.now_ns, clock.at).look())
    assert set(told(again)) == {"alarm/line%2F1"}, "after a restart what stands is told"


async def test_incidents_go_once_they_are_let_go(tmp_path: Path) -> None:
    clock = Clock()
    service = AssessmentService([hydrant("H1")], rules(), lambda _e: None, tmp_path, gateway="g",
                                utc_ns=lambda: UTC0, now_ns=clock.now_ns)  # fmt: skip
    documents = Documents()
    incidents = IncidentDocuments(documents, service.store, clock.now_ns)
    await service.tell("incident", dict(FIRE), "王", {"floor": 7})
    look(incidents.look())
    (one,) = told(documents).values()
    assert (one["id"], one["state"], one["told_by"], one["more"]) == ("F/1 #2", "open", "王", {"floor": 7})
    await service.tell("incident", {**FIRE, "state": "closed"}, "王")
    look(incidents.look())
    assert told(documents)["incident/F%2F1%20%232"]["state"] == "closed"
    service.store.forget(list(service.store.told))
    look(incidents.look())
    assert told(documents) == {"incident/F%2F1%20%232": None}
    await service.close()


def test_a_nest_is_told_as_it_turns_and_its_weather_now_and_then() -> None:
    clock, documents = Clock(), Documents()
    craft = {"id": "D1", "nest": "N1", "where": "docked", "link": "up", "armed": False, "lat": 28.9, "age_s": 0.5}
    nest = {"id": "N1", "phase": "ready", "wind_ms": 3.0, "age_s": 1.0, "why": None, "aircraft": craft}
    nests = NestDocuments(documents, lambda: [nest], clock.now_ns, clock.at)
    look(nests.look())
    found = told(documents)
    assert (found["nest/N1"]["aircraft"], found["nest/N1"]["seen"], found["aircraft/D1"]["seen"]) == (
        "D1",
        "T999",
        "T999",
    )
    nest["wind_ms"], clock.now = 4.0, clock.now + round((DOCKED_S - 1) * S)
    look(nests.look())
    assert told(documents) == {}
    clock.now += S
    look(nests.look())
    assert told(documents)["nest/N1"]["wind_ms"] == 4.0
    nest["phase"], craft["where"] = "away", "air"
    look(nests.look())
    assert set(told(documents)) == {"nest/N1", "aircraft/D1"}
    craft["lat"], clock.now = 28.91, clock.now + round(OUT_S * S)
    look(nests.look())
    assert told(documents)["aircraft/D1"]["lat"] == 28.91


def test_the_newest_seals_outlive_a_restart() -> None:
    clock, notes, documents = Clock(), Notes(), Documents()
    seals = SealDocuments(documents, notes, notes.keep, clock.now_ns, clock.at)
    for subject, evidence in (
        ("days", {"head": "a"}),
        ("days", {"head": "b"}),
        ("F-7", {"head": "c"}),
        ("identity", {}),
    ):
        seals.event(Event(EventKind.AUDIT, subject, Severity.INFO, Transition.NOTED, clock.now, evidence))
    seals.event(Event(EventKind.ORDER, "o", Severity.INFO, Transition.NOTED, clock.now, {}))
    found = told(documents)
    assert {topic: one["seal"]["head"] for topic, one in found.items()} == {"seal/days": "b", "seal/flight": "c"}
    again = Documents()
    SealDocuments(again, notes, notes.keep, clock.now_ns, clock.at)
    assert told(again) == found
