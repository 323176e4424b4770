"""What a technician may ask of a Modbus line: `bus.lines`, `.stats`, `.read`, `.write`, `.sniff`. JSON in and out.

Scanning and trying profiles are many `bus.read`, put together by the command: the line's owner fits them in.
"""

from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

import orjson

from agent.control.encoding import encoded
from agent.control.request import Request, RequestError
from agent.control.server import ControlServer
from agent.core.requests.bus_access import WITHIN_S, BusAccess
from agent.runtime.slices import in_slices
from drivers.event import Event, EventKind, Severity, Transition
from drivers.ports import Counted
from drivers.sample import Value
from protocols.clock import boottime_ns
from protocols.reason import Reason

if TYPE_CHECKING:
    from drivers.modbus.driver import ModbusDriver
    from protocols.modbus.line import Line

WRITE: Final = "bus.write"
TABLES: Final = ("coil", "discrete", "holding", "input")


def register_bus(
    server: ControlServer,
    drivers: "Mapping[str, ModbusDriver]",
    of_flight: Collection[str] = (),
    others: Sequence[Counted] = (),
    report: Callable[[Event], None] = lambda _event: None,
) -> None:
    """Offer the asks for these lines. Only `bus.write` changes anything, so it alone needs the right to operate.

    On the lines `of_flight` a nest hangs: they take nothing raw from anybody. `others` are only counted. `report` takes
    an event of each write.
    """
    counted: dict[str, Counted] = {**drivers, **{other.name: other for other in others}}

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
        if wanted and wanted not in counted:
            raise no_such(wanted)
        asked = [(name, line) for name, line in counted.items() if wanted in ("", name)]
        counters = await in_slices(encoded(line.counters()) for _name, line in asked)
        return {name: orjson.Fragment(told) for (name, _line), told in zip(asked, counters, strict=True)}

    async def read(request: Request) -> dict[str, Any]:
        count = int(request.number("count", 1, low=1, high=2000))
        within_s = request.number("within_s", WITHIN_S, low=0.05, high=30)
        return await context.read(request.text("line"), *_place(request), count, within_s)

    async def write(request: Request) -> dict[str, Any]:
        values = request.args.get("values")
        if not isinstance(values, list) or not values or not all(type(value) is int for value in values):
            raise RequestError("bad_request", Reason("request.whole_numbers", argument="values"))
        done = await context.write(request.text("line"), *_place(request), values, request.flag("single"))
        request.changed.update(was=done["before"], becomes=done["after"], outcome=done["outcome"])
        report(_written(request))
        return done

    async def sniff(request: Request) -> AsyncIterator[dict[str, Any]]:
        async for piece in context.sniff(request.text("line"), request.number("seconds", 10, low=0.1, high=3600)):
            yield piece

    server.register("bus.lines", lines, "read")
    server.register("bus.stats", stats, "read")
    server.register("bus.read", read, "read")
    server.register(WRITE, write, "operate")
    server.register("bus.sniff", sniff, "read")


def _place(request: Request) -> tuple[int, str, int]:
    """Unit, table, address on the wire."""
    table = request.text("table")
    if table not in TABLES:
        raise RequestError("bad_request", Reason("request.one_of", argument="table", known=TABLES))
    return int(request.number("unit", low=0, high=255)), table, int(request.number("address", low=0, high=65_535))


def _written(request: Request) -> Event:
    """What was written raw is told to everybody, not kept for whoever looks into the record of acts."""
    unit, table, address = _place(request)
    changed = request.changed
    told: dict[str, Value | Reason] = {
        "status": str(changed["outcome"]), "verb": WRITE, "by": f"uid {request.peer.uid}", "unit": unit,
        "table": table, "address": address, "was": str(changed["was"]), "becomes": str(changed["becomes"]),
    }  # fmt: skip
    line = request.text("line")
    return Event(EventKind.ORDER, f"{WRITE} {line}", Severity.WARNING, Transition.NOTED, boottime_ns(), told)
