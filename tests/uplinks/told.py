"""A far end that does as it is told, for tests of the forwarder alone."""

import asyncio
from collections.abc import Callable

from agent.uplinks.contract import CoreState, Message

Answer = Callable[[Message], Exception | None]


class ToldUplink:
    """Confirms when let, in the order delivered; `answer` may name an error instead. Not asked about `nothing_in`."""

    def __init__(self, window: int = 20) -> None:
        self.name = "told"
        self.window = window
        self.delivered: list[int] = []
        self.under_way = 0
        self.most_under_way = 0
        self.answer: Answer = lambda _message: None
        self.nothing_in: set[int] = set()
        self.connecting: list[Exception] = []
        self.connects = 0
        self.boots: list[str] = []
        self.closes = 0
        self.flowing = asyncio.Event()
        self.flowing.set()
        self.gone = asyncio.Event()

    async def begun(self, state: CoreState) -> None:
        if state.boot not in self.boots[-1:]:
            self.boots.append(state.boot)

    async def connect(self) -> None:
        self.connects += 1
        if self.connecting:
            raise self.connecting.pop(0)
        self.gone.clear()

    async def deliver(self, message: Message) -> bool:
        if message.record.seq in self.nothing_in:
            return False
        self.delivered.append(message.record.seq)
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            await asyncio.sleep(0)
            await self.flowing.wait()
        finally:
            self.under_way -= 1
        if (error := self.answer(message)) is not None:
            raise error
        return True

    def besides(self) -> tuple[()]:
        return ()

    async def lost(self) -> None:
        await self.gone.wait()

    async def close(self) -> None:
        self.closes += 1
        self.gone.set()
