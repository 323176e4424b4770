"""Flight beats on while strangers do their worst: the short form of `tests/bench/flight`."""

import contextlib
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.bench.flight.scenario import Rig, fly, rig
from tests.bench.flight.strangers import A_KEY, orders, questions


@contextlib.asynccontextmanager
async def all_at_once(found: Rig) -> AsyncIterator[Counter[str]]:
    async with orders(found) as forged, questions(found) as asked:
        took = Counter[str]()
        yield took
    took.update(forged)
    took.update(asked)


@pytest.mark.realtime
@pytest.mark.timeout(400)
async def test_flight_beats_on_beside_a_flood_of_orders_and_a_centre_that_asks(tmp_path: Path) -> None:
    async with rig(tmp_path, more=A_KEY, speedup=8.0) as found:
        flown = await fly(found, all_at_once)
    flown.check()
