"""Numbers, texts and bits in every order, alone and in rows."""

import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymodbus.client.mixin import ModbusClientMixin as Pymodbus

from protocols.modbus.registers import CODES, Field, Raw, all_orders, bit_decoder, encode, row_decoder

INTEGERS = {name: struct.calcsize(code) // 2 for name, code in CODES.items() if "int" in name}
RANGES = {
    n: (0, 2 ** (16 * r) - 1) if n[0] == "u" else (-(2 ** (16 * r - 1)), 2 ** (16 * r - 1) - 1)
    for n, r in INTEGERS.items()
}


def value_of(name: str) -> st.SearchStrategy[Raw]:
    if name in INTEGERS:
        return st.integers(*RANGES[name])
    return st.floats(width=32 if name == "float32" else 64, allow_nan=False)


@st.composite
def rows(draw: st.DrawFn) -> tuple[list[Field], list[Raw], bytes]:
    fields: list[Field] = []
    values: list[Raw] = []
    words: list[int] = []
    for _ in range(draw(st.integers(1, 8))):
        words += [draw(st.integers(0, 65535)) for _ in range(draw(st.integers(0, 3)))]
        name = draw(st.sampled_from([*CODES, "string"]))
        registers = struct.calcsize(CODES[name]) // 2 if name in CODES else draw(st.integers(1, 6))
        words_swapped, bytes_swapped = draw(st.booleans()), draw(st.booleans())
        text = st.text("abcdefXYZ-019", max_size=2 * registers)
        value = draw(value_of(name) if name in CODES else text)
        fields.append(Field(len(words), name, registers, words_swapped, bytes_swapped))
        values.append(value)
        words += encode(name, value, registers=registers, words_swapped=words_swapped, bytes_swapped=bytes_swapped)
    words += [0] * draw(st.integers(0, 3))
    order = draw(st.permutations(range(len(fields))))
    data = struct.pack(f">{len(words)}H", *words)
    return [fields[i] for i in order], [values[i] for i in order], data


@given(rows())
def test_a_row_gives_back_what_was_put_in(row: tuple[list[Field], list[Raw], bytes]) -> None:
    fields, values, data = row
    assert row_decoder(fields, len(data) // 2)(data) == tuple(values)


@pytest.mark.parametrize("name", CODES)
@given(data=st.data())
def test_both_word_orders_are_pymodbus_s(name: str, data: Any) -> None:
    value = data.draw(value_of(name))
    for word_order in ("big", "little"):
        wanted = Pymodbus.convert_to_registers(value, Pymodbus.DATATYPE[name.upper()], word_order=word_order)
        registers = len(wanted)
        assert encode(name, value, registers=registers, words_swapped=word_order == "little") == wanted


def test_the_four_orders_of_one_float() -> None:
    assert all_orders(bytes.fromhex("40500000"), "float32")["ABCD"] == 3.25
    assert all_orders(bytes.fromhex("00004050"), "float32")["CDAB"] == 3.25
    assert all_orders(bytes.fromhex("50400000"), "float32")["BADC"] == 3.25
    assert all_orders(bytes.fromhex("00005040"), "float32")["DCBA"] == 3.25


def test_bits_of_a_register_and_fields_that_overlap() -> None:
    fields = [Field(0, "bool", 1, bit=0), Field(0, "bool", 1, bit=15), Field(0, "uint16"), Field(0, "uint32", 2)]
    assert row_decoder(fields, 2)(b"\x80\x00\x00\x07") == (False, True, 0x8000, 0x80000007)


@given(st.lists(st.booleans(), min_size=1, max_size=40), st.data())
def test_bits_are_unpacked_as_the_standard_has_them(bits: list[bool], data: Any) -> None:
    """pymodbus's order changed in 3.10 and back in 3.11; the padding is never read."""
    packed = sum(bit << i for i, bit in enumerate(bits)).to_bytes((len(bits) + 7) // 8, "little")
    wanted = data.draw(st.lists(st.integers(0, len(bits) - 1), max_size=10))
    assert bit_decoder(wanted)(packed) == tuple(bits[i] for i in wanted)


@pytest.mark.parametrize(
    ("name", "value"), [("uint16", -1), ("int16", 40_000), ("uint16", 1.5), ("float32", 1e300), ("string", "abc")]
)
def test_what_does_not_fit_is_refused(name: str, value: Raw) -> None:
    with pytest.raises(ValueError, match=r"fit|whole|takes"):
        encode(name, value)


def test_a_text_ends_at_its_first_nul_and_rubbish_shows() -> None:
    decode = row_decoder([Field(0, "string", 3)], 3)
    assert decode(b"HT\x00xyz") == ("HT",)
    assert decode(b"HT\xff   ") == ("HT�",)
