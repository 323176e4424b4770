"""What a technician does at an open Modbus line, as JSON gives it: read, write, listen.

Nothing of the control socket is loaded for it, so that a command with a port of its own starts quickly.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Any, Final

from agent.control.request import RequestError
from protocols.errors import BadAnswer, Busy, NoAnswer, Refused, WireError

if TYPE_CHECKING:
    from protocols.modbus.line import Line

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
            try:
                with wire.traced(trace):
                    async for piece in _joined(pieces, seconds):
                        yield piece
            except Busy as error:
                raise RequestError("busy", error.reason) from None


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
