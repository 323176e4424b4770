"""What a profile may say, and what is refused with which advice."""

from pathlib import Path

import pytest

from drivers.kinds import KINDS
from drivers.profile.load import SHIPPED, load, names, read
from drivers.profile.location import Location, Node, Span, Table, parse_location, parse_node, parse_span, parse_type
from drivers.profile.mistake import SettingsError, Wrong
from drivers.profile.model import ModbusProfile, OpcuaProfile
from drivers.units import CANONICAL, UNITS, convert

OPCUA = 'profile = "p"\nprotocol = "opcua"\n[opcua]\nnamespace = "u"\n[points.a]\n'
OTHER = '[points.b]\nat = "input 2"\ntype = "uint16"\n'
HEAD = 'profile = "p"\nprotocol = "modbus"\n'


def messages(tmp_path: Path, text: str) -> list[str]:
    file = tmp_path / "p.toml"
    file.write_text(text, encoding="utf-8")
    return [f"{m.where}: {m.text().split(': ', 2)[-1]}" for m in read(file, "p")[1]]


def point(**keys: str) -> str:
    given = {"at": '"input 0"', "type": '"uint16"'} | keys
    return HEAD + "[points.a]\n" + "".join(f"{key} = {value}\n" for key, value in given.items() if value)


@pytest.mark.parametrize("name", sorted(names([SHIPPED])))
def test_shipped_profiles_have_no_mistake(name: str) -> None:
    profile, mistakes = read(names([SHIPPED])[name], name)
    assert [m.text() for m in mistakes] == []
    assert profile is not None
    kinds = [KINDS[profile.kind]] if profile.kind else list(KINDS.values())
    assert any(set(kind.required) <= set(profile.points) for kind in kinds)


