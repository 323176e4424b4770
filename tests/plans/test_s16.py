"""S16 数字标签: what a phone reads off the label leads to the asset's life, from its installation to its end."""

from pathlib import Path

from tests.judge.stand import hydrant
from tests.plans.town import town

LABEL = "https://119.example/a/柯-0042"


async def test_a_scan_tells_the_history_from_installation_to_retirement(tmp_path: Path) -> None:
    async with town(tmp_path, [hydrant("H1"), hydrant("H2", 1)], begin_s=3600) as here:
        await here.told("asset", "tag", "H1", LABEL)
        for state, more in (("under_repair", ()), ("in_service", ()), ("replaced", ("--with", "H2"))):
            here.t += 3600
            await here.told("asset", "set", "H1", state, "--by", "李", *more)
        scanned = await here.told("asset", "show", LABEL)
        assert (scanned["id"], scanned["tags"]) == ("H1", [LABEL])
        states = [entry["state"] for entry in scanned["history"] if entry.get("state")]
        assert states == ["in_service", "under_repair", "in_service", "replaced"]
        assert scanned["history"][-1]["successor"] == "H2"
        await here.told("asset", "tag", "H2", LABEL)
        assert (await here.told("asset", "show", LABEL))["id"] == "H2", "the label hangs on what stands there now"
