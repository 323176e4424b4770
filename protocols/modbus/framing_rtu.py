"""Strict RTU: the one answer that fits the question is found at any offset; all else is counted, never used."""

from collections.abc import Iterable
from typing import NamedTuple

from protocols.modbus.crc import crc16
from protocols.modbus.question import Question

Answer = bytes | int
"""The answer PDU after function code and byte count, or the exception code."""

STRAY_MAX = 3
"""Most bytes besides line noise (00, FF) around an answer. The shortest foreign frame has four."""


class Found(NamedTuple):
    """An answer and where it stood."""

    answer: Answer
    start: int
    end: int


def find_answer(data: bytes | bytearray, question: Question) -> Found | None:
    """The first place in `data` where a whole, checked answer to `question` stands."""
    unit = bytes((question.unit,))
    best = _find(data, unit + question.head, question.size + 3)
    refusal = _find(data, unit + bytes((question.fc | 0x80,)), 5)
    if refusal >= 0 and (best < 0 or refusal < best):
        return Found(data[refusal + 2], refusal, refusal + 5)
    if best < 0:
        return None
    end = best + question.size + 3
    return Found(bytes(data[best + 3 : end - 2]), best, end)


def _find(data: bytes | bytearray, head: bytes, size: int) -> int:
    """Offset of the first frame of `size` bytes that begins with `head` and whose CRC is right, or -1."""
    at = data.find(head)
    while 0 <= at <= len(data) - size:
        if crc16(data[at : at + size - 2]) == data[at + size - 2 : at + size]:
            return at
        at = data.find(head, at + 1)
    return -1


def noise(data: bytes | bytearray) -> int:
    """How many bytes of `data` could be part of a frame: idle-line glitches 00 and FF by themselves cannot."""
    return len(data) - data.count(0) - data.count(0xFF)


def find_question(data: bytes | bytearray) -> tuple[int, int, bytes] | None:
    """Another master's question in `data`: offset, end, and its frame. Reads and single writes (8 bytes)."""
    for at in range(len(data) - 7):
        if 1 <= data[at + 1] <= 6 and crc16(data[at : at + 6]) == data[at + 6 : at + 8]:
            return at, at + 8, bytes(data[at : at + 8])
    return None


def without_answers(data: bytes, questions: Iterable[Question]) -> tuple[bytes, list[tuple[Question, Answer]]]:
    """`data` without the late answers to `questions`, and those with their questions, in the order given."""
    late = []
    for question in questions:
        if found := find_answer(data, question):
            data = data[: found.start] + data[found.end :]
            late.append((question, found.answer))
    return data, late


class RtuFramer:
    """Collects the answer to one question at a time.

    `stray` is what came around the answer and is neither it nor the echo of the question.
    """

    __slots__ = ("_buffer", "_echo_due", "_question", "echo", "stray")

    def __init__(self, *, echo: bool = False) -> None:
        self.echo = echo  # an adapter that echoes makes the first copy of a write prove nothing
        self.stray = b""
        self._buffer = bytearray()
        self._question: Question | None = None
        self._echo_due = False

    def ask(self, question: Question) -> bytes:
        """Begin to wait for the answer to `question`; returns the frame to send."""
        self._question = question
        self._buffer.clear()
        self.stray = b""
        self._echo_due = self.echo or not question.write
        return question.rtu

    def feed(self, data: bytes) -> Answer | None:
        """Take what the wire brought; the answer once it is whole, else None."""
        question = self._question
        if question is None:
            self.stray += data
            return None
        buffer = self._buffer
        buffer += data
        if (
            len(buffer) == question.size + 3
            and buffer[0] == question.unit
            and buffer.startswith(question.head, 1)
            and (question.rtu != buffer or not self._echo_due)
            and crc16(buffer[:-2]) == buffer[-2:]
        ):
            self._question = None
            return bytes(buffer[3:-2])
        if self._echo_due and (at := buffer.find(question.rtu)) >= 0:
            self._echo_due = False
            self.echo = True
            self.stray += bytes(buffer[:at])
            del buffer[: at + len(question.rtu)]
        found = find_answer(buffer, question)
        if found is None:
            return None
        self.stray += bytes(buffer[: found.start]) + bytes(buffer[found.end :])
        self._question = None
        return found.answer

    def give_up(self) -> bytes:
        """Stop waiting; returns everything heard that was not the question's own echo."""
        heard = self.stray + bytes(self._buffer)
        self._question = None
        self._buffer.clear()
        self.stray = b""
        return heard
