"""A simulated day: every planted fault found, named right and in time, nothing else; the rate recounted three ways."""

import asyncio
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from agent.journal.closed import closed_journal
from agent.journal.journal import Journal, JournalPlan
from agent.journal.retention import RetentionPlan
from agent.journal.uplink_outbox import Order
from agent.judge.days import Days
from agent.judge.facts import Facts, Incident
from agent.judge.judge import Judge
from agent.judge.life import LifeEntry, LifeState
from agent.judge.service.asset_register import AssetRegister, rules_of
from agent.judge.service.fact_store import RecordedFact
from agent.judge.tally import Tally
from agent.judge.verdict import State
from agent.reports.evidence.chain import Tampered
from agent.reports.evidence.committed import lines_of
from agent.reports.evidence.export import EvidenceInputs, Exported, export_day
from agent.reports.evidence.verify import verify
from agent.runtime.clock.reckon import Fix
from drivers.event import Event, EventKind, Transition
from drivers.publish import Publisher
from drivers.sample import Sample
from tests.judge import day
from tests.judge.signing import IDENTITY, signs
from tests.judge.stand import RULES_FILE, rules

S = 10**9
BOOT_NS = 50_000 * S  # CLOCK_BOOTTIME at midnight
MIDNIGHT_MS = 1_763_568_000_000  # 2025-11-20 00:00 in Shanghai
DATE = "2025-11-20"
SCRIPT = Path(__file__).parents[2] / "tools" / "verify_evidence.py"
KERNEL = "a" * 32


@dataclass
class Run:
    judge: Judge
    events: list[Event]
    kept: list[Sample | Event]


def utc_ns(now_ns: int) -> int:
    return MIDNIGHT_MS * 1_000_000 + now_ns - BOOT_NS


@pytest.fixture(scope="module")
def run() -> Run:
    """The day judged live, and what went to the journal, in order."""
    water = day.water()
    events: list[Event] = []
    kept: list[Sample | Event] = []

    def emit(event: Event) -> None:
        events.append(event)
        kept.append(event)

    judge = Judge(day.assets(), rules(), emit, Days(ZoneInfo("Asia/Shanghai")).place, started_ns=BOOT_NS, facts=Facts())
    publisher = Publisher({"hydrant/simulated": {"pressure": Band(2.0), "flow": Band(0.05), "temperature": Band(0.5)}})
    told = iter(facts())
    following = next(told, None)
    samples = day.samples(water, BOOT_NS)
    sample = next(samples, None)
    for second in range(86_401):
        now = BOOT_NS + second * S
        while sample is not None and sample.read_ns <= now:
            keep = publisher.passes(sample)
            if keep:
                kept.append(sample)
            judge.sample(sample, keep)
            sample = next(samples, None)
        while following is not None and (following.told_s or 0) * 1000 <= MIDNIGHT_MS + second * 1000:
            judge.fact(following.fact)
            following = next(told, None)
        judge.tick(now, utc_ns(now))
    return Run(judge, events, kept)


@dataclass(frozen=True)
class Band:
    deadband: float
    heartbeat_s: float = 300.0


def facts() -> Iterator[RecordedFact]:
    """The planted facts with real dates, told when they happened."""
    for fact in sorted(day.FACTS, key=lambda f: f.at_s):
        at_s = MIDNIGHT_MS / 1000 + fact.at_s
        yield RecordedFact(replace(fact, at_s=at_s), at_s)


def raised(run: Run) -> dict[tuple[str, EventKind], list[float]]:
    found = defaultdict(list)
    for e in run.events:
        if e.transition is Transition.RAISED:
            found[e.subject, e.kind].append((e.at_ns - BOOT_NS) / S)
    return found


@pytest.mark.parametrize("planted", day.PLANTED, ids=lambda p: f"{p.asset}-{p.kind.value}")
def test_planted_fault_is_found_in_time(run: Run, planted: day.Planted) -> None:
    times = raised(run)[planted.asset, planted.kind]
    assert len(times) == 1
    assert planted.from_s <= times[0] <= planted.from_s + planted.within_s


