"""What a technician may ask of a Modbus line: `bus.lines`, `.stats`, `.read`, `.write`, `.sniff`. JSON in and out.

Scanning and trying profiles are many `bus.read`, put together by the command: the line's owner fits them in.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

import orjson

from agent.control.encoding import encoded
from agent.control.request import Request, RequestError
from agent.control.server import ControlServer
from agent.runtime.slices import in_slices
from protocols.errors import BadAnswer, NoAnswer, Refused, WireError
from protocols.reason import Reason

if TYPE_CHECKING:
    from drivers.modbus.driver import ModbusDriver
    from protocols.modbus.line import Line

TABLES: Final = ("coil", "discrete", "holding", "input")
WITHIN_S: Final = 3.0
SNIFF_PIECES: Final = 1000

OpenLine = Callable[[str], AbstractAsyncContextManager["Line"]]
"""A line by name, open; raises RequestError for one that is none."""


class BusAccess:
    """Reads and writes on lines that `open_line` gives: the running agent's, or one opened for the purpose."""

    def __init__(self, open_line: OpenLine) -> None:
        self._open_line = open_line

    async def read(
        self, line: str, unit: int, table: str, address: int, count: int, within_s: float = WITHIN_S
    ) -> dict[str, Any]:
        """`{"words": […]}`, or `{"exception": number, "reason": …}`, or `{"silent": true, "reason": …}`."""
        from drivers.modbus.orders import read_now
        from protocols.modbus.line import NotSent
        from protocols.modbus.question import BadQuestion

        async with self._open_line(line) as wire:
            try:
                return {"words": await read_now(wire, unit, table, address, count, within_s=within_s)}
            except Refused as error:
                return {"exception": error.number, "reason": error.reason}
            except (NoAnswer, NotSent) as error:
                return {"silent": True, "reason": error.reason}
            except BadAnswer as error:
                return {"silent": True, "garbled": True, "reason": error.reason}
            except BadQuestion as error:
                raise RequestError("bad_request", error.reason) from None
            except WireError as error:
                raise RequestError("busy", error.reason) from None

    async def write(
        self, line: str, unit: int, table: str, address: int, values: list[int], single: bool
    ) -> dict[str, Any]:
        """Written once and read back: `{"outcome", "reason", "before", "after"}`."""
        from drivers.modbus.orders import write_now
        from protocols.modbus.question import BadQuestion

        async with self._open_line(line) as wire:
            try:
                done = await write_now(wire, unit, table, address, values, single=single)
            except BadQuestion as error:
                raise RequestError("bad_request", error.reason) from None
        return {"outcome": done.outcome.value, "reason": done.reason, "before": done.before, "after": done.after}

    async def sniff(self, line: str, seconds: float) -> AsyncIterator[dict[str, Any]]:
        """The traffic of an open line: `{"at_ns", "sent", "data"}`, what came between two questions in one piece."""
        pieces: asyncio.Queue[tuple[int, bool, bytes]] = asyncio.Queue(SNIFF_PIECES)

        def trace(at_ns: int, sent: bool, data: bytes) -> None:
            if not pieces.full():
                pieces.put_nowait((at_ns, sent, data))

        async with self._open_line(line) as wire:
            if wire.trace is not None:
                raise RequestError("busy", Reason("bus.listened_to", line=line))
            wire.trace = trace
            try:
                async for piece in _joined(pieces, seconds):
                    yield piece
            finally:
                wire.trace = None


async def _joined(pieces: "asyncio.Queue[tuple[int, bool, bytes]]", seconds: float) -> AsyncIterator[dict[str, Any]]:
    heard: tuple[int, bytes] | None = None
    try:
        async with asyncio.timeout(seconds):
            while True:
                at_ns, sent, data = await pieces.get()
                if not sent:
                    heard = (at_ns, data) if heard is None else (heard[0], heard[1] + data)
                    continue
                if heard is not None:
                    yield {"at_ns": heard[0], "sent": False, "data": heard[1].hex()}
                    heard = None
                yield {"at_ns": at_ns, "sent": True, "data": data.hex()}
    except TimeoutError:
        if heard is not None:
            yield {"at_ns": heard[0], "sent": False, "data": heard[1].hex()}


def register_bus(server: ControlServer, drivers: "Mapping[str, ModbusDriver]", of_flight: Collection[str] = ()) -> None:
    """Offer the asks for these lines. Only `bus.write` changes anything, so it alone needs the right to operate.

    On the lines `of_flight` a nest hangs: they take nothing raw from anybody.
    """

    def no_such(name: str) -> RequestError:
        if name in of_flight:
            return RequestError("refused", Reason("bus.line_of_flight", line=name))
        known = Reason("bus.lines_here", lines=tuple(drivers))
        return RequestError("not_found", Reason("bus.no_such_line", line=name), known)

    @asynccontextmanager
    async def open_line(name: str) -> "AsyncIterator[Line]":
        driver = drivers.get(name)
        if driver is None:
            raise no_such(name)
        if not driver.line.is_open:
            raise RequestError("no_answer", Reason("bus.line_down", line=name, why=driver.line.trouble))
        yield driver.line

    context = BusAccess(open_line)

    async def lines(request: Request) -> list[str]:  # noqa: ARG001  # every ask takes its request
        return list(drivers)

    async def stats(request: Request) -> dict[str, Any]:
        wanted = request.text("line", "")
        if wanted and wanted not in drivers:
            raise no_such(wanted)
        asked = [(name, driver) for name, driver in drivers.items() if wanted in ("", name)]
        counted = await in_slices(encoded(driver.counters()) for _name, driver in asked)
        return {name: orjson.Fragment(told) for (name, _driver), told in zip(asked, counted, strict=True)}

    async def read(request: Request) -> dict[str, Any]:
        count = int(request.number("count", 1, low=1, high=2000))
        within_s = request.number("within_s", WITHIN_S, low=0.05, high=30)
        return await context.read(request.text("line"), *_place(request), count, within_s)

    async def write(request: Request) -> dict[str, Any]:
        values = request.args.get("values")
        if not isinstance(values, list) or not values or not all(type(value) is int for value in values):
            raise RequestError("bad_request", Reason("request.whole_numbers", argument="values"))
        return await context.write(request.text("line"), *_place(request), values, request.flag("single"))

    async def sniff(request: Request) -> AsyncIterator[dict[str, Any]]:
        async for piece in context.sniff(request.text("line"), request.number("seconds", 10, low=0.1, high=3600)):
            yield piece

    server.register("bus.lines", lines, "read")
    server.register("bus.stats", stats, "read")
    server.register("bus.read", read, "read")
    server.register("bus.write", write, "operate")
    server.register("bus.sniff", sniff, "read")


def _place(request: Request) -> tuple[int, str, int]:
    """Unit, table, address on the wire."""
    table = request.text("table")
    if table not in TABLES:
        raise RequestError("bad_request", Reason("request.one_of", argument="table", known=TABLES))
    return int(request.number("unit", low=0, high=255)), table, int(request.number("address", low=0, high=65_535))
