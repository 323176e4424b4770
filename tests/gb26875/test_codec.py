import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.gb26875.dialect import DIALECTS, STANDARD, Dialect
from protocols.gb26875.fields import AnalogValue, Bits, CodecError, Text
from protocols.gb26875.frame import Frame, Splitter, decode_frame
from protocols.gb26875.objects import LAYOUTS, decode, encode
from protocols.gb26875.text import frame_to_json, from_hex, json_to_frame
from protocols.gb26875.words import names_of, value_of
from tests.gb26875.second_decoder import read
from tests.gb26875.vectors import Vector, vectors

FRAMES = vectors("AL") + vectors("SYN")
UNITS = [vector for vector in vectors("SF") if vector.id not in ("SF18", "SF35")]


@pytest.mark.parametrize("vector", FRAMES, ids=lambda v: v.id)
def test_published_frames_decode_and_encode_back_byte_for_byte(vector: Vector) -> None:
    told = frame_to_json(vector.raw)
    assert told["verdict"] == "ok"
    assert json_to_frame(told) == vector.raw
    assert list(Splitter().feed(vector.raw)) == [decode_frame(vector.raw)]


@pytest.mark.parametrize("vector", UNITS, ids=lambda v: v.id)
def test_published_units_decode_and_encode_back_byte_for_byte(vector: Vector) -> None:
    content = decode(vector.raw)
    assert content is not None
    assert encode(content.type, content.objects) == vector.raw


def test_a_text_ends_at_its_terminator_whatever_a_device_left_behind_it() -> None:
    raw = "低压".encode("gb18030") + b"\0AB\0\xff" + bytes(22)
    told, _ = Text("text", 31).take(raw, 0, STANDARD)
    assert told["text"] == "低压"
    assert Text("text", 31).give(told, STANDARD) == raw, "and what stands there is not lost"


def told(ident: str) -> dict[str, object]:
    (vector,) = [v for v in FRAMES + UNITS if v.id == ident and True][:1]
    if vector.raw.startswith(b"@@"):
        return dict(frame_to_json(vector.raw)["objects"][0])
    content = decode(vector.raw)
    assert content is not None
    return dict(content.objects[0])


@pytest.mark.parametrize(
    ("ident", "meaning"),
    [
        (
            "AL01",
            {
                "component_type": 40,
                "component_address": 0x0002000A,
                "state": ["fire"],
                "text": " " * 30,
                "time": "2012-09-26T09:58:02",
            },
        ),
        ("AL04", {"state": ["main_power_fault"], "time": "2012-09-26T09:58:02"}),
        ("AL05", {"operation": ["duty_answered"], "operator": 1}),
        ("AL06", {"major": 1, "minor": 1}),
        (
            "SYN1",
            {
                "system_type": 11,
                "component_type": 99,
                "component_address": 0x123,
                "quantity": "pressure",
                "value": 280.0,
                "unit": "kPa",
                "time": "2026-01-15T08:29:50",
            },
        ),
        ("SYN3", {"component_type": 92, "component_address": 0x200, "quantity": "height", "value": 3.25, "unit": "m"}),
        ("SYN4", {"state": ["fault"], "text": "低压"}),
        ("SYN7", {"state": ["normal", "fault"]}),
        ("SF10", {"system_address": 2, "state": ["fault", "backup_power_fault"], "time": "2021-07-02T09:00:04"}),
        ("SF12", {"component_type": 121, "component_address": 0x04030201, "text": "这是一个转码测试"}),
        ("SF13", {"component_type": 40, "quantity": "temperature", "value": 80.0, "unit": "Cel"}),
        ("SF15", {"operator": 250}),
        ("SF16", {"major": 3, "minor": 4}),
        ("SF26", {"component_address": 0x01110203}),
        ("SF28", {"records": 10, "time": "2021-07-02T00:00:00"}),
        ("SF31", {"component_address": 0x12345678}),
    ],
)
def test_frames_mean_what_they_say(ident: str, meaning: dict[str, object]) -> None:
    assert {key: told(ident)[key] for key in meaning} == meaning


