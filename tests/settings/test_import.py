"""Profiles made of others' files: what fits reads the same registers the same way, what does not is named."""

import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.modbus.reads import planned_reads
from drivers.points import Row, rules_of
from drivers.profile.draft import Draft, point_name
from drivers.profile.from_csv import from_csv
from drivers.profile.from_telegraf import from_telegraf
from drivers.profile.from_wirenboard import from_wirenboard
from drivers.profile.load import read
from drivers.profile.mistake import SettingsError
from drivers.profile.model import ModbusProfile
from drivers.sample import Value

TELEGRAF = """
[agent]
  interval = "10s"
[[inputs.modbus]]
  name = "泵房"
  slave_id = 3
  controller = "file:///dev/ttyUSB0"
  baud_rate = 19200
  coils = [ { name = "Motor1-Run", address = [0]} ]
  holding_registers = [
    { name = "fixed",   byte_order = "AB",       data_type = "FIXED",        scale = 0.01, address = [0]},
    { name = "energy",  byte_order = "CDAB",     data_type = "UFIXED",       scale = 0.1,  address = [1, 2]},
    { name = "swapped", byte_order = "BA",       data_type = "UINT16",       scale = 1.0,  address = [3]},
    { name = "real",    byte_order = "BADC",     data_type = "FLOAT32-IEEE", scale = 1.0,  address = [4, 5]},
    { name = "wide",    byte_order = "GHEFCDAB", data_type = "INT64",        scale = 1.0,  address = [6, 7, 8, 9]},
    { name = "odd",     byte_order = "ABCD",     data_type = "INT32",        scale = 1.0,  address = [11, 10]},
    { name = "half",    byte_order = "AB",       data_type = "INT8L",        scale = 1.0,  address = [12]},
  ]
  [[inputs.modbus.request]]
    slave_id = 4
    byte_order = "DCBA"
    register = "holding"
    fields = [ { address=0, name="current", type="INT32", scale=0.001 }, { address=2, name="x", omit=true } ]
  [[inputs.modbus.metric]]
    slave_id = 3
    fields = [
      { address=13, name="firmware", type="STRING", length=2 },
      { address=15, name="door", type="BIT", bit=4 },
      { register="discrete", address=7, name="alarm" },
    ]
"""
HOLDING = struct.pack(
    ">hHHHHHqHHH4sH", -250, 0x0002, 0x0001, 0x3412, 0x4840, 0x0000, 0, 0, 0, 0x12FC, b"V1.2", 0x0010
)  # fmt: skip


def profile_of(draft: Draft, tmp_path: Path) -> ModbusProfile:
    """Through its text, as a technician would use it."""
    file = tmp_path / "made.toml"
    file.write_text(draft.text("source"), encoding="utf-8")
    profile, mistakes = read(file)
    assert [mistake.text() for mistake in mistakes] == []
    assert isinstance(profile, ModbusProfile)
    return profile


def decoded(profile: ModbusProfile, table: str, data: bytes) -> dict[str, Value]:
    """Every point of a table out of that table's bytes from address 0."""
    values: dict[str, Value] = {}
    for planned in planned_reads(profile, {"alarm": 1, "fast": 2, "slow": 60}, 12.0):
        if planned.table == table:
            row = Row(planned.layout, rules_of(profile.points, planned.layout))
            part = data[2 * planned.address : 2 * (planned.address + planned.count)]
            values |= dict(zip(planned.layout.points, row.decode(planned.decode(part))[0], strict=True))
    return values


def test_telegraf_fields_read_the_same_registers_the_same_way(tmp_path: Path) -> None:
    source = tmp_path / "telegraf.conf"
    source.write_text(TELEGRAF, encoding="utf-8")
    profile = profile_of(from_telegraf(source, "hydrant/pump"), tmp_path)
    assert profile.title == "泵房"
    data = bytearray(HOLDING)
    data[12:20] = struct.pack(">4H", 4, 3, 2, 1)  # 0x0001000200030004 with its words turned round
    assert decoded(profile, "holding", bytes(data)) == {
        "fixed": -2.5,
        "energy": 6553.8,
        "swapped": 0x1234,
        "real": 3.125,
        "wide": 0x0001_0002_0003_0004,
        "firmware": "V1.2",
        "door": True,
        "half": -4,
    }
    assert str(profile.points["motor1_run"].at) == "coil 0"
    assert str(profile.points["alarm"].at) == "discrete 7"


