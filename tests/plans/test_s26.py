"""S26 风险防控平台: a street with planted faults gives the clusters and the hours below 0.14 MPa worked by hand."""

from dataclasses import replace
from pathlib import Path

import pytest

from agent.judge.dead_clusters import clusters
from agent.judge.near import AssetStatus
from tests.judge.stand import hydrant
from tests.plans.town import DAY, Reading, town

STREET = [hydrant(f"H{n}", n) for n in range(10)]  # 97.6 m apart
DEAD = {"H1": ("knocked_over",), "H2": ("frozen",), "H6": ("buried",), "H8": ("knocked_over",), "H9": ("buried",)}
LOW_S = (1800.0, 5400.0)


def read(asset: str, t: float) -> Reading:
    """H3 says nothing, H5 is low for an hour."""
    if asset == "H3":
        return None
    low = asset == "H5" and LOW_S[0] <= t < LOW_S[1]
    return {"pressure": 120.0 if low else 300.0, "alarms": DEAD.get(asset, ())}


async def test_clusters_and_low_pressure_hours_are_those_planted(tmp_path: Path) -> None:
    things = [*STREET, replace(hydrant("pond", 2), kind="water_point")]
    async with town(tmp_path, things, begin_s=-600) as here:
        await here.live(600 + 7200, read, every_s=30)
        code, found = await here.answered("rate", "risk", DAY)
    first, second = found["clusters"]
    assert (code, first["ids"], first["unknown"]) == (1, ["H1", "H2", "H3"], 1)
    assert (first["lon"], first["lat"]) == (118.902, 28.9), "H2 stands in the middle"
    assert first["reach_m"] == pytest.approx(97.3, abs=0.5)
    assert (second["ids"], second["unknown"]) == (["H8", "H9"], 0)
    (low,) = found["low_pressure"]
    assert (low["id"], low["hours"]) == ("H5", {"below_140_supply": pytest.approx(1.0, abs=0.02)})


def test_a_chain_is_one_cluster_whatever_is_looked_at_first_and_one_alone_is_none() -> None:
    def row(*xs: float) -> list[AssetStatus]:
        return [AssetStatus(f"h{n}", "hydrant", 118.9 + x / 97_340, 28.9, "unknown") for n, x in enumerate(xs)]

    ends_first = clusters(row(0, 400, 140, 280), 150)
    assert [cluster.ids for cluster in ends_first] == [("h0", "h1", "h2", "h3")]
    assert ends_first[0].since_s is None
    assert clusters(row(0, 160), 150) == []
