"""S2 实战实用: three hydrants are opened at a fire; what works near, with what it gives, and the collapse, in time."""

from pathlib import Path

import pytest

from drivers.event import EventKind, Transition
from hil.water.network import town as mains
from hil.water.water import Water
from tests.judge.stand import hydrant
from tests.plans.town import BOOT_S, Reading, town

NAMES = [f"H{i:02}" for i in range(12)]
OPENED = ("H05", "H06", "H09")
FIRE = "118.9015,28.9011"
BEGUN_S, RAMP_S, WARNED_S = 600.0, 100.0, 60.0


async def test_ranking_live_pressure_and_warning_come_within_a_minute_of_the_fall(tmp_path: Path) -> None:
    water = Water(mains(NAMES), step_s=10)
    for name in OPENED:
        water.fire_flow(name, BEGUN_S, ramp_s=RAMP_S)

    def read(name: str, t: float) -> Reading:
        return {"pressure": round(water.pressure_kpa(name, t), 1), "flow": round(water.flow_l_s(name, t), 2)}

    things = [hydrant(name, i % 4, i // 4) for i, name in enumerate(NAMES)]
    async with town(tmp_path, things) as here:
        for name in NAMES:
            await here.tested(name, 20.0)
        await here.live(BEGUN_S - 10, read)
        quiet = await here.told("near", FIRE, "--most", "4")
        assert quiet[0]["id"] in OPENED
        assert [row["distance_m"] for row in quiet] == sorted(row["distance_m"] for row in quiet)
        assert all(row["flow_l_s"] > 15 for row in quiet)
        await here.live(RAMP_S + WARNED_S, read)
        warned = {e.subject: e.at_ns / 1e9 - BOOT_S for e in here.events
                  if (e.kind, e.transition) == (EventKind.PRESSURE_COLLAPSING, Transition.RAISED)}  # fmt: skip
        assert set(OPENED) <= set(warned)
        assert all(BEGUN_S < at <= BEGUN_S + RAMP_S + WARNED_S for at in warned.values())
        live = {row["id"]: row for row in await here.told("near", FIRE, "--all")}
        for name in OPENED:
            assert live[name]["pressure_kpa"] == pytest.approx(water.pressure_kpa(name, here.t), abs=1)
            assert live[name]["below_100_kpa"] == (water.pressure_kpa(name, here.t) < 100)