def test_what_the_issue_asks_for_is_shipped() -> None:
    assert {"hydrant/pressure-rs485-int", "hydrant/terminal-float", "hydrant/opcua", "water_point/level-rs485"} <= set(
        names([SHIPPED])
    )
    assert isinstance(load(SHIPPED / "hydrant/terminal-float.toml"), ModbusProfile)
    assert isinstance(load(SHIPPED / "hydrant/opcua.toml"), OpcuaProfile)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (point(at='"40021"'), "write 'holding 21' with first_register = 1, or 'holding 20' with first_register = 0"),
        (point(at='"300001"'), "write 'input 1' with first_register = 1"),
        (point(at='"hold 4"'), "such as 'holding 20'"),
        (point(at="4"), "4 is not a text; write a text such as 'holding 20'"),
        (point(at='"coil 4.1"', type=""), "a coil is already one bit; write 'coil 4'"),
        (point(at='"coil 4"'), "coil 4 is one bit, not a uint16; drop the type"),
        (point(at='"input 4.16"', type=""), "a register has no bit 16"),
        (point(type=""), "input 0 is a whole register; add a type such as uint16, or a bit: 'input 0.0'"),
        (point(at='"input 65535"', type='"float32"'), "no address"),
        (point(type='"float"'), "'float' is no type; write one of int16"),
        (point(type='"uint"'), "write which bits it takes, such as 'input 0.0-7'"),
        (point(at='"input 0.high"'), "write type 'uint' or 'int' for a part of a register"),
        (point(at='"input 0.high"', type='"uint"', bits='{ 8 = "a" }'), "uint has no bit 8"),
        (point(type='"datetime iso"'), "'datetime' and one of unix, words"),
        (point(type='"datetime unix"', scale="2"), "is not a number"),
        (point(type='"string 40"'), "'string N' with N registers, 1 to 32"),
        (point(type='"string 4"', scale="0.1"), "a string 4 is not a number"),
        (point(unit='"psi"'), '"psi" is not a unit; write "[psi]"'),
        (point(unit='"furlong"'), '"furlong" is not a unit; write one of kPa'),
        (point(unit='"kPa"', unit_from='"b"'), "there is no point 'b' that says it; write one of"),
        (point(unit='"kPa"', unit_from='"a"'), "there is no point 'a' that says it; write one of"),
        (point(unit='"kPa"', unit_from='"b"') + OTHER, "'b' has no enum that names units; give it an enum"),
        (point(unit='"kPa"', unit_from='"b"') + OTHER + 'enum = { 0 = "V" }\n', "whose texts are units, such as kPa"),
        (point(unit='"kPa"', unit_from='"b"') + OTHER + 'enum = { 0 = "kPa", 1 = "x" }\n', "x is not a unit"),
        (point(unit='"kPa"', decimals_from='"b"') + OTHER + 'enum = { 0 = "kPa" }\n', "'b' is no plain number"),
        (point(type='"string 2"', decimals_from='"b"') + OTHER, "are for numbers, and input 0 (string 2) is none"),
        (point(unit='"Mpa"'), 'write "MPa"'),
        (point(valid="[5, 1]"), "lets nothing through; write the smaller number first"),
        (point(valid="[5]"), "two numbers"),
        (point(scale="0"), "scale 0 makes every value the same"),
        (point(scale="inf"), "inf does not fit"),
        (point(enum='{ 0 = "a" }', scale="2"), "enum and bits name raw numbers"),
        (point(enum='{ 0 = "a" }', bits='{ 0 = "a" }'), "cannot both"),
        (point(bits='{ 16 = "a" }'), "uint16 has no bit 16; write a wider type or drop the bit"),
        (point(bits='{ x = "a" }'), "'x' is not a number; write a number and a name"),
        (point(bits='{ 0 = "a" }', type='"float32"'), "need a whole number; write a type such as uint16"),
        (point(deadband="-1"), "0 or more"),
        (point(poll='"fasst"'), 'write "fast"'),
        (HEAD + "[points]\n", "points: "),
        (HEAD + '[points.Pressure]\nat = "coil 1"\n', "small letters"),
        ('kind = "hydrnat"\n' + point(), 'write "hydrant"'),
        (point() + "[modbus]\nmax_registers = 126\n", "from 1 to 125"),
        (point() + "[modbus]\nturnaround_ms = [80, 5]\n", "the smaller first"),
        (point() + '[modbus]\nholes = ["input 0-3"]\n', "input 0 lies in the hole 'input 0-3'"),
        (point() + '[modbus]\nholes = ["input 9-3"]\n', "the smaller address first"),
        (point() + "[modbus]\nfirst_register = 1\n", "input 0 is no address when first_register = 1"),
        (point(type='"float64"') + "[modbus]\nmax_registers = 2\n", "a value is never read in two questions"),
        (point(type='"string 9"', poll='"alarm"'), '9 registers, 8 are allowed; move some points'),
        (point() + '[[identity]]\nat = "input 1"\ntype = "uint16"\nis = 1.5\n', "a whole number or a text"),
        (OPCUA + 'node = "ns=2;s=A"\n', "by an index, which changes"),
        (OPCUA + 'node = "A"\n', "write 's=NAME'"),
        (OPCUA + 'node = "s=A"\nat = "coil 1"\n', "unknown key 'at'"),
        ('profile = "p"\nprotocol = "modbuss"\n', 'write "modbus"'),
        ('profile = "q"\nprotocol = "modbus"\n[points.a]\nat = "coil 1"\n', "named p but calls itself q"),
    ],
)  # fmt: skip
def test_refused_with_advice(tmp_path: Path, text: str, words: str) -> None:
    found = messages(tmp_path, text)
    assert any(words in message for message in found), found


def test_all_mistakes_of_a_profile_at_once(tmp_path: Path) -> None:
    text = (
        point(unit='"kpa"', valid="[5, 1]", poll='"x"', at='"40001"') + '[points.b]\nat = "input 70000"\ntype = "q"\n'
    )
    found = messages(tmp_path, text + "[modbus]\nmax_registers = 0\n")
    assert [message.split(":")[0] for message in found] == [
        "points.a.at",
        "points.a.unit",
        "points.a.poll",
        "points.b.at",
        "points.b.type",
        "modbus.max_registers",
    ]


