"""What a Modbus TCP far end turns out to bear: whether its ids say anything, how many questions at once, how slowly.

Pure: told the time, never reads it. Learned from what happens, tried again after a while, and said in words with the
setting that helps.
"""

from typing import Final

from protocols.modbus.deadline import NS
from protocols.modbus.turn import Turn
from protocols.reason import Reason

STRAYS_SURE: Final = 2  # answers in a row under one id that no question has, before it is believed to stand in all
CROWD_SURE: Final = 2  # units that were silent in company and answered alone, before fewer are asked at once
SUSPECT_NS: Final = 5 * NS  # how long a silent unit is waited for to answer alone
MORE_AFTER_NS: Final = 60 * NS  # until twice as many are tried again, doubling to an hour
MORE_AFTER_MOST_NS: Final = 3600 * NS


class Gateway:
    """Of one TCP line that may ask `most` questions at once."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.blind = False  # all its answers have one id: one question at a time, matched by its form
        self.slow_ms = 0  # the deadline its late answers ask for
        self._own_id = -1
        self._strays = 0
        self._bears = most
        self._suspects: dict[int, int] = {}  # silent in company: until when each may yet answer alone
        self._absent: set[int] = set()  # silent alone, too
        self._guilty = 0
        self._more_at = 0
        self._more_after_ns = MORE_AFTER_NS

    @property
    def watched(self) -> bool:
        """Whether `depth` may change as time goes by."""
        return self.blind or bool(self._suspects) or self._bears < self.most

    def depth(self, now: int) -> int:
        """How many questions may be on their way now."""
        if self._suspects:
            over = [number for number, until_ns in self._suspects.items() if until_ns <= now]
            for number in over:
                del self._suspects[number]
            self._absent.update(over)
        if self.blind or self._suspects:
            return 1
        if self._bears < self.most and now >= self._more_at:
            self._bears = min(2 * self._bears, self.most)
            self._more_at = now + self._more_after_ns
        return self._bears

    def answered(self, turn: Turn, now: int) -> None:
        """An answer came in time."""
        number = turn.unit.number
        self._absent.discard(number)
        if turn.crowded or self._suspects.pop(number, None) is None:
            return
        self._guilty += 1
        if self._guilty >= CROWD_SURE:
            self._guilty = 0
            self._bears = max(self._bears // 2, 1)
            self._more_at = now + self._more_after_ns
            self._more_after_ns = min(2 * self._more_after_ns, MORE_AFTER_MOST_NS)

    def missed(self, turn: Turn, now: int) -> bool:
        """No answer in time. In company that may be the company's fault: whether the unit is to be asked alone now."""
        number = turn.unit.number
        if not turn.crowded:
            self._absent.add(number)
            self._suspects.pop(number, None)
        elif number not in self._absent and number not in self._suspects:
            self._suspects[number] = now + SUSPECT_NS
            return True
        return False

    def under_one_id(self, transaction: int) -> bool:
        """Whether this is the id that all answers have, so that it says nothing."""
        return self.blind and transaction == self._own_id

    def echoed(self, transaction: int) -> None:
        """An answer came under the id of its question: now and then by chance, where the id is always the same."""
        if transaction != self._own_id:
            self._strays = 0
            self._own_id = -1
            self.blind = False

    def stray(self, transaction: int) -> None:
        """An answer came under an id that no question has."""
        if transaction != self._own_id:
            self._own_id, self._strays, self.blind = transaction, 0, False
        self._strays += 1

    @property
    def sure(self) -> bool:
        """Whether it has become clear just now that all answers have one id; from now on they are matched without."""
        if self.blind or self._strays < STRAYS_SURE:
            return False
        self.blind = True
        return True

    def slow(self, deadline_ns: int) -> None:
        """Its answers come after the deadline: with this one they would not."""
        self.slow_ms = max(self.slow_ms, -(-deadline_ns // 100_000_000) * 100)

    @property
    def shortcoming(self) -> Reason | None:
        """What of it costs time, and would not with other settings."""
        found = self.learned()
        return found[0] if found and (self.most > 1 or self.slow_ms) else None

    def learned(self) -> list[Reason]:
        """What is known of it, each with the setting that helps; what costs most comes first."""
        found = []
        if self.slow_ms:
            found.append(Reason("modbus.gateway_slow", deadline_ms=self.slow_ms))
        if self.blind:
            found.append(Reason("modbus.gateway_ids", id=self._own_id))
        elif self._bears < self.most:
            found.append(Reason("modbus.gateway_fewer_at_once", most=self._bears, pipeline=self.most))
        return found
