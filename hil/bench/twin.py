"""A device that answers as a recorded one did: the same words, after the same time, with the same faults."""

from collections.abc import Iterable

from hil.wire.faults import Fault
from protocols.modbus.load import Wire
from protocols.modbus.trace import Exchange

FIFO = 8
"""Characters a port hands on together: the first of an answer are heard when so many have come."""
REFUSES = 2  # exception code: an address nobody knows of


class _TwinSlave:
    """One unit of it; silence, delays and garbled bytes are the pair's to do."""

    turnaround_s = 0.0

    def __init__(self, unit: int) -> None:
        self.unit = unit

    def answer(self, pdu: bytes, at_ns: int) -> tuple[int, bytes] | None:  # noqa: ARG002
        return self.unit, bytes((pdu[0] | 0x80, REFUSES))


class Twin:
    """`slaves` and `spoil` are for a `Pair`. Each question is answered as it was, in the order it was; after the last
    time it begins anew. What was never asked is refused.
    """

    def __init__(self, recorded: Iterable[Exchange], wire: Wire) -> None:
        self._wire = wire
        self._known: dict[bytes, list[Exchange]] = {}
        self._turn: dict[bytes, int] = {}
        for one in recorded:
            self._known.setdefault(one.question, []).append(one)
        self.slaves = {question[0]: _TwinSlave(question[0]) for question in self._known if question}

    def spoil(self, unit: int, question: bytes) -> Fault | None:
        """What is done to the answer to this frame."""
        known = self._known.get(question)
        if known is None:
            return None
        turn = self._turn.get(question, 0)
        self._turn[question] = (turn + 1) % len(known)
        one = known[turn]
        if not one.answer:
            return Fault(unit, silent=True)
        on_wire_ns = (len(question) + min(FIFO, len(one.answer))) * self._wire.char_ns
        delay_ns = max(0, one.after_ns - on_wire_ns - self._wire.silence_ns)
        return Fault(unit, delay_s=delay_ns / 1e9, instead=one.answer)
