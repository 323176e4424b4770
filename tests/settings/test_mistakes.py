"""Every mistake of every file in one report, each with file, line, path and what to write instead."""

import os
from pathlib import Path

import pytest

from agent.settings.load import check, load
from agent.settings.settings import SHIPPED_RULES, Settings
from drivers.profile.mistake import Mistake, SettingsError
from tests.settings.conftest import PROFILE, SITE, Checked

TEN = """
[gateway]
id = "g1"
state_dir = "state"
profiles = ["profiles"]
sation = "S1"                                  # 1 misspelt key

[[lines]]
id = "street"
kind = "serial"
port = "/dev/serial/by-id/usb-1"
baud = 19201                                   # 2 no such speed

[[lines]]
id = "market"
kind = "tcp"                                   # 3 no host

[[devices]]
id = "H001"
kind = "hydrnat"                               # 4 misspelt kind
profile = "hydrant/own"
line = "street"
unit = 300                                     # 5 no unit

[[devices]]
id = "H002"
kind = "hydrant"
profile = "hydrant/own"
line = "stret"                                 # 6 no such line
unit = 2
place = { lon = 28.97, lat = 118.87 }          # 7 swapped

[[devices]]
id = "H001"                                    # 8 taken
kind = "hydrant"
profile = "hydrant/own"
line = "market"
unit = 2
name = 菜市场                                  # 9 a text without quotes
"""

TENTH = PROFILE.replace("kPa", "kpa")  # 10 no such unit


def of(mistakes: list[Mistake], where: str) -> Mistake:
    found = [mistake for mistake in mistakes if mistake.where == where]
    assert len(found) == 1, [mistake.text() for mistake in mistakes]
    return found[0]


def device(name: str, **keys: str) -> str:
    given = {"kind": '"hydrant"', "profile": '"hydrant/own"', "line": '"street"', "unit": "9"} | keys
    return f'[[devices]]\nid = "{name}"\n' + "".join(f"{key} = {value}\n" for key, value in given.items())


def line(name: str, kind: str, **keys: str) -> str:
    return f'[[lines]]\nid = "{name}"\nkind = "{kind}"\n' + "".join(f"{k} = {v}\n" for k, v in keys.items())


def test_ten_planted_mistakes_give_ten_messages_in_one_run(checked: Checked, tmp_path: Path) -> None:
    mistakes = checked(TEN, own=TENTH)
    site, own = tmp_path / "site.toml", tmp_path / "profiles/hydrant/own.toml"
    assert [(m.file, m.line, m.where) for m in mistakes] == [
        (site, 6, "gateway.sation"),
        (site, 12, 'lines[0] "street".baud'),
        (site, 14, 'lines[1] "market".host'),
        (site, 20, 'devices[0] "H001".kind'),
        (site, 23, 'devices[0] "H001".unit'),
        (site, 29, 'devices[1] "H002".line'),
        (site, 31, 'devices[1] "H002".place'),
        (site, 34, 'devices[2] "H001".id'),
        (site, 39, ""),
        (own, 8, "points.pressure.unit"),
    ]
    texts = [m.text() for m in mistakes]
    for text, instead in zip(
        texts,
        [
            "'station'",
            "19200",
            "host",
            '"hydrant"',
            "0 to 255",
            "'street'",
            "lon = 118.87",
            "of its own",
            "quotes",
            '"kPa"',
        ],
        strict=True,
    ):
        assert instead in text


IN_CHINESE = """\
site.toml:6: gateway.sation: 没有“sation”这个键; 请写 'station'
site.toml:12: lines[0] "street".baud: 19201 不在可选范围内; \
请从中选一个: 1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200
site.toml:14: lines[1] "market".host: 缺少“host”; 请写文本 (加引号)
site.toml:20: devices[0] "H001".kind: "hydrnat" 不在可选范围内; 请写 "hydrant" \
(可选: "fill_stand", "flow_meter", "hydrant", "water_point", "weather")
site.toml:23: devices[0] "H001".unit: 300 不是设备地址; 请写 0 到 255 的 Modbus 设备地址, 或代替 {unit} 的 OPC UA 名称
site.toml:29: devices[1] "H002".line: 没有线路“stret”; 请写 'street' (已有: street, market)
site.toml:31: devices[1] "H002".place: 经度和纬度写反了; 请写 lon = 118.87, lat = 28.97
site.toml:34: devices[2] "H001".id: “H001”已被 devices[0] 使用; 请另起一个编号
site.toml:39: TOML 语法: 无效的值; 请写成 键 = 值; 文本要加引号 ("…"), 数和 true/false 不加
profiles/hydrant/own.toml:8: points.pressure.unit: "kpa" 不是可用的单位; 请写 "kPa" (可选: kPa, Pa, hPa, MPa, bar"""