def test_telegraf_what_is_left_out_is_named(tmp_path: Path) -> None:
    source = tmp_path / "telegraf.conf"
    source.write_text(TELEGRAF, encoding="utf-8")
    told = [left.text() for left in from_telegraf(source, "p").left_out]
    assert any("odd: its addresses do not follow each other" in text for text in told)
    assert any("use --unit 4" in text for text in told)
    assert any("baud_rate = 19200" in text for text in told)
    assert any(text.startswith("units") for text in told)
    other = profile_of(from_telegraf(source, "p", unit=4), tmp_path)
    assert list(other.points) == ["current"]
    assert (other.modbus.word_order, other.modbus.byte_order) == ("little", "little")
    assert decoded(other, "holding", struct.pack("<i", 5000)) == {"current": 5.0}


WIRENBOARD = """
// comments are allowed in these files
{ "title": "Press 1", "device_type": "p1",
  "device": { "name": "P // not a comment", "id": "p", "max_read_registers": 10, "guard_interval_us": 5000,
    "response_timeout_ms": 100, "setup": [{"title": "x", "address": 1, "value": 1}],
    "channels": [
      {"name": "Pressure", "reg_type": "input", "address": "0x02", "units": "bar", "format": "float",
       "word_order": "little_endian"},
      {"name": "水温", "reg_type": "input", "address": 1, "type": "temperature", "format": "s16", "scale": 0.1,
       "error_value": "0x7FFF"},
      {"name": "Lux", "reg_type": "input", "address": 0, "type": "lux", "units": "lx"},
      {"name": "Hum", "reg_type": "input", "address": 9, "format": "s8"},
      {"name": "Door", "reg_type": "input", "address": "4:3:1"},
      {"name": "Two bits", "reg_type": "input", "address": "4:1:2"},
      {"name": "Valve", "reg_type": "coil", "address": 0, "type": "switch"},
      {"name": "Mode", "reg_type": "holding", "address": 7, "enum": [0, 1], "enum_titles": ["off", "on"],
       "read_period_ms": 1000},
      {"name": "Fault", "reg_type": "holding_multi", "address": 8, "type": "switch", "on_value": "0x65"},
      {"name": "Text", "reg_type": "holding", "address": 70, "format": "string", "string_data_size": 5},
    ], /* end */
  },
}
"""


def test_wiren_board_channels_read_the_same_registers_the_same_way(tmp_path: Path) -> None:
    source = tmp_path / "wb.json"
    source.write_text(WIRENBOARD, encoding="utf-8")
    draft = from_wirenboard(source, "hydrant/p1")
    profile = profile_of(draft, tmp_path)
    data = struct.pack(">Hh4sH8xH", 77, 215, struct.pack(">2H", 0x0000, 0x4048), 0b1000, 0x12FF)
    assert decoded(profile, "input", data) == {
        "lux": 77,
        "temperature": 21.5,
        "pressure": 3.125,
        "door": True,
        "two_bits": 0,
        "hum": -1,
    }
    assert decoded(profile, "input", data[:2] + b"\x7f\xff" + data[4:])["temperature"] is None
    assert decoded(profile, "holding", bytes(14) + struct.pack(">HH", 1, 0x65)) == {"mode": "on", "fault": "on"}
    assert profile.points["pressure"].unit == "bar"
    assert profile.points["temperature"].unit == "Cel"
    assert profile.points["valve"].write
    assert profile.points["mode"].poll == "fast"
    assert (profile.modbus.max_registers, profile.modbus.pause_ms, profile.modbus.turnaround_ms) == (10, 5.0, (5, 100))
    told = "\n".join(left.text() for left in draft.left_out)
    for text in (
        '"Lux": unit lx',
        '"Text": there',
        "setup:",
    ):
        assert text in told
    assert told.count("\n") == 3


TABLE = """\ufeffName;Register Address;Function;Data type;Scale;Unit;Min;Max;R/W;Order;Remark
Pressure;0x0004;03;INT16;0,001;MPa;-0,02;2;R;;the transmitter's own
Flow rate;40011;;float;;m3/h;;;R;CDAB;
Total;40013-40014;;dword;/10;m³;;;R;cdab;
Door;3;1;;;;;;RW;;
Level;10H;04;u16;1/1000;m;0;20;R;;
Half;40016;;INT8L;;℃;;;R;;
Serial;0020;3;ASCII 4;;;;;R;;
Leak;40018;;bit;;;;;;;
Odd;x;3;u16;;;;;R;;
Strange;5;7;u16;;;;;R;;
Time;9;3;when;;;;;R;;
Light;6;3;u16;;lx;;;R;;
;;;;;;;;;;
"""


