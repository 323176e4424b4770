"""Journal, forwarder, broker, wire, platform, each killed and cut off at random: nothing lost, each once, in order."""

import os
from pathlib import Path

import pytest

from tests.uplinks.soak import soak
from tests.uplinks.whole import account, whole

HARMS = int(os.environ.get("HYDRONEST_HARMS", "6"))
SEED = 12  # begins with the clock and the journal

pytestmark = pytest.mark.usefixtures("mosquitto_installed")


@pytest.mark.timeout(240)
async def test_nothing_committed_is_lost_whatever_is_killed(tmp_path: Path) -> None:
    parts = await whole(tmp_path, 1, harms=HARMS)
    told = account(tmp_path)
    assert parts.done.total() == HARMS
    assert told["kept"] >= 100
    assert told["events"] >= 4


@pytest.mark.timeout(240)
async def test_the_real_agent_with_two_platforms_loses_nothing_either(tmp_path: Path) -> None:
    told = await soak(tmp_path, SEED, harms=HARMS)
    assert all(told[side]["kept"] + told[side]["lacks"] >= told["committed"] for side in ("province", "city"))
    assert told["committed"] > 10
    assert sum(told["harm"].values()) >= HARMS
    assert told["harm"]["journal damaged"] >= 1
    if "clock jumps" not in told.get("not possible here", {}):
        assert told["harm"]["clock jumps"] >= 1
        assert told["clock"]["far_noticed"] >= 1
        assert told["clock"]["records_unsure"] > 0
        assert told["clock"]["records_sure"] > 0


async def test_the_account_bites(tmp_path: Path) -> None:
    await whole(tmp_path, 3, harms=1)
    durable = tmp_path / "durable"
    starts = tmp_path / "starts"
    last = int((tmp_path / "offered").read_text().split()[-1])  # nothing beyond it can have been delivered
    (tmp_path / "offered").write_text(f"{last + 9}\n")
    durable.write_text(durable.read_text() + f"{last + 9}\n")
    assert starts.read_text().startswith("1\n")
    with pytest.raises(AssertionError, match="committed and never delivered"):
        account(tmp_path)
