"""How long a question and its answer take on a serial line, and so how full a line is before it is switched on."""

from collections.abc import Iterable
from typing import NamedTuple

NS = 1_000_000_000
FAST_SILENCE_NS = 1_750_000  # above 19200 baud the silence is fixed at 1.75 ms (Modbus over serial line V1.02, 2.5.1.1)
WARN_AT = 0.8
REFUSE_ABOVE = 1.0


class Wire(NamedTuple):
    """A line's speed: `bits` per character with start, parity and stop bits (8E1 and 8N2: 11, 8N1: 10)."""

    baud: int
    bits: int = 11

    @property
    def char_ns(self) -> int:
        """One character."""
        return self.bits * NS // self.baud

    @property
    def silence_ns(self) -> int:
        """3.5 characters: what must lie between two frames."""
        return FAST_SILENCE_NS if self.baud > 19_200 else (7 * self.char_ns + 1) // 2


def serial_wire(baud: int, parity: str, stop_bits: int) -> Wire:
    """The wire of these port settings."""
    return Wire(baud, 9 + stop_bits + (parity != "N"))


class Asked(NamedTuple):
    """A repeated question as the load sees it: frame lengths in bytes, turnaround, extra pause, every `period_ns`."""

    question: int
    answer: int
    turnaround_ns: int
    pause_ns: int
    period_ns: int


def transaction_ns(wire: Wire, question: int, answer: int, turnaround_ns: int, pause_ns: int = 0) -> int:
    """One question and its answer with the silences around them; the slave too waits 3.5 characters."""
    silence = wire.silence_ns
    return (question + answer) * wire.char_ns + max(turnaround_ns, silence) + max(pause_ns, silence)


def gap_worth_reading(wire: Wire, turnaround_ns: int) -> float:
    """How many registers may be read for nothing before asking a second time is cheaper: 12 at 9600 and 5 ms."""
    return transaction_ns(wire, 8, 5, turnaround_ns) / (2 * wire.char_ns)


def line_load(wire: Wire, asked: Iterable[Asked]) -> float:
    """The share of the line's time these questions take: 0.8 is the most that leaves room for retries and probes."""
    return sum(
        transaction_ns(wire, one.question, one.answer, one.turnaround_ns, one.pause_ns) / one.period_ns for one in asked
    )
