"""Decimal digits, parts of a register and dates: worked by hand, there and back, and any bytes at all."""

import math
import struct
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.points import Row, layout_of, rules_of
from drivers.profile.load import profile_adapter
from drivers.profile.location import parse_location
from drivers.profile.mistake import Wrong
from drivers.profile.model import ModbusProfile
from drivers.quality import Quality
from drivers.sample import Value
from hil.terminals.terminal import Terminal
from protocols.modbus.packed import BCD, DATES, bcd_of, bcd_word, date_of, date_words, part_of, part_word
from protocols.modbus.registers import Field, encode, row_decoder
from tests.settings.test_import import decoded


def said(field: Field, words: list[int]) -> Any:
    (raw,) = row_decoder([field], len(words))(struct.pack(f">{len(words)}H", *words))
    return raw


@pytest.mark.parametrize(
    ("field", "words", "value"),
    [
        (Field(0, "bcd16"), [0x1234], 1234),
        (Field(0, "bcd32", 2), [0x0012, 0x3456], 123456),
        (Field(0, "bcd32", 2, words_swapped=True), [0x3456, 0x0012], 123456),
        (Field(0, "uint", bit=8, last=15), [0xFE01], 0xFE),
        (Field(0, "int", bit=8, last=15), [0xFE01], -2),
        (Field(0, "int", bit=0, last=7), [0xFE01], 1),
        (Field(0, "uint", bit=3, last=5), [0b0010_1000], 5),
        (Field(0, "int", bit=3, last=5), [0b0010_1000], -3),
        (Field(0, "datetime unix", 2), [0x6740, 0x0000], "2024-11-22T03:52:32Z"),
        (Field(0, "datetime words", 6), [2026, 11, 30, 8, 5, 9], "2026-11-30T08:05:09"),
        (Field(0, "datetime words", 6), [26, 11, 30, 8, 5, 9], "2026-11-30T08:05:09"),
        (Field(0, "datetime words", 6, words_swapped=True), [9, 5, 8, 30, 11, 26], "2026-11-30T08:05:09"),
        (Field(0, "datetime bytes", 3), [0x1A0B, 0x1E08, 0x0509], "2026-11-30T08:05:09"),
        (Field(0, "datetime bcd", 3), [0x2611, 0x3008, 0x0509], "2026-11-30T08:05:09"),
        (Field(0, "datetime bcd", 3, words_swapped=True), [0x0509, 0x3008, 0x2611], "2026-11-30T08:05:09"),
        (Field(0, "datetime iec", 4), [26, 11 << 8 | 1 << 5 | 30, 8 << 8 | 5, 9250], "2026-11-30T08:05:09.250000"),
    ],
)
def test_worked_by_hand(field: Field, words: list[int], value: object) -> None:
    assert said(field, words) == value


@pytest.mark.parametrize(
    ("field", "words"),
    [
        (Field(0, "bcd16"), [0x12A4]),
        (Field(0, "bcd32", 2), [0xFFFF, 0xFFFF]),
        (Field(0, "datetime words", 6), [2026, 13, 30, 8, 5, 9]),
        (Field(0, "datetime bytes", 3), [0, 0, 0]),
        (Field(0, "datetime bcd", 3), [0x261A, 0x3008, 0x0509]),
        (Field(0, "datetime iec", 4), [26, 11 << 8 | 30, 8 << 8 | 0x80 | 5, 0]),
    ],
)
def test_what_is_none_is_nan(field: Field, words: list[int]) -> None:
    raw = said(field, words)
    assert isinstance(raw, float)
    assert math.isnan(raw)


