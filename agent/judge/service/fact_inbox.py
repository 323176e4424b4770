"""Facts from the platform, `…/order/fact/KIND`: signed ones are kept, one after the other; the others are claims."""

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from agent.judge.facts import BadFact, Fact, fact_from, known_and_more
from agent.judge.flow import BadTest
from agent.judge.service.fact_door import FactDoor
from agent.runtime.flood import WINDOW_S, Flood
from protocols.reason import Reason
from protocols.system import os_reason

Tell = Callable[[str, dict[str, Any], str, Mapping[str, Any]], Awaitable[bool]]
"""Keeps a fact for good, told by this person, with what was said besides; False for a repeat.

Raises ValueError, OSError.
"""
Answer = Callable[[str, str, Reason | None], None]
"""Tells whoever told it what became of it: `accepted`, `repeated`, `claim` or `refused`; the fact's id; why not."""

MOST_WAITING = 1000
MOST_CLAIMS = 100
"""The newest; a claim is shown, and nothing goes by it."""

LONGEST_ID = 80

_log = logging.getLogger("hydronest")


def nobody(_status: str, _name: str, _why: Reason | None) -> None:
    """There is nobody to answer."""


class FactInbox:
    """`hear` never blocks; `run` keeps what was heard. Repeats cost nothing; what is no fact is counted and told.

    `door` says who is believed; without one, nobody. `on_refused` gets (kind, why) of what does not count, of many how
    many they are.
    """

    def __init__(
        self,
        tell: Tell,
        door: FactDoor | None = None,
        on_refused: Callable[[str, Reason], None] = lambda _kind, _why: None,
    ) -> None:
        self._tell = tell
        self._waiting: asyncio.Queue[tuple[str, bytes, Answer]] = asyncio.Queue(MOST_WAITING)
        self._door = door or FactDoor()
        self.kept = self.repeated = self.refused = self.claimed = 0
        self.claims: deque[Fact] = deque(maxlen=MOST_CLAIMS)
        self.last_refusal: Reason | None = None
        self._on_refused = on_refused
        self._flood = Flood(self._tell_more)

    def hear(self, topic: str, payload: bytes, answer: Answer = nobody) -> None:
        """Take an order in; those that are not about facts are somebody else's. Each is answered once."""
        of, _, kind = topic.rpartition("/order/")[2].partition("/")
        if of != "fact":
            return
        try:
            self._waiting.put_nowait((kind, payload, answer))
        except asyncio.QueueFull:
            self._refuse(kind, Reason("fact.too_many", waiting=MOST_WAITING), answer)

    async def run(self) -> None:
        """Keep facts for ever, in the order they came."""
        while True:
            kind, payload, answer = await self._waiting.get()
            name = ""
            try:
                told = self._door.read(kind, payload)
                content, more = known_and_more(kind, told.content)
                name = str(content.get("id", content.get("asset", "")))[:LONGEST_ID]
                if not told.by:
                    self._claim(fact_from(kind, content), kind)
                    answer("claim", name, Reason("fact.claim", kind=kind))
                    continue
                news = await self._tell(kind, content, told.by, more)
            except (BadFact, BadTest) as wrong:
                self._refuse(kind, wrong.reason, answer, name)
            except OSError as error:
                self._refuse(kind, Reason("fact.not_written", why=os_reason(error)), answer, name)
            except Exception as error:  # the boundary: what meets a bug costs itself, each time it comes
                _log.exception("a fact from the platform met a bug")
                self._refuse(kind, Reason("job.error", error=type(error).__name__, text=str(error)), answer, name)
            else:
                self.kept += news
                self.repeated += not news
                answer("accepted" if news else "repeated", name, None)
            finally:
                self._waiting.task_done()

    async def settled(self) -> None:
        """Return once everything heard so far is kept or refused."""
        await self._waiting.join()

    def _claim(self, fact: Fact, kind: str) -> None:
        """Nobody signed it: it is shown once, and that is all."""
        if fact in self.claims:
            self.repeated += 1
            return
        self.claims.append(fact)
        self.claimed += 1
        self._say(kind, Reason("fact.claim", kind=kind))

    def _refuse(self, kind: str, why: Reason, answer: Answer, name: str = "") -> None:
        answer("refused", name, why)
        self.refused += 1
        self.last_refusal = Reason("fact.refused", kind=kind[:40], why=why)
        self._say(kind, why)

    def _say(self, kind: str, why: Reason) -> None:
        if self._flood.passes(why.code):
            _log.warning("what the platform told as %.40s does not count: %s", kind, why)
            self._on_refused(kind[:40], why)

    def _tell_more(self, more: Counter[str]) -> None:
        _log.warning("%d more facts from the platform do not count: %s", more.total(), dict(more))
        self._on_refused("*", Reason("fact.flood", count=more.total(), within_s=WINDOW_S))
