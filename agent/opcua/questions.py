"""A technician's questions, relayed by core: a few at once, each within its time."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

from agent.control.request import RequestError
from agent.link import opcua_messages as said
from agent.link.channel import Handler
from agent.opcua.access import OpcuaAccess
from protocols.reason import Reason

MOST_AT_ONCE = 4
WITHIN_S = 45.0
"""Less than core waits, so that whoever asks hears why."""

Work = Callable[[Mapping[str, Any]], Awaitable[Any]]


class Questions:
    """Core has looked at the arguments and at who asks. Beyond MOST_AT_ONCE the answer is `busy`."""

    def __init__(self, access: OpcuaAccess, within_s: float = WITHIN_S) -> None:
        self._within_s = within_s
        self._now = 0
        work: dict[str, Work] = {
            said.OFFERS: lambda given: access.offers(given["line"]),
            said.CERTIFICATES: lambda given: access.certificates(given["line"]),
            said.BROWSE: lambda given: access.browse(given["line"], given["node"], given["depth"]),
            said.READ: lambda given: access.read(given["line"], given["nodes"]),
        }
        self.handlers: dict[str, Handler] = {name: partial(self._bounded, each) for name, each in work.items()}

    async def _bounded(self, work: Work, given: Mapping[str, Any]) -> Any:
        if self._now >= MOST_AT_ONCE:
            raise RequestError("busy", Reason("opcua.questions_open", n=self._now))
        self._now += 1
        try:
            async with asyncio.timeout(self._within_s):
                return await work(given)
        except TimeoutError:
            raise RequestError("no_answer", Reason("opcua.too_slow", s=self._within_s)) from None
        finally:
            self._now -= 1
