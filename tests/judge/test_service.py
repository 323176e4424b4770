"""The court: what is remembered over a restart, what the socket answers, what the command line says; for real."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from agent.control.client import RequestFailed
from agent.control.server import ControlServer
from agent.core.active_alarms import ActiveAlarms
from agent.core.evidence_seals import seal_handlers
from agent.core.identity import Identity
from agent.core.requests.alarms import register_alarms
from agent.core.requests.reports import register_judge_reports
from agent.journal.journal import Journal, JournalPlan
from agent.journal.report_handlers import record_handlers
from agent.journal.retention import RetentionPlan
from agent.judge.days import UNDATED
from agent.judge.facts import Incident, Inspection
from agent.judge.flow import FlowTest
from agent.judge.service.fact_store import FactStore, RecordedFact
from agent.judge.service.files import (
    Unreadable,
    days_ahead,
    days_on_disk,
    ledger_file,
    read_ledger,
    read_snapshot,
    write_days,
)
from agent.judge.service.requests import register_judge
from agent.judge.service.service import AssessmentService
from agent.judge.verdict import State
from agent.runtime.clock.reckon import Fix
from agent.runtime.durable import write_whole
from drivers.event import Event, EventKind, Severity, Transition
from drivers.sample import Layout, Sample
from protocols.reason import Reason
from tests.alarms import Notes, offset_alarms
from tests.asking import ask, cli
from tests.judge.stand import RULES_FILE, S, hydrant, rules
from tests.reports_here import reports_here
from tests.waiting import patient

SHAPE = Layout("t", ("pressure", "alarms"), ("kPa", "1"))
UTC0 = 1_763_600_400 * S  # 2025-11-20 09:00 in Shanghai


class World:
    """A clock turned by hand, shared by the courts of one test."""

    def __init__(self, state_dir: Path) -> None:
        self.now = 1000 * S
        self.boot_offset = UTC0 - self.now
        self.trusted = True
        self.state_dir = state_dir
        self.events: list[Event] = []
        self.seals: list[Event] = []
        self.notes = Notes()
        self.alarms: ActiveAlarms | None = None

    def utc_ns(self) -> int | None:
        return self.now + self.boot_offset if self.trusted else None

    def timezone(self) -> str:
        return "Asia/Shanghai"

    def assessments(self) -> AssessmentService:
        street = [hydrant(f"H{i}", i) for i in range(4)]
        alarms = self.alarms = offset_alarms(self.notes, self.boot_offset, lambda: self.now, self.trusted)

        def emit(event: Event) -> None:
            self.events.append(event)
            alarms.turned(event)

        return AssessmentService(
            street,
            rules(),
            emit,
            self.state_dir,
            gateway="gw1",
            rules_file=(RULES_FILE.name, RULES_FILE.read_text("utf-8")),
            utc_ns=self.utc_ns,
            now_ns=lambda: self.now,
            standing=alarms.by_this_clock(),
        )

    def say(self, assessments: AssessmentService, minutes: int, **alarms: tuple[str, ...]) -> None:
        """Every hydrant speaks every ten seconds."""
        for _ in range(minutes * 6):
            self.now += 10 * S
            for i in range(4):
                values = (300.0 + i + self.now % 7, alarms.get(f"H{i}", ()))
                assessments.judge.sample(Sample(f"H{i}", SHAPE, self.now, values, SHAPE.good))
            assessments.judge.tick(self.now, self.utc_ns())


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "state")


def states(assessments: AssessmentService) -> dict[str, str]:
    return {asset: verdict.state.value for asset, verdict in assessments.judge.verdicts.items()}


async def test_nothing_is_doubted_after_a_restart(world: World) -> None:
    first = world.assessments()
    world.say(first, 8, H2=("knocked_over",))
    since = first.judge.verdicts["H0"].since_ns
    assert states(first) == {"H0": "serviceable", "H1": "serviceable", "H2": "not_serviceable", "H3": "serviceable"}
    await first.close()
    raised = len(world.events)

    world.now += 20 * S
    second = world.assessments()
    assert states(second) == states(first), "before the first sample"
    world.say(second, 2, H2=("knocked_over",))
    assert states(second) == states(first)
    assert second.judge.verdicts["H0"].since_ns == pytest.approx(since, abs=S)
    assert len(world.events) == raised, "what stood is not raised again"
    assert second.trouble == []
    await second.close()


async def test_a_reboot_moves_the_clock_and_keeps_the_since(world: World) -> None:
    first = world.assessments()
    world.say(first, 8)
    since_utc = first.judge.verdicts["H0"].since_ns + world.boot_offset
    await first.close()
    world.boot_offset += world.now + 60 * S - 5 * S  # the kernel's clock began anew five seconds ago, a minute passed
    world.now = 5 * S
    second = world.assessments()
    world.say(second, 1)
    assert second.judge.verdicts["H0"].state is State.SERVICEABLE
    assert second.judge.verdicts["H0"].since_ns + world.boot_offset == pytest.approx(since_utc, abs=S)
    await second.close()


async def test_event_that_ended_while_away_is_cleared(world: World) -> None:
    first = world.assessments()
    world.say(first, 8, H2=("knocked_over",))
    await first.close()
    second = world.assessments()
    world.say(second, 7)
    turns = [(e.kind, e.transition) for e in world.events if e.subject == "H2"]
    assert turns == [(EventKind.KNOCKED_OVER, Transition.RAISED), (EventKind.KNOCKED_OVER, Transition.CLEARED)]
    assert states(second)["H2"] == "serviceable"
    await second.close()


async def test_a_file_that_cannot_be_read_costs_what_stood_in_it_and_is_told(world: World) -> None:
    first = world.assessments()
    world.say(first, 8, H2=("knocked_over",))
    await first.close()
    (world.state_dir / "verdicts.json").unlink()
    (world.state_dir / "verdicts.json").mkdir()  # reading it fails, as on a bad card
    second = world.assessments()
    raised = len(world.events)
    running = asyncio.create_task(second.run())
    async with patient("it is told"):
        while not [e for e in world.events if e.kind is EventKind.DAMAGE_FOUND]:  # noqa: ASYNC110 - a plain list
            await asyncio.sleep(0)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    world.say(second, 2, H2=("knocked_over",))
    assert [e.kind for e in world.events[raised:]] == [EventKind.DAMAGE_FOUND], "what stood is not raised again"
    (world.state_dir / "verdicts.json").rmdir()
    await second.close()


async def test_old_memory_is_no_excuse(world: World) -> None:
    first = world.assessments()
    world.say(first, 8)
    await first.close()
    world.now += 3600 * S
    second = world.assessments()
    second.judge.tick(world.now, world.utc_ns())
    assert states(second) == dict.fromkeys(states(second), "unknown")
    world.say(second, 1)
    assert states(second) == dict.fromkeys(states(second), "serviceable")
    await second.close()


@pytest.mark.parametrize("name", ["verdicts.json", "judge.json", "ledger/2025-11-20.json"])
@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"v":1,"things":[{"id":1}],"open":3,"rules":0}'])
async def test_a_spoilt_file_costs_the_memory_not_the_agent(world: World, name: str, content: bytes) -> None:
    first = world.assessments()
    world.say(first, 8)
    await first.close()
    write_whole(world.state_dir / name, content)
    second = world.assessments()
    world.say(second, 7)
    assert set(states(second).values()) == {"serviceable"}
    await second.close()
    assert read_snapshot(world.state_dir) is not None


async def test_ledger_goes_on_over_a_restart_and_down_time_is_unknown(world: World) -> None:
    first = world.assessments()
    world.say(first, 60)
    await first.close()
    world.now += 3600 * S
    second = world.assessments()
    world.say(second, 60)
    day = second.judge.ledger.days["2025-11-20"]
    assert {asset: minutes.tally.total for asset, minutes in day.items()} == dict.fromkeys(day, 120)
    assert sum(minutes.tally.serviceable for minutes in day.values()) == pytest.approx(4 * (60 + 60), abs=8)
    await second.close()


async def test_minutes_without_a_clock_are_kept_apart(world: World) -> None:
    world.trusted = False
    assessments = world.assessments()
    world.say(assessments, 10)
    assert list(assessments.judge.ledger.days) == ["undated"]
    assert assessments.judge.verdicts["H0"].state is State.SERVICEABLE
    await assessments.close()
    assert ledger_file(world.state_dir, "undated").exists()


async def test_a_full_card_is_said_and_tried_again(world: World) -> None:
    assessments = world.assessments()
    world.say(assessments, 1)
    world.state_dir.mkdir(exist_ok=True)
    (world.state_dir / "verdicts.json").mkdir()
    await assessments.close()
    assert "not being kept" in str(assessments.trouble[0])


async def test_a_disk_that_refuses_is_one_event_and_one_more_when_it_takes_it(world: World) -> None:
    assessments = world.assessments()
    older = Reason("an older trouble")
    assessments.trouble.append(older)
    world.say(assessments, 1)
    world.state_dir.mkdir(exist_ok=True)
    (world.state_dir / "verdicts.json").mkdir()
    for _ in range(3):
        await assessments._write(0.0)
    (world.state_dir / "facts.jsonl").mkdir()
    with pytest.raises(OSError, match="directory"):
        await assessments.tell("inspection", {"asset": "H1", "at_s": 1, "passed": True})
    assert [(e.kind, e.subject, e.transition) for e in world.events] == [
        (EventKind.SELF_FAULT, "verdicts", Transition.RAISED)
    ]
    assert assessments.trouble[0] == older and len(assessments.trouble) == 2
    (world.state_dir / "verdicts.json").rmdir()
    (world.state_dir / "facts.jsonl").rmdir()
    await assessments._write(0.0)
    assert [e.transition for e in world.events] == [Transition.RAISED, Transition.CLEARED]
    assert assessments.trouble == [older]
    await assessments.close()


def test_a_judge_that_does_not_look_knows_nothing(world: World) -> None:
    assessments = world.assessments()
    world.say(assessments, 3)
    world.now += 120 * S
    assert {s.state for s in assessments.standings()} == {"serviceable"}
    written = assessments._head()["written_s"]
    world.now += 1
    assert {s.state for s in assessments.standings()} == {"unknown"}
    assert {s.reasons for s in assessments.standings()} == {("judge_not_running",)}
    late = assessments._head()
    assert late["written_s"] == written, "old verdicts are not dated anew"
    world.say(assessments, 1)
    assert {s.state for s in assessments.standings()} == {"serviceable"}
    assert assessments._head()["written_s"] > written


def test_a_judge_that_failed_knows_nothing(world: World) -> None:
    assessments = world.assessments()
    world.say(assessments, 3)
    fault = Event(EventKind.SELF_FAULT, "uplink", Severity.ALARM, Transition.RAISED, world.now, {"reason": "x"})
    assessments.told(fault)
    assert assessments.verdict("H1").state is State.SERVICEABLE
    assessments.told(replace(fault, subject="judge", evidence={"reason": Reason("it broke")}))
    assert assessments.stopped == Reason("it broke")
    assert assessments.verdict("H1").state is State.UNKNOWN
    assert {s.state for s in assessments.standings()} == {"unknown"}
    assessments.told(replace(fault, subject="judge samples"))
    for subject, stopped in (("judge", Reason("judge.failed")), ("judge samples", None)):
        assessments.told(replace(fault, subject=subject, transition=Transition.CLEARED))
        assert assessments.stopped == stopped, "it knows again once all of it runs"
    assert assessments.verdict("H1").state is State.SERVICEABLE


async def test_news_about_a_thing_counts_at_once_and_changes_no_window(world: World) -> None:
    assessments = world.assessments()
    world.say(assessments, 3)
    before = [
        (s.settled, s.turning_min, list(s.window)) for _, bench in assessments.judge.watched() for s in bench.states
    ]
    await assessments.tell("inspection", {"asset": "H1", "at_s": UTC0 / S, "passed": False})
    assert assessments.verdict("H1").state is State.NOT_SERVICEABLE
    assert assessments.verdict("H1").reasons == ("inspected",)
    after = [
        (s.settled, s.turning_min, list(s.window)) for _, bench in assessments.judge.watched() for s in bench.states
    ]
    assert after == before
    await assessments.close()


class TestFactStore:
    def test_survives_and_drops_repeats(self, tmp_path: Path) -> None:
        store = FactStore(tmp_path)
        told = [
            RecordedFact(Incident("A", 118, 28, at_s=10.0), 11.0),
            RecordedFact(Incident("A", 118, 28, at_s=20.0, state="closed"), None),
            RecordedFact(Inspection("H1", 5.0, True, "李"), 12.0),
            RecordedFact(FlowTest("H1", 6.0, 300, 200, 20), 13.0),
        ]
        for one in told:
            assert store.is_news(one.fact)
            store.write(one)
            store.accept(one)
            assert not store.is_news(one.fact)
        assert not store.is_news(Incident("A", 118, 28, at_s=15.0)), "older than what is known"
        again = FactStore(tmp_path)
        assert again.told == told
        assert again.facts.incidents["A"].state == "closed"

    def test_a_torn_line_is_cut_off_and_a_spoilt_one_left_aside(self, tmp_path: Path) -> None:
        store = FactStore(tmp_path)
        store.write(RecordedFact(Inspection("H1", 5.0, True), 1.0))
        with store.path.open("ab") as file:
            file.write(b'{"fact":"inspection","told_s":1,"asset":3}\n{"fact":"insp')
        again = FactStore(tmp_path)
        assert (len(again.told), again.unreadable) == (1, [2])
        again.write(RecordedFact(Inspection("H2", 5.0, True), 1.0))
        assert len(FactStore(tmp_path).told) == 2

    def test_what_was_removed_is_written_with_the_next(self, tmp_path: Path) -> None:
        store = FactStore(tmp_path)
        for asset in ("H1", "H2"):
            told = RecordedFact(Inspection(asset, 5.0, True), 1.0)
            if asset == "H2":
                store.path.unlink()
            store.write(told)
            store.accept(told)
        assert FactStore(tmp_path).told == store.told


@pytest_asyncio.fixture
async def served(world: World, tmp_path: Path) -> AsyncIterator[tuple[AssessmentService, Path]]:
    """A court on a real socket with a real journal that holds its day so far."""
    assessments = world.assessments()
    utc = world.utc_ns()
    assert utc is not None and await assessments.know_assets(utc)
    world.events.clear()
    assert world.alarms is not None
    world.alarms.recent.clear()
    uplinks: dict[str, object] = {}
    plan = JournalPlan(tmp_path / "journal.db", RetentionPlan(cap_bytes=32 << 20))
    journal = await Journal.open(plan, uplinks, now_ns=lambda: world.now, kernel_boot="b" * 32)  # type: ignore[arg-type]  # none
    journal.note_clock(Fix("b" * 32, world.now // 1_000_000, (world.now + world.boot_offset) // 1_000_000, 50, "test"))
    committing = asyncio.ensure_future(journal.run())
    for _ in range(20):
        before = len(world.events)
        world.say(assessments, 1, H2=("knocked_over",))
        for i in range(4):
            journal.offer_sample(Sample(f"H{i}", SHAPE, world.now, (300.0 + i, ()), SHAPE.good))
        for event in world.events[before:]:
            journal.offer_event(event)
        await journal.flush()
    server = ControlServer(tmp_path / "c.sock")
    register_judge(server, assessments)
    register_alarms(server, world.alarms, assessments._report, journal.durable, world)
    identity = Identity(tmp_path, "gw1")
    identity.load()
    asked = record_handlers(journal) | seal_handlers(identity.sealed, world.seals.append, lambda: world.now)
    async with reports_here(asked) as broker:
        register_judge_reports(server, broker, assessments, "test", {}, {}, identity)
        await server.start()
        yield assessments, tmp_path / "c.sock"
        await server.close()
    committing.cancel()
    await asyncio.gather(committing, return_exceptions=True)
    await journal.close()
    await assessments.close()


async def test_the_rate_says_what_it_counts_in_spite_of_an_alarm(world: World, tmp_path: Path) -> None:
    """A pressure of 60 kPa is an alarm a minute before it is a verdict: both screens are right, and say so."""
    assessments = world.assessments()
    utc = world.utc_ns()
    assert utc is not None and await assessments.know_assets(utc)
    world.say(assessments, 8)
    server = ControlServer(tmp_path / "c.sock")
    register_judge(server, assessments)
    await server.start()
    assert "alarm" not in (await cli(tmp_path / "c.sock", "rate"))[2]
    until = world.now + 600 * S
    while not assessments.alarmed("H2") and world.now < until:
        world.now += 1 * S
        assessments.judge.sample(Sample("H2", SHAPE, world.now, (300.0, ("knocked_over",)), SHAPE.good))
        assessments.judge.settle(world.now, world.utc_ns())
    code, out, err = await cli(tmp_path / "c.sock", "rate")
    assert (code, " 4 " in out) == (0, True), out
    assert "1 counted as serviceable have an alarm, not long enough for a verdict: H2" in err
    assert json.loads((await cli(tmp_path / "c.sock", "rate", "--json"))[1])["alarmed"] == ["H2"]
    await server.close()
    await assessments.close()


async def test_rate_and_reasons(served: tuple[AssessmentService, Path]) -> None:
    assessments, path = served
    assert (await cli(path, "rate", "--by", "station", "--json"))[0] == 1
    code, out, err = await cli(path, "rate")
    assert code == 1
    assert "75.00 %" in out
    assert "cn-2026.3" in err
    code, out, _ = await cli(path, "rate", "why", lang="zh")
    assert code == 1
    assert "撞倒或倾斜" in out
    assert "H2" in out and "H1" not in out
    code, out, _ = await cli(path, "rate", "over", "2025-11-20", "--by", "asset", "--json")
    groups = {g["group"]: g for g in json.loads(out)["groups"]}
    assert groups["H2"]["not_serviceable"] == pytest.approx(20, abs=1)
    assert groups["H1"]["total"] == 20, "it exists since nine o'clock"
    assert "of what was judged: nothing was below" in (await cli(path, "rate", "below", "2025-11-20"))[1]
    assessments.judge.ledger.put("2025-11-20", 562, "H3", State.SERVICEABLE, ["below_140_supply"])
    code, out, _ = await cli(path, "rate", "below", "2025-11-20", "--json")
    assert (code, json.loads(out)) == (1, [{"id": "H3", "below_140_supply": 1}])
    code, out, _ = await cli(path, "rate", "below", "2025-11-20")
    assert "H3" in out and "below 140 supply min" in out
    for verb in ("below", "reasons", "risk"):
        _, _, err = await cli(path, "rate", verb, "2025-11-20")
        assert "of 9.0 h no verdict is kept" in err, "what is missing is said"
        assert (await cli(path, "rate", verb, "2025-11-20", "--json"))[2] == ""
    code, out, _ = await cli(path, "rate", "reasons", "2025-11-20", "--json")
    (row, *others) = json.loads(out)
    assert (code, row["id"], row["reason"], others) == (1, "H2", "upright", [])
    assert row["minutes"] == pytest.approx(groups["H2"]["not_serviceable"], abs=1), "this minute is not over"
    code, _, err = await cli(path, "rate", "over", "2031-01")
    assert (code, "no minutes of 2031-01" in err) == (65, True)
    code, _, err = await cli(path, "rate", "over", "yesterday")
    assert code == 2


async def test_events_standing_and_recent(served: tuple[AssessmentService, Path]) -> None:
    _, path = served
    code, out, _ = await cli(path, "events")
    assert code == 3
    assert "knocked over" in out
    code, out, _ = await cli(path, "events", "recent", "--json")
    assert [(e["kind"], e["turn"]) for e in json.loads(out)] == [("knocked_over", "raised")]


def made_fresh(state_dir: Path) -> None:
    """Date the snapshot to this moment: the command line reads the real clock."""
    snapshot = read_snapshot(state_dir)
    assert snapshot is not None and snapshot["written_s"] is not None
    later = time.time() - snapshot["written_s"]
    for thing in snapshot["things"]:
        thing["seen_s"] += later
    write_whole(state_dir / "verdicts.json", json.dumps(snapshot | {"written_s": time.time()}).encode())


async def test_near_with_and_without_the_agent(served: tuple[AssessmentService, Path], tmp_path: Path) -> None:
    assessments, path = served
    code, out, _ = await cli(path, "near", "118.902,28.9", "--json")
    assert code == 0
    assert next(row["id"] for row in json.loads(out)) in ("H1", "H3")
    assert "H2" not in out
    await assessments._write(1e9)
    nobody = tmp_path / "nobody.sock"
    code, alone, err = await cli(nobody, "near", "118.902,28.9", "--state", str(assessments.state_dir), "--json")
    assert (code, json.loads(alone)) == (1, []), "a snapshot of long ago knows nothing of now"
    assert "this is how things stood" in err
    code, alone, err = await cli(
        nobody, "near", "118.902,28.9", "--state", str(assessments.state_dir), "--all", "--json"
    )
    assert (code, {row["state"] for row in json.loads(alone)}) == (1, {"unknown"})
    code, alone, _ = await cli(nobody, "coverage", "--state", str(assessments.state_dir), "--json")
    assert (code, json.loads(alone)["share"], json.loads(alone)["too_old"]) == (1, 0, 4)
    made_fresh(assessments.state_dir)
    code, alone, err = await cli(nobody, "near", "118.902,28.9", "--state", str(assessments.state_dir), "--json")
    assert code == 0
    assert [r["id"] for r in json.loads(alone)] == [r["id"] for r in json.loads(out)]
    assert "the agent does not answer" in err
    site = tmp_path / "site.toml"
    site.write_text('[gateway]\nstate_dir = "state"\n')
    code, alone, _ = await cli(nobody, "near", "118.902,28.9", "--site", str(site), "--flow", "40", "--geojson")
    assert (code, len(json.loads(alone)["features"])) == (1, 3), "15 L/s each is a rule, and no promise"
    assert json.loads(alone)["supply"]["enough"] is None
    code, out, _ = await cli(nobody, "supply", "118.902,28.9", "--site", str(site), "--flow", "600")
    assert (code, "600 L/s at 100 kPa: no" in out, "490 L/s: nobody knows" in out) == (1, True, True)
    assert "nothing was tested here" in out
    assert out.splitlines()[-1].endswith("no working water point near"), "not a list of nothing"
    assert (await cli(nobody, "near", "118.902,28.9", "--site", "/nowhere"))[0] == 69
    assert (await cli(nobody, "near", "28.9,118.902", "--site", str(site)))[0] == 2
    assert (await cli(nobody, "near", "here", "--site", str(site)))[0] == 2


async def test_near_says_what_stands_below_and_what_stands(
    served: tuple[AssessmentService, Path], world: World
) -> None:
    assessments, path = served
    low = Sample("H1", SHAPE, world.now, (60.0, ()), SHAPE.good)
    assessments.judge.sample(low)
    code, out, _ = await cli(path, "near", "118.901,28.9", "--all")
    assert code == 0, "others work"
    lines = {line.split()[0]: line for line in out.splitlines()}
    assert "below 100 kPa now" in lines["H1"] and "60" in lines["H1"]
    assert "knocked over" in lines["H2"]
    code, out, _ = await cli(path, "near", "118.901,28.9", "--radius", "50", "--flow", "10")
    assert (code, "10 L/s at 100 kPa: no" in out, "missing 10 L/s" in out) == (1, True, True)
    assert (await cli(path, "near", "118.901,28.9", "--radius", "50"))[0] == 1


async def test_coverage_and_its_map(served: tuple[AssessmentService, Path], tmp_path: Path) -> None:
    assessments, path = served
    await assessments._write(1e9)
    made_fresh(assessments.state_dir)
    svg, gaps = tmp_path / "map.svg", tmp_path / "gaps.json"
    where = ("--state", str(assessments.state_dir), "--svg", str(svg), "--geojson", str(gaps))
    code, out, _ = await cli(path, "coverage", *where, "--json")
    found = json.loads(out)
    assert code == (1 if found["gaps"] else 0)
    assert 0.9 < found["share"] <= 1
    assert svg.read_text().startswith("<svg")
    assert json.loads(gaps.read_text())["type"] == "FeatureCollection"
    answer = await ask(path, "coverage")
    assert isinstance(answer, dict)
    assert answer["share"] == pytest.approx(found["share"])
    code, _, err = await cli(path, "coverage", "--state", str(assessments.state_dir), "--area", "/nowhere")
    assert (code, "/nowhere" in err) == (65, True)


async def test_tests_of_a_hydrant_add_up_and_outlive_the_agent(world: World) -> None:
    first = world.assessments()
    for day in range(3):
        test = {
            "asset": "H1",
            "at_s": 1.7e9 + day * 86_400,
            "static_kpa": 350.0,
            "residual_kpa": 250.0,
            "flow_l_s": 30.0,
        }
        assert await first.tell("flow_test", test, "uid 0")
    assert len(first.judge.seen["H1"].draws) == 3
    await first.close()
    (world.state_dir / "water_records.json").unlink()
    second = world.assessments()
    assert len(second.judge.seen["H1"].draws) == 3, "facts are read again"
    await second.close()


async def test_facts_are_told_kept_and_change_the_verdict(served: tuple[AssessmentService, Path], world: World) -> None:
    assessments, path = served
    test = ("facts", "flow-test", "H1", "--static", "300", "--residual", "150", "--nozzle", "65", "--pitot", "2")
    assert (await cli(path, *test, "--at", "2025-11-01"))[:2] == (0, "kept\n")
    assert (await cli(path, *test, "--at", "2025-11-01"))[:2] == (0, "known already: nothing changed\n")
    world.say(assessments, 1, H2=("knocked_over",))
    assert assessments.judge.verdicts["H1"].reasons == ("flow",)
    assert (await cli(path, "facts", "inspection", "H3", "failed", "--by", "王", "--at", "2025-11-20"))[0] == 0
    world.say(assessments, 1, H2=("knocked_over",))
    assert assessments.judge.verdicts["H3"].reasons == ("inspected",)
    assert (await cli(path, "facts", "incident", "A1", "118.9,28.9", "--level", "3", "--at", "2025-11-20"))[0] == 0
    far = await cli(path, "facts", "permit", "P1", "环卫", "--asset", "H1", "--until", "2031-01-01")
    assert (far[0], "ahead of the clock" in far[2]) == (65, True), "the gateway's clock counts"
    world.trusted = False
    assert (await cli(path, "facts", "permit", "P1", "环卫", "--asset", "H1", "--until", "2031-01-01"))[0] == 0
    world.trusted = True
    code, _, err = await cli(path, "facts", "inspection", "H7", "passed", "--at", "2025-11-20")
    assert (code, "asset: there is no H7 on this site; did you mean H" in err) == (65, True)
    code, out, _ = await cli(path, "facts", "list", "--json")
    assert [row["fact"] for row in json.loads(out)] == ["flow_test", "inspection", "incident", "permit"]
    assert len(FactStore(world.state_dir).told) == 4
    code, _, err = await cli(path, "facts", "flow-test", "H1", "--static", "100", "--residual", "150", "--flow", "5")
    assert (code, "below static" in err) == (65, True)
    assert (await cli(path, "facts", "permit", "P2", "x", "--until", "tomorrow"))[0] == 2


@pytest.mark.parametrize(
    ("fact", "content"),
    [
        ("incident", {"id": "A"}),
        ("incident", {"id": "A", "lon": 500, "lat": 0, "at_s": 1}),
        ("incident", {"id": "A", "lon": "x", "lat": 0, "at_s": 1}),
        ("incident", {"id": "", "lon": 1, "lat": 0, "at_s": 1}),
        ("incident", {"id": "A", "lon": 1, "lat": 0, "at_s": 1, "colour": "red"}),
        ("incident", {"id": "A", "lon": 1, "lat": 0, "at_s": 1, "state": "maybe"}),
        ("permit", {"id": "P", "holder": "x", "from_s": 5, "until_s": 5, "asset": "H1"}),
        ("permit", {"id": "P", "holder": "x", "from_s": 1, "until_s": 5}),
        ("inspection", {"asset": "H1", "at_s": 1, "passed": "yes"}),
        ("birthday", {}),
        ("inspection", ["H1"]),
    ],
)
async def test_facts_that_cannot_be_are_refused(
    served: tuple[AssessmentService, Path], fact: str, content: object
) -> None:
    _, path = served
    with pytest.raises(RequestFailed):
        await ask(path, "facts.add", fact=fact, content=content)


async def test_times_are_the_gateways(served: tuple[AssessmentService, Path]) -> None:
    assessments, path = served
    for name, at in (("A1", "2025-11-20T08:50"), ("A2", "2025-11-20T00:50+00:00")):
        assert (await cli(path, "facts", "incident", name, "118.9,28.9", "--at", at))[0] == 0
        assert assessments.store.facts.incidents[name].at_s == 1_763_599_800, (
            "08:50 in Shanghai, whatever this machine's zone"
        )
    code, out, _ = await cli(path, "facts", "list")
    assert code == 0
    assert out.count("2025-11-20 08:50 +0800") == 2
    code, out, _ = await cli(path, "events", "recent", "--fields", "utc_s,kind")
    assert "2025-11-20 09:00 +0800" in out
    _, _, err = await cli(path, "rate", "over", "2025-11-20")
    assert "days of Asia/Shanghai; a day's official rate is the one in its evidence" in err


async def test_evidence_over_the_socket_and_checked_without_it(
    served: tuple[AssessmentService, Path], world: World, tmp_path: Path
) -> None:
    assessments, path = served
    out_file = tmp_path / "day.evidence"
    code, out, err = await cli(path, "evidence", "export", "--day", "2025-11-20", "--out", str(out_file), "--json")
    assert code == 0, err
    done = json.loads(out)
    assert (done["records"], done["missing"]) == (21, 0)
    nobody = tmp_path / "nobody.sock"
    code, out, _ = await cli(nobody, "evidence", "verify", str(out_file), "--seal", done["seal"])
    assert code == 0
    assert "whole and right" in out
    (told,) = world.seals
    seal = {name: told.evidence[name] for name in ("head", "identity")}
    assert seal == {"head": done["seal"], "identity": done["identity"]}, "and the platform has it by itself"
    code, _, err = await cli(nobody, "evidence", "verify", str(out_file), "--key", done["identity"][::-1])
    assert (code, "signed with another key" in err) == (65, True)
    whole = out_file.read_bytes()
    out_file.write_bytes(whole.replace(b'"knocked_over"', b'"knocked_ovex"', 1))
    code, _, err = await cli(nobody, "evidence", "verify", str(out_file))
    assert code == 65
    assert "line" in err
    code, _, err = await cli(path, "evidence", "export", "--day", "2025-11-19")
    assert (code, "nothing is kept of 2025-11-19" in err) == (65, True)
    code, _, err = await cli(path, "evidence", "export", "--day", "2031-01-01")
    assert (code, "has not begun" in err) == (65, True)
    code, _, err = await cli(path, "evidence", "export", "--day", "soon")
    assert code == 65
    assert [p.name for p in (assessments.state_dir / "evidence").iterdir()] == ["gw1-2025-11-20.evidence"]


def test_snapshot_of_another_version_says_so(tmp_path: Path) -> None:
    write_whole(tmp_path / "verdicts.json", b'{"v":9,"things":[]}')
    with pytest.raises(Unreadable, match="another version"):
        read_snapshot(tmp_path)


async def test_a_running_court_ticks_listens_and_keeps(world: World) -> None:
    assessments = world.assessments()
    running = asyncio.ensure_future(assessments.run())
    telling = asyncio.create_task(assessments.tell("inspection", {"asset": "H0", "at_s": 1, "passed": True}, "王"))
    assessments.inbox.hear("p/gw1/order/fact/inspection", b'{"asset":"H0","at_s":2,"passed":false}')
    async with patient("the inbox is settled"):
        await assessments.inbox.settled()
    assert await telling
    assert assessments.judge.verdicts["H1"].state is State.UNKNOWN, "it has ticked"
    assert assessments.store.facts.inspections["H0"].passed
    running.cancel()
    await asyncio.wait([running])
    await assessments.close()


async def test_what_a_clock_that_ran_ahead_counted_on_disk_is_no_minute_when_its_day_comes(tmp_path: Path) -> None:
    """It ran five days ahead, was put right, and the agent began anew: the files of those days are still there."""
    now_s = 1_763_600_400.0  # 2025-11-20 09:00 in Shanghai
    for day in ("2025-11-19", "2025-11-20", "2025-11-21", "2025-11-22", "2025-11-23", "2025-11-24", "2025-11-25"):
        write_days(tmp_path, {day: b'{"H1":[[0],300,{},{}]}\n'})
    one = AssessmentService(
        [hydrant("H1")], rules(), lambda _e: None, tmp_path, gateway="g",
        utc_ns=lambda: round(now_s * 1e9), now_ns=lambda: 0,
    )  # fmt: skip
    await one._nothing_ahead(round(now_s * 1e9))
    one.judge.ledger.put("2025-11-20", 540, "H1", State.SERVICEABLE)
    await one._write(asyncio.get_running_loop().time() + 1e6)
    days = {day: read_ledger(tmp_path, [day])[0][day] for day in days_on_disk(tmp_path) if day != UNDATED}
    assert {day for day, kept in days.items() if kept} == {"2025-11-19", "2025-11-20"}
    assert days["2025-11-20"]["H1"][:2] == [[0, 300 << 2 | 3, 540 << 2], 541], "what came before is kept"
    assert days_ahead(tmp_path, "2025-11-20") == [], "and a next start has nothing to do"
    await one.close()


async def test_a_day_that_a_clock_put_back_comes_to_again_is_shown_whole_and_what_lies_ahead_of_it_is_emptied(
    tmp_path: Path,
) -> None:
    """It ran days ahead, was put right while the agent ran, and days of it are only on disk."""
    for day in ("2025-11-20", "2025-11-23", "2025-11-24", "2025-11-25"):
        write_days(tmp_path, {day: b'{"H1":[[0],300,{},{}]}\n'})
    now_s = [1_763_600_400.0 + 5 * 86_400]  # 2025-11-25 09:00 in Shanghai
    one = AssessmentService(
        [hydrant("H1")], rules(), lambda _e: None, tmp_path, gateway="g",
        utc_ns=lambda: round(now_s[0] * 1e9), now_ns=lambda: 0,
    )  # fmt: skip
    await one._look_ahead()
    now_s[0] -= 5 * 86_400
    one.judge.ledger.put("2025-11-20", 540, "H1", State.SERVICEABLE)
    one.judge.ledger.nothing_after("2025-11-20")
    open_days = await one.open_days()
    assert json.loads(open_days["2025-11-20"])["H1"][:2] == [[0, 300 << 2 | 3, 540 << 2], 541]
    await one._look_ahead()
    await one._write(asyncio.get_running_loop().time() + 1e6)
    assert days_ahead(tmp_path, "2025-11-20") == []
    await one.close()
