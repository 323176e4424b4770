"""The door for JSON: what is ours passes unchanged, everything else is one kind of error, in bounded time."""

import contextlib
import json
import random
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.foreign_json import DEEPEST, LARGEST, BadJson, read_json, read_json_object

MOST = 1 << 20
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
PLAIN = (
    st.none() | st.booleans() | st.integers(-LARGEST, LARGEST - 1) | st.floats(allow_nan=False, allow_infinity=False)
)
VALUES = st.recursive(PLAIN | TEXT, lambda part: st.lists(part, max_size=4) | st.dictionaries(TEXT, part, max_size=4))


def code_of(text: str | bytes, most: int = MOST) -> str:
    with pytest.raises(BadJson) as caught:
        read_json(text, most)
    return caught.value.reason.code


@given(VALUES, st.booleans())
def test_what_json_can_say_passes_as_it_is(value: Any, ascii_only: bool) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only)
    assert read_json(text, MOST) == value
    assert read_json(text.encode(), MOST) == value


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('{"at": NaN}', "json.number"),
        ("[-Infinity]", "json.number"),
        ("1e400", "json.number"),
        ("1" + "0" * 400, "json.number"),
        (str(LARGEST), "json.number"),
        ("0." + "0" * 5000 + "1", "json.number"),
        ('{"role": "a", "role": "b"}', "json.name_twice"),
        ('[{"x": {"a": 1, "\\u0061": 2}}]', "json.name_twice"),
        ('"\\ud800"', "json.half_pair"),
        ('{"\\uDC00": 1}', "json.half_pair"),
        ("[" * 8000, "json.too_deep"),
        ('{"a":' * 7000 + "1" + "}" * 7000, "json.too_deep"),
        ("", "json.none"),
        ("{'a': 1}", "json.none"),
        ("[1]]", "json.none"),
    ],
)
def test_what_another_reader_would_take_differently_is_refused(text: str, code: str) -> None:
    assert code_of(text) == code
    assert code_of(text.encode()) == code


def test_bytes_that_are_no_text_and_texts_beyond_the_asked_size_are_refused() -> None:
    assert code_of(b'"\xff"') == "text.not_utf8"
    assert code_of("[1, 2]", 5) == "json.too_long"
    assert code_of(json.dumps({str(n): n for n in range(10_001)})) == "json.too_many_names"


def test_brackets_within_a_text_are_no_depth_and_the_deepest_still_passes() -> None:
    assert read_json('"' + "[" * 500 + '\\"{{"', MOST) == "[" * 500 + '"{{'
    assert read_json("[" * DEEPEST + "]" * DEEPEST, MOST)
    assert code_of("[" * (DEEPEST + 1) + "]" * (DEEPEST + 1)) == "json.too_deep"


def test_an_object_is_asked_for_where_nothing_else_will_do() -> None:
    assert read_json_object(b'{"a": 1}', MOST) == {"a": 1}
    for text in ("[]", "1", "null", '"{}"'):
        with pytest.raises(BadJson) as caught:
            read_json_object(text, MOST)
        assert caught.value.reason.code == "json.no_object"


@given(VALUES, st.randoms(use_true_random=False))
@settings(max_examples=400)
def test_a_mutated_message_is_read_or_refused_and_nothing_else(value: Any, dice: random.Random) -> None:
    raw = bytearray(json.dumps(value).encode())
    for _ in range(dice.randint(1, 8)):
        at = dice.randrange(len(raw) + 1)
        raw[at : at + dice.randint(0, 3)] = dice.choice(
            (b"[", b"{", b'"', b"\\", b"\\ud8", b",", b":", b"9" * 30, b"NaN", b"\xff", b"e999", b"\x00")
        )
    try:
        found = read_json(bytes(raw), MOST)
    except BadJson:
        return
    json.dumps(found, allow_nan=False, ensure_ascii=False).encode()  # whatever passes can be written again


@pytest.mark.parametrize(
    "text", ["[" * 200_000, '"' * 200_001, '{"a":[' * 60_000, '"\\' * 100_000, "[[" + '"[",' * 60_000]
)
def test_a_refusal_costs_about_what_reading_as_much_would(text: str) -> None:
    fair = json.dumps([0.5] * (len(text) // 5))

    def seconds(what: str) -> float:
        began = time.process_time()
        for _ in range(3):
            with contextlib.suppress(BadJson):
                read_json(what, MOST)
        return time.process_time() - began

    assert seconds(text) <= 20 * seconds(fair)