@given(st.sampled_from(sorted(BCD)), st.data())
def test_digits_come_back(name: str, data: Any) -> None:
    number = data.draw(st.integers(0, 10 ** BCD[name] - 1))
    assert bcd_of(bcd_word(number, BCD[name])) == number
    assert said(Field(0, name, BCD[name] // 4), encode(name, number, registers=BCD[name] // 4)) == number


@given(st.integers(0, 14), st.integers(1, 15), st.integers(0, 0xFFFF))
def test_a_part_is_what_its_bits_say(first: int, width: int, word: int) -> None:
    last = min(first + width, 15)
    bits = f"{word:016b}"[15 - last : 16 - first]
    assert part_of(word, first, last, signed=False) == int(bits, 2)
    signed = part_of(word, first, last, signed=True)
    assert signed == int(bits, 2) - (int(bits[0]) << len(bits))
    assert part_of(part_word(signed, first, last), first, last, signed=True) == signed
    assert part_word(int(bits, 2), first, last) == int(bits, 2) << first


@pytest.mark.parametrize("layout", DATES)
@given(when=st.datetimes(datetime(2000, 1, 1), datetime(2099, 12, 31)))  # noqa: DTZ001
def test_dates_come_back_to_the_second(layout: str, when: datetime) -> None:
    when = when.replace(microsecond=0, tzinfo=UTC if layout == "unix" else None)
    text = when.isoformat().replace("+00:00", "Z")
    assert date_of(layout)(date_words(layout, text)) == text


@pytest.mark.parametrize("layout", DATES)
@given(data=st.data())
def test_no_bytes_end_a_decoder(layout: str, data: Any) -> None:
    size = 2 * DATES[layout]
    read = date_of(layout)(data.draw(st.binary(min_size=size, max_size=size)))
    assert isinstance(read, str) or math.isnan(read)


@given(st.integers(0, 0xFFFFFFFF))
def test_no_word_ends_the_digits(word: int) -> None:
    read = bcd_of(word)
    assert math.isnan(read) or bcd_word(int(read), 8) == word


def make(**points: dict[str, Any]) -> ModbusProfile:
    found = profile_adapter().validate_python({"profile": "p", "protocol": "modbus", "points": points})
    assert isinstance(found, ModbusProfile)
    return found


def test_a_profile_reads_them_beside_each_other() -> None:
    profile = make(
        level={"at": "holding 0.high", "type": "uint", "scale": 0.1, "unit": "m"},
        temperature={"at": "holding 0.low", "type": "int", "unit": "Cel", "invalid": [0x80]},
        mode={"at": "holding 1.2-4", "type": "uint", "enum": {"0": "off", "5": "service"}},
        volume={"at": "holding 2", "type": "bcd32", "unit": "m3", "counter": True},
        clock={"at": "holding 4", "type": "datetime bcd"},
        wet={"at": "holding 1.0"},
    )
    data = struct.pack(">HHIHHH", 0x0FFB, 0b10101, 0x00012345, 0x2611, 0x3008, 0x0509)
    assert decoded(profile, "holding", data) == {
        "level": 1.5, "temperature": -5, "mode": "service", "volume": 12345,
        "clock": "2026-11-30T08:05:09", "wet": True,
    }  # fmt: skip
    broken = struct.pack(">HHIHHH", 0x0F80, 0b00101, 0x0001234F, 0x2613, 0x3008, 0x0509)
    assert decoded(profile, "holding", broken) == {
        "level": 1.5, "temperature": None, "mode": "1", "volume": None, "clock": None, "wet": True,
    }  # fmt: skip


def test_a_counter_of_digits_wraps_after_its_nines() -> None:
    points = make(volume={"at": "input 0", "type": "bcd16", "counter": True}).points
    layout = layout_of("p", points, ["volume"])
    row = Row(layout, rules_of(points, layout))
    for raw in (9990, 9999, 3):
        assert row.decode([raw])[1] == bytes([Quality.GOOD])
    assert row.decode([2])[1] == bytes([Quality.COUNTER_RAN_BACK])


def test_a_simulated_device_says_them_too() -> None:
    profile = make(
        level={"at": "holding 0.high", "type": "uint", "scale": 0.1, "unit": "m"},
        temperature={"at": "holding 0.low", "type": "int", "unit": "Cel"},
        volume={"at": "holding 1", "type": "bcd32", "unit": "m3"},
        clock={"at": "holding 3", "type": "datetime iec"},
    )
    shown: dict[str, Value] = {"level": 1.5, "temperature": -5, "volume": 42, "clock": "2026-11-30T08:05:09"}
    reply = Terminal(profile, 1, lambda _: shown).answer(struct.pack(">BHH", 3, 0, 7), 0)
    assert reply is not None
    assert decoded(profile, "holding", reply[1][2:]) == shown


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("holding 4.7-3", "write the lower bit first"),
        ("holding 4.3-16", "no bit 16"),
        ("holding 4.middle", "such as"),
        ("coil 4.0-3", "already one bit"),
    ],
)
def test_parts_that_are_none_are_refused(text: str, words: str) -> None:
    with pytest.raises(Wrong, match=words):
        parse_location(text)


@pytest.mark.parametrize("at", ["holding 4.0-7", "holding 4.8-15", "input 1.3-5"])
def test_parts_read_back_as_written(at: str) -> None:
    assert str(parse_location(at)) == at
    assert str(parse_location("holding 4.high")) == "holding 4.8-15"
