"""The uplink against a terminal of either command set, in virtual time: what comes through is how everything stands."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator
from functools import partial
from typing import Any, cast

import pytest

from agent.flight.machine.table import Phase
from agent.link.record import PriorityClass
from agent.runtime.clock.reckon import Reckoned
from agent.settings.terminals import SHIPPED_TERMINALS, Terminal, read_terminal
from agent.uplinks.beidou.codes import KINDS, NOT_SERVICEABLE, OTHER_KIND, PHASES
from agent.uplinks.beidou.picture import Picture
from agent.uplinks.beidou.uplink import SAID_S, BeidouUplink
from agent.uplinks.forwarder import Forwarder
from agent.uplinks.retained import Documents
from drivers.event import EventKind
from hil.terminals.beidou import BeidouTerminal
from hil.virtual_time import run
from protocols.beidou.digest import Digest, Mark, decode, fingerprint
from protocols.modbus.port import PortOwner
from protocols.reason import Reason
from tests.uplinks.memory import MemoryOutbox, record

NAMES = ["h1", "h2", "h3", "nest-1", "rs485-1"]
UTC_S = 1_790_000_000
SINCE = "2026-09-21T14:03:20Z"  # ten minutes before UTC_S


def terminal(generation: int) -> Terminal:
    words, mistakes = read_terminal(SHIPPED_TERMINALS / f"rdss-{generation}.toml")
    assert words is not None
    assert not mistakes
    return words


class Wire:
    """A port whose far end is a terminal of this process."""

    def __init__(self, station: "Station") -> None:
        self.station = station
        self.owner: PortOwner | None = None

    async def open(self, owner: PortOwner) -> None:
        self.owner = owner
        self.station.opened += 1

    def send(self, data: bytes, _quiet_ns: int = 0) -> None:
        asyncio.get_running_loop().call_later(0.2, self.station.terminal.hear, data)

    def said(self, data: bytes) -> None:
        if self.owner is not None:
            self.owner.received(data)

    def close(self) -> None:
        self.owner = None


class Station:
    """The gateway's side of one uplink, its terminal, and what stands."""

    def __init__(self, generation: int = 3, size: int = 78, every_s: float = 3600.0, repeats: int = 1) -> None:
        loop = asyncio.get_running_loop()
        self.opened = self.version = 0
        self.wire = Wire(self)
        self.terminal = BeidouTerminal(generation, self.say, loop.time)
        self.documents = Documents()
        self.documents.begun("b1")
        self.failing = False
        self.sure: int | None = 20
        start = loop.time()
        picture = partial(
            Picture,
            self.documents,
            NAMES,
            lambda: Reckoned(int((UTC_S + loop.time() - start) * 1e9), self.sure),
            lambda: self.failing,
        )
        self.uplink = BeidouUplink(
            "sky", lambda: self.wire, terminal(generation), picture, to="0123456", size=size, every_s=every_s,
            repeats=repeats,
        )  # fmt: skip
        self.outbox = MemoryOutbox()
        self.forwarder = Forwarder("gw1", self.uplink, self.outbox, lambda _event: None, more=self.uplink.status)

    def say(self, data: bytes) -> None:
        for at in range(0, len(data), 7):
            self.wire.said(data[at : at + 7])

    def tell(self, *documents: tuple[str, dict[str, Any] | None], whole: bool = False) -> None:
        told = []
        for topic, body in documents:
            self.version += 1
            told.append([topic, self.version, body])
        self.documents.take({"documents": told, "whole": len(self.documents) if whole else None})

    def came(self) -> list[Digest]:
        assert {to for to, _ in self.terminal.sky} <= {"0123456"}
        return [decode(bytes.fromhex(data)) for _, data in self.terminal.sky]

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.forwarder.run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])
            assert task.cancelled() or task.exception() is None


def asset(name: str, state: str, lon: float = 118.87) -> tuple[str, dict[str, Any]]:
    place = {"lon": lon, "lat": 28.97}
    return f"asset/{name}", {"id": name, "state": state, "counts_as": state, "since": SINCE, "place": place}


def alarms(name: str, *kinds: str, severity: str = "alarm", shelved: str | None = None) -> tuple[str, dict[str, Any]]:
    standing = [
        {"kind": kind, "severity": severity, "since": SINCE, "acknowledged": None, "shelved_until": shelved}
        for kind in kinds
    ]
    return f"alarm/{name}", {"subject": name, "alarms": standing}


