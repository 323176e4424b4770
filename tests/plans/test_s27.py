"""S27 数字化预案: hydrants with what they give go into a plan with its date, and the plan is held against today."""

import json
from pathlib import Path

from drivers.sample import Value
from tests.asking import cli
from tests.judge.stand import hydrant
from tests.plans.town import Reading, town

FINE: dict[str, Value] = {"pressure": 300.0}


async def test_a_plan_read_back_says_what_a_crew_would_find_otherwise(tmp_path: Path) -> None:
    things = [hydrant("H1", 0), hydrant("H2", 1)]
    struck, other = things[0].id, things[1].id
    file = tmp_path / "plan.geojson"

    def now(asset: str, _t: float) -> Reading:
        return {**FINE, "alarms": ("knocked_over",)} if asset == struck else FINE

    async with town(tmp_path, things) as here:
        await here.live(120, lambda _asset, _t: FINE)
        plan = await here.told("supply", f"{things[0].lon},{things[0].lat}", "--flow", "30", "--hour", "3", "--geojson")
        assert [one["id"] for one in plan["features"]] == [struck, other]
        assert {plan["asked"][key] for key in ("flow_l_s", "hour")} == {30.0, 3}
        assert plan["asked"]["written_at"].endswith("Z")
        file.write_text(json.dumps(plan), "utf-8")
        assert await here.answered("supply", "--against", str(file)) == (
            0, {"written_at": plan["asked"]["written_at"], "was_enough": None, "enough": None, "changes": []},
        )  # fmt: skip
        await here.live(120, now)
        code, found = await here.answered("supply", "--against", str(file))
        assert (code, found["changes"]) == (1, [
            {"id": struck, "what": "state", "was": "serviceable", "is": "not_serviceable"}
        ])  # fmt: skip
        plan["features"].pop(1)
        plan["features"][0]["properties"] |= {"state": "not_serviceable", "counted_l_s": 1e308}
        file.write_text(json.dumps(plan), "utf-8")
        assert await here.answered("supply", "--against", str(file)) == (0, found | {"changes": [
            {"id": other, "what": "new", "was": None, "is": "serviceable"}]})  # fmt: skip
        for spoilt in (
            "",
            "[]",
            "{}",
            json.dumps({**plan, "asked": {"lon": 1e99}}),
            json.dumps({**plan, "features": [1]}),
        ):
            file.write_text(spoilt, "utf-8")
            code, _, err = await cli(here.socket, "supply", "--against", str(file))
            assert (code, "plan" in err) == (65, True), spoilt
        code, _, err = await cli(here.socket, "supply", "--against", "/dev/zero")
        assert (code, "plan" in err) == (65, True), "no more of it is read than a plan may have"
