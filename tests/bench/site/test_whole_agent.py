"""The whole agent: settings, profiles, judging, durable commit and forwarding on, against a bare pymodbus loop."""

import asyncio
import os
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from hil.broker.mosquitto import mosquitto_path
from tests.bench.site.memory import SITES, remembered
from tests.bench.site.spent import pss_mb, spent
from tests.bench.site.whole import Whole

SECONDS = float(os.environ.get("HYDRONEST_BENCH_S", "20"))


async def measured(folder: Path, units: int, seconds: float) -> dict[str, float]:
    """Run the agent on `units` units of ten points at 1 Hz for a while; its figures and the reference's."""
    began = time.monotonic()
    async with Whole(folder, units) as whole:
        first_value_s = time.monotonic() - began
        await asyncio.sleep(3)
        before = await spent(whole.agent)
        await asyncio.sleep(seconds)
        cost = (await spent(whole.agent)).since(before)
        memory = sum(pss_mb(whole.agent).values())
        reference = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.bench.site.bare_loop", str(whole.port), str(units), str(seconds),
            stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        assert reference.stdout is not None
        bare_points, bare_cpu = (await reference.stdout.read()).split()
        await reference.wait()
        assert await whole.agent.stop() == 0
        received = whole.store.account().readings
    return {
        "points_per_s": cost.points / seconds,
        "agent_s_per_kpt": cost.ms_per_kpt / 1000,
        "bare_s_per_kpt": float(bare_cpu) / int(bare_points) * 1000,
        "received": received,
        "pss_mb": memory,
        "first_value_s": first_value_s,
    }


needs_broker = pytest.mark.skipif(mosquitto_path() is None, reason="mosquitto is not installed")


@needs_broker
@pytest.mark.timeout(300)
@pytest.mark.parametrize("units", [100])
async def test_cpu_per_point_with_everything_on(units: int, tmp_path: Path, record_property: Any) -> None:
    """The whole way, wire to platform, costs at most 1.3 × what pymodbus alone costs to read."""
    found = await measured(tmp_path, units, SECONDS)
    for name, value in found.items():
        record_property(name, value)
    sys.stdout.write("\n" + "  ".join(f"{name} {value:.4g}" for name, value in found.items()) + "\n")
    assert found["points_per_s"] > 0.98 * units * 10
    assert found["received"] > 0.9 * units * 10 * SECONDS
    assert found["agent_s_per_kpt"] <= 1.3 * found["bare_s_per_kpt"]


@needs_broker
@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", SITES)
async def test_memory_on_the_demo_site(name: str, tmp_path: Path) -> None:
    """Resident memory once everything has been loaded and a while has passed; flat is shown by the soak run."""
    found = await remembered(tmp_path, name, SECONDS)
    sys.stdout.write(f"\n{name}: " + "  ".join(f"{process} {mb:.1f}" for process, mb in found.items()) + "\n")
    assert sum(found.values()) <= SITES[name].most_mb