def test_a_forgotten_second_register_is_doubted(tmp_path: Path) -> None:
    (tmp_path / "p.toml").write_text(point(type='"float32"') + '[points.b]\nat = "input 1"\ntype = "int16"\n')
    profile, mistakes = read(tmp_path / "p.toml")
    assert profile is not None
    assert [(m.where, m.line, m.doubtful) for m in mistakes] == [("points.b.at", 7, True)]
    assert "input 1 (int16) shares a register with 'a'" in mistakes[0].text()
    bits = point() + '[points.b]\nat = "input 0.3"\n'
    (tmp_path / "p.toml").write_text(bits)
    assert read(tmp_path / "p.toml")[1] == []


def test_load_raises_them_all(tmp_path: Path) -> None:
    (tmp_path / "p.toml").write_text(point(unit='"kpa"', poll='"x"'))
    with pytest.raises(SettingsError) as caught:
        load(tmp_path / "p.toml")
    assert len(caught.value.mistakes) == 2


def test_a_folder_given_earlier_hides_the_shipped_profile(tmp_path: Path) -> None:
    (tmp_path / "hydrant").mkdir()
    own = tmp_path / "hydrant" / "opcua.toml"
    own.write_text("")
    assert names([tmp_path, SHIPPED])["hydrant/opcua"] == own


def test_places_read_back_as_written() -> None:
    for text in ("coil 0", "discrete 12", "input 4", "holding 65535", "holding 3.15"):
        assert str(parse_location(text)) == text
    assert parse_location(" holding   3.15 ") == Location(Table.HOLDING, 3, 15)
    assert parse_span("input 10") == Span(Table.INPUT, 10, 10)
    assert str(parse_span("input 10 - 19")) == "input 10-19"
    assert parse_node("nsu=urn:x;s=A;B") == Node("urn:x", "s=A;B")
    assert parse_node("s={unit}.P").of("H7") == "s=H7.P"
    assert str(parse_type("string  4")) == "string 4"
    for text in ("", "holding", "holding -1", "holding 1.", "input 1.1.1", "INPUT 1", "holding 1 2"):
        with pytest.raises(Wrong):
            parse_location(text)


def test_units_convert_both_ways() -> None:
    assert convert(0.14, "MPa", "kPa") == pytest.approx(140)
    assert convert(1, "bar", "MPa") == pytest.approx(0.1)
    assert convert(10, "m[H2O]", "kPa") == pytest.approx(98.0665)
    assert convert(273.15, "K", "Cel") == pytest.approx(0)
    assert convert(0, "Cel", "K") == pytest.approx(273.15)
    assert convert(54, "m3/h", "L/s") == pytest.approx(15)
    assert convert(900, "L/min", "L/s") == pytest.approx(15)
    with pytest.raises(ValueError, match="pressure"):
        convert(1, "bar", "L")
    assert {unit.quantity for unit in UNITS.values()} == set(CANONICAL)
    for code, unit in UNITS.items():
        there = convert(7.25, code, CANONICAL[unit.quantity])
        assert convert(there, CANONICAL[unit.quantity], code) == pytest.approx(7.25)


def test_a_kind_turns_readings_into_its_own_units_and_bits_into_events() -> None:
    hydrant = KINDS["hydrant"]
    assert hydrant.canonical("pressure", "MPa", 0.14) == pytest.approx(140)
    assert hydrant.canonical("pressure", "V", 3.0) == 3.0
    assert hydrant.canonical("what_only_the_make_knows", "V", 3.0) == 3.0
    assert [kind.value for kind in hydrant.events_of(("cap_removed", "own_bit", "leak"))] == ["cap_removed", "leak"]
