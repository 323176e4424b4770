"""One transaction of a line, and the orders that ask for one."""

import asyncio

from protocols.modbus.framing_rtu import Answer
from protocols.modbus.question import Question
from protocols.modbus.unit import Proof, Read, Unit


class Order:
    """One question for one asker, before all polls; dropped unsent when its time is over or nobody waits any more."""

    __slots__ = ("answer", "expires_ns", "question", "sent", "unit")

    def __init__(self, unit: Unit, question: Question, expires_ns: int, answer: "asyncio.Future[Answer]") -> None:
        self.unit = unit
        self.question = question
        self.expires_ns = expires_ns
        self.answer = answer
        self.sent = False


class Turn:
    """One transaction: what is asked and for whom; the line adds when it was sent and how long it may take."""

    __slots__ = (
        "allowed_ns",
        "crowded",
        "deadline_ns",
        "grace",
        "order",
        "proof",
        "question",
        "read",
        "sent_ns",
        "unit",
    )

    def __init__(self, unit: Unit, question: Question) -> None:
        self.unit = unit
        self.question = question
        self.read: Read | None = None
        self.proof: Proof | None = None
        self.order: Order | None = None
        self.sent_ns = 0
        self.deadline_ns = 0
        self.allowed_ns = 0  # on TCP: how long it was waited for
        self.grace = False
        self.crowded = False  # other questions were on their way with it
