"""The minutes since the ledger was kept last: killed at any moment, none that was looked at to its end is lost, and
none is claimed that nobody looked at."""

import asyncio
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from agent.judge.days import UNDATED
from agent.judge.ledger import Ledger
from agent.judge.minute_lines import MOST_WAITING, Line, MinuteLines, Place, refill
from agent.judge.minutes import STATES, Run
from agent.judge.service.files import days_on_disk, read_ledger
from agent.judge.service.minute_log import MinuteLog
from agent.judge.service.service import AssessmentService
from drivers.quality import Quality
from drivers.sample import Layout, Sample
from tests.judge.stand import S, hydrant, rules

P, F, U = STATES
POINTS = Layout("t", ("pressure", "alarms"), ("kPa", "1"))
KEPT = dict[str, dict[str, list[Any]]]


def plain(ledger: Ledger) -> KEPT:
    """All that is dated of it."""
    kept: KEPT = orjson.loads(orjson.dumps(ledger.as_json()))
    return {day: row for day, row in kept.items() if row and day != UNDATED}


def copied(ledger: Ledger) -> Ledger:
    """As it comes back from a card."""
    return Ledger.from_json(plain(ledger))


def minutes(kept: KEPT) -> set[tuple[object, ...]]:
    """Each minute of each thing, with what was said of it."""
    return {
        (day, asset, one.minute, one.state, frozenset(one.below), frozenset(one.because))
        for day, row in Ledger.from_json(kept).days.items()
        for asset, entry in row.items()
        for one in entry.judged()
    }


class History:
    """A ledger and its lines, and what the card has of both."""

    def __init__(self, dice: random.Random) -> None:
        self.dice = dice
        self.ledger, self.lines = Ledger(), MinuteLines()
        self.card, self.generations = Ledger(), list[list[Line]]([[]])
        self.day, self.minute = 20, 1400
        self.said = {f"H{n}": (P, tuple[str, ...](), tuple[str, ...]()) for n in range(4)}

    def places(self) -> list[Place]:
        """The minutes that a look decides: one more, as a rule; some are left out, or were decided before."""
        self.minute += self.dice.choice((1,) * 20 + (2, 4, 30, -1, -3, -50, 900, -1500))
        filled = self.dice.choice((1,) * 9 + (3,))
        at = [divmod(self.day * 1440 + self.minute + more, 1440) for more in range(filled)]
        self.day, self.minute = at[-1]
        return [(f"2026-11-{day:02}", minute) for day, minute in at]

    def look(self) -> Iterator[None]:
        """One minute, thing after thing."""
        at = self.places()
        self.ledger.nothing_after(at[-1][0])
        for asset in self.said:
            if self.dice.random() < 0.2:
                below = tuple(self.dice.sample(("low", "lower"), self.dice.randrange(3)))
                because = tuple(self.dice.sample(("pressure", "fresh?"), self.dice.randrange(3)))
                self.said[asset] = self.dice.choice(STATES), below, because
            for day, minute in at:
                self.ledger.put(day, minute, asset, *self.said[asset])
            self.lines.looked(asset, self.said[asset])
            yield
        self.lines.over(at)
        self.write()

    def write(self) -> None:
        """What waits is on the card."""
        kept = [Line.from_json(line.as_json()) for line in self.lines.waiting]
        self.generations[-1] += kept
        self.lines.waiting = []

    def keep(self) -> Iterator[None]:
        """The ledger, thing after thing, while looks go on; then what came before it goes."""
        self.lines.begin()
        self.generations.append([])
        whole: KEPT = {}
        for day in sorted(self.ledger.days):
            for asset, entry in list(self.ledger.days[day].items()):
                whole.setdefault(day, {})[asset] = orjson.loads(orjson.dumps(entry.as_json()))
                yield
        for day in sorted({*whole, *self.card.days}):
            self.card.days[day] = Ledger.from_json({day: whole.get(day, {})}).days[day]
            yield
        del self.generations[:-1]

    def killed(self) -> KEPT:
        """What a next start finds."""
        found = copied(self.card)
        refill(found, [line for one in self.generations for line in one])
        return plain(found)


@pytest.mark.parametrize("seed", range(30))
def test_what_was_kept_and_the_lines_since_are_the_ledger_of_every_minute_looked_at_to_its_end(seed: int) -> None:
    """A kill at any moment: in the middle of a look, of a ledger that is being kept, between two of its days."""
    history = History(random.Random(seed))
    keeping: Iterator[None] = iter(())
    for _ in range(30):
        before = plain(history.ledger)
        for _thing in history.look():
            for _step in range(history.dice.randrange(3)):
                next(keeping, None)
            assert minutes(history.killed()) <= minutes(before) | minutes(plain(history.ledger)), "none is made up"
        assert history.killed() == plain(history.ledger)
        if history.dice.random() < 0.2 and next(keeping, "kept") == "kept":
            keeping = history.keep()


