"""One look at nest and aircraft, all interlocks included, against writing the same list as JSON in the same run."""

import json
import time
from collections.abc import Callable
from pathlib import Path

from agent.flight.orders.interlocks import Interlock, interlocks
from hil.flight_sim import FlightSim
from hil.virtual_time import run
from protocols.reason import plain


def seconds(work: Callable[[], object], times: int = 300) -> float:
    best = float("inf")
    for _ in range(5):
        begun = time.perf_counter()
        for _ in range(times):
            work()
        best = min(best, (time.perf_counter() - begun) / times)
    return best


def test_a_look_costs_no_more_than_a_few_lists_in_json(tmp_path: Path) -> None:
    async def whole() -> tuple[float, float, float]:
        r = FlightSim(tmp_path)
        async with r.running():
            await r.until(lambda: r.ready)

            def listed() -> list[Interlock]:
                return interlocks(r.controller.status(), None, r.controller.context.moment())

            found = [lock._asdict() for lock in listed()]
            return seconds(r.controller.look), seconds(listed), seconds(lambda: json.dumps(found, default=plain))

    look, whole_list, reference = run(whole())
    print(f"look {look * 1e6:.0f} µs, interlocks {whole_list * 1e6:.0f} µs, their JSON {reference * 1e6:.0f} µs")
    assert look < 3 * reference  # at rest, where the list is not asked for
    assert whole_list < 10 * reference
