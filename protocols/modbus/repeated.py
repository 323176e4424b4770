"""A question repeated for ever: when it is due, what its answers cost, who takes them."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Protocol

from protocols.modbus.question import Question

if TYPE_CHECKING:
    from protocols.modbus.unit import Unit


class Miss(Enum):
    """Why a read has no value."""

    NO_ANSWER = "no answer"
    BAD_ANSWER = "bad answer"
    WRONG_DEVICE = "wrong device"
    LINK_DOWN = "line down"


class Taker(Protocol):
    """Who a read's outcome goes to; `at_ns` is when the answer had arrived or the wait was over."""

    def answered(self, data: bytes, at_ns: int) -> None:
        """The answer's data, exactly as long as asked for."""

    def refused(self, code: int, at_ns: int) -> None:
        """The unit answered with this exception."""

    def missed(self, why: Miss, at_ns: int) -> None:
        """No usable answer, after the one retry."""


class Read:
    """A question repeated every `period_ns`. It is always in exactly one place: due, held, parked or on the wire."""

    __slots__ = (
        "alarm",
        "asked_ns",
        "attempts",
        "cost_ns",
        "due_ns",
        "every_ns",
        "gone",
        "had_ns",
        "late",
        "period_ns",
        "question",
        "silent",
        "taker",
        "unit",
    )

    def __init__(self, unit: Unit, question: Question, period_ns: int, taker: Taker, *, alarm: bool = False) -> None:
        self.unit = unit
        self.question = question
        self.period_ns = period_ns
        self.taker = taker
        self.alarm = alarm
        self.due_ns = 0
        self.asked_ns = 0
        self.had_ns = 0  # when it was last answered
        self.every_ns = 0  # how often it is answered, smoothed
        self.cost_ns = 0  # of the line's time for one answer, smoothed
        self.attempts = 0  # of this period
        self.silent = 0  # periods in a row it alone went unanswered while its unit answered others
        self.late = 0  # periods skipped because the line had no time
        self.gone = False  # replaced by others