def test_behind_a_line_that_is_missing_nothing_counts_until_one_speaks_of_every_thing() -> None:
    """A thing may have turned in the line that is missing."""
    lines, kept = MinuteLines(), list[Line]()
    for minute in range(10):
        lines.looked("H1", (F if minute > 3 else P, (), ()))
        lines.over([("2026-11-20", minute)])
        if minute == 7:
            kept = lines.waiting
            lines.begin()
    found = Ledger()
    refill(found, [*(line for line in kept if line.number != 4), *lines.waiting])
    assert [*found.days["2026-11-20"]["H1"].runs()] == [Run(0, 4, P), Run(8, 10, F)]


def test_lines_that_a_hanging_card_leaves_waiting_are_bounded() -> None:
    lines = MinuteLines()
    for minute in range(MOST_WAITING + 1):
        lines.looked("H1", (P, (), ()))
        lines.over([("2026-11-20", minute)])
    assert lines.gap, "the whole ledger is to be kept"
    assert [(line.number, dict(line.things)) for line in lines.waiting] == [(0, {"H1": (P, (), ())})]


class Gateway:
    """The judge at work on a card, a clock that may be turned, kills and orderly ends."""

    def __init__(self, directory: Path, dice: random.Random) -> None:
        self.directory, self.dice = directory, dice
        self.now, self.offset, self.trusted = 1000 * S, 1_763_567_000 * S, True  # a quarter to midnight in Shanghai
        self.service = self.begun()
        self.ended: KEPT = {}

    def begun(self) -> AssessmentService:
        return AssessmentService(
            [hydrant(f"H{i}", i) for i in range(3)], rules(), lambda _e: None, self.directory, gateway="gw1",
            utc_ns=lambda: self.now + self.offset if self.trusted else None, now_ns=lambda: self.now,
        )  # fmt: skip

    def counted(self) -> KEPT:
        """Everything dated, in memory or, of earlier days, on the card."""
        kept = read_ledger(self.directory, days_on_disk(self.directory))[0]
        return {**{d: row for d, row in kept.items() if row and d != UNDATED}, **plain(self.service.judge.ledger)}

    async def minute(self) -> None:
        """Each speaks or not, and is looked at; what is over goes to the card."""
        for _step in range(6):
            self.now += 10 * S
            for i in range(3):
                if self.dice.random() < 0.8:
                    quality = POINTS.good if self.dice.random() < 0.9 else bytes([Quality.INVALID_PATTERN, 0])
                    values = (self.dice.choice((300.0, 60.0)), ("knocked_over",) if self.dice.random() < 0.1 else ())
                    self.service.judge.sample(Sample(f"H{i}", POINTS, self.now, values, quality))
            utc = self.service.utc_ns()
            self.service.judge.tick(self.now, utc)
        await self.to_the_card()

    async def to_the_card(self) -> None:
        """As the job does once a second, but when the dice say that it is time for the ledger."""
        service, loop = self.service, asyncio.get_running_loop()
        while service._lines.waiting:
            await service._add_lines()
        if service._lines.gap or self.dice.random() < 0.05:
            service._lines.gap, service._ledger_due = False, 0.0
            await service._write(loop.time())
        else:
            service._ledger_due = loop.time() + 900
        self.ended = self.counted()

    async def end(self) -> None:
        """Killed in the middle of a minute, as a rule; the clock may be another then, the kernel too."""
        if self.dice.random() < 0.2:
            await self.service.close()
            self.ended = self.counted()
        self.service._file_worker.shutdown()
        self.now += self.dice.randrange(1, 3000) * S
        if self.dice.random() < 0.5:
            self.offset += self.now - 5 * S
            self.now = 5 * S
        self.service = self.begun()


@pytest.mark.parametrize("seed", range(6))
async def test_a_killed_gateway_has_every_minute_of_one_that_was_not(tmp_path: Path, seed: int) -> None:
    """Except those after the last that was looked at to its end: they are unknown, and so is the time it was dead."""
    gateway = Gateway(tmp_path, random.Random(seed))
    for _run in range(5):
        for _ in range(gateway.dice.randrange(2, 20)):
            gateway.trusted = gateway.dice.random() > 0.05
            gateway.offset += gateway.dice.choice((0,) * 30 + (90, 600, 5000, -200, -4000)) * S
            await gateway.minute()
        gateway.trusted = gateway.dice.random() > 0.2
        await gateway.end()
        assert gateway.counted() == gateway.ended
        assert gateway.service.trouble == []
    await gateway.service.close()
    assert not list(MinuteLog(tmp_path)._files()), "an orderly end needs none"


async def test_lines_that_the_card_bent_are_told_and_a_torn_last_one_is_not(tmp_path: Path) -> None:
    lines, log = MinuteLines(), MinuteLog(tmp_path)
    number = log.begin()
    for minute in range(4):
        lines.looked("H1", (P, ("low",), ()))
        lines.over([("2026-11-20", minute)])
    log.add(number, lines.waiting)
    path = tmp_path / "ledger" / f"{number}.minutes"
    text = path.read_text()
    path.write_text(text[:-30])
    found, trouble = MinuteLog(tmp_path).read()
    assert ([line.number for line in found], trouble) == ([0, 1, 2], [])
    path.write_text(text.replace('"n":1', '"n":2'))
    found, (told,) = MinuteLog(tmp_path).read()
    assert [line.number for line in found] == [0, 2, 3]
    assert told.code == "judge.lines_left_aside"
    assert told.facts["lines"] == (2,)