def rate(good: int, bad: int, unknown: int) -> tuple[str, dict[str, Any]]:
    return "rate", {"serviceable": good, "not_serviceable": bad, "unknown": unknown}


@pytest.mark.parametrize("generation", [2, 3])
def test_an_alarm_goes_out_at_once_and_once_more_and_names_no_record(generation: int) -> None:
    async def told() -> None:
        station = Station(generation)
        station.tell(asset("h1", "serviceable"), asset("h2", "serviceable"), rate(2, 0, 0), whole=True)
        async with station.running():
            station.outbox.offer(*(record(seq) for seq in range(1, 30)), record(30, PriorityClass.EVENT))
            await asyncio.sleep(600)
            first = station.came()
            assert [one.counter for one in first] == [0], "nothing happened: one greeting"
            assert (first[0].counts, first[0].items, first[0].names) == ((2, 0, 0, 0, 0), (), fingerprint(NAMES))
            assert abs(first[0].utc_s - UTC_S) <= 2
            assert first[0].marks == Mark.CLOCK_SURE
            assert len(station.outbox.confirmed) == 30, "records are held for nobody"
            status = station.forwarder.status()
            assert (status["forwarded"], status["confirmed"]) == (0, 0), "and none is said to have gone"
            station.tell(alarms("h2", "pressure_collapsing"), alarms("rs485-1", "line_down"), rate(1, 1, 0))
            await asyncio.sleep(3)
            (_, alarm) = station.came()
            assert (alarm.counts.alarms, alarm.counts.urgent) == (2, 2)
            assert {(one.kind, NAMES[one.name or 0], one.minutes, one.urgent) for one in alarm.items} == {
                (KINDS["pressure_collapsing"], "h2", 20, True),
                (KINDS["line_down"], "rs485-1", 20, True),
            }
            (place,) = [one.place for one in alarm.items if one.place]
            assert (place.lon, place.lat) == pytest.approx((118.87, 28.97), abs=2.2e-5)
            await asyncio.sleep(2000)
            assert [one.counter for one in station.came()] == [0, 1, 2], "told twice, for one may be lost"
            assert station.forwarder.status()["messages"] == {
                "sent": 3, "unsure": 0, "refused": 0, "rest_s": 60, "card": "4207733",
            }  # fmt: skip

    run(told())


def test_the_cards_rest_is_kept_whatever_happens_and_the_end_is_told() -> None:
    async def told() -> None:
        station, dice = Station(repeats=2), random.Random(5)
        station.tell(whole=True)
        async with station.running():
            for _ in range(200):
                station.tell(alarms("h1", *dice.sample(["leak", "tilted", "frozen"], dice.randint(1, 3))))
                await asyncio.sleep(dice.choice([0.5, 5, 50]))
            station.tell(("alarm/h1", None))
            await asyncio.sleep(400)
            assert station.came()[-1].counts.alarms == 0
            assert station.forwarder.status()["messages"]["refused"] == 0, "the card never had to say that it rests"
            assert station.opened == 1

    run(told())


@pytest.mark.parametrize("generation", [2, 3])
def test_one_of_three_lost_and_a_card_that_rests_longer_than_it_says(generation: int) -> None:
    async def told() -> None:
        station = Station(generation, repeats=3)
        station.terminal.lost = 0.33
        station.tell(whole=True)
        async with station.running():
            for turn in range(30):
                station.tell(alarms("h1", *("leak", "tilted")[: 1 + turn % 2]))
                station.terminal.rest_s = 90 if turn == 7 else 60
                await asyncio.sleep(700)
                assert station.came()[-1].counts.alarms == 1 + turn % 2
            assert station.opened == 1

    run(told())


def test_what_does_not_fit_takes_turns_behind_the_first_and_none_is_left_out() -> None:
    async def told() -> None:
        station = Station(every_s=60)
        names = [f"x{at}" for at in range(80)]
        station.tell(*(alarms(name, "leak", "tilted") for name in names), asset("h3", "not_serviceable"), whole=True)
        async with station.running():
            await asyncio.sleep(3600)
        seen = [item.kind for one in station.came() for item in one.items]
        assert all(one.marks & Mark.MORE for one in station.came())
        assert all(one.items[0].urgent for one in station.came())
        assert NOT_SERVICEABLE in seen, "also the last has its turn"
        assert len(seen) > 160

    run(told())


