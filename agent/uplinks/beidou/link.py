"""One life of a terminal's port: what it is asked, and what it says."""

import asyncio
import contextlib
from collections.abc import Callable

from protocols.beidou.sentence import Sentence, Sentences, spoken
from protocols.errors import NotConnected
from protocols.modbus.port import Port
from protocols.reason import Reason

MOST_HEARD = 64
"""Sentences that wait to be looked at; terminals talk of satellites all the time, and nobody waits for that."""


class TerminalLink:
    """`open` it, `ask`, `close`. `gone` is set once the port is; `overhear` gets all it says, asked or not."""

    def __init__(self, port: Port, overhear: Callable[[Sentence], None] = lambda _one: None) -> None:
        self._overhear = overhear
        self.gone = asyncio.Event()
        self._port = port
        self._sentences = Sentences()
        self._heard: asyncio.Queue[Sentence] = asyncio.Queue(MOST_HEARD)
        self._why = Reason("uplink.connection_lost")

    async def open(self) -> None:
        """NotConnected says what to do about the port."""
        await self._port.open(self)

    async def ask(self, body: str, answers: Callable[[Sentence], bool], within_s: float) -> Sentence | None:
        """Say `body`; the first sentence from then on that answers it, None where none does. NotConnected if gone."""
        while not self._heard.empty():
            self._heard.get_nowait()
        self._port.send(spoken(body))
        hearing, gone = asyncio.ensure_future(self._hear(answers)), asyncio.ensure_future(self.gone.wait())
        try:
            await asyncio.wait({hearing, gone}, timeout=within_s, return_when=asyncio.FIRST_COMPLETED)
        finally:
            answer = hearing.result() if hearing.done() and not hearing.cancelled() else None
            hearing.cancel()
            gone.cancel()
        if answer is None and self.gone.is_set():
            raise NotConnected(self._why)
        return answer

    def close(self) -> None:
        """Let go of the port."""
        self._port.close()
        self.gone.set()

    def received(self, data: bytes) -> None:
        """As `PortOwner`."""
        for sentence in self._sentences.feed(data):
            self._overhear(sentence)
            with contextlib.suppress(asyncio.QueueFull):
                self._heard.put_nowait(sentence)

    def lost(self, reason: Reason, *, orderly: bool = False) -> None:  # noqa: ARG002 - of the protocol
        """As `PortOwner`."""
        self._why = reason
        self.gone.set()

    async def _hear(self, answers: Callable[[Sentence], bool]) -> Sentence:
        while not answers(sentence := await self._heard.get()):
            pass
        return sentence
