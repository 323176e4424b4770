"""The commands themselves, run in a process of their own against a real control server."""

import asyncio
import csv
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from agent.cli import exits
from agent.cli.main import main
from agent.control.request import Request
from agent.control.server import ControlServer
from agent.core.latest import DeviceInfo, LatestValues
from agent.core.requests.site import register_site
from agent.core.requests.views import NoticeView
from agent.reports.controls import standards
from agent.supervisor.tree_file import TreeFile
from drivers.event import Event, EventKind, Severity, Transition
from protocols.reason import Reason
from tests.alarms import alarms
from tests.cli.a_site import ASite, a_board
from tests.cli.conftest import Hydronest
from tests.cli.serving import echo, serving
from tests.cli.terminal_reader import Session

EXAMPLE = Path(__file__).parents[2] / "config/hydronest.example.toml"


async def test_status_is_the_site_on_one_screen(hydronest: Hydronest, server: ControlServer) -> None:
    ran = await hydronest("status")
    assert ran.code == exits.ALARM
    assert "12: 7 ok, 1 warning, 1 silent, 2 bad, 1 alarm" in ran.out
    assert "province  connected  120345 forwarded, 120340 confirmed  5 wait (oldest 3s)" in ran.out
    assert "1.8 MB on disk, 12.0 GB free" in ran.out
    assert "(no answer)" in ran.out
    assert "6553.5" not in ran.out  # kept for diagnosis, never shown as a reading
    assert all(device not in ran.out for device in ("h01", "h02"))
    told = json.loads((await hydronest("status", "--json")).out)
    assert told["counts"] == {"alarm": 1, "bad": 2, "late": 0, "silent": 1, "warning": 1, "ok": 7}
    assert "设备  12: 7 正常, 1 警告, 1 无数据, 2 不可用, 1 报警" in (await hydronest("status", lang="zh")).out


async def test_the_exit_code_of_status_tells_the_worst(hydronest: Hydronest, socket_path: Path, site: ASite) -> None:
    latest = LatestValues((reading.info for reading in a_board().readings()[:2]), alarms())
    for reading in a_board().readings()[:2]:
        for sample in reading.newest.values():
            latest.sample(sample)
    server = ControlServer(socket_path)
    register_site(server, latest, site)
    await server.start()
    assert (await hydronest("status")).code == exits.OK
    site.line_up = False
    down = await hydronest("status")
    assert (down.code, "rs485-1 down (/dev/ttyUSB0: unplugged), opcua-1 ok" in down.out) == (exits.DEGRADED, True)
    site.line_up, site.uplink_state = True, "down"
    assert (await hydronest("status")).code == exits.DEGRADED
    await server.close()


async def test_hydrant_list_and_show(hydronest: Hydronest, server: ControlServer) -> None:
    listed = await hydronest("hydrant", "list")
    assert listed.code == exits.ALARM
    assert len(listed.out.splitlines()) == 13
    rows = json.loads((await hydronest("hydrant", "list", "--json")).out)
    assert [row["id"] for row in rows][-1] == "pond-1"
    assert {row["id"]: row["quality"] for row in rows}["h05"] == "out_of_range"
    shown = await hydronest("hydrant", "show", "h03")
    assert shown.code == exits.ALARM
    assert "cap removed (alarm" in shown.out
    assert "柯城站  qz-kc" in shown.out
    one = json.loads((await hydronest("hydrant", "show", "h05", "--json")).out)
    assert one["points"][0] == {**one["points"][0], "point": "pressure", "value": 6553.5, "quality": "out_of_range"}
    assert len(one["curve"]) == 60
    assert one["curve"][-1] is None  # what is not to be used is a gap, not a line
    silent = await hydronest("hydrant", "show", "pond-1")
    assert silent.code == exits.DEGRADED


