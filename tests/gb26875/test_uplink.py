"""What the centre sees of a site, over a real socket."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import timedelta, timezone
from pathlib import Path
from typing import Any

import orjson
import pytest
import pytest_asyncio

from agent.link.record import PriorityClass, Record
from agent.uplinks.contract import Message
from agent.uplinks.gb26875.duty import DutyChecks
from agent.uplinks.gb26875.mapping import Mapper, Seat
from agent.uplinks.gb26875.uplink import Centre as CentreSettings
from agent.uplinks.gb26875.uplink import Gb26875Uplink
from hil.broker.certificates import make_certificates
from hil.centre import Centre
from protocols.errors import NoAnswer, NotConnected
from protocols.gb26875.dialect import DIALECTS, STANDARD, Dialect
from protocols.gb26875.words import Command
from tests.waiting import patient

T0 = 1_763_700_000_000_000_000  # 2025-11-21T04:40:00Z
CHINA = timezone(timedelta(hours=8))
SEATS = {"H1": Seat(0x101), "H2": Seat(0x102, system_address=2), "P1": Seat(0x200, component_type=92)}


class Site:
    """One uplink to one centre, and what it was told."""

    def __init__(
        self, centre: Centre, dialect: Dialect = STANDARD, tls: Callable[[], ssl.SSLContext] | None = None
    ) -> None:
        self.centre = centre
        self.clock: list[str] = []
        self.now_ns = 0
        self.desk = DutyChecks(lambda: self.now_ns)
        settings = CentreSettings(
            "127.0.0.1",
            centre.port,
            7,
            1,
            dialect,
            tls=tls,
            timeout_s=0.2,
            heartbeat_s=0.05,
            denied_rests_s=(0.01,),
        )
        self.settings = settings
        newest = {"H1": {"pressure": (0.281, "MPa", T0), "tilt": (3.0, "deg", T0)}}
        self.uplink = Gb26875Uplink(
            "centre", settings, Mapper(SEATS, dialect, CHINA, 60.0), lambda device: newest.get(device, {}), self.desk,
            lambda: T0, version=(0, 1), on_clock=self.clock.append,
        )  # fmt: skip
        self._seq = 0

    def message(
        self, body: dict[str, Any], priority: PriorityClass = PriorityClass.TELEMETRY, mono_ms: int = 60_000
    ) -> Message:
        self._seq += 1
        return Message("gw1", Record("b1", self._seq, priority, 1, T0, 20, "k1", mono_ms, orjson.dumps(body)))

    async def event(self, kind: str, turn: str, subject: str = "H1") -> None:
        body = {"kind": kind, "subject": subject, "severity": "alarm", "turn": turn, "at_ms": 1000, "evidence": {}}
        await self.uplink.deliver(self.message({"events": [body]}, PriorityClass.EVENT))

    def readings(
        self, *rows: tuple[str, int, float], mono_ms: int = 60_000, quality: list[int] | None = None
    ) -> Message:
        frame: dict[str, Any] = {
            "profile": "p", "points": ["pressure", "mode"], "units": ["kPa", "1"],
            "device": [row[0] for row in rows], "at_ms": [row[1] for row in rows],
            "values": [[row[2] for row in rows], ["normal"] * len(rows)],
        }  # fmt: skip
        if quality:
            frame["quality"] = [quality, [0] * len(rows)]
        return self.message({"frames": [frame]}, mono_ms=mono_ms)


@pytest_asyncio.fixture
async def centre() -> AsyncIterator[Centre]:
    centre = Centre()
    await centre.start()
    yield centre
    await centre.stop()


@pytest_asyncio.fixture
async def site(centre: Centre) -> AsyncIterator[Site]:
    site = Site(centre)
    await site.uplink.connect()
    yield site
    await site.uplink.close()


async def until(centre: Centre, ready: Callable[[], object]) -> None:
    async with patient("the centre has it", 20, lambda: len(centre.kept)):
        while not ready():
            centre.arrived.clear()
            await centre.arrived.wait()


async def test_an_alarm_arrives_as_a_component_state_with_its_time_and_text(site: Site) -> None:
    await site.event("pressure_low", "raised")
    (kept,) = site.centre.kept
    assert kept.type == 2
    assert kept.fields == {
        "system_type": 11, "system_address": 1, "component_type": 99, "component_address": 0x101,
        "state": ["supervise"], "text": "欠压", "time": "2025-11-21T12:40:01",
    }  # fmt: skip


async def test_states_follow_what_stands(site: Site) -> None:
    await site.event("pressure_low", "raised")
    await site.event("knocked_over", "raised")
    await site.event("pressure_low", "cleared")
    await site.event("knocked_over", "cleared")
    states = [(kept.fields["state"], kept.fields["text"]) for kept in site.centre.kept]
    assert states == [
        (["supervise"], "欠压"),
        (["fault", "supervise"], "撞倒 欠压"),
        (["fault"], "撞倒"),
        (["normal"], ""),
    ]


async def test_an_old_event_sent_again_does_not_undo_newer_news(site: Site) -> None:
    raised = {"kind": "leak", "subject": "H1", "severity": "alarm", "turn": "raised", "at_ms": 0, "evidence": {}}
    old = site.message({"events": [raised]}, PriorityClass.EVENT)
    await site.event("leak", "raised")
    await site.event("leak", "cleared")
    await site.uplink.deliver(old)
    assert site.centre.kept[-1].fields["state"] == ["normal"]


async def test_the_gateways_own_faults_are_the_transmitters_state(site: Site) -> None:
    await site.event("line_down", "raised", subject="east")
    await site.event("line_down", "cleared", subject="east")
    assert [(kept.type, kept.fields["state"]) for kept in site.centre.kept] == [
        (21, ["monitored_line_fault"]),
        (21, ["normal"]),
    ]


async def test_readings_are_thinned_to_one_a_minute_and_bad_ones_never_sent(site: Site) -> None:
    await site.uplink.deliver(site.readings(("H1", 0, 280.0), ("H2", 5, 310.04), ("H9", 5, 1.0), ("H1", 900, 281.0)))
    await site.uplink.deliver(site.readings(("H1", 0, 999.0), mono_ms=61_000))
    await site.uplink.deliver(site.readings(("H1", 0, 290.0), mono_ms=120_000))
    await site.uplink.deliver(site.readings(("H1", 0, 300.0), mono_ms=180_000, quality=[16]))
    sent = [(k.fields["component_address"], k.fields["quantity"], k.fields["value"]) for k in site.centre.kept]
    assert sent == [(0x101, "pressure", 281.0), (0x102, "pressure", 310.0), (0x101, "pressure", 290.0)]


async def test_a_reading_that_was_not_confirmed_is_sent_again(site: Site) -> None:
    site.centre.stall()
    message = site.readings(("H1", 0, 280.0))
    with pytest.raises(NoAnswer):
        await site.uplink.deliver(message)
    site.centre.go_on()
    before = site.centre.repeats
    await site.uplink.deliver(message)
    assert site.centre.repeats > before
    assert [kept.fields["value"] for kept in site.centre.kept] == [280.0]


async def test_records_under_way_together_tell_of_a_minute_once(site: Site) -> None:
    site.centre.answer_s = 0.05
    messages = [site.readings(("H1", at_ms, 280.0 + at_ms)) for at_ms in (0, 1, 2)]
    assert await asyncio.gather(*(site.uplink.deliver(message) for message in messages)) == [True, False, False]
    assert [kept.fields["value"] for kept in site.centre.kept] == [280.0]


async def test_what_does_not_concern_the_centre_is_delivered_without_asking_it(site: Site) -> None:
    lost = {"kind": "device_lost", "subject": "H9", "severity": "alarm", "turn": "raised", "at_ms": 0, "evidence": {}}
    assert await site.uplink.deliver(site.message({"events": [lost]}, PriorityClass.EVENT)) is False
    assert site.centre.kept == []


@pytest.mark.parametrize(
    ("kind", "query", "answer"),
    [
        (61, {"system_type": 11, "system_address": 1}, (1, "state", ["normal"])),
        (62, {"system_type": 11, "system_address": 1, "component_address": 0x101}, (2, "state", ["normal"])),
        (63, {"system_type": 11, "system_address": 1, "component_address": 0x101}, (3, "value", 281.0)),
        (65, {"system_type": 11, "system_address": 1}, (5, "minor", 1)),
        (67, {"system_type": 11, "system_address": 1, "component_address": 0x101}, (7, "text", "H1")),
        (68, {"system_type": 11, "system_address": 1}, (8, "time", "2025-11-21T12:40:00")),
        (81, {"reserved": 0}, (21, "state", ["normal"])),
        (85, {"reserved": 0}, (25, "minor", 1)),
        (86, {"reserved": 0}, (26, "text", "hydronest 0.1")),
        (88, {"reserved": 0}, (28, "time", "2025-11-21T12:40:00")),
    ],
)
async def test_questions_are_answered_from_what_is_known(
    site: Site, kind: int, query: dict[str, Any], answer: tuple[int, str, Any]
) -> None:
    await site.event("leak", "cleared")
    site.centre.ask(kind, [query])
    await until(site.centre, lambda: site.centre.answers)
    frame, content = site.centre.answers[0]
    assert frame.command == Command.RESPOND
    assert content is not None
    assert (content.type, content.objects[0][answer[1]]) == (answer[0], answer[2])


async def test_a_question_about_nothing_here_is_denied(site: Site) -> None:
    await site.event("leak", "cleared")
    site.centre.ask(62, [{"system_type": 1, "system_address": 9, "component_address": 5}])
    await until(site.centre, lambda: site.centre.answers)
    assert site.centre.answers[0][0].command == Command.DENY


async def test_a_duty_check_waits_for_a_person(site: Site) -> None:
    await site.event("leak", "cleared")
    site.centre.tell(91, [{"minutes": 5}])
    await until(site.centre, lambda: site.centre.confirmed_to_us)
    (check,) = site.desk.open()
    assert check.until_ns == 300 * 10**9
    assert [kept.type for kept in site.centre.kept] == [2]  # confirmed by the device, not answered by it
    assert site.desk.answer(operator=12) == ["centre"]
    await until(site.centre, lambda: site.centre.kept[-1].type == 24)
    assert site.centre.kept[-1].fields["operation"] == ["duty_answered"]
    assert site.centre.kept[-1].fields["operator"] == 12
    assert site.desk.answer(operator=12) == []


async def test_a_duty_check_nobody_answers_is_missed(site: Site) -> None:
    await site.event("leak", "cleared")
    site.centre.tell(91, [{"minutes": 5}])
    await until(site.centre, lambda: site.centre.confirmed_to_us)
    site.now_ns = 300 * 10**9
    assert site.desk.answer(operator=1) == []
    assert (site.desk.missed, site.desk.answered) == (1, 0)


async def test_the_clock_is_told(site: Site) -> None:
    await site.event("leak", "cleared")
    site.centre.tell(90, [{"time": "2026-01-15T08:29:50"}])
    await until(site.centre, lambda: site.centre.confirmed_to_us)
    assert site.clock == ["2026-01-15T08:29:50"]


async def test_rubbish_before_every_answer_loses_no_confirm(site: Site) -> None:
    site.centre.rubbish = True
    for _ in range(20):
        await site.event("leak", "cleared")
    assert site.centre.kept[0].type == 2


@pytest.mark.parametrize("data", [bytes([200, 1, 7]), bytes([62, 3, 1])])
async def test_what_is_not_understood_is_denied(site: Site, data: bytes) -> None:
    await site.event("leak", "cleared")
    site.centre.send_raw(Command.CONTROL, data)
    await until(site.centre, lambda: site.centre.answers)
    assert site.centre.answers[0][0].command == Command.DENY


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=lambda d: d.name)
async def test_every_dialect_speaks_with_a_centre_of_that_dialect(dialect: Dialect) -> None:
    centre = Centre(dialect=dialect)
    await centre.start()
    site = Site(centre, dialect)
    await site.uplink.connect()
    await site.event("leak", "raised")
    await site.uplink.deliver(site.readings(("H1", 0, 280.0)))
    assert [kept.type for kept in centre.kept if kept.type != 21] == [2, 3]
    if dialect.heartbeat == "empty_send":
        await until(centre, lambda: centre.empty_uploads)
    if dialect.heartbeat == "device_state":
        await until(centre, lambda: any(kept.type == 21 for kept in centre.kept))
    await site.uplink.close()
    await centre.stop()


async def test_no_centre_there_is_said_in_one_line() -> None:
    site = Site(Centre())
    site.centre.port = 9
    site.uplink._centre = replace(site.settings, port=9)
    with pytest.raises(NotConnected, match=r"127\.0\.0\.1:9: Connection refused"):
        await site.uplink.connect()
    await site.uplink.lost()
    await site.uplink.close()


async def test_it_runs_inside_tls(tmp_path: Path) -> None:
    make_certificates(tmp_path, "gw1")
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(tmp_path / "broker.pem", tmp_path / "broker.key")
    server.load_verify_locations(tmp_path / "ca.pem")
    server.verify_mode = ssl.CERT_REQUIRED
    client = ssl.create_default_context(cafile=str(tmp_path / "ca.pem"))
    client.load_cert_chain(tmp_path / "gw1.pem", tmp_path / "gw1.key")
    centre = Centre(tls=server)
    await centre.start()
    site = Site(centre, tls=lambda: client)
    await site.uplink.connect()
    await site.event("leak", "raised")
    assert len(centre.kept) == 1
    await site.uplink.close()
    await centre.stop()


async def test_a_beat_that_fails_by_a_bug_ends_the_connection_and_is_logged(
    centre: Centre, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Not the beats alone: a centre would hold the site for dead, and nobody here would know."""

    def planted(_mapper: Mapper) -> list[int]:
        raise ZeroDivisionError("planted")

    monkeypatch.setattr(Mapper, "device_states", planted)
    site = Site(centre, next(one for one in DIALECTS.values() if one.heartbeat == "device_state"))
    await site.uplink.connect()
    try:
        async with patient("it is made anew"):
            await site.uplink.lost()
    finally:
        await site.uplink.close()
    assert [record.message for record in caplog.records] == ["the connection to a centre is given up"]
