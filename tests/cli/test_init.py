"""A person at the questions of `hydronest init`: what is written is a site file that has no mistake."""

import io
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.cli import exits
from agent.cli.commands import init
from agent.cli.main import main
from agent.settings.load import load
from agent.settings.uplinks import Gb26875Uplink, MqttUplink
from protocols.modbus import port_names
from protocols.modbus.port_names import SerialPortName

Typed = Callable[..., int]
PORTS = [
    SerialPortName(f"/dev/ttyUSB{n}", f"/dev/hydronest/by-serial/A{n}-if00", "FT232R", f"A{n}", None, ambiguous=False)
    for n in range(2)
]


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Typed:
    """`typed("answer", …, lang="zh")` runs the command with these lines typed, on a machine with two adapters."""
    monkeypatch.setattr(port_names, "serial_ports", lambda: PORTS)
    monkeypatch.setattr(init, "_zone", lambda: "Asia/Shanghai")

    def run(*lines: str, lang: str = "en") -> int:
        monkeypatch.setattr(sys, "stdin", io.StringIO("".join(f"{line}\n" for line in lines)))
        return main(["--lang", lang, "init", str(tmp_path / "etc/site.toml")])

    return run


def test_ten_answers_make_a_site_file(typed: Typed, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    answers = (
        "quzhou-kecheng-01",
        "柯城消防救援站",
        "kecheng",
        "柯城区",
        "gcj02",
        "118.8763，28.9660",
        "2 1",
        "19200 n",
    )
    assert typed(*answers, "iot.example.org", "是", lang="zh") == exits.OK
    file = tmp_path / "etc/site.toml"
    assert file.stat().st_mode & 0o027 == 0
    assert [path.name for path in file.parent.iterdir()] == ["site.toml"]
    site = load(file).site
    assert (site.gateway.id, site.gateway.station, site.gateway.datum) == ("quzhou-kecheng-01", "kecheng", "gcj02")
    place = site.stations[0].place
    assert place is not None
    assert (place.lon, place.lat) == pytest.approx((118.8716, 28.9689), abs=0.001)  # WGS-84, half a kilometre away
    lines = [(line.kind, getattr(line, "port", ""), getattr(line, "baud", 0)) for line in site.lines]
    assert lines == [("serial", port.name, 19200) for port in PORTS]
    assert [(up.host, up.port, up.tls is not None) for up in site.uplinks if isinstance(up, MqttUplink)] == [
        ("iot.example.org", 8883, True)
    ]
    assert "每次修改后运行" in file.read_text("utf-8")
    shown = capsys.readouterr()
    assert "2  /dev/hydronest/by-serial/A1-if00" in shown.err
    assert "sudo hydronest check" in shown.out


def test_lines_and_platforms_over_a_network_are_typed_as_addresses(typed: Typed, tmp_path: Path) -> None:
    station = ("g1", "Station", "", "", "", "118.87,28.97")
    wanted = (
        "3",
        "x:70000",
        "opc.tcp://",
        "1 10.0.0.7, rtu://10.0.0.8 tcp://plc.local:1502 opc.tcp://10.0.0.9:4840/ua",
    )
    far = (
        "gb26875://10.30.0.8/1",
        "gb26875://10.30.0.8:5200/281474976710656",
        "a b",
        "iot.example.org gb26875://[fd00::8]:5200/330802000117",
    )
    assert typed(*station, *wanted, "", *far, "no") == exits.OK
    site = load(tmp_path / "etc/site.toml").site
    assert [line.kind for line in site.lines] == ["serial", "tcp", "rtu_tcp", "tcp", "opcua"]
    told = [line.model_dump() for line in site.lines[1:]]
    assert [(line.get("host"), line.get("port"), line.get("url")) for line in told] == [
        ("10.0.0.7", 502, None), ("10.0.0.8", 4001, None), ("plc.local", 1502, None), (None, None, "opc.tcp://10.0.0.9:4840/ua"),
    ]  # fmt: skip
    broker, centre = site.uplinks
    assert isinstance(broker, MqttUplink)
    assert (broker.host, broker.port) == ("iot.example.org", 1883)
    assert isinstance(centre, Gb26875Uplink)
    assert (centre.host, centre.port, centre.address) == ("fd00::8", 5200, 330802000117)


def test_what_cannot_be_meant_is_asked_again(typed: Typed, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = ("has spaces", "g1", "", "Station", "", "", "mars", "", "28.97,118.87", "0,0", "118.87,28.97")
    assert typed(*lines, "7", "", "not:a:broker", "10.0.0.8:1884", "maybe", "no") == exits.OK
    said = capsys.readouterr().err
    for wrong in ("letters, digits", "a name, of 60", "one of wgs84", "longitude first", "not in China", "1 to 2",
                  "HOST or HOST:PORT", "yes or no"):  # fmt: skip
        assert wrong in said
    site = load(tmp_path / "etc/site.toml").site
    assert (site.gateway.id, site.gateway.station, site.gateway.district) == ("g1", "station", "")
    assert site.lines == ()
    assert [(up.host, up.port, up.tls) for up in site.uplinks if isinstance(up, MqttUplink)] == [
        ("10.0.0.8", 1884, None)
    ]


def test_nothing_is_written_before_the_last_answer_and_nothing_over_a_file(
    typed: Typed, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert typed("g1", "Station") == exits.USAGE
    assert typed("g1", *["\x07"] * 6) == exits.USAGE  # who answers wrongly again and again is no person
    assert not (tmp_path / "etc").exists()
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/site.toml").write_text("mine")
    assert typed() == exits.CANNOT_WRITE
    assert (tmp_path / "etc/site.toml").read_text() == "mine"
    assert "is there already" in capsys.readouterr().err


def test_what_a_terminal_of_another_charset_sends_is_told_and_asked_for_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(port_names, "serial_ports", list)
    answers = (b"g1", "柯城站".encode("gbk"), b"Sta\x7ftion", b"Station", b"", b"", b"", b"118.87,28.97", b"", b"")
    for errors in ("strict", "surrogateescape"):  # as in zh_CN.UTF-8, and as in C
        stdin = io.TextIOWrapper(io.BytesIO(b"".join(line + b"\n" for line in answers)), "utf-8", errors)
        monkeypatch.setattr(sys, "stdin", stdin)
        assert main(["--lang", "en", "init", str(tmp_path / f"{errors}.toml")]) == exits.OK
        said = capsys.readouterr().err
        assert "no UTF-8" in said
        assert "control character" in said
        assert load(tmp_path / f"{errors}.toml").site.stations[0].name == "Station"


def test_where_nothing_can_be_written_nothing_is_asked(
    typed: Typed, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "etc").write_text("no folder")
    assert typed("g1") == exits.CANNOT_WRITE
    (tmp_path / "etc").unlink()
    monkeypatch.setattr("os.access", lambda *_: False)  # root may write anywhere
    assert typed("g1") == exits.CANNOT_WRITE
    assert "1/10" not in capsys.readouterr().err
