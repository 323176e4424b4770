"""What core shows of nests it does not look after itself: as old as it is, and never ready once flight is silent."""

import asyncio
import json
import socket
from pathlib import Path
from typing import Any

import pytest

from agent.core.flight_mirror import FLIGHT_ALONE, FlightMirror
from agent.flight.core_link import CoreLink
from agent.flight.event_spool import EventSpool
from agent.link import flight_messages as say
from agent.link.channel import Channel
from agent.link.samples import Layouts
from drivers.event import Event
from hil.virtual_card import VirtualCard
from tests.cli.serving import raw, serving
from tests.flight.test_events import Journal
from tests.waiting import until

NEST = {"id": "N1", "age_s": 0.5, "attended": True, "ready": True, "why_not": [], "interlocks": [1, 2],
        "aircraft": {"id": "A1", "age_s": 0.2, "link": "connected", "where": "docked"}}  # fmt: skip


STATE: dict[str, Any] = {"at_ns": 100 * 10**9, "nests": [NEST], "lines": {}, "alarms": {}, "epoch": "e1"}


class Intake:
    def __init__(self) -> None:
        self.turns: list[tuple[str, str]] = []

    def reconcile(self, _answers_for: Any, _standing: Any) -> None:
        """Nothing is out of order."""

    def told(self, event: Event) -> None:
        self.turns.append((event.subject, event.transition))

    def unparked(self, subject: str) -> None:
        self.turns.append((subject, "cleared"))


def test_a_nest_whose_flight_went_silent_is_not_ready_and_says_why() -> None:
    now_s = 100.0
    told: list[str] = []
    mirror = FlightMirror(
        Intake(),  # type: ignore[arg-type]  # as much as it needs
        Journal(),  # type: ignore[arg-type]  # as much as it needs
        Layouts(),
        lambda: round(now_s * 1e9),
        on_epoch=told.append,
    )
    mirror.heard(say.STATE, STATE)
    assert told == ["e1"]
    now_s = 103.0
    (nest,) = mirror.nests()
    assert (nest["ready"], nest["why_not"], nest["attended"], nest["age_s"]) == (True, [], True, 3.5)
    assert (nest["aircraft"]["link"], nest["aircraft"]["age_s"], "interlocks" in nest) == ("connected", 3.2, False)
    now_s = 103.1
    (nest,) = mirror.nests()
    assert (nest["ready"], nest["attended"]) == (False, False)
    assert [reason["code"] for reason in nest["why_not"]] == ["flight.silent"]
    assert (nest["aircraft"]["link"], nest["aircraft"]["where"]) == ("lost", "unknown")


async def test_a_flight_that_cannot_tell_how_it_stands_goes_on_and_says_why(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(say, "STATE_EVERY_S", 0.01)
    asked = 0

    def state() -> say.FlightState:
        nonlocal asked
        asked += 1
        if 2 <= asked <= 4:
            raise ZeroDivisionError("planted")
        return say.FlightState(**STATE)

    intake, standing = Intake(), []
    mirror = FlightMirror(intake, Journal(), Layouts(), lambda: 104 * 10**9)  # type: ignore[arg-type]  # as much as it needs

    def heard(kind: str, body: Any) -> None:
        mirror.heard(kind, body)
        standing.append((kind, mirror.nests()[0]["why_not"][0]["code"]))

    ours, theirs = socket.socketpair()
    link = CoreLink(EventSpool(Path("none"), VirtualCard()), lambda: 0, state, lambda _incident: None)
    link.take(ours)
    core = Channel("flight", theirs, heard)
    mirror.begun(core)
    tasks = [asyncio.create_task(work) for work in (link.run(), core.run())]
    try:
        await until("it tells again", lambda: len(standing) >= 5, progress=lambda: len(standing))
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
    told, silent = (say.STATE, "flight.silent"), (say.UNTOLD, "flight.untold")
    assert standing[:5] == [told, silent, silent, silent, told]
    assert intake.turns == [("flight state", "raised"), ("flight state", "cleared")]
    assert [record.message for record in caplog.records] == ["how flight stands cannot be told"]


async def test_what_only_flight_can_do_is_a_no_of_its_own_and_no_mistake_of_ours(tmp_path: Path) -> None:
    mirror = FlightMirror(Intake(), Journal(), Layouts(), lambda: 0)  # type: ignore[arg-type]  # as much as it needs
    async with serving(tmp_path / "s") as server:
        mirror.register(server)
        for name in FLIGHT_ALONE:
            (told,) = await raw(tmp_path / "s", json.dumps({"ask": name}).encode() + b"\n")
            assert (told["code"], told["reason"]["code"]) == ("no_answer", "flight.silent")
