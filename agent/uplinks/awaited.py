"""What was sent and waits for the platform's own word, which may come late, twice, or from somebody else."""

import asyncio
from collections import Counter
from collections.abc import Callable

from agent.runtime.flood import WINDOW_S, Flood
from agent.uplinks.acknowledgement import Key, parse_acknowledgement
from agent.uplinks.sent import MOST, PartKey, Sent
from protocols.errors import BadAnswer, Refused, WireError
from protocols.reason import Reason


class Awaited:
    """`sent` gives what to wait for, `over` when nobody waits any more; `heard` takes the platform's word.

    `on_doubtful` is told why a word does not count, and of many how many they are.
    """

    def __init__(self, platform_key: str | None, on_doubtful: Callable[[Reason], None]) -> None:
        self.doubts = 0
        self._platform_key = platform_key
        self._on_doubtful = on_doubtful
        self._flood = Flood(self._more_doubtful)
        self._sent = Sent()
        self._waiting: dict[PartKey, asyncio.Future[None]] = {}
        self._late: set[PartKey] = set()  # confirmed when nobody waited for it any more
        self._unanswered: set[PartKey] = set()  # given back: whether the platform has it is not known

    def __contains__(self, key: Key) -> bool:
        """Whether this record was sent and the platform's word on it is waited for."""
        return any(waiting == key for waiting, _part, _parts in self._waiting)

    def came_late(self, part: PartKey) -> bool:
        """Whether the platform has said meanwhile that it has this one: then it need not go out again."""
        if part not in self._late:
            return False
        self._late.discard(part)
        self.answered(part)
        return True

    def sent(self, part: PartKey, payload: bytes) -> "asyncio.Future[None]":
        """It goes out."""
        kept = self._waiting[part] = asyncio.get_running_loop().create_future()
        self._sent.add(part, payload)
        self._unanswered.add(part)
        while len(self._unanswered) > MOST:
            self._unanswered.pop()
        return kept

    def answered(self, part: PartKey) -> None:
        """What the platform has of it is known."""
        self._unanswered.discard(part)

    def over(self, part: PartKey, kept: "asyncio.Future[None]") -> None:
        """Nobody waits for it any more."""
        if not kept.cancel() and not kept.cancelled():
            kept.exception()  # looked at, or asyncio complains of one that nobody waited for any more
        if self._waiting.get(part) is kept:
            del self._waiting[part]

    def fail(self, error: WireError) -> None:
        """The connection is gone."""
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(error)

    def heard(self, payload: bytes) -> None:
        """The platform says something."""
        try:
            acknowledgement = parse_acknowledgement(payload, self._platform_key)
        except BadAnswer as wrong:
            self.doubt(wrong.reason)
            return
        for key, sha256 in acknowledgement.have.items():
            self._settle(key, sha256)
        for key, refusal in acknowledgement.refused.items():
            self._settle(key, refusal.sha256, Refused("uplink.platform_refuses", why=refusal.why))

    def _settle(self, key: Key, sha256: str, refused: Refused | None = None) -> None:
        """What waits for an answer has one, if that is about what was sent; of all else it is nothing to us."""
        part = self._sent.part(key, sha256)
        if part is None:
            if key in self:
                self.doubt(Reason("uplink.acknowledges_other", boot=key[0], seq=key[1]))
            return
        waiting = self._waiting.get(part)
        if waiting is None:
            if refused is None and part in self._unanswered:
                self._late.add(part)
        elif waiting.done():
            return
        elif refused is not None:
            waiting.set_exception(refused)
        else:
            waiting.set_result(None)

    def doubt(self, why: Reason) -> None:
        """What the platform said does not count."""
        self.doubts += 1
        if self._flood.passes(why.code):
            self._on_doubtful(why)

    def _more_doubtful(self, more: Counter[str]) -> None:
        self._on_doubtful(Reason("uplink.acknowledgements_doubtful", count=more.total(), within_s=WINDOW_S))
