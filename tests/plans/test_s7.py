"""S7 供水链路 330/270/160/490 L/s: whether hydrants give a station's level together, within a tenth of EPANET."""

from pathlib import Path

import pytest

from agent.judge.asset import Asset
from agent.judge.together import LEVELS
from tests.plans.town import town
from tests.water.networks import LAT, LON, METRE, looped
from tests.water.referee import referee

PEAK = 18


async def test_every_level_of_the_province_is_answered_as_the_referee_reckons_it(tmp_path: Path) -> None:
    mains = looped(3, 4, 4)
    things = [Asset(name, "hydrant", lon=LON + x * METRE / 0.8751, lat=LAT + y * METRE)
              for name in mains.hydrants for _, _, x, y in [mains.nodes[name]]]  # fmt: skip
    file = tmp_path / "town.inp"
    file.write_text(mains.text(), "utf-8")
    async with town(tmp_path, things) as here:
        await here.live(120, lambda _asset, _t: {"pressure": 300.0})
        imported = await here.told("network", "import", str(file), "--datum", "wgs84")
        assert (imported["tied"], imported["complete"]) == (len(things), True)
        where = f"{things[0].lon},{things[0].lat}"
        said = {
            level: await here.told("supply", where, "--flow", str(level), "--hour", str(PEAK)) for level in (160, 490)
        }
    with referee(mains.text(), tmp_path) as judge:
        judge.at(PEAK)
        for level, answer in said.items():
            together = judge.gives(row["id"] for row in answer["hydrants"])
            for row in answer["hydrants"]:
                assert row["gives_l_s"] == pytest.approx(together[row["id"]], rel=0.1, abs=1.0)
            given = sum(together.values())
            assert answer["flow_l_s"] == pytest.approx(given, rel=0.1)
            assert answer["flow_low_l_s"] <= given <= answer["flow_high_l_s"]
            assert not answer["enough"] or given >= level
        assert [one["wanted_l_s"] for one in said[160]["levels"]] == list(LEVELS)
        most = sum(judge.gives(mains.hydrants).values())
        for one in said[160]["levels"]:
            assert one["enough"] is not True or one["wanted_l_s"] <= most