def test_what_stands_and_needs_nobody_is_counted_and_not_named() -> None:
    async def told() -> None:
        station = Station()
        station.tell(
            alarms("h1", "water_drawn", severity="info"), alarms("h2", "leak", shelved="2026-09-22T00:00:00Z"),
            alarms("h9", "a_kind_of_tomorrow", severity="warning"), asset("h3", "not_serviceable"),
            ("nest/nest-1", {"id": "nest-1", "phase": "outbound", "aircraft": "d1"}),
            ("aircraft/d1", {"id": "d1", "where": "away", "lon": 118.9, "lat": 28.95}), whole=True,
        )  # fmt: skip
        station.failing, station.sure = True, None
        async with station.running():
            await asyncio.sleep(5)
        (one,) = station.came()
        assert (one.counts.alarms, one.counts.urgent) == (3, 1)
        assert [(item.kind, item.name, item.minutes) for item in one.items] == [
            (OTHER_KIND, None, None), (NOT_SERVICEABLE, 2, None),
        ], "nobody knows the time, so no age"  # fmt: skip
        (nest,) = one.nests
        assert (NAMES[nest.name], PHASES[nest.phase]) == ("nest-1", "outbound")
        assert nest.aircraft is not None
        assert (nest.aircraft.lon, nest.aircraft.lat) == pytest.approx((118.9, 28.95), abs=3e-5)
        assert one.marks == Mark.JOURNAL_FAILING

    run(told())


def test_trouble_is_named_and_gone_when_it_is_over() -> None:
    async def told() -> None:
        station = Station()
        station.tell(alarms("h1", "leak"), whole=True)
        station.terminal.silent = True

        def reason() -> Reason:
            return cast("Reason", station.forwarder.status()["reason"])

        async with station.running():
            await asyncio.sleep(20)
            assert reason().code == "beidou.silent"
            station.terminal.silent, station.terminal.card = False, "0000000"
            await asyncio.sleep(60)
            assert reason().code == "beidou.no_card"
            station.terminal.card, station.terminal.refuses = "4207733", "5"
            await asyncio.sleep(120)
            assert reason() == Reason("beidou.not_sent", number="5")
            assert station.came() == []
            station.terminal.refuses = ""
            await asyncio.sleep(200)
            assert station.came()[-1].counts.alarms == 1, "it was owed all the time"
            station.terminal.deaf_to_sending = True
            station.tell(alarms("h2", "leak"))
            opened = station.opened
            await asyncio.sleep(4 * (SAID_S + 60))
            assert station.opened > opened, "one that says nothing of what it sent is opened anew"
            assert station.forwarder.status()["messages"]["unsure"] >= 3
            station.terminal.deaf_to_sending = False
            await asyncio.sleep(400)
            assert station.came()[-1].counts.alarms == 2
            wire, station.wire = station.wire, Wire(station)
            assert wire.owner is not None
            wire.owner.lost(Reason("modbus.unplugged", port="/dev/x"))
            station.tell(alarms("h3", "leak"))
            await asyncio.sleep(120)
            assert station.came()[-1].counts.alarms == 3

    run(told())


def test_paused_it_says_nothing() -> None:
    async def told() -> None:
        station = Station(every_s=60)
        station.tell(whole=True)
        station.forwarder.pause()
        async with station.running():
            await asyncio.sleep(600)
            assert station.came() == []
            station.forwarder.resume()
            await asyncio.sleep(130)
            assert len(station.came()) >= 2

    run(told())


def test_a_core_that_never_tells_everything_is_an_old_picture() -> None:
    async def told() -> None:
        station = Station()
        async with station.running():
            await asyncio.sleep(100)
        assert [one.marks for one in station.came()] == [Mark.CLOCK_SURE | Mark.PICTURE_OLD]

    run(told())


def test_every_kind_and_phase_there_is_has_a_number_of_its_own() -> None:
    assert set(KINDS) == set(EventKind)
    assert len(set(KINDS.values())) == len(KINDS)
    assert max(KINDS.values()) < OTHER_KIND
    assert set(PHASES) == set(Phase)
    assert len(PHASES) == len(Phase)