def test_a_register_table_reads_as_it_says(tmp_path: Path) -> None:
    source = tmp_path / "table.csv"
    source.write_text(TABLE, encoding="utf-8")
    draft = from_csv(source, "hydrant/typed")
    profile = profile_of(draft, tmp_path)
    words = struct.pack(">H", 312) + bytes(10) + struct.pack(">HHHH", 0, 0x4148, 0x04D2, 0) + bytes(2) + b"\x00\xfb"
    said = decoded(profile, "holding", bytes(8) + words + bytes(8) + b"SN42" + bytes(16))
    assert said == {
        "pressure": 0.312, "flow_rate": 12.5, "total": 123.4, "half": -5, "serial": "SN42", "light": 0,
    }  # fmt: skip
    assert decoded(profile, "input", bytes(32) + struct.pack(">H", 3257)) == {"level": 3.257}
    assert str(profile.points["door"].at) == "coil 3"
    assert profile.points["door"].write
    assert not profile.points["pressure"].write
    assert profile.points["pressure"].valid == (-0.02, 2.0)
    assert (profile.points["flow_rate"].unit, profile.points["half"].unit) == ("m3/h", "Cel")
    told = "\n".join(left.text() for left in draft.left_out)
    for text in (
        '10 "Odd": address x',
        '11 "Strange": there is no register type 7',
        '12 "Time": there is no type when',
        '9 "Leak"',
        '13 "Light": unit lx',
        "address: numbers are taken as on the wire",
    ):
        assert text in told
    assert told.count("\n") == 5


def test_chinese_headings_and_commas(tmp_path: Path) -> None:
    source = tmp_path / "表.csv"
    source.write_text(
        "名称,寄存器地址,数据类型,系数,单位,最小值,最大值\n水压,0,uint16,0.1,kPa,0,2000\n", encoding="utf-8"
    )
    profile = profile_of(from_csv(source, "hydrant/typed"), tmp_path)
    assert decoded(profile, "holding", struct.pack(">H", 3125)) == {"pressure": 312.5}


@pytest.mark.parametrize("content", ["", "a,b\n1,2\n", "name\nx\n", "address\n1\n", "\x00"])
def test_what_is_no_register_table_is_said_so(tmp_path: Path, content: str) -> None:
    source = tmp_path / "x.csv"
    source.write_text(content, encoding="utf-8")
    with pytest.raises(SettingsError, match="'name' and 'address'"):
        from_csv(source, "p")


@given(st.text(max_size=200))
def test_no_table_ends_the_import(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    source = tmp_path_factory.mktemp("csv") / "x.csv"
    source.write_text("name,address,type,scale,unit\n" + text, encoding="utf-8")
    try:
        draft = from_csv(source, "p")
    except SettingsError:
        return
    if draft.points:
        profile_of(draft, source.parent)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "is not JSON"),
        ("[]", "no device template"),
        ('{"device": {"channels": 3}}', "no device template"),
        ('{"device": {"protocol": "pulsar", "channels": []}}', "speaks pulsar, not Modbus"),
        ("{% set x = 1 %}{}", "Jinja"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_what_is_no_template_is_said_so(tmp_path: Path, content: str, words: str) -> None:
    source = tmp_path / "wb.json"
    source.write_text(content, encoding="utf-8")
    with pytest.raises(SettingsError, match=words):
        from_wirenboard(source, "p")
    with pytest.raises(SettingsError):
        from_telegraf(source, "p")


def test_a_point_the_model_refuses_is_left_out_with_its_reason(tmp_path: Path) -> None:
    draft = Draft("p", "")
    draft.add("a", "field a", {"at": "input 70000", "type": "uint16"})
    draft.add("a", "field b", {"at": "input 1", "type": "uint16", "poll": "offen"})
    draft.add("a", "field c", {"at": "input 1", "type": "uint16"})
    draft.add("a", "field d", {"at": "input 2", "type": "uint16"})
    assert list(draft.points) == ["a", "a_2"]
    assert [left.where for left in draft.left_out] == ["field a", "field b"]
    assert '"offen" is not known' in draft.left_out[1].text()
    assert profile_of(draft, tmp_path).points["a_2"].note == "a"


def test_point_names() -> None:
    assert point_name("Motor1-Run") == "motor1_run"
    assert point_name("Temp (°C)") == "temp_c"
    assert point_name("7th") == "p_7th"
    assert point_name("水压") == "pressure"
    assert point_name("电机") == "point"
    assert len(point_name("x" * 99)) <= 40
