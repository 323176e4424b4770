"""Facts from the platform: what arrives as an order `…/order/fact/KIND` is kept, one after the other."""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

from agent.judge.facts import BadFact
from agent.judge.flow import BadTest
from agent.runtime.flood import Flood
from protocols.foreign_json import BadJson, read_json_object
from protocols.reason import Reason
from protocols.system import os_reason

Tell = Callable[[str, dict[str, Any]], Awaitable[bool]]
"""Keeps a fact for good; False for a repeat. Raises ValueError, OSError."""

LONGEST_BYTES = 16 << 10
MOST_WAITING = 1000

_log = logging.getLogger("hydronest")


class FactInbox:
    """`hear` never blocks; `run` keeps what was heard. Repeats cost nothing; what is no fact is counted and logged."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._waiting: asyncio.Queue[tuple[str, bytes]] = asyncio.Queue(MOST_WAITING)
        self.kept = self.repeated = self.refused = 0
        self.last_refusal: Reason | None = None
        self._flood = Flood(_tell_more)

    def hear(self, topic: str, payload: bytes) -> None:
        """Take an order in; those that are not about facts are somebody else's. For an uplink's `on_order`."""
        head, _, kind = topic.rpartition("/")
        if not head.endswith("/order/fact"):
            return
        try:
            self._waiting.put_nowait((kind, payload))
        except asyncio.QueueFull:
            self._refuse(kind, Reason("fact.too_many", waiting=MOST_WAITING))

    async def run(self) -> None:
        """Keep facts for ever, in the order they came."""
        while True:
            kind, payload = await self._waiting.get()
            try:
                news = await self._tell(kind, _content(payload))
            except (BadFact, BadTest) as wrong:
                self._refuse(kind, wrong.reason)
            except OSError as error:
                self._refuse(kind, Reason("fact.not_written", why=os_reason(error)))
            except Exception as error:  # the boundary: what meets a bug costs itself, each time it comes
                _log.exception("a fact from the platform met a bug")
                self._refuse(kind, Reason("job.error", error=type(error).__name__, text=str(error)))
            else:
                self.kept += news
                self.repeated += not news
            finally:
                self._waiting.task_done()

    async def settled(self) -> None:
        """Return once everything heard so far is kept or refused."""
        await self._waiting.join()

    def _refuse(self, kind: str, why: Reason) -> None:
        self.refused += 1
        self.last_refusal = Reason("fact.refused", kind=kind[:40], why=why)
        if self._flood.passes(why.code):
            _log.warning("a fact from the platform was refused: %s", self.last_refusal)


def _tell_more(more: Counter[str]) -> None:
    _log.warning("%d more facts from the platform were refused: %s", more.total(), dict(more))


def _content(payload: bytes) -> dict[str, Any]:
    try:
        return read_json_object(payload, LONGEST_BYTES)
    except BadJson as wrong:
        raise BadFact(wrong.reason) from None
