"""What is asked of flight leaves its loop to everything else, nest by nest."""

import asyncio
import json
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from agent.flight.requests import register_flight
from agent.runtime.slices import SLICE_S
from tests.cli.serving import raw, serving

NESTS = 3
ASKED = {"ask": "dispatch.propose", "incident": {"incident": "119-1", "lat": 28.9, "lon": 118.8}}


class SlowFleet:
    """Every nest takes more than a slice to say whether it would fly."""

    def __init__(self) -> None:
        self.controllers: dict[str, Any] = {}
        self.two_people = SimpleNamespace(needed=lambda _what: False)
        self.turns = 0
        self.seen: list[int] = []

    def against_all(self, _incident: object) -> list[Any]:
        return []

    def choices(self, *_asked: object, **_more: object) -> Iterator[Any]:
        for nest in range(NESTS):
            until_s = time.perf_counter() + SLICE_S
            while time.perf_counter() < until_s:
                pass
            self.seen.append(self.turns)
            told = {"nest": f"N{nest}", "would_fly": True}
            yield SimpleNamespace(reasons=(), away_m=-nest, told=lambda told=told: told)

    async def turn(self) -> None:
        while True:
            self.turns += 1
            await asyncio.sleep(0)


async def test_the_loop_turns_between_one_nests_answer_and_the_next(tmp_path: Path) -> None:
    fleet = SlowFleet()
    turning = asyncio.create_task(fleet.turn())
    async with serving(tmp_path / "s") as server:
        register_flight(server, fleet)  # type: ignore[arg-type]  # as much of it as is asked
        (answer,) = await raw(tmp_path / "s", json.dumps(ASKED).encode() + b"\n")
    turning.cancel()
    await asyncio.wait([turning])
    assert [one["nest"] for one in answer["value"]["choices"]] == ["N2", "N1", "N0"], "the best first, as ever"
    assert len(fleet.seen) == len(set(fleet.seen)) == NESTS, fleet.seen
