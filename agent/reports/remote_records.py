"""The journal as a report sees it: asked of core over a channel, piece by piece, from the thread that works."""

import asyncio
import base64
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from agent.control.request import RequestError
from agent.journal import sql
from agent.journal.reader import Reader
from agent.journal.tally import Tally
from protocols.reason import Reason

WITHIN_S = 60.0
"""A card may be slow, and core has more urgent things to do."""

_NAMES = {statement: name for name, statement in sql.NAMED.items()}

Ask = Callable[..., Awaitable[Any]]
"""As `Channel.ask`."""


class RemoteRecords:
    """For a thread beside the loop that `ask` lives on. Everything may raise RequestError, ChannelGone."""

    def __init__(self, ask: Ask, loop: asyncio.AbstractEventLoop) -> None:
        self._ask = ask
        self._loop = loop
        self._opened = True
        self._account = ""
        self._tally = Tally()

    def reader(self, *, opened: bool = True) -> Reader:
        """A look at the file. `opened`: with bodies that need no key; otherwise rows are exactly what is stored."""
        self._opened = opened
        return Reader(self._select, account=self._newest_account)

    def _select(self, statement: str, values: Sequence[Any]) -> list[list[Any]]:
        asked = self._asked(_NAMES[statement], list(values))
        told = asyncio.run_coroutine_threadsafe(asked, self._loop).result()
        self._account = told["tally"]
        return [[base64.b64decode(v["x"]) if isinstance(v, dict) else v for v in row] for row in told["rows"]]

    def _newest_account(self) -> Tally:
        """As it was when the last rows were read."""
        if self._account:
            self._tally, self._account = Tally.parse(self._account), ""
        return self._tally

    async def _asked(self, name: str, values: list[Any]) -> Any:
        try:
            return await self._ask(
                "journal.select", within_s=WITHIN_S, statement=name, values=values, opened=self._opened
            )
        except TimeoutError:
            raise RequestError("timeout", Reason("report.journal_slow", most_s=WITHIN_S), "report.ask_again") from None
