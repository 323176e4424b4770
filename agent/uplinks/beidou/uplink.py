"""The terminal told to send how everything stands, for news and now and then, never before its card has rested."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from agent.link.record import Stream
from agent.settings.terminals import Terminal
from agent.uplinks.beidou.link import TerminalLink
from agent.uplinks.beidou.picture import Picture
from agent.uplinks.contract import CoreState, Message, Slot
from protocols.beidou.sentence import Sentence
from protocols.errors import NoAnswer, NotConnected
from protocols.modbus.port import Port

CARD_S = 5.0
"""So long a terminal that has just been opened may take to name its card."""
SAID_S = 15.0
"""So long it may take to say what became of a message."""
USUAL_REST_S = 60
"""Of the cards that are sold to anybody; for a terminal that does not say."""
MOST_REST_S = 3600
SETTLE_S = 1.0
"""So long news is waited for more: what comes together is told together."""
WHOLE_S = 60.0
"""So long the first message waits for core to have told everything."""
SILENT = 3
"""After so many messages of which it said nothing it is opened anew."""


class BeidouUplink:
    """One terminal. It releases every record untold: what it tells is the whole picture, again and again.

    `port` makes the port anew for each connection, `picture` the picture, given whom it tells of news; `to` is the
    receiver's card; `size` bytes are one message. A message goes out for news, `repeats` times more after it, and every
    `every_s` seconds at the least. Nobody confirms that one arrived. `overhear` gets every sentence the terminal says.
    """

    window = 1

    def __init__(
        self,
        name: str,
        port: Callable[[], Port],
        terminal: Terminal,
        picture: Callable[[Callable[[], None]], Picture],
        *,
        to: str,
        size: int,
        every_s: float,
        repeats: int,
        overhear: Callable[[Sentence], None] = lambda _one: None,
    ) -> None:
        self._overhear = overhear
        self.name = name
        self._port, self._terminal, self._picture = port, terminal, picture(self._owe)
        self._to, self._size = to, size - terminal.send.lead_bytes
        self._every_s, self._repeats = every_s, repeats
        self._link: TerminalLink | None = None
        self._owed, self._news, self._changes = 1, asyncio.Event(), 0
        self._rest_s = USUAL_REST_S
        self._sent_at = self._free_at = float("-inf")
        self._became = dict.fromkeys(("sent", "unsure", "refused"), 0)
        self._card = ""

    async def begun(self, state: CoreState) -> None:
        """The picture knows what it needs of core."""

    def status(self) -> Mapping[str, Any]:
        """Messages by what became of them: sent, which is not arrived; unsure, the terminal said nothing; refused."""
        return {"messages": {**self._became, "rest_s": self._rest_s, "card": self._card}}

    async def connect(self) -> None:
        """Open the terminal and learn its card and how long that must rest."""
        await self.close()
        link = self._link = TerminalLink(self._port(), self._overhear)
        await link.open()
        words = self._terminal.card
        answer = await link.ask(words.ask, lambda one: one.name == words.sentence, CARD_S)
        if answer is None:
            raise NoAnswer("beidou.silent", within_s=CARD_S)
        if not answer.number(words.number, 10**12):
            raise NotConnected("beidou.no_card")
        self._card = answer.field(words.number)
        self._rest_s = max(1, answer.number(words.rest_s, MOST_REST_S) or USUAL_REST_S)

    async def deliver(self, message: Message) -> bool:  # noqa: ARG002 - of the protocol
        """No record goes this way."""
        return False

    def besides(self) -> tuple[Callable[[Slot], Awaitable[None]]]:
        """The messages."""
        return (self._keep,)

    async def lost(self) -> None:
        """Return when the terminal is gone."""
        if self._link is not None:
            await self._link.gone.wait()

    async def close(self) -> None:
        """Let go of the port."""
        link, self._link = self._link, None
        if link is not None:
            link.close()

    def _owe(self) -> None:
        self._owed = 1 + self._repeats
        self._changes += 1
        self._news.set()

    async def _keep(self, turn: Slot) -> None:
        link, silent = self._link, 0
        if link is None:
            return
        await self._whole()
        while True:
            await self._due()
            async with turn(Stream.EVENTS):
                changes = self._changes
                self._rests()  # should we be stopped while it sends
                said = await self._send(link, self._picture.encoded(self._size))
            self._rests()
            silent = silent + 1 if said is None else 0
            if said is None:
                self._became["unsure"] += 1
                if silent == SILENT:
                    raise NoAnswer("beidou.silent", within_s=SAID_S)
            elif said.field(self._terminal.said.done) == "Y":
                self._became["sent"] += 1
                if self._changes == changes:
                    self._owed = max(0, self._owed - 1)
            else:
                self._became["refused"] += 1
                self._refused(said)

    def _rests(self) -> None:
        self._sent_at = asyncio.get_running_loop().time()
        self._free_at = self._sent_at + self._rest_s

    def _refused(self, said: Sentence) -> None:
        """It is asked again once the card has rested; for any other cause the connection ends, and says why."""
        words = self._terminal.said
        left_s, why = said.number(words.left_s, MOST_REST_S), said.field(words.why)
        self._owed = max(self._owed, 1)
        if not left_s and why not in words.too_soon:
            raise NotConnected("beidou.not_sent", number=why[:8])
        self._free_at = asyncio.get_running_loop().time() + (left_s or self._rest_s)

    async def _whole(self) -> None:
        loop = asyncio.get_running_loop()
        until = loop.time() + WHOLE_S
        while not self._picture.whole and loop.time() < until:  # noqa: ASYNC110 - core comes when it comes
            await asyncio.sleep(SETTLE_S)

    async def _due(self) -> None:
        """Return when a message is owed, or none went for long, and the card has rested."""
        loop = asyncio.get_running_loop()
        if not self._owed:
            self._news.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._sent_at + self._every_s - loop.time()):
                    await self._news.wait()
                    await asyncio.sleep(SETTLE_S)
        await asyncio.sleep(self._free_at - loop.time())

    async def _send(self, link: TerminalLink, data: bytes) -> Sentence | None:
        words, send = self._terminal.said, self._terminal.send
        say = send.say.replace("{to}", self._to).replace("{data}", data.hex().upper())

        def about_it(one: Sentence) -> bool:
            return one.name == words.sentence and one.field(words.about) == words.what

        return await link.ask(say, about_it, SAID_S)
