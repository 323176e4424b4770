"""S1 完好率: a matrix of faults; the rate is the count by hand, and comes out of the evidence file alone."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from drivers.quality import Quality
from tests.judge.stand import hydrant
from tests.plans.town import DAY, Reading, town
from tests.waiting import output_of

SCRIPT = Path(__file__).parents[2] / "tools/verify_evidence.py"
FINE = {"pressure": 300.0}
EARLIER_S, SHOWN_S = 600, 4200
"""Longer than the hour that a missing cap and a leak are given; the judge began as much earlier as it needs to know."""
FAULTS: dict[str, tuple[Reading, str, str]] = {
    "fine": (FINE, "serviceable", ""),
    "low": ({"pressure": 100.0}, "not_serviceable", "pressure"),
    "struck": ({**FINE, "alarms": ("knocked_over",)}, "not_serviceable", "upright"),
    "leaning": ({**FINE, "tilt": 20.0}, "not_serviceable", "upright"),
    "frozen": ({**FINE, "alarms": ("frozen",)}, "not_serviceable", "not_frozen"),
    "leaking": ({**FINE, "alarms": ("leak",)}, "not_serviceable", "dry"),
    "capless": ({**FINE, "alarms": ("cap_removed",)}, "not_serviceable", "capped"),
    "buried": ({**FINE, "alarms": ("buried",)}, "not_serviceable", "reachable"),
    "failed": (FINE, "not_serviceable", "inspected"),
    "weak": (FINE, "not_serviceable", "flow"),
    "silent": (None, "unknown", "fresh"),
    "dead": (Quality.NO_ANSWER, "unknown", "fresh"),
    "liar": (Quality.OUT_OF_RANGE, "unknown", "trusted"),
}


async def test_the_rate_is_the_count_by_hand_and_an_independent_script_finds_it_again(tmp_path: Path) -> None:
    things = [hydrant(name, i % 4, i // 4) for i, name in enumerate(FAULTS)]
    async with town(tmp_path, things, begin_s=-EARLIER_S) as here:
        await here.inspected("failed", passed=False)
        await here.tested("weak", 5.0)
        await here.live(EARLIER_S + SHOWN_S, lambda asset, _t: FAULTS[asset][0], every_s=30)
        count = [sum(state == wanted for _, state, _ in FAULTS.values()) for wanted in
                 ("serviceable", "not_serviceable", "unknown")]  # fmt: skip
        why = {row["id"]: (row["state"], [r.removesuffix("?") for r in row["reasons"]])
               for row in await here.told("rate", "why")}  # fmt: skip
        for name, (_, state, rule) in FAULTS.items():
            assert why[name][0] == state, (name, why[name])
            assert not rule or rule in why[name][1], (name, why[name])
        now = await here.told("rate", "now")
        (group,) = now["groups"]
        assert [group[name] for name in ("serviceable", "not_serviceable", "unknown")] == count == [1, 9, 3]
        assert (group["strict"], group["of_known"]) == (1 / 13, 1 / 10)
        (counted,) = (await here.told("rate", "over", DAY))["groups"]
        file = tmp_path / "day.evidence"
        await here.told("evidence", "export", "--day", DAY, "--out", str(file))
    alone = (await recomputed(file))["rate"]["all"][""]
    assert alone == {key: counted[key] for key in alone}
    assert sum(alone[name] for name in ("serviceable", "not_serviceable", "unknown")) == len(FAULTS) * SHOWN_S // 60


async def recomputed(file: Path) -> Any:
    """What the script, which imports nothing of ours, makes of the file."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-I", str(SCRIPT), str(file), "--json"), stdout=-1, stderr=-1
    )
    out, err = await output_of(process)
    assert process.returncode == 0, err or out
    return json.loads(out)
