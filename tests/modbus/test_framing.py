"""The strict RTU framer: found at any offset, in any pieces, and nothing that is not the answer."""

import random

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pymodbus.framer.rtu import FramerRTU

from protocols.modbus import question
from protocols.modbus.crc import crc16
from protocols.modbus.framing_rtu import RtuFramer, find_answer, find_question, noise, without_answers
from protocols.modbus.question import Question

reads = st.builds(
    question.read,
    st.integers(1, 247),
    st.sampled_from(["coil", "discrete", "input", "holding"]),
    st.integers(0, 60_000),
    st.integers(1, 125),
)


def answer_to(asked: Question, seed: int = 0) -> bytes:
    head = bytes((asked.unit,)) + asked.head
    body = head + random.Random(seed).randbytes(asked.size - len(asked.head))
    return body + crc16(body)


def refusal(asked: Question, code: int = 2) -> bytes:
    body = bytes((asked.unit, asked.fc | 0x80, code))
    return body + crc16(body)


@given(st.binary(max_size=300))
def test_the_checksum_is_pymodbus_s(data: bytes) -> None:
    assert crc16(data) == FramerRTU.compute_CRC(data).to_bytes(2, "big")


@given(reads, st.integers(), st.binary(max_size=8), st.binary(max_size=8), st.integers(1, 9))
def test_found_at_any_offset_in_any_pieces(asked: Question, seed: int, before: bytes, after: bytes, size: int) -> None:
    answer = answer_to(asked, seed)
    stream = before + answer + after
    found = find_answer(stream, asked)
    assume(found is not None and found.start == len(before))  # rubbish before it may by chance be an answer too
    framer = RtuFramer()
    assert framer.ask(asked) == asked.rtu
    got = None
    for i in range(0, len(stream), size):
        if got is None:
            got = framer.feed(stream[i : i + size])
    assert got == answer[3:-2]
    assert framer.stray.startswith(before)


@given(reads, st.integers(), st.integers(0, 10_000), st.integers(1, 255))
def test_a_changed_byte_is_never_accepted(asked: Question, seed: int, at: int, change: int) -> None:
    answer = bytearray(answer_to(asked, seed))
    answer[at % len(answer)] ^= change
    framer = RtuFramer()
    framer.ask(asked)
    assert framer.feed(bytes(answer)) is None
    assert framer.give_up() == bytes(answer)


@given(reads, reads, st.integers())
def test_only_its_own_shape_fits(asked: Question, other: Question, seed: int) -> None:
    assume((asked.unit, asked.shape) != (other.unit, other.shape))
    framer = RtuFramer()
    framer.ask(asked)
    assert framer.feed(answer_to(other, seed)) is None or (asked.unit, asked.fc) == (other.unit, other.fc)


@pytest.mark.parametrize("function", [1, 2, 3, 4])
def test_a_wrong_function_code_is_no_answer(function: int) -> None:
    asked = question.read(9, "input", 0, 2)
    body = bytes((9, function, 4, 1, 2, 3, 4))
    framer = RtuFramer()
    framer.ask(asked)
    assert framer.feed(body + crc16(body)) == (b"\x01\x02\x03\x04" if function == 4 else None)


@pytest.mark.parametrize("registers", [0, 1, 9, 11])
def test_fewer_or_more_registers_than_asked_are_no_answer(registers: int) -> None:
    asked = question.read(9, "holding", 0, 10)
    body = bytes((9, 3, 2 * registers)) + bytes(2 * registers)
    framer = RtuFramer()
    framer.ask(asked)
    assert framer.feed(body + crc16(body)) is None


@given(reads, st.integers(1, 11))
def test_an_exception_is_its_code(asked: Question, code: int) -> None:
    framer = RtuFramer()
    framer.ask(asked)
    assert framer.feed(refusal(asked, code)) == code


@given(reads, st.integers(), st.integers(1, 5))
def test_an_echo_is_stripped_and_remembered(asked: Question, seed: int, size: int) -> None:
    framer = RtuFramer()
    framer.ask(asked)
    stream = asked.rtu + answer_to(asked, seed)
    got = [framer.feed(stream[i : i + size]) for i in range(0, len(stream), size)]
    assert got[-1] == answer_to(asked, seed)[3:-2]
    assert framer.echo
    assert framer.stray == b""


def test_where_there_is_an_echo_one_copy_of_a_write_is_no_answer() -> None:
    write = question.write_registers(5, 1, [7], single=True)
    plain = RtuFramer()
    plain.ask(write)
    assert plain.feed(write.rtu) is not None
    echoing = RtuFramer(echo=True)
    echoing.ask(write)
    assert echoing.feed(write.rtu) is None
    assert echoing.feed(write.rtu) is not None


def test_a_coil_question_that_looks_like_its_own_answer_is_taken_for_the_echo() -> None:
    asked = question.read(1, "coil", 0x0300, 17)  # byte count 3, as its own address begins
    assert len(asked.rtu) == asked.size + 3
    framer = RtuFramer()
    framer.ask(asked)
    assert framer.feed(asked.rtu) is None
    assert framer.feed(answer_to(asked, 3)) is not None


def test_late_answers_and_foreign_questions_are_recognised() -> None:
    asked, other = question.read(1, "input", 0, 2), question.read(1, "input", 8, 4)
    heard = b"\x00" + answer_to(asked, 1) + answer_to(other, 2) + b"\xff"
    rest, late = without_answers(heard, [asked, other])
    assert (rest, [of for of, _ in late]) == (b"\x00\xff", [asked, other])
    assert noise(rest) == 0
    assert find_question(b"\xff" + other.rtu + b"x") == (1, 9, other.rtu)
    assert find_question(answer_to(asked, 1)) is None


@pytest.mark.parametrize(
    ("asked", "frame"),
    [
        (question.read(17, "holding", 107, 3), "11 03 00 6b 00 03 76 87"),
        (question.read(17, "coil", 19, 37), "11 01 00 13 00 25 0e 84"),
        (question.write_registers(17, 1, [3], single=True), "11 06 00 01 00 03 9a 9b"),
        (question.write_registers(17, 1, [10, 258]), "11 10 00 01 00 02 04 00 0a 01 02 c6 f0"),
        (question.write_coils(17, 172, [True]), "11 05 00 ac ff 00 4e 8b"),
        (question.write_coils(17, 19, [c == "1" for c in "1011001110"]), "11 0f 00 13 00 0a 02 cd 01 bf 0b"),
    ],
)
def test_requests_are_the_textbook_s(asked: Question, frame: str) -> None:
    """The worked examples every Modbus text prints: what pymodbus encodes for us, whatever its version."""
    assert asked.rtu == bytes.fromhex(frame)
