"""Orders to fly, from the platform to flight's socket: each gets there by itself, or it is told that it did not."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import orjson
import pytest

from agent.uplinks.flight_orders import MOST_WAITING, FlightOrders
from protocols.reason import Reason
from tests.waiting import until


class Flight:
    """Its socket. Whatever is called "slow" is not answered before `go`."""

    def __init__(self) -> None:
        self.taken: list[str] = []
        self.go = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            asked = orjson.loads(await reader.readline())
            assert asked["ask"] == "flight.order"
            self.taken.append(asked["envelope"]["payload"])
            if asked["envelope"]["payload"] == "slow":
                await self.go.wait()
            writer.write(b'{"ok": true, "value": {}}\n')
            await writer.drain()
        writer.close()
        await writer.wait_closed()


@pytest.fixture
async def handing(tmp_path: Path) -> AsyncIterator[tuple[FlightOrders, list[str]]]:
    refused: list[Reason] = []
    codes: list[str] = []

    def told(reason: Reason) -> None:
        refused.append(reason)
        codes.append(reason.code)

    orders = FlightOrders(tmp_path / "flight.sock", told)
    task = asyncio.create_task(orders.run())
    yield orders, codes
    task.cancel()
    await asyncio.wait([task])


async def test_a_recall_passes_an_order_that_waits(tmp_path: Path, handing: tuple[FlightOrders, list[str]]) -> None:
    orders, codes = handing
    flight = Flight()
    async with await asyncio.start_unix_server(flight.serve, tmp_path / "flight.sock"):
        orders.hear('{"payload": "slow"}')
        await until("the first is there", lambda: flight.taken == ["slow"])
        orders.hear('{"payload": "recall"}')
        await until("so is the second", lambda: flight.taken == ["slow", "recall"])
        flight.go.set()
    assert codes == []


async def test_an_order_that_reaches_nobody_is_told(handing: tuple[FlightOrders, list[str]]) -> None:
    orders, codes = handing
    orders.hear('{"payload": "x"}')
    await until("told", lambda: codes == ["order.flight_silent"])


async def test_what_is_no_order_is_refused_at_once_and_too_many_are_not_kept(
    handing: tuple[FlightOrders, list[str]],
) -> None:
    orders, codes = handing
    for text in ("[" * 8000, "[]", "NaN", '"x"', ""):
        orders.hear(text)
    assert codes == ["order.not_json"] * 5
    for _ in range(MOST_WAITING + 3):
        orders.hear("{}")
    assert codes[5:] == ["order.too_many"] * 3
