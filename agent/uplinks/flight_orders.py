"""Signed orders on their way to flight: straight to its socket, and none waited for. Flight alone says who may."""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import orjson

from agent.uplinks.orders import LONGEST, Answer
from protocols.foreign_json import BadJson, read_json_object
from protocols.reason import Reason, from_json

MOST_WAITING = 100
AT_ONCE = 4
"""Connections for those that end a flight, and as many for the others: neither waits for the other."""
WITHIN_S = 60.0
"""An order to fly may wait for the card; what came of it is told as an event in any case."""
NOBODY_S = 5.0
"""So long it is tried again where nobody answers at all, or flight's socket is full."""
AGAIN_S = 0.05
ENDING = frozenset({"recall", "stop"})
Asked = tuple[Mapping[str, Any], Answer]
_log = logging.getLogger("hydronest")


class FlightOrders:
    """`hear` takes an order's text, `run` hands it in. `refused` is told why one never reached flight."""

    def __init__(self, socket: Path, refused: Callable[[Reason], None]) -> None:
        self._socket = socket
        self._refused = refused
        self._ending: asyncio.Queue[Asked] = asyncio.Queue(MOST_WAITING)
        self._others: asyncio.Queue[Asked] = asyncio.Queue(MOST_WAITING)

    def hear(self, text: str, answer: Answer) -> None:
        """Never raises and never waits."""
        try:
            envelope = read_json_object(text, LONGEST["flight"])
        except BadJson as wrong:
            self._refuse(Reason("order.not_json", why=wrong.reason), answer)
            return
        try:
            (self._ending if _ends(envelope.get("payload")) else self._others).put_nowait((envelope, answer))
        except asyncio.QueueFull:
            self._refuse(Reason("order.too_many", most=MOST_WAITING), answer)

    def _refuse(self, why: Reason, answer: Answer) -> None:
        answer("refused", "", why)
        self._refused(why)

    async def run(self) -> None:
        """For ever."""
        async with asyncio.TaskGroup() as group:
            for queue in (self._ending, self._others):
                for _ in range(AT_ONCE):
                    group.create_task(self._hand_in(queue), name="orders to flight")

    async def _hand_in(self, queue: asyncio.Queue[Asked]) -> None:
        connection = _Connection(self._socket)
        try:
            while True:
                envelope, answer = await queue.get()
                told = await connection.answered(envelope)
                if told is None:
                    self._refuse(Reason("order.flight_silent"), answer)
                else:
                    answer(*told)
        finally:
            connection.close()


class _Connection:
    """To flight's socket, one order after the other; made where there is none. An order that came twice is one."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._trouble: object = ""
        self._said: Mapping[str, Any] = {}

    async def answered(self, envelope: Mapping[str, Any]) -> tuple[str, str, Reason | None] | None:
        """What flight makes of it: a status, the order's id, why not. None where it said nothing in time."""
        line = orjson.dumps({"ask": "flight.order", "envelope": envelope}) + b"\n"
        loop = asyncio.get_running_loop()
        until = loop.time() + NOBODY_S
        while not await self._once(line):
            self.close()
            if loop.time() > until:
                _log.warning("an order did not reach flight: %s", self._trouble)
                return None
            await asyncio.sleep(AGAIN_S)
        value = self._said.get("value")
        told: Mapping[str, Any] = value if isinstance(value, dict) else {"status": "refused", **self._said}
        return str(told.get("status", "accepted")), str(told.get("order", "")), from_json(told.get("reason"))

    async def _once(self, line: bytes) -> bool:
        try:
            async with asyncio.timeout(WITHIN_S):
                if self._streams is None:
                    self._streams = await asyncio.open_unix_connection(str(self._socket))
                reader, writer = self._streams
                with contextlib.suppress(ConnectionError):  # hung up on before we asked: it may have said why
                    writer.write(line)
                    await writer.drain()
                answer = _answer(await reader.readline())
        except (OSError, TimeoutError, ValueError) as error:
            self._trouble = error or type(error).__name__
            return False
        self._said = answer or {}
        self._trouble = "hung up on" if answer is None else answer.get("code", "")
        return self._trouble not in ("hung up on", "busy")

    def close(self) -> None:
        """Hang up; the next order finds a new one."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


def _ends(payload: object) -> bool:
    """Whether it says that it is to end a flight; flight knows whether it may."""
    try:
        return isinstance(payload, str) and read_json_object(payload, LONGEST["flight"]).get("verb") in ENDING
    except (BadJson, TypeError):  # TypeError: a verb that cannot be one
        return False


def _answer(line: bytes) -> dict[str, Any] | None:
    """Flight's; None where it hung up."""
    try:
        found = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    return found if isinstance(found, dict) else None
