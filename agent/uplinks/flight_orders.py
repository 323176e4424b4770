"""Signed orders on their way to flight: straight to its socket, and none waited for. Flight alone says who may."""

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

import orjson

from protocols.foreign_json import BadJson, read_json_object
from protocols.reason import Reason

LONGEST = 8 << 10
"""Characters of an envelope."""
MOST_WAITING = 100
WITHIN_S = 60.0
"""An order to fly may wait for the card; what came of it is told as an event in any case."""
_log = logging.getLogger("hydronest")


class FlightOrders:
    """`hear` takes an order's text, `run` hands it in, each over a connection of its own.

    `refused` is told why one never reached flight.
    """

    def __init__(self, socket: Path, refused: Callable[[Reason], None]) -> None:
        self._socket = socket
        self._refused = refused
        self._orders: asyncio.Queue[dict[str, object]] = asyncio.Queue(MOST_WAITING)

    def hear(self, text: str) -> None:
        """Never raises and never waits."""
        try:
            envelope = read_json_object(text, LONGEST)
        except BadJson as wrong:
            self._refused(Reason("order.not_json", why=wrong.reason))
            return
        try:
            self._orders.put_nowait(envelope)
        except asyncio.QueueFull:
            self._refused(Reason("order.too_many", most=MOST_WAITING))

    async def run(self) -> None:
        """For ever: each in a task of its own, for one that waits holds up no recall."""
        async with asyncio.TaskGroup() as group:
            while True:
                group.create_task(self._hand_in(await self._orders.get()), name="order to flight")

    async def _hand_in(self, envelope: dict[str, object]) -> None:
        line = b""
        try:
            async with asyncio.timeout(WITHIN_S):
                reader, writer = await asyncio.open_unix_connection(str(self._socket))
                try:
                    writer.write(orjson.dumps({"ask": "flight.order", "envelope": envelope}) + b"\n")
                    line = await reader.readline()
                finally:
                    writer.close()
        except (OSError, TimeoutError, ValueError) as error:
            _log.warning("an order did not reach flight: %s", error or type(error).__name__)
        if not line:
            self._refused(Reason("order.flight_silent"))
