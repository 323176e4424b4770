"""The court: the judge with its clock, its facts and its memory on disk. One per agent."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from agent.judge.alarm_debounce import Emit
from agent.judge.asset import Asset
from agent.judge.days import MINUTE_NS, UNDATED, Days
from agent.judge.facts import Fact, Inspection, fact_from
from agent.judge.flow import FlowTest
from agent.judge.judge import Judge
from agent.judge.ledger import Ledger
from agent.judge.life import LifeEntry, LifeState
from agent.judge.memory import recall
from agent.judge.minute_lines import Line, MinuteLines, refill
from agent.judge.near import AssetStatus, Water
from agent.judge.plausible import check
from agent.judge.service import written
from agent.judge.service.asset_watch import AssetWatch
from agent.judge.service.fact_ages import EVERY_S as AGES_S
from agent.judge.service.fact_ages import FactAges
from agent.judge.service.fact_door import FactDoor
from agent.judge.service.fact_inbox import FactInbox
from agent.judge.service.fact_store import FactStore, RecordedFact
from agent.judge.service.files import JUDGE as JUDGE_FILE
from agent.judge.service.files import (
    MEMORY,
    VERSION,
    WATER,
    WATER_RECORDS,
    Unreadable,
    days_ahead,
    days_on_disk,
    read_json,
    read_ledger,
    read_snapshot,
    read_water_records,
    write_days,
)
from agent.judge.service.minute_log import MinuteLog
from agent.judge.service.sealing import DaySealer
from agent.judge.service.snapshot import Part, SnapshotWriter
from agent.judge.verdict import State, Verdict, no_verdict
from agent.judge.villages import LEAST, Villages
from agent.judge.water_record import WaterRecord
from agent.runtime.durable import write_whole
from agent.runtime.envelope import enclosed
from agent.runtime.slices import in_slices
from agent.runtime.ticks import next_tick
from agent.settings.rules import Channel, Rules, fresh_min
from drivers.event import Event, EventKind, Evidence, Severity, Transition
from protocols.clock import NowNs, boottime_ns
from protocols.reason import Reason
from protocols.system import file_reason, why_failed

_log = logging.getLogger("hydronest")

UtcNs = Callable[[], int | None]
"""UTC in nanoseconds, None while the wall clock is not to be trusted."""

SNAPSHOT_EVERY_S = 5.0  # at most so often, and only after a change
LEDGER_EVERY_S = 900.0
OPEN_DAYS = 2
"""Today and yesterday may still be counted in; what is older is read from its file."""
SHARE = 20.0
"""The snapshot takes at most this part of the time, however large the site."""
COMPARE_AGAIN_S = 60.0
CLOSE_S = 5.0
NEVER_S = 1e12
"""Later than whatever anybody said of an asset."""
YOUNG_S = 150.0
"""Verdicts so young may only not be known yet."""
SILENT_S = 120.0  # a judge that has not looked for so long is not running
STOPPED = "judge_not_running"
KEPT = "verdicts"  # subject of the SELF_FAULT while the disk refuses them
SEALED = "days"  # subject of the AUDIT that tells the newest seal
JUDGE = "judge"  # the job's name, in a SELF_FAULT of it
SAMPLES = "judge samples"  # subject of the SELF_FAULT while it fails on samples, and is given none
_READING_EVERY_S = 300.0  # readings alone do not make a new snapshot sooner


class AssessmentService:
    """`judge` takes samples; `run` ticks it and writes what it remembers; `close` writes the rest.

    `inbox.hear` takes the platform's orders; those about facts are told, if `door` believes whoever signed them, and
    `on_refused` otherwise. `standing` is what an earlier run raised and never cleared, dated by this boot's clock.
    `report` takes the court's own faults, `on_fact` every fact that is news and kept; `sign` makes what goes up a seal.

    Everything but the file work is on the loop. `state_dir` holds verdicts.json, judge.json, ledger/ and
    facts.jsonl.
    """

    def __init__(
        self,
        assets: list[Asset],
        rules: Rules,
        emit: Emit,
        state_dir: Path,
        *,
        gateway: str,
        timezone: str = "Asia/Shanghai",
        rules_file: tuple[str, str] | None = None,
        utc_ns: UtcNs,
        now_ns: NowNs = boottime_ns,
        standing: Iterable[Event] = (),
        report: Callable[[Event], None] | None = None,
        sign: Callable[[str, Evidence], Evidence] = lambda _about, told: told,
        on_fact: Callable[[RecordedFact], None] = lambda _told: None,
        door: FactDoor | None = None,
        on_refused: Callable[[str, Reason], None] = lambda _kind, _why: None,
    ) -> None:
        self.gateway = gateway
        self.state_dir = state_dir
        self.zone = ZoneInfo(timezone)
        self.days = Days(self.zone)
        self.trouble: list[Reason] = []
        self.first_day: list[str] = []
        self._failed: dict[str, Reason] = {}  # by what of the judge does not run: its job, its samples
        self._as_of_s: float | None = None
        self.utc_ns = utc_ns
        self.now_ns = now_ns
        self._on_fact = on_fact
        self._report = report or emit
        self._sign = sign
        self._refused: Reason | None = None  # why the disk takes nothing
        self._file_worker = ThreadPoolExecutor(1, "verdicts")
        self._telling = asyncio.Lock()
        self.inbox = FactInbox(self.tell, door, on_refused)
        self.store = FactStore(state_dir)
        self._ages = FactAges(self.store, self._file_worker, self._telling)
        if self.store.unreadable:
            lines = tuple(self.store.unreadable)
            self.trouble.append(Reason("judge.lines_left_aside", file=str(self.store.path), lines=lines))
        self.trouble += self.store.trouble
        self.assets = AssetWatch(
            state_dir, {a.id: a for a in assets}, rules_file, self.days, self._file_worker, self._of_asset
        )
        self.trouble += self.assets.register.trouble
        self._sealer = DaySealer(
            state_dir, self.days, self._file_worker, lambda: self._in_memory, self.trouble, self._sealed
        )
        self._fresh_s = {kind: fresh_min(rules, kind) * 60 for kind in {asset.kind for asset in assets}}
        self._lines = MinuteLines()
        self.judge = Judge(
            assets, rules, emit, self.days.place, started_ns=now_ns(), facts=self.store.facts, lines=self._lines
        )
        standing = list(standing)
        self.judge.reopen(standing)
        told = (event.subject for event in standing if event.kind is EventKind.VILLAGE_WATER)
        self._villages = Villages(assets, told)
        self._began_ns = now_ns()
        self._log = MinuteLog(state_dir)
        self._restore()
        self._log_begun = self._log.begin()
        self._today = ""
        self._unread = tuple(self.trouble)
        for line in self._unread:
            _log.warning("%s", line)
        self._snapshots = SnapshotWriter(state_dir)
        self._written = -1
        self._snapshot_due = 0.0
        self._ledger_due = 0.0
        self._readings_due = 0.0

    def _sealed(self, day: str, head: str) -> None:
        """What was counted goes upwards by its hash: every day before hangs on it, and so does what is committed of
        assets and rules.
        """
        lines = self.assets.register.lines
        told = self._sign(SEALED, {"day": day, "head": head, "assets": lines[-1].hash if lines else ""})
        self._report(Event(EventKind.AUDIT, SEALED, Severity.INFO, Transition.NOTED, self.now_ns(), told))

    def _of_asset(self, kind: EventKind, asset: str, severity: Severity, turn: Transition, why: Reason) -> None:
        self._report(Event(kind, asset, severity, turn, self.now_ns(), {"reason": why}))

    def _restore(self) -> None:
        """Each file for itself: one that cannot be read costs what stood in it, and nothing else."""
        ledger = Ledger()
        verdicts: dict[str, Verdict] = {}
        lines: list[Line] = []
        with self._left_aside():
            lines, unread = self._log.read()
            self.trouble += unread
        with self._left_aside():
            dated = [day for day in days_on_disk(self.state_dir) if day != UNDATED]
            self.first_day = dated[:1]
            since = {day for line in lines for day, _minute in line.at}
            later = [day for day in dated if day > min(since, default=day)]  # a line of a day says that these are not
            days, unread = read_ledger(self.state_dir, [*sorted({*dated[-OPEN_DAYS:], *since, *later}), UNDATED])
            self.trouble += unread
            ledger = Ledger.from_json(days)
        refill(ledger, lines)
        with self._left_aside():
            snapshot = read_snapshot(self.state_dir)
            if snapshot is not None:
                verdicts = {v.asset: v for v in map(self._verdict_from, snapshot["things"]) if v is not None}
        with self._left_aside():
            self.judge.seen.update(read_water_records(self.state_dir))
        with self._left_aside():
            memory = read_json(self.state_dir / MEMORY, JUDGE_FILE)
            if memory is not None:
                recall(self.judge, memory, self.now_ns(), self.utc_ns())
        for told in self.store.told:
            self._tested(told.fact)
        self.judge.restore(verdicts, ledger)
        self._in_memory = set(ledger.days)

    @contextmanager
    def _left_aside(self) -> Iterator[None]:
        try:
            yield
        except (Unreadable, OSError, ArithmeticError, ValueError, TypeError, LookupError, AttributeError) as error:
            self.trouble.append(Reason("judge.memory_left_aside", why=why_failed(error)))

    def _tell_left_aside(self) -> None:
        """What of before could not be read, to the platform as well."""
        for left in self._unread:
            evidence: Evidence = {"reason": left}
            self._report(
                Event(EventKind.DAMAGE_FOUND, JUDGE, Severity.WARNING, Transition.NOTED, self.now_ns(), evidence)
            )

    def _verdict_from(self, row: dict[str, Any]) -> Verdict | None:
        """A remembered verdict with its `since` moved to this boot's clock; None where that cannot be known."""
        utc, since_s = self.utc_ns(), row.get("since_s")
        if utc is None or since_s is None:
            return None
        since_ns = self.now_ns() - (utc - int(since_s * 1e9))
        rules = self.judge.rules.version
        return Verdict(
            row["id"], State(row["state"]), tuple(row.get("reasons", ())), since_ns, rules, int(since_s * 1e9)
        )

    def standing(self, asset: Asset) -> AssetStatus:
        """One thing with its verdict and newest reading. It must have a place: ValueError otherwise."""
        if asset.lon is None or asset.lat is None:
            raise ValueError(f"nobody surveyed {asset.id}")
        return next(self._standings([asset]))

    def water(self) -> Water:
        """What is known of the water at this moment."""
        utc = self.utc_ns()
        hour = None if utc is None else datetime.fromtimestamp(utc / 1e9, self.zone).hour
        return Water(None if utc is None else utc / 1e9, hour, self.judge.seen.get)

    def standings(self) -> Iterator[AssetStatus]:
        """Everything with a place, at this moment."""
        return self._standings([a for a in self.judge.assets.values() if a.lon is not None and a.lat is not None])

    def _standings(self, assets: Iterable[Asset]) -> Iterator[AssetStatus]:
        utc, now, facts = self.utc_ns(), self.now_ns(), self.store.facts
        stopped = self.stopped
        for asset in assets:
            verdict = self._verdict(asset.id, stopped)
            pressure, level = self.judge.newest(asset.id, Channel.PRESSURE), self.judge.newest(asset.id, Channel.LEVEL)
            seen = max(pressure[1], level[1]) or None
            inspection = facts.inspections.get(asset.id)
            yield AssetStatus(
                asset.id,
                asset.kind,
                asset.lon or 0.0,
                asset.lat or 0.0,
                verdict.state.value,
                asset.name,
                asset.station,
                asset.district,
                verdict.reasons,
                since_s=_utc_s(utc, now, verdict.since_ns),
                seen_s=_utc_s(utc, now, seen),
                pressure_kpa=pressure[0],
                level_m=level[0],
                outlets_mm=asset.outlets_mm,
                capacity_m3=asset.capacity_m3,
                lift_m=None if asset.lift_at_zero_m is None else asset.lift_at_zero_m - (level[0] or 0.0),
                test=facts.flow_tests.get(asset.id),
                inspected_s=inspection.at_s if inspection is not None and inspection.passed else None,
                age_s=None if seen is None else (now - seen) / 1e9,
                fresh_s=self._fresh_s[asset.kind],
                events=tuple(sorted(kind.value for kind in self.judge.open_of(asset.id))),
            )

    def _head(self) -> dict[str, Any]:
        """What the snapshot file begins with."""
        utc = self.utc_ns()
        if not self.stopped:
            self._as_of_s = None if utc is None else utc / 1e9
        return {
            "v": VERSION,
            "gateway": self.gateway,
            "timezone": self.zone.key,
            "written_s": self._as_of_s,
            "rules": self.judge.rules.version,
            "coverage_m": self.judge.rules.coverage_m,
        }

    @property
    def stopped(self) -> Reason | None:
        """Why no verdict is to be trusted now; None while the judge works."""
        failed = next(iter(self._failed.values()), None)
        if failed is not None:
            return failed
        ago_s = (self.now_ns() - self.judge.ticked_ns) / 1e9
        return Reason("judge.has_not_looked", for_s=ago_s) if ago_s > SILENT_S else None

    def told(self, event: Event) -> None:
        """An event of the site itself, not the judge's: that the judge does not run matters, until it does again."""
        if event.kind is EventKind.SELF_FAULT and event.subject in (JUDGE, SAMPLES):
            if event.transition is Transition.RAISED:
                why = event.evidence.get("reason")
                self._failed[event.subject] = why if isinstance(why, Reason) else Reason("judge.failed")
            else:
                self._failed.pop(event.subject, None)

    def answers_for(self, kind: EventKind, subject: str) -> bool:
        """Whether such an event, raised by an earlier run, is ours to clear."""
        if kind is EventKind.VILLAGE_WATER:
            return subject in self._villages
        if kind is EventKind.ASSET:
            return self.assets.register.unexplained(subject, NEVER_S)
        return subject in self.judge.assets and self.judge.rules.event.of(kind) is not None

    def verdict(self, asset: str) -> Verdict:
        """What is known of a thing now: unknown before its first look, and while the judge does not work."""
        return self._verdict(asset, self.stopped)

    def verdicts(self) -> Iterator[Verdict]:
        """Of everything, in the order of the assets."""
        stopped = self.stopped
        return (self._verdict(asset, stopped) for asset in self.judge.assets)

    def lives(self) -> list[LifeEntry]:
        """What was committed of every asset; before the first time that anything was, what the settings say now, as
        if it had been so from the first day on that there are minutes of."""
        entries = [line.entry for line in self.assets.register.lines if line.entry is not None]
        if not entries:
            dated = [day for day in (*self.first_day, *self.judge.ledger.days) if day != UNDATED]
            if dated:
                since_s = self.days.begin_min(min(dated)) * 60.0
                known = self.judge.assets.items()
                entries = [LifeEntry(asset, since_s, since_s, LifeState.IN_SERVICE, thing) for asset, thing in known]
        return entries

    def alarmed(self, asset: str) -> bool:
        """Whether an alarm stands of it: a verdict follows by the minute, and by its rule's own time."""
        if asset not in self.judge.assets:
            return False
        rules = (self.judge.rules.event.of(kind) for kind in self.judge.open_of(asset))
        return any(rule is not None and rule.severity is Severity.ALARM for rule in rules)

    def _verdict(self, asset: str, stopped: Reason | None) -> Verdict:
        verdict = self.judge.verdicts.get(asset) or no_verdict(asset, self.judge.rules.version, self.now_ns())
        if stopped:
            return replace(verdict, state=State.UNKNOWN, reasons=(STOPPED,))
        out = self.assets.out_of_service.get(asset)
        return verdict if out is None else replace(verdict, state=State.NOT_SERVICEABLE, reasons=(out.value,))

    @property
    def all_trouble(self) -> list[Reason]:
        """What whoever reads verdicts must know: that there are none to be trusted, and what could not be kept."""
        stopped = self.stopped
        return [Reason("judge.not_running", why=stopped), *self.trouble] if stopped else self.trouble

    async def tell(
        self, kind: str, content: dict[str, Any], by: str = "", more: Mapping[str, Any] = MappingProxyType({})
    ) -> bool:
        """Take in what somebody tells who may: durable when this returns. False for a repeat. `more` is kept beside it.

        Raises ValueError saying what is wrong with it, OSError where it cannot be written.
        """
        fact = fact_from(kind, content)
        utc = self.utc_ns()
        check(fact, self.judge.assets, None if utc is None else utc / 1e9)
        async with self._telling:
            if not self.store.is_news(fact):
                return False
            told = RecordedFact(fact, None if utc is None else utc / 1e9, by, more)
            try:
                await asyncio.get_running_loop().run_in_executor(self._file_worker, self.store.write, told)
            except OSError as error:
                self._kept(error)
                raise
            self.store.accept(told)
        self._tested(fact)
        self.judge.turned += 1
        if isinstance(fact, Inspection | FlowTest):
            self.judge.look_now(fact.asset, self.now_ns(), self.utc_ns())
        self._on_fact(told)
        return True

    def _tested(self, fact: Fact) -> None:
        """Every flow test is kept beside the uses of its hydrant: the newest alone would say less."""
        if isinstance(fact, FlowTest):
            self.judge.seen.setdefault(fact.asset, WaterRecord()).tested(fact)

    async def run(self) -> None:
        """Judge and listen for ever."""
        self._tell_left_aside()
        async with asyncio.TaskGroup() as jobs:
            jobs.create_task(self._settle(), name="judge: settle")
            jobs.create_task(self._look(), name="judge: look")
            jobs.create_task(self._keep(), name="judge: keep")
            jobs.create_task(self.inbox.run(), name="judge: facts")
            jobs.create_task(self._know_assets(), name="judge: assets")
            jobs.create_task(self._sealer.run(), name="judge: seal")
            jobs.create_task(self._age(), name="judge: ages")

    async def _age(self) -> None:
        """Let facts that are over go."""
        while True:
            utc = self.utc_ns()
            if utc is not None:
                await self._ages.look(utc / 1e9)
            await asyncio.sleep(AGES_S)

    async def _settle(self) -> None:
        """Let events turn, once a second, whatever else is under way."""
        while True:
            self.judge.settle(self.now_ns(), self.utc_ns())
            await next_tick()

    async def _look(self) -> None:
        """Look at what is to be looked at, in slices: a minute of a city takes longer than anybody may wait."""
        while True:
            await in_slices(self.judge.looks(self.now_ns(), self.utc_ns()))
            self.look_at_villages()
            await next_tick()

    def look_at_villages(self) -> None:
        """Tell which village has too few water points from now on, or enough again; nothing while verdicts are new."""
        if self.now_ns() - self._began_ns < YOUNG_S * 1e9 or self.stopped:
            return
        for change in self._villages.look(self._works):
            turn = Transition.RAISED if change.short else Transition.CLEARED
            told: Evidence = {"usable": change.usable, "of": change.of, "least": LEAST}
            self._report(Event(EventKind.VILLAGE_WATER, change.village, Severity.WARNING, turn, self.now_ns(), told))

    def _works(self, asset: str) -> bool:
        """Whether it is in service and serviceable."""
        known = self.judge.verdicts.get(asset)
        return known is not None and known.state is State.SERVICEABLE and asset not in self.assets.out_of_service

    async def _know_assets(self) -> None:
        """Compare the settings with what is known, once the time is; a card that refuses is asked again."""
        self.assets.look(self.assets.register.lives.assets, NEVER_S)
        while True:
            utc = self.utc_ns()
            if utc is not None:
                if await self.know_assets(utc):
                    return
                await asyncio.sleep(COMPARE_AGAIN_S)
            await next_tick()

    async def _look_ahead(self) -> None:
        """Whether an earlier day has come than at the last look, or the first."""
        utc = self.utc_ns()
        if utc is None:
            return
        before, self._today = self._today, self.days.place(utc // MINUTE_NS)[0]
        if not before or self._today < before:
            await self._nothing_ahead(utc)

    async def _nothing_ahead(self, utc_ns: int) -> None:
        """What was counted in days that have not come yet, by a clock that ran ahead, was never so."""
        today, _minute = self.days.place(utc_ns // MINUTE_NS)
        loop = asyncio.get_running_loop()
        ahead = await loop.run_in_executor(self._file_worker, days_ahead, self.state_dir, today)
        for day in ahead:
            self.judge.ledger.empty(day)
            self._in_memory.add(day)

    async def know_assets(self, utc_ns: int) -> bool:
        """Compare the settings with what is known; False where the card refuses what is to be committed."""
        try:
            await self.assets.compare(utc_ns / 1e9)
        except OSError as error:
            refused = Reason("asset.not_kept", why=file_reason(self.assets.register.path, error))
            if refused not in self.trouble:
                self.trouble.append(refused)
            return False
        self.trouble[:] = [one for one in self.trouble if one.code != "asset.not_kept"]
        self.judge.turned += 1
        return True

    async def _keep(self) -> None:
        """Keep the files fresh; a card that refuses is tried again, and reported."""
        loop = asyncio.get_running_loop()
        while True:
            if self._lines.gap:
                self._lines.gap, self._ledger_due = False, 0.0
            await self._look_ahead()
            while self._lines.waiting:
                await self._add_lines()
            if self._due(loop.time()):
                await self._write(loop.time())
            await next_tick()

    async def _add_lines(self) -> None:
        """The minutes that are over, behind the ledger that was kept last; where the card refuses, it is kept anew."""
        waiting, self._lines.waiting = self._lines.waiting, []
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(self._file_worker, self._log.add, self._log_begun, waiting)
        except OSError:
            self._begin_lines()
            self._ledger_due = 0.0

    def _begin_lines(self) -> None:
        self._log_begun = self._log.begin()
        self._lines.begin()

    def _due(self, now: float) -> bool:
        if now >= self._ledger_due:
            return True
        changed = self.judge.turned != self._written
        return now >= self._readings_due or (changed and now >= self._snapshot_due)

    async def _write(self, now: float) -> None:
        loop = asyncio.get_running_loop()
        turned, began, took_s, whole = self.judge.turned, loop.time(), 0.0, False
        days: dict[str, bytes] = {}
        ledger_due = now >= self._ledger_due
        if ledger_due:
            self._begin_lines()
        try:
            days = await self._days() if ledger_due else {}
            whole = bool(days) or now >= self._readings_due
            snapshot = await self._snapshots.made(self._head(), self.standings(), whole=whole)
            memory = await self._memory() if snapshot.whole else b""
            seen = await written.seen(self.judge.seen) if ledger_due else b""
            took_s = loop.time() - began
            work = loop.run_in_executor(self._file_worker, self._write_files, snapshot, memory, days, seen)
            turned = turned if await work else self._written
            if ledger_due:
                await loop.run_in_executor(self._file_worker, self._log.kept, self._log_begun)
        except OSError as error:
            self._kept(error)
            turned = self._written
            self.judge.ledger.changed.update(days)
        else:
            self._kept(None)
            self._forget()
        self._written = turned
        self._snapshot_due = now + max(SNAPSHOT_EVERY_S, SHARE * took_s)
        if whole:
            self._readings_due = now + _READING_EVERY_S
        if ledger_due:
            self._ledger_due = now + LEDGER_EVERY_S

    def _kept(self, error: OSError | None) -> None:
        """The disk took what was written, or refused it: an event once, and one once it takes it again."""
        if (error is None) == (self._refused is None):
            return
        if error is not None:
            why = file_reason(self.state_dir, error)
            self._refused = Reason("judge.not_kept", why=why)
            self.trouble.append(self._refused)
            _log.error("%s", self._refused)
        turn = Transition.CLEARED if error is None else Transition.RAISED
        evidence: Evidence = {} if self._refused is None else {"reason": self._refused}
        fault = Event(EventKind.SELF_FAULT, KEPT, Severity.ALARM, turn, self.now_ns(), evidence)
        if error is None and self._refused is not None:
            self.trouble.remove(self._refused)
            self._refused = None
        self._report(fault)

    async def _days(self) -> dict[str, bytes]:
        """The days that were counted in."""
        changed, self.judge.ledger.changed = self.judge.ledger.changed, set()
        await self._whole(changed)
        return await written.ledger(self.judge.ledger, sorted(changed))  # what got its date goes from UNDATED at last

    async def _whole(self, days: Iterable[str]) -> None:
        """A day of which only a file knew, for a clock went back, is read: in memory are the minutes since alone."""
        missing = [day for day in days if day not in self._in_memory]
        loop = asyncio.get_running_loop()
        kept, unread = await loop.run_in_executor(self._file_worker, read_ledger, self.state_dir, missing)
        self.trouble += unread
        for day in kept:
            try:
                read = await in_slices(Ledger.from_json({day: {thing: row}}) for thing, row in kept[day].items())
                await in_slices(map(self.judge.ledger.add_missing, read))
            except (ValueError, TypeError, AttributeError) as error:
                self.trouble.append(Reason("judge.minutes_left_aside", day=day, why=why_failed(error)))
        self._in_memory.update(missing)

    def _forget(self) -> None:
        """Written days older than yesterday change no more: whoever asks for them reads their files."""
        ledger = self.judge.ledger
        counted = sorted(day for day, entries in ledger.days.items() if entries and day != UNDATED)
        keep = {UNDATED, *counted[-OPEN_DAYS:]}
        for day in [day for day in ledger.days if day not in keep and day not in ledger.changed]:
            ledger.forget(day)
            self._in_memory.discard(day)
            self._sealer.closed(day)

    async def _memory(self) -> bytes:
        utc = self.utc_ns()
        return await written.memory(self.judge, self.now_ns(), 0 if utc is None else utc)

    def _write_files(self, snapshot: Part, memory: bytes, days: dict[str, bytes], seen: bytes) -> bool:
        written = self._snapshots.write(snapshot)
        if memory:
            write_whole(self.state_dir / MEMORY, enclosed(JUDGE_FILE, memory) + b"\n")
        self._sealer.reopened(day for day in days if day != UNDATED)
        write_days(self.state_dir, days)
        if seen:
            write_whole(self.state_dir / WATER_RECORDS, enclosed(WATER, seen) + b"\n")
        return written

    async def open_days(self) -> dict[str, bytes]:
        """The minutes that are in memory, as they stand in the files: they may not have been written yet."""
        await self._whole(list(self.judge.ledger.days))
        return await written.ledger(self.judge.ledger, list(self.judge.ledger.days))

    async def close(self) -> None:
        """Write everything once more and let the file thread go. Call it once, after `run` has ended.

        A card that hangs is not waited for longer than `CLOSE_S`.
        """
        written = False
        try:
            self._ledger_due = self._readings_due = 0.0
            async with asyncio.timeout(CLOSE_S):
                await self._write(1.0)
                written = True
        except TimeoutError:
            _log.error("%s: the card hangs; what was judged last is not kept", self.state_dir)
        finally:
            self._file_worker.shutdown(wait=written)


def _utc_s(utc_ns: int | None, now_ns: int, at_ns: int | None) -> float | None:
    """UTC seconds of a moment of this boot; None where either is not known."""
    return None if utc_ns is None or at_ns is None else (utc_ns - (now_ns - at_ns)) / 1e9
