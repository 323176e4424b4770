"""Orders to fly, from the platform to flight's socket: each gets there by itself, or it is told that it did not."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import orjson
import pytest

from agent.judge.service.fact_inbox import nobody
from agent.uplinks.flight_orders import AT_ONCE, MOST_WAITING, FlightOrders
from protocols.reason import Reason
from tests.waiting import until


class Flight:
    """Its socket. Whatever is called "slow" is not answered before `go`."""

    def __init__(self) -> None:
        self.taken: list[str] = []
        self.full = False
        self.connections = 0
        self.go = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            self.connections += 1
            if self.full:
                writer.write(b'{"ok": false, "code": "busy", "reason": {}}\n')
            while not self.full and (line := await reader.readline()):
                asked = orjson.loads(line)
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
        orders.hear('{"payload": "slow"}', nobody)
        await until("the first is there", lambda: flight.taken == ["slow"])
        orders.hear('{"payload": "recall"}', nobody)
        await until("so is the second", lambda: flight.taken == ["slow", "recall"])
        flight.go.set()
    assert codes == []


RECALL = orjson.dumps({"payload": '{"verb": "recall"}'}).decode()


async def test_a_recall_passes_any_number_of_orders_that_wait(
    tmp_path: Path, handing: tuple[FlightOrders, list[str]]
) -> None:
    orders, codes = handing
    flight = Flight()
    async with await asyncio.start_unix_server(flight.serve, tmp_path / "flight.sock"):
        for _ in range(MOST_WAITING + 3):
            orders.hear('{"payload": "slow"}', nobody)
        orders.hear(RECALL, nobody)
        await until("the recall is there", lambda: '{"verb": "recall"}' in flight.taken)
        assert flight.connections <= 2 * AT_ONCE
        assert flight.taken.count("slow") == AT_ONCE
        flight.go.set()
        await until("so are the others", lambda: len(flight.taken) == MOST_WAITING + 1, progress=lambda: flight.taken)
    assert codes == ["order.too_many"] * 3


async def test_a_flood_is_handed_in_over_few_connections(
    tmp_path: Path, handing: tuple[FlightOrders, list[str]]
) -> None:
    orders, codes = handing
    flight = Flight()
    async with await asyncio.start_unix_server(flight.serve, tmp_path / "flight.sock"):
        for n in range(0, 1000, 50):
            for one in range(n, n + 50):
                orders.hear(orjson.dumps({"payload": str(one)}).decode(), nobody)
            await until("they are there", lambda n=n: len(flight.taken) == n + 50)  # type: ignore[misc]
    assert flight.connections <= 2 * AT_ONCE
    assert codes == []


async def test_an_order_is_told_again_where_the_socket_is_full_or_new(
    tmp_path: Path, handing: tuple[FlightOrders, list[str]]
) -> None:
    orders, codes = handing
    flight = Flight()
    orders.hear(RECALL, nobody)
    async with await asyncio.start_unix_server(flight.serve, tmp_path / "flight.sock"):
        await until("it came once flight was there", lambda: len(flight.taken) == 1)
        flight.full = True
    (tmp_path / "flight.sock").unlink(missing_ok=True)
    async with await asyncio.start_unix_server(flight.serve, tmp_path / "flight.sock"):
        orders.hear(RECALL, nobody)
        await until("it was turned away", lambda: flight.connections > 2)
        flight.full = False
        await until("it came once there was room", lambda: len(flight.taken) == 2)
    assert codes == []


async def test_an_order_that_reaches_nobody_is_told(
    handing: tuple[FlightOrders, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.uplinks.flight_orders.NOBODY_S", 0.1)
    orders, codes = handing
    orders.hear('{"payload": "x"}', nobody)
    await until("told", lambda: codes == ["order.flight_silent"])


async def test_what_is_no_order_is_refused_at_once_and_too_many_are_not_kept(
    handing: tuple[FlightOrders, list[str]],
) -> None:
    orders, codes = handing
    for text in ("[" * 8000, "[]", "NaN", '"x"', ""):
        orders.hear(text, nobody)
    assert codes == ["order.not_json"] * 5
    for _ in range(MOST_WAITING + 3):
        orders.hear("{}", nobody)
    assert codes[5:] == ["order.too_many"] * 3


async def test_what_flight_makes_of_an_order_is_the_answer(tmp_path: Path) -> None:
    says = [
        {"ok": True, "value": {"status": "accepted", "order": "o1", "phase": "away"}},
        {"ok": True, "value": {"status": "refused", "order": "o2", "reason": Reason("order.outranked").as_json()}},
        {"ok": True, "value": {"status": "held", "order": "o3", "reason": None}},
        {"ok": False, "code": "bad_request", "reason": Reason("order.no_envelope").as_json()},
    ]

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while says and await reader.readline():
            writer.write(orjson.dumps(says.pop(0)) + b"\n")
        writer.close()

    answers: list[tuple[str, str, str]] = []

    def answer(status: str, name: str, why: Reason | None) -> None:
        answers.append((status, name, "" if why is None else why.code))

    orders = FlightOrders(tmp_path / "flight.sock", lambda _why: None)
    task = asyncio.create_task(orders.run())
    async with await asyncio.start_unix_server(serve, tmp_path / "flight.sock"):
        for number in range(4):
            orders.hear(RECALL, answer)
            await until("it is answered", lambda number=number: len(answers) > number)  # type: ignore[misc]
    orders.hear("{", answer)
    assert answers == [
        ("accepted", "o1", ""),
        ("refused", "o2", "order.outranked"),
        ("held", "o3", ""),
        ("refused", "", "order.no_envelope"),
        ("refused", "", "order.not_json"),
    ]
    task.cancel()
    await asyncio.wait([task])