def test_the_same_ten_in_chinese(checked: Checked, tmp_path: Path) -> None:
    told = "\n".join(m.text("zh").removeprefix(f"{tmp_path}/") for m in checked(TEN, own=TENTH))
    assert told.startswith(IN_CHINESE)
    assert len(told.splitlines()) == 10


def test_a_word_that_is_to_be_typed_is_never_translated(checked: Checked) -> None:
    found = of(checked(SITE.replace('line = "street"', 'lien = "street"')), 'devices[0] "H001".lien')
    assert found.text("zh").endswith("没有“lien”这个键; 请写 'line'")


def test_where_there_is_none_at_all_nothing_is_offered(checked: Checked) -> None:
    site = SITE.replace('[[stations]]\nid = "S1"\nname = "城关站"\n', "").replace(
        "[gateway]", '[gateway]\nstation = "S1"'
    )
    (found,) = checked(site)
    assert found.text().endswith("there is no station 'S1'; add it, or drop this key")
    assert found.text("zh").endswith("没有消防站“S1”; 请补上它, 或去掉这个键")


def test_a_rule_file_of_ones_own_is_told_like_the_rest(checked: Checked, tmp_path: Path) -> None:
    site = SITE + '[judge]\nrules = "own.toml"\n'
    assert [(m.where, m.what) for m in checked(site)] == [("judge.rules", "settings.no_file")]
    text = SHIPPED_RULES.read_text(encoding="utf-8")
    for right, wrong in (("= 15 ", "= -1 "), ('"leak"', '"lek"'), ("clear = 750", "clear = 850")):
        assert right in text
        text = text.replace(right, wrong, 1)
    (tmp_path / "own.toml").write_text(text, encoding="utf-8")
    found = checked(site)
    assert [(m.where, m.text("zh").partition("; ")[2][:18]) for m in found] == [
        ("held_max_min", "请写 0 到 1440 之间的数"),
        ('verdict[5] "dry".events[0]', '请写 "leak" (可选: "pr'),
        ("event.pressure_high.clear", "请写不大于 800 的数"),
    ]
    assert all(m.file == tmp_path / "own.toml" and m.line for m in found)


def test_all_ten_come_from_one_raise(checked: Checked, tmp_path: Path) -> None:
    checked(TEN, own=TENTH)
    with pytest.raises(SettingsError) as caught:
        load(tmp_path / "site.toml")
    assert len(caught.value.report().splitlines()) == 10
    assert "没有“sation”这个键" in caught.value.report("zh")


def test_a_right_site_has_none(checked: Checked, tmp_path: Path) -> None:
    assert checked() == []
    settings = load(tmp_path / "site.toml")
    assert settings.journal_path == tmp_path / "state" / "journal.db"
    assert settings.profile_of("H001").points["pressure"].unit == "kPa"


def test_one_misspelt_required_key_is_one_mistake(checked: Checked) -> None:
    mistakes = checked(SITE.replace('line = "street"', 'lien = "street"'))
    assert [m.where for m in mistakes if not m.doubtful] == ['devices[0] "H001".lien']


def test_a_doubt_does_not_stop_the_agent(checked: Checked, tmp_path: Path) -> None:
    mistakes = checked(SITE + line("two", "tcp", host='"h"'))
    assert [(m.where, m.doubtful) for m in mistakes] == [('lines[1] "two"', True)]
    assert ": doubtful: nothing hangs on line 'two'" in mistakes[0].text()
    assert load(tmp_path / "site.toml").doubts == tuple(mistakes)


