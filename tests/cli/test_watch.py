"""The live screen in a real pseudo-terminal: what is drawn, what keys do, and that the terminal is given back."""

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from agent.cli import exits
from agent.cli.watch.keys import Keyboard
from agent.control.request import Request
from agent.control.server import ControlServer
from agent.core.latest import LatestValues
from agent.core.requests.site import register_site
from drivers.event import Event, EventKind, Severity, Transition
from protocols.clock import boottime_ns
from protocols.reason import Reason, word
from tests.alarms import alarms
from tests.cli.a_site import ASite, a_board, a_nest
from tests.cli.conftest import Hydronest
from tests.cli.terminal_reader import Session
from tests.waiting import patient, scaled

UP, DOWN, PGDN, PGUP, END, HOME, ENTER, ESC = "\033[A", "\033OB", "\033[6~", "\033[5~", "\033[F", "\033[H", "\r", "\033"


def on(columns: int, rows: int, environment: dict[str, str], *args: str, lang: str = "en") -> Session:
    return Session(columns, rows, {**environment, "HYDRONEST_LANG": lang}, "watch", "--interval", "0.2", *args)


def column_of(line: str, text: str) -> int:
    from agent.cli.terminal import cells

    return cells(line[: line.index(text)])


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("columns", [60, 100])
async def test_the_screen_keeps_its_columns(
    columns: int, lang: str, environment: dict[str, str], server: ControlServer
) -> None:
    state, cap = ("状态", "闷盖打开") if lang == "zh" else ("state", "cap removed")
    async with on(columns, 24, environment, lang=lang) as screen:
        text = await screen.until(lambda text: cap in text and text.endswith("1/12"))
        lines = text.splitlines()
        assert "柯城消防站" in lines[0]
        assert lines[0].endswith("2026-11-21 23:30:00 +0800")
        assert "province" in text
        assert "120345" in text
        header = next(line for line in lines if state in line)
        alarm = next(line for line in lines if cap in line)
        assert "h03" in alarm
        assert "325." in alarm or "kPa" in alarm
        assert column_of(header, state) == column_of(alarm, "报警" if lang == "zh" else "alarm")
        assert any("\u2800" <= char <= "\u28ff" for char in alarm)
        assert ("衢江路3号" in alarm) == (columns == 100)
        assert lines[-1].endswith("1/12")
        assert screen.grid.alternate
        assert not screen.grid.cursor_shown
        screen.type("q")
        assert await screen.ended() == 0


