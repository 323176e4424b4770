"""What became of a question, and who is told."""

from enum import Enum
from typing import Protocol


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