def test_low_pressure_is_reported_where_and_when_it_was(run: Run) -> None:
    low = day.truth_low()
    low["H09"] = []  # its sensor hangs since the morning
    low["H07"] = []  # dead
    low["H04"] = [t for t in low["H04"] if t < 6 * day.H]  # lies by +60 kPa, which lifts it over the limit
    want = {(name, t // (2 * day.H)) for name, steps in low.items() for t in steps if t - day.EVERY_S not in steps}
    found = raised(run)
    got = {(name, int(t) // (2 * day.H)) for name in day.NAMES for t in found.get((name, EventKind.PRESSURE_LOW), [])}
    assert got == want
    assert {spell for _, spell in got} == {7, 9}, "during the fire at 14 h and the burst at 19 h"


def test_nothing_else_was_said(run: Run) -> None:
    planted = {(p.asset, p.kind) for p in day.PLANTED}
    rest = {
        (asset, kind, t)
        for (asset, kind), times in raised(run).items()
        for t in times
        if (asset, kind) not in planted and kind is not EventKind.PRESSURE_LOW
    }
    # the fire pulls the whole street down, not only where it is drawn: those warnings are true
    assert {kind for _, kind, _ in rest} == {EventKind.PRESSURE_COLLAPSING}
    assert all(day.FIRE[0] <= t <= day.FIRE[0] + 120 for _, _, t in rest)
    assert not {asset for asset, _, _ in rest} & {"H07", "H09", "P1"}


def test_every_event_that_ended_was_cleared_once(run: Run) -> None:
    balance: dict[tuple[str, EventKind], int] = defaultdict(int)
    for e in run.events:
        balance[e.subject, e.kind] += {Transition.RAISED: 1, Transition.CLEARED: -1, Transition.NOTED: 0}[e.transition]
        assert balance[e.subject, e.kind] in (0, 1)
    standing = {key for key, n in balance.items() if n}
    assert standing == {
        ("H02", EventKind.LEAK),
        ("H04", EventKind.SENSOR_DRIFT),
        ("H09", EventKind.SENSOR_STUCK),
        ("H08", EventKind.KNOCKED_OVER),
        ("H01", EventKind.BATTERY_LOW),
        ("H07", EventKind.DEVICE_LOST),
        ("P1", EventKind.LEVEL_LOW),
    }
    assert standing == {(asset, kind) for asset, kind, _ in run.judge.open_events()}


def test_fire_is_no_theft(run: Run) -> None:
    assert [a for (a, k) in raised(run) if k is EventKind.WATER_STOLEN] == ["H03"]


HAND_COUNT = {
    # minutes (serviceable, not serviceable, unknown), worked out on paper from what was planted
    "H00": (1440, 0, 0),  # uphill of the burst, still above 0.14 MPa; a cap off for 20 min is within its hour
    "H01": (1440 - 90, 90, 0),  # burst 19:00–20:30: the median of 15 min follows 8 min behind at both ends
    "H02": (90, 1440 - 90, 0),  # leaks from 0:30, known at 1:30
    "H03": (1440 - 90 - 25, 90, 25),
    "H04": (420, 0, 1440 - 420),  # lies from 6:00, found out at 7:01
    "H05": (1440 - 90 - 25, 90, 25),  # 40 min of fire at 0.10 to 0.14 MPa: what stood before stands for 15
    "H06": (1440 - 90 - 25, 90, 25),
    "H07": (660 + 10, 0, 1440 - 660 - 10),  # dead from 11:00; its last value sent, 5 min old, was good for 15
    "H08": (570, 1440 - 570, 0),  # struck at 9:30
    "H09": (720, 0, 1440 - 720),  # hangs from 8:00, found out at 12:01
    "H10": (300 + 1440 - 490 - 90 - 25, 190 + 90, 25),  # frozen 5:00 until ten minutes after 8:00
    "H11": (1440 - 5 - 90 - 25, 90, 5 + 25),  # five minutes of a stranger on its address
    "P1": (1440, 0, 0),  # low, but above what a pump needs
}


@pytest.mark.parametrize("name", HAND_COUNT)
def test_minutes_equal_the_hand_count(run: Run, name: str) -> None:
    tally = run.judge.ledger.days[DATE][name].tally
    got = (tally.serviceable, tally.not_serviceable, tally.unknown)
    assert sum(got) == 1440, "the look at midnight is the last of the day before"
    assert got == pytest.approx(HAND_COUNT[name], abs=2), "a minute at either end is how the minute's grid falls"


def test_rate_now_equals_the_hand_count(run: Run) -> None:
    states = {name: verdict.state for name, verdict in run.judge.verdicts.items()}
    assert {n for n, s in states.items() if s is State.NOT_SERVICEABLE} == {"H02", "H08"}
    assert {n for n, s in states.items() if s is State.UNKNOWN} == {"H04", "H07", "H09"}
    from agent.judge.rate import rate_now

    (all_of_it,) = rate_now(run.judge.assets.values(), run.judge.verdicts).values()
    assert all_of_it.strict == 8 / 13
    assert all_of_it.of_known == 8 / 10


@pytest.fixture(scope="module")
def evidence(run: Run, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Exported]:
    """The day through a real journal into an evidence file."""
    folder = tmp_path_factory.mktemp("evidence")

    async def work() -> None:
        plan = JournalPlan(folder / "journal.db", RetentionPlan(cap_bytes=64 << 20))
        uplinks: dict[str, Order] = {"platform": "newest_first"}
        journal = await Journal.open(plan, uplinks, now_ns=lambda: BOOT_NS + 86_400 * S, kernel_boot=KERNEL)
        try:
            journal.note_clock(Fix(KERNEL, BOOT_NS // 1_000_000, MIDNIGHT_MS, 20, "test"))
            committing = asyncio.ensure_future(journal.run())
            for n, thing in enumerate(run.kept):
                if isinstance(thing, Sample):
                    journal.offer_sample(thing)
                else:
                    journal.offer_event(thing)
                if n % 150 == 149 or isinstance(thing, Event):
                    await journal.flush()
            await journal.flush()
            committing.cancel()
            await asyncio.gather(committing, return_exceptions=True)
        finally:
            await journal.close()

    asyncio.run(work())
    text = RULES_FILE.read_text("utf-8")
    register = AssetRegister(folder)
    at_s = MIDNIGHT_MS / 1000 - 86_400
    known = [LifeEntry(asset.id, at_s, at_s, LifeState.IN_SERVICE, asset) for asset in day.assets()]
    register.write([rules_of(RULES_FILE.name, text, at_s), *known])
    lines = list(lines_of(register.path))
    case = EvidenceInputs("gw1", lines, {}, list(facts()), "Asia/Shanghai", "test", identity=IDENTITY)
    with closed_journal(folder / "journal.db") as reader:
        path, two_days_on_ms = folder / f"{DATE}.evidence", MIDNIGHT_MS + 2 * 86_400_000
        done = export_day(reader, case, DATE, path, two_days_on_ms, signs("gw1"))
    return done.path, done


def script(path: Path, *more: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", str(SCRIPT), str(path), *more]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_evidence_is_verified_by_us_and_by_the_lone_script(run: Run, evidence: tuple[Path, Exported]) -> None:
    path, done = evidence
    checked = verify(path)
    assert (checked.day, checked.assets, checked.missing, checked.seal) == (DATE, 13, 0, done.seal)
    assert checked.rate == done.rate
    assert checked.identity == IDENTITY
    assert sum(checked.because_min.values()) >= done.rate["all"][""]["not_serviceable"], "each minute has a reason"
    alone = script(path, "--seal", done.seal)
    assert alone.returncode == 0, alone.stdout + alone.stderr
    strict = done.rate["all"][""]["strict"]
    assert f"rate strict: {strict:.4%}" in alone.stdout


def test_evidence_agrees_with_what_was_said_live(run: Run, evidence: tuple[Path, Exported]) -> None:
    _, done = evidence
    live = Tally()
    for minutes in run.judge.ledger.days[DATE].values():
        live.join(minutes.tally)
    official = done.rate["all"][""]
    assert official["total"] == 13 * 1440
    assert official["strict"] == pytest.approx(live.strict, abs=0.01)
    assert sum(done.rate["station"][s]["serviceable"] for s in ("A", "B")) == official["serviceable"]


def test_any_changed_byte_fails_both_and_names_the_line(evidence: tuple[Path, Exported], tmp_path: Path) -> None:
    path, _ = evidence
    whole = path.read_bytes()
    ends = [i for i, byte in enumerate(whole) if byte == 10]
    bad = tmp_path / "bad.evidence"
    for n in range(40):
        at = n * (len(whole) - 1) // 39
        line = 1 + sum(end < at for end in ends)
        bad.write_bytes(whole[:at] + bytes([whole[at] ^ 0x01]) + whole[at + 1 :])
        with pytest.raises(Tampered, match=rf"line ({line}|{line + 1}) ?"):
            verify(bad)
        if n % 8 == 0:
            alone = script(bad)
            assert alone.returncode == 1
            assert alone.stdout.startswith(f"NOT RIGHT: line {line}")


def test_dropped_added_moved_and_cut_lines_fail(evidence: tuple[Path, Exported], tmp_path: Path) -> None:
    path, _ = evidence
    lines = path.read_bytes().splitlines(keepends=True)
    bad = tmp_path / "bad.evidence"
    for change in (
        lines[:50] + lines[51:],
        [*lines[:50], lines[49], *lines[50:]],
        [*lines[:50], lines[51], lines[50], *lines[52:]],
        lines[:-2],
        lines[:-1],
        [*lines, b"x\n"],
        [],
    ):
        bad.write_bytes(b"".join(change))
        with pytest.raises(Tampered, match=r"line|nobody signed it"):
            verify(bad)
        assert script(bad).returncode == 1


def test_a_forger_who_hashes_again_is_caught_by_the_recount(evidence: tuple[Path, Exported], tmp_path: Path) -> None:
    from agent.reports.evidence.chain import Writer, read

    path, done = evidence
    forged = tmp_path / "forged.evidence"

    def forge(part: str, edit: object) -> None:
        with forged.open("wb") as file:
            writer = Writer(file)
            for line in read(path):
                if line.part == "end":
                    writer.end(**{k: v for k, v in line.content.items() if k != "lines"})
                    continue
                content = line.content
                if line.part == part:
                    content = edit(content)  # type: ignore[operator]  # a function of the content
                if content is not None:
                    writer.line(line.part, content)

    def better(content: dict[str, object]) -> dict[str, object]:
        return {**content, "minutes": [1440, 0, 0]}

    def without_events(content: dict[str, object]) -> dict[str, object] | None:
        return None if content["lane"] == "event" else content

    for part, edit, says in (
        ("verdict", better, "comes out otherwise"),
        ("record", without_events, "should be here"),
        ("head", lambda c: {**c, "end_ms": c["end_ms"] - 3_600_000}, "is not what was committed"),
    ):
        forge(part, edit)
        with pytest.raises(Tampered, match=says):
            verify(forged, unsigned=True)
        alone = script(forged, "--unsigned")
        assert alone.returncode == 1
        assert says in alone.stdout
    forge("fact", lambda c: {**c, "by": "somebody else"})
    assert verify(forged, unsigned=True).rate == done.rate, "who inspected decides nothing"
    assert script(forged, "--unsigned", "--seal", done.seal).returncode == 1, "but the seal noted elsewhere tells"
    with pytest.raises(Tampered, match="not what the gateway signed"):
        verify(forged)
    assert "not what the gateway signed" in script(forged).stdout, "and so does the gateway's key"


def test_incident_is_kept_out_of_evidence(evidence: tuple[Path, Exported]) -> None:
    assert any(isinstance(f, Incident) for f in day.FACTS)
    assert b'"fact":"incident"' not in evidence[0].read_bytes()