def test_the_second_object_is_a_negative_temperature() -> None:
    (vector,) = [v for v in FRAMES if v.id == "SYN2"]
    first, second = frame_to_json(vector.raw)["objects"]
    assert (first["value"], first["unit"]) == (140.0, "kPa")
    assert (second["value"], second["unit"]) == (-5.0, "Cel")


def test_a_payload_full_of_marks_is_split_by_length() -> None:
    (vector,) = [v for v in FRAMES if v.id == "SYN8"]
    splitter = Splitter()
    assert list(splitter.feed(vector.raw * 3)) == [decode_frame(vector.raw)] * 3
    assert (splitter.refused, splitter.garbage_bytes) == (0, 0)


def test_truncated_units_are_refused_and_named() -> None:
    for vector in [v for v in vectors("SF") if v.id in ("SF18", "SF35")]:
        with pytest.raises(CodecError, match=r"bytes wanted|count"):
            decode(vector.raw)


def test_too_short_waits_and_consumes_nothing() -> None:
    splitter = Splitter()
    (vector,) = vectors("BAD3")
    assert list(splitter.feed(vector.raw)) == []
    assert splitter.garbage_bytes == 0


@pytest.mark.parametrize(
    ("kind", "most", "size"), [(3, 63, 1010), (1, 102, 1022), (2, 22, 1014), (7, 26, 990), (24, 127, 1018)]
)
def test_size_edges(kind: int, most: int, size: int) -> None:
    """How many objects of a type fill a frame, worked from the layouts: 2 + n × size ≤ 1024."""
    (vector,) = [v for v in FRAMES + UNITS if v.id == {3: "SYN1", 1: "SYN7", 2: "SYN4", 7: "SF19", 24: "AL05"}[kind]]
    raw = vector.raw[27:-3] if vector.raw.startswith(b"@@") else vector.raw
    content = decode(raw)
    assert content is not None
    thing = content.objects[0]
    assert len(encode(kind, [thing] * most)) == size
    with pytest.raises(CodecError, match="1024 at the most"):
        encode(kind, [thing] * (most + 1))


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=lambda d: d.name)
def test_every_dialect_round_trips(dialect: Dialect) -> None:
    thing = {"system_type": 11, "system_address": 1, "component_type": 99, "component_address": 7,
             "analog_type": 5, "value": 281.3, "time": "2026-11-21T23:59:58"}  # fmt: skip
    frame = Frame(513, dialect.versions, "2026-11-21T23:59:59", 3301, 12, 2, encode(3, [thing], dialect))
    assert decode_frame(frame.encoded(dialect), dialect) == frame
    content = decode(frame.data, dialect)
    assert content is not None
    assert thing.items() <= content.objects[0].items()


def test_dialects_differ_on_the_wire() -> None:
    thing = {"system_type": 11, "system_address": 1, "time": "2026-11-21T23:59:58"}
    assert encode(8, [thing])[-6:].hex() == "3a3b17150b1a"
    assert encode(8, [thing], DIALECTS["bcd"])[-6:].hex() == "585923211126"
    analog = {"analog_type": 5, "value": 280.0}
    assert AnalogValue().give(analog, STANDARD).hex() == "05f00a"
    assert AnalogValue().give(analog, DIALECTS["big-endian-analog"]).hex() == "050af0"
    frame = Frame(1, (1, 0), "2026-11-21T23:59:58", 123456789012, 1, 2)
    assert frame.encoded(DIALECTS["bcd"])[12:18].hex() == "129078563412"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"value": 5000}, "does not fit"),
        ({"value": "high"}, "not a number"),
        ({"value": float("nan")}, "not a number"),
        ({"analog_type": 300}, "0 to 255"),
        ({"component_address": -1}, "component_address"),
        ({"time": "yesterday"}, "2026-01-15T08:29:50"),
        ({"time": "2126-01-01T00:00:00"}, "2000 to 2099"),
    ],
)
def test_what_cannot_be_written_is_named(change: dict[str, object], message: str) -> None:
    thing = {"system_type": 11, "system_address": 1, "component_type": 99, "component_address": 7,
             "analog_type": 5, "value": 1.0, "time": "2026-11-21T23:59:58"}  # fmt: skip
    with pytest.raises(CodecError, match=message):
        encode(3, [thing | change])