def test_several_broken_lines_are_all_named(checked: Checked) -> None:
    broken = SITE.replace('kind = "hydrant"', "kind = hydrant").replace('host = "localhost"', "host = “localhost”")
    mistakes = checked(broken)
    assert [m.line for m in mistakes] == [19, 28]
    assert "quotes" in mistakes[0].text()
    assert "ASCII" in mistakes[1].text()


def test_a_key_written_twice(checked: Checked) -> None:
    mistakes = checked(SITE.replace("baud = 19200", "baud = 19200\nbaud = 9600"))
    assert [(m.line, "Cannot overwrite a value" in m.text()) for m in mistakes] == [(16, True)]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\xff\xfe[\x00g\x00", "is not UTF-8 text"),
        (b"[gateway\n", "TOML syntax"),
        (b"[[devices]\nid=1\n", "TOML syntax"),
        (b"a = '''\n", "TOML syntax"),
        (b"", "'gateway' is missing"),
        (b"gateway = 3\n", "gateway: 3 does not fit; write a table"),
        (b"devices = 3\n[gateway]\nid='a'\nstate_dir='b'\n", "devices: 3 does not fit"),
        (b"devices = [3]\n[gateway]\nid='a'\nstate_dir='b'\n", "devices[0]"),
        (b"[[devices]]\n[gateway]\nid='a'\nstate_dir='b'\n", "'kind' is missing; write one of"),
        (b'\xef\xbb\xbf[gateway]\r\nid = "a"\r\n', "'state_dir' is missing"),
        (b"a = " + b"[" * 100 + b"\n", "TOML syntax"),
    ],
)
def test_files_that_are_hardly_settings(tmp_path: Path, content: bytes, words: str) -> None:
    file = tmp_path / "site.toml"
    file.write_bytes(content)
    settings, mistakes = check(file)
    assert settings is None
    assert words in "\n".join(m.text() for m in mistakes)


def test_no_file_and_no_right_to_read_it(tmp_path: Path) -> None:
    assert "there is no such file" in check(tmp_path / "none.toml")[1][0].text()
    assert "没有这个文件" in check(tmp_path / "none.toml")[1][0].text("zh")
    assert "cannot be read" in check(tmp_path)[1][0].text()
    if os.geteuid() != 0:
        (tmp_path / "closed.toml").write_text("")
        (tmp_path / "closed.toml").chmod(0)
        assert "cannot be read" in check(tmp_path / "closed.toml")[1][0].text()


def test_poll_periods_the_device_before_its_line_before_its_profile(checked: Checked, tmp_path: Path) -> None:
    site = SITE.replace("baud = 19200", "poll_s = { fast = 5, slow = 100 }").replace(
        "unit = 1\n", "unit = 1\npoll_s = { slow = 300 }\n"
    )
    assert checked(site) == []
    periods = load(tmp_path / "site.toml").poll_s_of("H001")
    assert (periods.alarm, periods.fast, periods.slow) == (1, 5, 300)


def test_relative_paths_start_at_the_site_file(checked: Checked, tmp_path: Path) -> None:
    checked()
    settings: Settings = load(Path(os.path.relpath(tmp_path / "site.toml")))
    assert settings.site.gateway.state_dir == tmp_path / "state"
    assert settings.socket_path == tmp_path / "state" / "control.sock"


def test_a_bearer_has_a_name_of_its_own_and_an_interface_that_may_be_one(checked: Checked) -> None:
    def bearer(name: str, **keys: str) -> str:
        return f'[[uplinks.bearers]]\nname = "{name}"\n' + "".join(f"{key} = {value}\n" for key, value in keys.items())

    assert checked(SITE + bearer("fibre", interface='"eth0"') + bearer("4g", carries='"events"')) == []
    (twice,) = checked(SITE + bearer("fibre") + bearer("fibre", interface='"wwan0"'))
    assert (twice.where, twice.what) == ('uplinks[0] "province".bearers[1].name', "settings.bearer_twice")
    (odd,) = checked(SITE + bearer("fibre", interface='"the one at the back"'))
    assert "ip link" in odd.text()
    (word,) = checked(SITE + bearer("fibre", carries='"alarms"'))
    assert "events" in word.text()
