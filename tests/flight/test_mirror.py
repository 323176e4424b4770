"""What core shows of nests it does not look after itself: as old as it is, and never ready once flight is silent."""

import json
from pathlib import Path
from typing import Any

from agent.core.flight_mirror import FLIGHT_ALONE, FlightMirror
from agent.link import flight_messages as say
from agent.link.samples import Layouts
from tests.cli.serving import raw, serving
from tests.flight.test_events import Journal

NEST = {"id": "N1", "age_s": 0.5, "attended": True, "ready": True, "why_not": [], "interlocks": [1, 2],
        "aircraft": {"id": "A1", "age_s": 0.2, "link": "connected", "where": "docked"}}  # fmt: skip


class Intake:
    def reconcile(self, _answers_for: Any, _standing: Any) -> None:
        """Nothing is out of order."""


def test_a_nest_whose_flight_went_silent_is_not_ready_and_says_why() -> None:
    now_s = 100.0
    mirror = FlightMirror(Intake(), Journal(), Layouts(), lambda: round(now_s * 1e9))  # type: ignore[arg-type]  # as much as it needs
    told: list[str] = []
    mirror.on_epoch = told.append
    mirror.heard(say.STATE, {"at_ns": 100 * 10**9, "nests": [NEST], "lines": {}, "alarms": {}, "epoch": "e1"})
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


async def test_what_only_flight_can_do_is_a_no_of_its_own_and_no_mistake_of_ours(tmp_path: Path) -> None:
    mirror = FlightMirror(Intake(), Journal(), Layouts(), lambda: 0)  # type: ignore[arg-type]  # as much as it needs
    async with serving(tmp_path / "s") as server:
        mirror.register(server)
        for name in FLIGHT_ALONE:
            (told,) = await raw(tmp_path / "s", json.dumps({"ask": name}).encode() + b"\n")
            assert (told["code"], told["reason"]["code"]) == ("no_answer", "flight.silent")