async def test_narrow_terminals_drop_columns_and_wide_keeps_them(hydronest: Hydronest, server: ControlServer) -> None:
    piped = await hydronest("hydrant", "list")
    assert "name" in piped.out.splitlines()[0]
    assert (await hydronest("hydrant", "list", "--wide", COLUMNS="40")).out.splitlines()[0] == piped.out.splitlines()[0]


async def test_a_clock_nobody_set_shows_no_time(
    hydronest: Hydronest, server: ControlServer, site: ASite, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "clock    2026-11-21 23:30:00 +0800\n" in (await hydronest("status")).out
    unset = {"wall": "1970-01-01T08:00:00+08:00", "trusted": False, "error_ms": None}
    monkeypatch.setattr(site, "clock", lambda: unset)
    assert "clock    -  not to be trusted yet\n" in (await hydronest("status")).out


async def test_what_waits_for_a_person_stands_on_top(hydronest: Hydronest, socket_path: Path, site: ASite) -> None:
    asked: NoticeView = {"what": "duty_check", "subject": "centre", "left_s": 480.0, "command": "hydronest duty answer"}
    server = ControlServer(socket_path)
    register_site(server, a_board(), site, notices=lambda: [asked])
    await server.start()
    assert "! duty check  centre  8m left  hydronest duty answer" in (await hydronest("status")).out
    assert "! 查岗  centre  剩 8m  hydronest duty answer" in (await hydronest("status", lang="zh")).out
    environment = {"HYDRONEST_SOCKET": str(socket_path), "HYDRONEST_LANG": "zh"}
    async with Session(80, 24, environment, "watch", "--count", "50", "--interval", "0.1") as screen:
        await screen.until(lambda text: "查岗  centre  剩 8m" in text)
    await server.close()


async def test_status_verbose_shows_every_device(hydronest: Hydronest, server: ControlServer) -> None:
    assert "h01" in (await hydronest("status", "-v")).out
    assert len(json.loads((await hydronest("-v", "status", "--json")).out)["devices"]) == 12


async def test_a_silent_district_is_still_one_screen(hydronest: Hydronest, socket_path: Path, site: ASite) -> None:
    server = ControlServer(socket_path)
    silent = [DeviceInfo(f"h{n}", "", "hydrant", "pressure", "l") for n in range(300)]
    register_site(server, LatestValues(silent, alarms()), site)
    await server.start()
    ran = await hydronest("status")
    await server.close()
    assert "and 260 more: hydronest hydrant list" in ran.out
    assert len(ran.out.splitlines()) < 60


async def test_status_can_wait_for_the_agent(
    hydronest: Hydronest, socket_path: Path, latest: LatestValues, site: ASite
) -> None:
    waiting = asyncio.ensure_future(hydronest("status", "--wait", "15"))
    server = ControlServer(socket_path)
    register_site(server, latest, site)
    await asyncio.sleep(0.3)  # long enough for the command to find nobody; shorter proves less, longer nothing more
    await server.start()
    assert (await waiting).code == exits.ALARM
    await server.close()


async def test_no_text_from_the_field_steers_the_terminal(
    hydronest: Hydronest, socket_path: Path, site: ASite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name, a reason or a no that carries escape sequences is shown as blanks."""
    evil = "\033[2J\x9b31m\u202eevil"
    latest = LatestValues([DeviceInfo("h1", evil, "hydrant", "pressure", evil, evil)], alarms())
    latest.alarms.turned(Event(EventKind.LEAK, "h1", Severity.ALARM, Transition.RAISED, 0, {"reason": evil}))
    told = site.uplinks()[0]
    monkeypatch.setattr(site, "uplinks", lambda: [{**told, "reason": evil}])
    server = ControlServer(socket_path)
    register_site(server, latest, site)
    await server.start()
    for line in (["status"], ["hydrant", "list"], ["hydrant", "show", "h1"], ["watch", "--count", "1"]):
        out = (await hydronest(*line)).out
        assert "evil" in out
        assert not {"\033", "\x9b", "\u202e"} & set(out)
    assert "\033" not in (await hydronest("hydrant", "show", evil)).err
    await server.close()


async def test_check_needs_no_agent(hydronest: Hydronest, tmp_path: Path) -> None:
    good = await hydronest("check", str(EXAMPLE))
    assert (good.code, good.err) == (exits.OK, "")
    assert "the settings are good" in good.out
    planted = EXAMPLE.read_text().replace("baud = 19200", 'baud = "fast"').replace('parity = "E"', 'parrity = "E"')
    (tmp_path / "site.toml").write_text(planted)
    bad = await hydronest("check", str(tmp_path / "site.toml"))
    assert bad.code == exits.BAD_SETTINGS
    assert "baud" in bad.out
    assert "parrity" in bad.out
    told = json.loads((await hydronest("check", "--json", str(tmp_path / "site.toml"))).out)
    assert {"parrity" in mistake["where"] for mistake in told} == {True, False}
    assert all(mistake["file"] == str(tmp_path / "site.toml") for mistake in told)
    chinese = await hydronest("check", str(tmp_path / "site.toml"), lang="zh")
    assert "采集程序不会用这份设置启动" in chinese.out


async def test_check_of_what_is_not_there(hydronest: Hydronest, tmp_path: Path) -> None:
    for name in ("nothing.toml", "."):
        ran = await hydronest("check", str(tmp_path / name))
        assert ran.code == exits.BAD_SETTINGS
        assert str(tmp_path) in ran.out
    (tmp_path / "binary.toml").write_bytes(b"\xff\x00\xfe")
    assert (await hydronest("check", str(tmp_path / "binary.toml"))).code == exits.BAD_SETTINGS


async def test_run_refuses_wrong_settings_with_the_same_report(hydronest: Hydronest, tmp_path: Path) -> None:
    (tmp_path / "site.toml").write_text("[gateway]\nid = 5\n")
    ran = await hydronest("run", str(tmp_path / "site.toml"))
    assert ran.code == exits.BAD_SETTINGS
    assert "gateway.id" in ran.err


async def test_a_second_agent_is_refused_in_the_language_of_who_starts_it(hydronest: Hydronest, tmp_path: Path) -> None:
    (tmp_path / "site.toml").write_text(f'[gateway]\nid = "g"\nname = "g"\nstate_dir = "{tmp_path}/state"\n')
    held = TreeFile(tmp_path / "state/tree.json")
    try:
        told = [await hydronest("run", str(tmp_path / "site.toml"), lang=lang) for lang in ("zh", "en")]
    finally:
        held.close()
    assert [ran.code for ran in told] == [exits.CANNOT_WRITE] * 2
    assert "hydronest: 另一个采集程序 (进程 " in told[0].err
    assert "hydronest: another agent, process " in told[1].err
    (tmp_path / "state").rename(tmp_path / "moved")
    (tmp_path / "state").write_text("no folder")
    ran = await hydronest("run", str(tmp_path / "site.toml"), lang="zh")
    assert (ran.code, ran.err.splitlines()[-1]) == (
        exits.CANNOT_WRITE,
        f"hydronest: {tmp_path}/state: 文件已存在",
    )


@pytest.mark.parametrize(
    ("module", "told"),
    [
        ("pymavlink", "the demo's aircraft needs pymavlink, which is not installed"),
        ("amqtt", "the demo needs a broker, and neither mosquitto nor amqtt is installed"),
    ],
)
def test_the_demo_says_what_it_lacks(
    module: str, told: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(os, "execv", lambda *_: pytest.fail("it began without it"))
    monkeypatch.setattr(os, "access", lambda *_: False)
    for name in [name for name in sys.modules if name.startswith(f"{module}.")]:  # of a test before
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, module, None)
    assert main(["--lang", "en", "demo"]) == exits.CANNOT_WRITE
    assert capsys.readouterr().err.splitlines()[0] == f"hydronest: {told}"


def test_demo_becomes_the_demo_with_its_own_arguments(monkeypatch: pytest.MonkeyPatch) -> None:
    became: list[list[str]] = []

    def become(_program: str, line: list[str]) -> None:
        became.append(line[1:])
        raise SystemExit(0)

    monkeypatch.setattr(os, "execv", become)
    monkeypatch.setenv("HYDRONEST_LANG", "zh")
    with pytest.raises(SystemExit):
        main(["--lang", "en", "--ascii", "demo", "--for", "60s", "--json", "--lang", "zh"])
    assert became == [["-m", "hil.demo", "--ascii", "--for", "60s", "--json", "--lang", "zh"]]
    assert os.environ["HYDRONEST_LANG"] == "en"


async def test_the_pack_for_an_assessment_lists_every_control_what_is_open_first_and_this_site(
    hydronest: Hydronest, socket_path: Path, tmp_path: Path
) -> None:
    async def audit(_request: Request) -> dict[str, object]:
        return {"folder": "f", "lines": [], "count": 7, "head": "ab", "identity": "key"}

    async def status(_request: Request) -> dict[str, object]:
        return {"gateway": {"id": "gw-1", "version": "0.1"}}

    asks: dict[str, Any] = {
        "audit.show": audit,
        "status": status,
        "key.list": echo,
        "clock.show": echo,
        "uplink.status": echo,
    }
    async with serving(socket_path, **asks):
        ran = await hydronest("evidence", "dengbao", "--out", str(tmp_path / "pack"), "--json", lang="zh")
        assert (await hydronest("evidence", "dengbao", "--out", "/proc/nowhere")).code == exits.CANNOT_WRITE
    told = json.loads(ran.out)
    lines = [one for standard in standards() for one in standard.controls]
    assert (ran.code, told["controls"], len(told["open"])) == (1, len(lines), sum(one.open for one in lines))
    page = (tmp_path / "pack/controls.md").read_text()
    assert page.index("待补") < page.index(lines[0].zh)
    assert all(one.zh in page and one.test in page for one in lines)
    rows = list(csv.reader((tmp_path / "pack/controls.csv").read_text("utf-8-sig").splitlines()))
    assert len(rows) == len(lines) + 1
    site = json.loads((tmp_path / "pack/site.json").read_text())
    assert site["audit"] == {"count": 7, "head": "ab", "identity": "key"}


async def test_every_bearer_with_what_it_carries_and_why_it_does_not(hydronest: Hydronest, socket_path: Path) -> None:
    def bearer(name: str, state: str, why: Reason | None = None, left: int | None = None) -> dict[str, object]:
        row = {"name": name, "state": state, "carries": "all", "carried_bytes": 1_260_000, "left_bytes": left}
        return {**row, "reason": None if why is None else why.as_json()}

    down = bearer("fibre", "down", Reason("uplink.bearer_silent", within_s=2.5))
    rows: list[dict[str, Any]] = [
        {"id": "province", "bearers": [down, bearer("4g", "in_use", left=48_700_000)]},
        {"id": "centre"},
    ]

    async def status(_request: Request) -> list[dict[str, object]]:
        return rows

    asks: dict[str, Any] = {"uplink.status": status}
    async with serving(socket_path, **asks):
        ran = await hydronest("uplink", "bearers")
        told = await hydronest("uplink", "bearers", lang="zh")
        rows[0]["bearers"] = [bearer("4g", "in_use")]
        well = await hydronest("uplink", "bearers", "--json")
    assert (ran.code, well.code) == (exits.DEGRADED, exits.OK)
    for said in ("fibre", "down", "not let in within 2.5 s", "in use", "everything", "1.3", "48.7"):
        assert said in ran.out
    for said in ("承载", "断开", "2.5 秒内未能接入", "使用中", "全部"):
        assert said in told.out
    assert json.loads(well.out)[0]["uplink"] == "province"