async def test_every_way_out_gives_the_terminal_back(environment: dict[str, str], server: ControlServer) -> None:
    def leave(screen: Session, how: str | int) -> None:
        if isinstance(how, str):
            screen.type(how)
        else:
            screen.process.send_signal(how)

    ways: list[tuple[str | int, int]] = [("q", 0), ("\x03", 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
    for how, code in ways:
        async with on(80, 24, environment) as screen:
            await screen.until(lambda text: "pond-1" in text)
            assert screen.settings() != screen.before
            leave(screen, how)
            assert await screen.ended() == code
            await screen.until(lambda _text, grid=screen.grid: not grid.alternate)  # type: ignore[misc]
            assert screen.grid.cursor_shown
            assert screen.grid.wraps
            assert screen.settings() == screen.before
            assert "Traceback" not in "".join(screen.writes)


async def test_suspending_gives_the_terminal_back_until_it_goes_on(
    environment: dict[str, str], server: ControlServer
) -> None:
    async with on(80, 24, environment) as screen:
        await screen.until(lambda text: "pond-1" in text)
        screen.type("\x1a")
        await screen.until(lambda _text: not screen.grid.alternate)
        assert screen.settings() == screen.before
        stopped = os.WSTOPPED | os.WEXITED | os.WNOWAIT
        async with patient("it is suspended"):
            await asyncio.to_thread(os.waitid, os.P_PID, screen.process.pid, stopped)
        screen.process.send_signal(signal.SIGCONT)
        await screen.until(lambda text: screen.grid.alternate and "pond-1" in text)
        screen.type("q")
        assert await screen.ended() == 0


@pytest.mark.parametrize(("lang", "step", "well"), [("zh", "[前往]", "不正常"), ("en", "[outbound]", "not in order")])
async def test_a_flight_is_followed_on_the_screen(
    lang: str, step: str, well: str, socket_path: Path, environment: dict[str, str], site: ASite
) -> None:
    flown = [118.8712]

    def nests() -> list[dict[str, Any]]:
        flown[0] = min(flown[0] + 0.0002, 118.873)
        return [a_nest(flown[0], 28.94)]

    server = ControlServer(socket_path)
    register_site(server, a_board(), site, nests=nests)
    await server.start()
    async with on(110, 40, environment, lang=lang) as screen:
        text = await screen.until(lambda text: "N1" in text and well in text)
        assert "87%" in text
        screen.type("n")
        text = await screen.until(lambda text: step in text and "A1" in text)
        flight = next(line for line in text.splitlines() if "A" in line and "X" in line and " m " not in line)
        assert flight.index("N") < flight.index("A") < flight.index("X")
        await screen.until(lambda text: any("\u2801" <= char <= "\u28ff" for char in flight_of(text)))
        screen.resize(60, 24)
        await screen.until(lambda text: len(text.splitlines()[0]) <= 60 and step in text)
        screen.type("n")
        await screen.until(lambda text: ">h01" in text)
        screen.type("q")
        assert await screen.ended() == 0
    await server.close()


def flight_of(text: str) -> str:
    """What lies between nest and aircraft on the map."""
    line = next(line for line in text.splitlines() if "A" in line and "X" in line and " m " not in line)
    return line[line.index("N") : line.index("A")]


async def test_a_flight_is_followed_while_core_is_gone(
    socket_path: Path, environment: dict[str, str], site: ASite
) -> None:
    """Flight goes on without it, and so does the picture of it; nothing else is called known."""
    at = [118.8712]

    async def of_flight(_request: Request) -> list[dict[str, Any]]:
        at[0] += 0.0002
        return [a_nest(at[0], 28.94) | {"name": "flight tells"}]

    core = ControlServer(socket_path)
    register_site(core, a_board(), site, nests=lambda: [a_nest(at[0], 28.94)])
    flight = ControlServer(socket_path.with_name("flight.sock"))
    flight.register("nest.list", of_flight, "read")
    await core.start()
    await flight.start()
    async with on(110, 40, environment) as screen:
        await screen.until(lambda text: "N1" in text)
        screen.type("n")
        await screen.until(lambda text: "[outbound]" in text)
        await core.close()
        text = await screen.until(lambda text: "flight tells" in text and "NO ANSWER for" in text)
        assert "[outbound]" in text
        here = at[0]
        await screen.until(lambda _text: at[0] > here + 0.0005)
        await flight.close()
        await screen.until(lambda text: "flight tells" not in text and "NO ANSWER for" in text)
        screen.type("q")
        assert await screen.ended() == exits.NOT_RUNNING


async def test_a_site_without_nests_shows_none(environment: dict[str, str], server: ControlServer) -> None:
    async with on(110, 40, environment) as screen:
        text = await screen.until(lambda text: ">h01" in text)
        assert "nest" not in text
        assert "north" not in text
        screen.type("n?")
        await screen.until(lambda text: "this page" in text)


async def test_status_tells_of_nests_and_a_lost_aircraft_is_an_alarm(
    hydronest: Hydronest, socket_path: Path, site: ASite
) -> None:
    told = a_nest(118.8712, 28.94, "airborne", "outbound")
    server = ControlServer(socket_path)
    register_site(server, LatestValues([], alarms()), site, nests=lambda: [told])
    await server.start()
    ran = await hydronest("status")
    assert "N1  outbound  height 58 m  battery 87%  A1 connected  cover open  wind 3.2 m/s" in ran.out
    assert ran.code == 0
    ran = await hydronest("watch", "--plain", "--count", "1", lang="zh")
    assert "机巢 N1  前往  高 58 m  电量 87%  A1 已连接  舱盖打开  风 3.2 m/s" in ran.out
    (frame,) = map(json.loads, (await hydronest("watch", "--json", "--count", "1")).out.splitlines())
    assert frame["nests"] == [told]
    told |= {"phase": "aircraft_lost", "why": Reason("flight.because", guards=(word("time_over"),)).as_json()}
    ran = await hydronest("status")
    assert "N1  aircraft lost  (time over)" in ran.out
    assert ran.code == 3
    await server.close()


async def test_the_cursor_moves_and_pages(socket_path: Path, environment: dict[str, str], site: ASite) -> None:
    server = ControlServer(socket_path)
    register_site(server, a_board(200), site)
    await server.start()
    async with on(80, 20, environment) as screen:
        await screen.until(lambda text: ">h01" in text)
        screen.type(DOWN)
        await screen.until(lambda text: ">h02" in text and " h01" in text)
        screen.type("j" + "k" + UP)
        await screen.until(lambda text: ">h01" in text)
        screen.type(PGDN)
        text = await screen.until(lambda text: ">h01" not in text and "1/200" not in text)
        assert " h01 " not in text or ">h" in text
        screen.type(END)
        await screen.until(lambda text: ">pond-1" in text and "200/200" in text)
        screen.type(PGUP)
        await screen.until(lambda text: ">pond-1" not in text and "200/200" not in text)
        screen.type(HOME)
        await screen.until(lambda text: ">h01" in text)
        screen.type("q")
        assert await screen.ended() == 0
    await server.close()


async def test_enter_shows_one_and_esc_goes_back(environment: dict[str, str], server: ControlServer) -> None:
    async with on(80, 30, environment) as screen:
        await screen.until(lambda text: ">h01" in text)
        screen.type(DOWN + DOWN + ENTER)
        text = await screen.until(lambda text: "temperature" in text)
        assert "cap removed (alarm" in text
        assert "118.870000,28.940000" in text
        assert "340.0" in text
        screen.type(DOWN)
        await screen.until(lambda text: "no answer" in text and "h04" in text)
        screen.type(ESC)
        await screen.until(lambda text: ">h04" in text)
        screen.type("?")
        await screen.until(lambda text: "a page up, a page down" in text)
        screen.type(ESC)
        await screen.until(lambda text: ">h04" in text)
        screen.type("q")
        assert await screen.ended() == 0


async def test_finding_by_chinese_and_what_is_not_well(environment: dict[str, str], server: ControlServer) -> None:
    async with on(80, 24, environment) as screen:
        await screen.until(lambda text: ">h01" in text)
        screen.type("/信安")
        text = await screen.until(lambda text: "/信安_" in text and ">pond-1" in text)
        assert "h01" not in text
        screen.type("\x7f\x7fh1")
        await screen.until(lambda text: "/h1_" in text and ">h10" in text and "pond-1" not in text)
        screen.type(ENTER)
        await screen.until(lambda text: "/h1  Esc shows all" in text and "1/2" in text)
        screen.type(ESC)
        await screen.until(lambda text: "1/12" in text)
        screen.type("!")
        await screen.until(lambda text: ">h03" in text and "1/5" in text)
        screen.type("/nothing like it" + ENTER)
        await screen.until(lambda text: "nothing matches" in text)
        screen.type("q")
        assert await screen.ended() == 0


async def test_it_follows_the_size_of_the_terminal(environment: dict[str, str], server: ControlServer) -> None:
    async with on(100, 24, environment) as screen:
        await screen.until(lambda text: "衢江路3号" in text)
        screen.resize(60, 12)
        text = await screen.until(lambda text: ">h01" in text and "q leave" in screen.grid.lines()[11])
        assert "衢江路3号" not in text
        screen.resize(120, 40)
        await screen.until(lambda text: "衢江路3号" in text and "q leave" in screen.grid.lines()[39])
        screen.resize(20, 6)
        await screen.until(lambda text: "h01" in text)
        screen.type("q")
        assert await screen.ended() == 0


async def test_the_picture_lives(
    environment: dict[str, str], server: ControlServer, latest: LatestValues, site: ASite
) -> None:
    async with on(100, 24, environment) as screen:
        await screen.until(lambda text: ">h01" in text and "connected" in text)
        site.uplink_state = "down"
        latest.alarms.turned(Event(EventKind.KNOCKED_OVER, "h08", Severity.ALARM, Transition.RAISED, boottime_ns()))
        latest.alarms.turned(Event(EventKind.LINE_DOWN, "rs485-1", Severity.ALARM, Transition.RAISED, boottime_ns()))
        await screen.until(lambda text: "knocked over" in text and "Connection refused" in text)
        await screen.until(lambda text: "! line down rs485-1" in text)
        latest.alarms.turned(Event(EventKind.KNOCKED_OVER, "h08", Severity.ALARM, Transition.CLEARED, boottime_ns()))
        await screen.until(lambda text: "knocked over" not in text)
        screen.type("q")
        assert await screen.ended() == 0


async def test_a_lost_agent_is_told_and_found_again(
    socket_path: Path, environment: dict[str, str], latest: LatestValues, site: ASite
) -> None:
    first = ControlServer(socket_path)
    register_site(first, latest, site)
    await first.start()
    async with on(80, 24, environment) as screen:
        await screen.until(lambda text: ">h01" in text)
        await first.close()
        text = await screen.until(lambda text: "NO ANSWER for" in text and "not running" in text)
        assert ">h01" in text  # the last picture stays
        assert "connected" not in text
        assert "12 unknown" in text
        await screen.until(lambda text: "NO ANSWER for 2s" in text)
        again = ControlServer(socket_path)
        register_site(again, latest, site)
        await again.start()
        await screen.until(lambda text: "q leave" in text)
        screen.type("q")
        assert await screen.ended() == 0
        await again.close()


async def test_a_hung_agent_is_told_and_keys_are_heard(
    socket_path: Path, environment: dict[str, str], latest: LatestValues, site: ASite
) -> None:
    first = ControlServer(socket_path)
    register_site(first, latest, site)
    await first.start()
    taken: list[asyncio.StreamWriter] = []

    async def never_answers(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        taken.append(writer)

    async with on(80, 24, environment) as screen:
        await screen.until(lambda text: ">h01" in text)
        await first.close()
        hung = await asyncio.start_unix_server(never_answers, socket_path)
        await screen.until(lambda text: "NO ANSWER for" in text and "does not answer" in text)
        screen.type("?")
        await screen.until(lambda text: "everything about the device" in text)
        screen.type("q")
        assert await screen.ended() == exits.NOT_RUNNING
    for writer in taken:
        writer.close()
    hung.close()
    await hung.wait_closed()


async def test_only_what_changed_is_sent(environment: dict[str, str], server: ControlServer) -> None:
    async with on(100, 24, environment, "--count", "10") as screen:
        await screen.until(lambda text: "pond-1" in text)
        first = screen.sent
        assert await screen.ended() == 0
        assert (screen.sent - first) / 9 < first / 2
        assert not screen.grid.alternate


async def test_without_an_agent_the_terminal_is_left_alone(environment: dict[str, str]) -> None:
    async with on(80, 24, environment) as screen:
        assert await screen.ended() == 69
        await screen.until(lambda text: "the agent is not running" in text)
        assert screen.settings() == screen.before
        assert screen.grid.cursor_shown


async def test_colour_obeys_the_environment(environment: dict[str, str], server: ControlServer) -> None:
    for more, coloured in (({}, True), ({"NO_COLOR": "1"}, False)):
        async with on(80, 24, {**environment, **more}, "--count", "1") as screen:
            assert await screen.ended() == 0
            await screen.until(lambda _text, grid=screen.grid: not grid.alternate)  # type: ignore[misc]
            assert ("\033[1;31m" in "".join(screen.writes)) == coloured


async def test_frames_in_a_pipe(hydronest: Hydronest, server: ControlServer) -> None:
    plain = await hydronest("watch", "--count", "2", "--interval", "0.1")
    assert plain.code == 0
    assert plain.out.count("pond-1") == 2
    assert "\033" not in plain.out
    assert "\033[1;31m" in (await hydronest("watch", "--count", "1", CLICOLOR_FORCE="1")).out
    found = await hydronest("watch", "--count", "2", "--interval", "0.1", "--json", "--find", "pond")
    frames = [json.loads(line) for line in found.out.splitlines()]
    assert [[device["id"] for device in frame["devices"]] for frame in frames] == [["pond-1"]] * 2
    assert len(frames[0]["states"]) == 12


def test_keys_split_over_two_reads() -> None:
    keyboard = Keyboard()
    assert keyboard.feed(b"\x1b") == []
    assert keyboard.feed(b"[6") == []
    assert keyboard.feed(b"~j\xe4\xbf") == ["pgdn", "j"]
    assert keyboard.feed(b"\xa1\x1b") == ["信"]
    assert keyboard.unfinished
    assert keyboard.flush() == ["esc"]
    assert keyboard.feed(b"\x1b[1;5Cq\x01\x1bx") == ["q", "esc", "x"]


ROWS = (("h01", "正常"), ("h03", "报警"), ("h04", "不可用"), ("pond-1", "无数据"))


def whole(screen: str, device: str, state: str) -> bool:
    """Whether the first row that names it also says how it stands."""
    return state in next((line for line in screen.splitlines() if device in line), "")


@pytest.mark.peer
@pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")
@pytest.mark.parametrize("columns", [60, 100])
async def test_a_real_terminal_agrees_about_the_columns(
    columns: int, environment: dict[str, str], server: ControlServer, tmp_path: Path
) -> None:
    """tmux has its own idea of how wide Chinese and braille are; the columns must still stand under each other."""
    tmux = ["tmux", "-S", str(tmp_path / "tmux"), "-f", "/dev/null"]
    command = f"HYDRONEST_LANG=zh {sys.executable} -m agent.cli watch --interval 0.2"

    def ask(*args: str) -> str:
        env = {**environment, "LC_ALL": "C.UTF-8"}
        return subprocess.run(
            [*tmux, *args], env=env, check=True, capture_output=True, text=True, timeout=scaled(10)
        ).stdout

    ask("new-session", "-d", "-x", str(columns), "-y", "24", "-c", str(Path(__file__).parents[2]), command)
    try:
        text = ""
        async with patient("the screen is drawn", progress=lambda: text):
            while not ("闷盖打开" in text and "状态" in text and all(whole(text, *row) for row in ROWS)):
                text = await asyncio.to_thread(ask, "capture-pane", "-p")  # perhaps while it is being drawn
                await asyncio.sleep(0.05)
    finally:
        ask("kill-server")
    lines = text.splitlines()
    header = next(line for line in lines if "状态" in line)
    for device, state in ROWS:
        row = next(line for line in lines if device in line)
        assert column_of(header, "状态") == column_of(row, state)