def test_missing_fields_and_unknown_types_are_named() -> None:
    with pytest.raises(CodecError, match="operator: missing"):
        encode(24, [{"operation": ["reset"], "time": "2026-11-21T23:59:58"}])
    with pytest.raises(CodecError, match="none of the standard's"):
        encode(200, [{}])
    with pytest.raises(CodecError, match="no bit is called 'fires'"):
        Bits("state", 1, ("fire",)).give({"state": ["fires"]}, STANDARD)
    unknown = decode(bytes([200, 1, 2, 3]))
    assert unknown is not None
    assert unknown.raw == bytes([1, 2, 3])


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda raw: raw[:-1], "make 42"),
        (lambda raw: b"@A" + raw[2:], "start"),
        (lambda raw: raw[:-1] + b"!", "end"),
        (lambda raw: raw[:-3] + bytes([raw[-3] ^ 1]) + raw[-2:], "checksum"),
        (lambda raw: raw[:24] + b"\xff\xff" + raw[26:], "1024 at the most"),
        (lambda raw: raw[:10], "at least 30"),
    ],
)
def test_a_refusal_says_which_part_is_wrong(spoil, message) -> None:  # type: ignore[no-untyped-def]
    (vector,) = [v for v in FRAMES if v.id == "SYN7"]
    told = frame_to_json(spoil(vector.raw))
    assert told["verdict"] == "refused"
    assert message in str(told["reason"])


def test_long_text_is_cut_between_characters() -> None:
    raw = Text("text", 31).give({"text": "水" * 30}, STANDARD)
    assert raw == "水".encode("gb18030") * 15 + b"\0"


@given(st.integers(0, 65535))
def test_bits_have_one_name_each(value: int) -> None:
    assert value_of(names_of(value, ("a", "b")), ("a", "b"), 16) == value


@given(st.sampled_from(sorted(LAYOUTS)), st.binary(max_size=200))
def test_whatever_decodes_encodes_back(kind: int, tail: bytes) -> None:
    raw = bytes([kind]) + tail
    try:
        content = decode(raw)
    except CodecError:
        return
    assert content is not None
    assert encode(kind, content.objects) == raw


@given(st.text(max_size=60))
def test_hex_input_is_read_or_refused_in_one_line(text: str) -> None:
    try:
        assert isinstance(from_hex(text), bytes)
    except CodecError as wrong:
        assert "\n" not in str(wrong) or "\n" in text


@pytest.mark.parametrize("vector", FRAMES, ids=lambda v: v.id)
def test_an_independent_reading_agrees_on_the_vectors(vector: Vector) -> None:
    agrees(vector.raw)


def agrees(raw: bytes) -> None:
    """Both decoders say the same of `raw`, a refusal included."""
    other, ours = read(raw), frame_to_json(raw)
    if other is None:
        assert ours["verdict"] != "ok" or ours["type"] in (6, 26)
        return
    assert ours["verdict"] == "ok"
    for key in ("serial", "versions", "time", "source", "destination", "command", "type"):
        assert ours[key] == other[key], key
    assert len(ours["objects"]) == len(other["objects"])
    for mine, theirs in zip(ours["objects"], other["objects"], strict=True):
        for key, value in theirs.items():
            if key in ("state", "operation"):
                assert sum(1 << i for i in _bits(mine[key], ours["type"], key)) == value
            elif key == "count":
                scale = 100 if mine["analog_type"] == 2 else 1 if mine["unit"] in ("1", "s", "m/s") else 10
                assert round(mine["value"] * scale) == value
            elif key == "text":
                assert mine["text"] == value.split(b"\0")[0].decode("gb18030", "replace")
            else:
                assert mine[key] == value, key


def _bits(names: list[str], kind: int, key: str) -> list[int]:
    field = next(f for f in LAYOUTS[kind].fields if isinstance(f, Bits) and f.name == key)
    return [field.names.index(name) if name in field.names else int(name[4:]) for name in names]
