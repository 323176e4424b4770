"""What became of what the platform told: each message is answered by its digest, as it arrived, on `…/answer`."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from hashlib import sha256
from typing import Any

import orjson

from agent.link.record import Stream
from agent.uplinks.contract import FORMAT, Slot
from protocols.errors import Busy, NoAnswer, Refused
from protocols.reason import Reason, plain

TOPIC = "answer"
MOST = 1000
"""That wait for a connection; the oldest is lost then, and counted. Who was not answered asks again."""
BUSY_S = 1.0

Publish = Callable[[bytes], Awaitable[object]]


class Answers:
    """Of one far end. A broker that refuses them loses them: the events say the same of what was refused."""

    def __init__(self, gateway: str) -> None:
        self._gateway = gateway
        self._waiting: deque[Mapping[str, Any]] = deque()
        self._lost = 0
        self._news = asyncio.Event()

    def of(self, topic: str, payload: bytes) -> Callable[[str, str, Reason | None], None]:
        """What answers this message."""
        told = {"to": topic.rpartition("/order/")[2][:200], "sha256": sha256(payload).hexdigest()}

        def answer(status: str, name: str, why: Reason | None) -> None:
            self.put({**told, "status": status, "id": name, "reason": why})

        return answer

    def put(self, answer: Mapping[str, Any]) -> None:
        """One more. Never waits."""
        if len(self._waiting) >= MOST:
            self._waiting.popleft()
            self._lost += 1
        self._waiting.append(answer)
        self._news.set()

    async def keep(self, publish: Publish, turn: Slot) -> None:
        """Send them for as long as a connection stands. Raises what ends it."""
        while True:
            self._news.clear()
            if not self._waiting:
                await self._news.wait()
                continue
            async with turn(Stream.EVENTS):
                await self._send(publish)

    async def _send(self, publish: Publish) -> None:
        answer, lost = self._waiting[0], self._lost
        message = {"v": FORMAT, "gateway": self._gateway, **answer} | ({"lost": lost} if lost else {})
        try:
            await publish(orjson.dumps(message, default=plain))
        except (Busy, NoAnswer):
            await asyncio.sleep(BUSY_S)
            return
        except Refused:
            pass
        self._lost -= lost
        if self._waiting and self._waiting[0] is answer:
            self._waiting.popleft()
