"""S9 无人机固定机巢: readiness of each nest and each 大队 is the scripted timeline to the second, with its reasons."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from agent.control.server import ControlServer
from agent.core.requests.readiness import register_readiness
from agent.flight.control.wall import Wall
from agent.flight.machine.table import Phase
from agent.flight.orders.dispatch import Fleet
from agent.flight.readiness import ALIVE_S, ReadinessLog, readiness
from agent.logbook.readiness import kept, known_since_s, stretches
from hil.flight_sim import NOON_UTC_S, FlightSim
from tests.asking import cli
from tests.nest.agent_rig import fire
from tests.nest.test_dispatch import rehearse, signed
from tests.nest.test_eligibility import SETTINGS
from tests.nest.test_two_people import Card

MONTH = "2026-05"
SECOND = 1.0
NOBODY = "unknown"
Truth = list[tuple[float, str, tuple[str, ...]]]
"""UTC seconds from which on it is so, how it stands, why."""


@contextlib.asynccontextmanager
async def written(r: FlightSim, *, vouched_after_s: float = 0.0, killed: bool = False) -> AsyncIterator[None]:
    """One life of flight writes down how its nest stands; one that is killed has no last word."""
    begun_s = r.loop.time()

    def wall() -> Wall:
        vouched = r.loop.time() >= begun_s + vouched_after_s
        return Wall(NOON_UTC_S + r.loop.time(), 0.1 if vouched else None)

    def look() -> list[Any]:
        return [readiness(r.controller, r.controller.context.moment())]

    log = ReadinessLog(r.folder / "readiness", Card(), wall, r.loop.now_ns, look)
    life = asyncio.create_task(log.run())
    await asyncio.sleep(0)
    try:
        yield
    finally:
        with patch.object(log, "_note") if killed else contextlib.nullcontext():  # no time to say anything
            life.cancel()
            await asyncio.wait([life])


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Truth]:
    """Where it was written down, and what was so."""
    truth: Truth = []

    async def story(r: FlightSim, fleet: Fleet) -> None:
        def turned(stands: str, *why: str, ago_s: float = 0.0) -> None:
            truth.append((NOON_UTC_S + r.loop.time() - ago_s, stands, why))

        async with written(r):
            turned("ready")
            await asyncio.sleep(100)
            r.truth.weather.wind_ms = 16.0
            turned("not_ready", "wind")
            await asyncio.sleep(61)
            r.truth.weather.wind_ms = 3.0
            turned("ready")
            await asyncio.sleep(30)
            assert (await fleet.submit(signed(r, "fly", **fire())))["status"] == "accepted"
            turned("out")
            await r.until(lambda: r.controller.phase is Phase.REST)
            turned("ready")
            await asyncio.sleep(50)
        turned(NOBODY)
        r.truth.pad_clear = False
        await asyncio.sleep(200)
        async with written(r, vouched_after_s=120.0, killed=True):
            turned("not_ready", "pad_clear")
            await asyncio.sleep(ALIVE_S + 100)
        turned(NOBODY, ago_s=100)
        r.truth.pad_clear = True
        await asyncio.sleep(100)
        async with written(r):
            turned("ready")
            await asyncio.sleep(20)
        turned(NOBODY)

    r = rehearse(tmp_path_factory.mktemp("sim"), story, on_scene_s=10.0)
    return r.folder / "readiness", truth


def test_the_ledger_is_the_timeline_to_the_second(lived: tuple[Path, Truth]) -> None:
    folder, truth = lived
    wanted = [(*one, until[0]) for one, until in pairwise(truth) if one[1] != NOBODY]
    found = list(stretches(kept(folder, truth[0][0], truth[-1][0])))
    assert [(one.stands, one.why) for one in found] == [(stands, why) for _, stands, why, _ in wanted]
    for one, (from_s, _stands, _why, to_s) in zip(found, wanted, strict=True):
        assert one.from_s == pytest.approx(from_s, abs=SECOND)
        assert one.to_s == pytest.approx(to_s, abs=SECOND)


async def test_a_brigade_asks_how_long_it_could_launch(tmp_path: Path, lived: tuple[Path, Truth]) -> None:
    folder, truth = lived
    begin_s, end_s = truth[0][0], truth[-1][0]
    by_hand = {"ready": 0.0, "out": 0.0, "not_ready": 0.0, NOBODY: 0.0}
    for (from_s, stands, _), (to_s, *_) in pairwise(truth):
        by_hand[stands] += to_s - from_s
    nests = [SETTINGS.model_copy(update={"id": name, "brigade": "衢江大队"}) for name in ("n1", "never-heard-of")]
    server = ControlServer(tmp_path / "s")
    register_readiness(server, folder, nests, "Asia/Shanghai", lambda: round(end_s * 1e9))
    await server.start()
    asked = [cli(tmp_path / "s", "nest", "readiness", MONTH, *more)
             for more in (("--by", "brigade", "--json"), ("--stretches", "--json"), ("--by", "brigade"))]  # fmt: skip
    (code, out, _), (_, each, _), (_, words, _) = await asyncio.gather(*asked)
    await server.close()
    (group,) = json.loads(out)["groups"]
    assert (code, group["group"]) == (0, "衢江大队")
    for name, seconds in by_hand.items():
        assert group[f"{name}_s"] == pytest.approx(seconds, abs=4 * SECOND), name
    good = (by_hand["ready"] + by_hand["out"]) / (end_s - begin_s)
    assert group["ready_percent"] == pytest.approx(100 * good, abs=0.2)
    assert set(group["why_s"]) == {"wind", "pad_clear"}
    assert len(json.loads(each)["stretches"]) == 7
    assert "衢江大队" in words


def test_a_bent_line_costs_itself_and_months_without_a_line_are_not_known(tmp_path: Path) -> None:
    def line(life: str, t_s: float, utc_s: float | None, stands: str = "") -> str:
        more = {"nest": "n1", "stands": stands, "why": []} if stands else {}
        return json.dumps({"life": life, "t_s": t_s, "utc_s": utc_s, **more}, separators=(",", ":"))

    june_s, july_s = 1_780_272_000.0, 1_782_864_000.0  # their first midnight, UTC
    told = ['{"life":', "[]",
            line("b", 5.0, None, "ready"), line("b", 20.0, july_s + 20), line("a", 0.0, june_s, "out"),
            line("a", 9.0, june_s + 9), line("c", 1.0, None, "ready")]  # fmt: skip
    found = list(stretches(told))
    assert [(one.from_s, one.to_s, one.stands) for one in found] == [
        (june_s, june_s + 9, "out"),
        (july_s + 5, july_s + 20, "ready"),
    ]
    (tmp_path / "2026-07.jsonl").write_text(line("b", 5.0, july_s + 5, "ready"), encoding="utf-8")
    assert known_since_s(tmp_path, "n1", found[1:], july_s) == july_s + 5
    (tmp_path / "2026-04.jsonl").write_text(line("z", 5.0, june_s - 5e6, "ready"), encoding="utf-8")
    assert known_since_s(tmp_path, "n1", found[1:], july_s) == july_s, "it was there before: nobody looked"
    assert known_since_s(tmp_path, "n2", found[1:], july_s) is None
