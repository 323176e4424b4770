"""`hydronest bus` and `profile try|scan` on a real tty and a socket: alone, and through a running agent's line."""

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from agent.control.server import ControlServer
from agent.core.requests.bus import register_bus
from drivers.event import Event, EventKind
from drivers.modbus.driver import ModbusDriver, serial_driver
from drivers.modbus.plans import DeviceSpec
from drivers.modbus.survey import Stretch, survey
from hil.terminals.tcp import TerminalServer
from hil.terminals.terminal import Misbehaviour, Terminal
from hil.wire.pty_wire import PtyWire
from protocols.modbus import question
from protocols.modbus.crc import crc16
from protocols.modbus.describe import describe
from tests.cli.serving import raw
from tests.modbus.rig import Sink, telling, telling_profile
from tests.nest.test_settings import SITE as NEST_SITE
from tests.waiting import ended, output_of, patient

PROFILE = """
profile = "test/device"
protocol = "modbus"
[points.alarm]
at = "input 0"
type = "uint16"
poll = "alarm"
[points.level]
at = "holding 3"
type = "float32"
unit = "m"
valid = [0, 10]
[points.gone]
at = "holding 30"
type = "uint16"
"""


async def hydronest(tmp_path: Path, *args: str, answer: str = "") -> tuple[int, Any, str]:
    """Exit code, what `--json` printed, and standard error."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    env = {**kept, "HYDRONEST_SOCKET": str(tmp_path / "s"), "HYDRONEST_LANG": "en"}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "agent.cli", "--json", *args),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, env=env,
    )  # fmt: skip
    out, err = await output_of(process, answer.encode(), 30)
    assert b"Traceback" not in err, err.decode()
    values = [json.loads(line) for line in out.decode().splitlines()]
    return process.returncode or 0, values[0] if len(values) == 1 else values, err.decode()


@contextlib.asynccontextmanager
async def a_line(path: Path) -> AsyncIterator[tuple[PtyWire, dict[int, Terminal]]]:
    terminals = {n: Terminal(telling_profile(), n, telling(n)) for n in (3, 9)}
    with PtyWire(path, terminals, baud=19_200, fifo=14) as wire:
        yield wire, terminals


@contextlib.asynccontextmanager
async def an_agent(tmp_path: Path, port: Path, told: list[Event] | None = None) -> AsyncIterator[ModbusDriver]:
    specs = [DeviceSpec(f"h{n}", telling_profile(), n) for n in (3, 9)]
    driver = serial_driver("street", specs, port=str(port), baud=19_200)
    server = ControlServer(tmp_path / "s")
    register_bus(server, {driver.name: driver}, ("nests",), report=told.append if told is not None else print)
    await server.start()
    sink = Sink()
    task = asyncio.create_task(driver.run(sink))
    try:
        await sink.wait(lambda s: s.device == "h9" and "when" in s.layout.points)
        yield driver
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        await server.close()


async def test_alone_on_an_exclusive_port(tmp_path: Path) -> None:
    port = tmp_path / "tty"
    where = [str(port), "--baud", "19200"]
    async with a_line(port) as (_wire, terminals):
        code, rows, _ = await hydronest(tmp_path, "bus", "read", *where, "9", "holding 100", "-n", "2")
        assert (code, [row["word"] for row in rows]) == (0, [4711, 0])
        code, rows, _ = await hydronest(tmp_path, "bus", "scan", *where, "--units", "1-10", "--parities", "E")
        assert (code, [row["unit"] for row in rows]) == (0, [3, 9])
        code, _, said = await hydronest(tmp_path, "bus", "read", *where, "5", "holding 100")
        assert code == 4
        assert "no answer" in said
        code, done, _ = await hydronest(tmp_path, "bus", "write", *where, "3", "holding 50", "7", "8", "--yes")
        assert (code, done) == (0, {"outcome": "done", "reason": None, "before": [0, 0], "after": [7, 8]})
        terminals[3].misbehaviour = Misbehaviour.REFUSING
        code, done, _ = await hydronest(tmp_path, "bus", "write", *where, "3", "holding 50", "9", "--yes")
        assert (code, done["outcome"]) == (1, "refused")
        code, _, said = await hydronest(tmp_path, "bus", "write", *where, "3", "holding 50", "9")
        assert code == 2
        assert "--yes" in said


async def test_listening_alone(tmp_path: Path) -> None:
    port = tmp_path / "tty"
    async with a_line(port) as (wire, _):
        asked = question.read(3, "input", 0, 1)

        async def other_master() -> None:
            for _ in range(20):
                await asyncio.sleep(0.2)
                wire.order(lambda: wire.pair.other_master(asked.rtu))

        talking = asyncio.create_task(other_master())
        code, frames, _ = await hydronest(tmp_path, "bus", "sniff", str(port), "--baud", "19200", "--for", "2")
        await talking
    assert code == 0
    assert all(frame["unit"] == 3 or frame["kind"] == "rubbish" for frame in frames)
    assert len(frames) > 3


async def test_a_nests_line_takes_nothing_raw_and_each_write_elsewhere_is_an_event(tmp_path: Path) -> None:
    port, told = tmp_path / "tty", list[Event]()
    async with a_line(port), an_agent(tmp_path, port, told):
        write = {"ask": "bus.write", "line": "nests", "unit": 1, "table": "holding", "address": 0, "values": [1]}
        (answer,) = await raw(tmp_path / "s", json.dumps(write).encode() + b"\n")
        assert (answer["code"], answer["reason"]["code"]) == ("refused", "bus.line_of_flight")
        assert told == []
        await hydronest(tmp_path, "bus", "write", "street", "3", "holding 50", "7", "--yes")
    (event,) = told
    assert (event.kind, event.subject, event.evidence) == (EventKind.ORDER, "bus.write street", {
        "status": "done", "verb": "bus.write", "by": f"uid {os.geteuid()}", "unit": 3, "table": "holding",
        "address": 50, "was": "[0]", "becomes": "[7]",
    })  # fmt: skip


async def test_a_command_with_a_port_of_its_own_writes_to_no_nest_of_the_site_file(tmp_path: Path) -> None:
    site = tmp_path / "site.toml"
    site.write_text(NEST_SITE, encoding="utf-8")
    for where in ("plc", "tcp://192.168.1.9"):
        of = ("bus", "write", where, "1", "holding 0", "1", "--yes", "--site", str(site))
        code, _, said = await hydronest(tmp_path, *of)
        assert (code, "takes nothing raw" in said) == (1, True)


async def test_through_the_running_agent(tmp_path: Path) -> None:
    port = tmp_path / "tty"
    async with a_line(port) as (_, terminals), an_agent(tmp_path, port) as driver:
        code, rows, _ = await hydronest(tmp_path, "bus", "read", "street", "9", "holding 100")
        assert (code, rows[0]["word"]) == (0, 4711)
        code, told, _ = await hydronest(tmp_path, "bus", "stats")
        assert code == 0
        assert told["street"]["street"]["answers"] > 5
        assert told["street"]["h9"]["timeouts"] < told["street"]["h9"]["answers"]
        assert 0 < told["street"]["street"]["utilisation"] < 1
        code, frames, _ = await hydronest(tmp_path, "bus", "sniff", "street", "--for", "2.5")
        assert {frame["kind"] for frame in frames} == {"question", "answer"}
        code, done, _ = await hydronest(tmp_path, "bus", "write", "street", "3", "holding 50", "7", "--yes", "--single")
        assert done["outcome"] == "done"
        terminals[3].misbehaviour = Misbehaviour.DEAD
        code, done, _ = await hydronest(tmp_path, "bus", "write", "street", "3", "holding 50", "8", "--yes")
        assert (code, done["outcome"]) == (1, "refused")
        assert done["reason"]["code"] == "modbus.not_sent"
        assert "not sent" in done["reason"]["message"]
        code, rows, _ = await hydronest(tmp_path, "bus", "scan", "street", "--units", "8-9")
        assert [row["unit"] for row in rows] == [9]
        code, _, said = await hydronest(tmp_path, "bus", "read", str(port), "9", "holding 100")
        assert code == 4
        assert "another program has it open" in said
    assert driver.line.counters.questions > 20


@pytest.mark.parametrize(
    ("kind", "order", "value", "words"),
    [
        ("float32", "CDAB", 3.25, [0, 0x4050]),
        ("int32", "ABCD", -2, [0xFFFF, 0xFFFE]),
        ("uint32", "BADC", 0x01020304, [0x0201, 0x0403]),
        ("float32", "DCBA", 3.25, [0, 0x5040]),
        ("float64", "ABCD", -0.5, [0xBFE0, 0, 0, 0]),
    ],
)
async def test_wide_values_are_read_in_all_orders(
    tmp_path: Path, kind: str, order: str, value: float, words: list[int]
) -> None:
    terminal = Terminal(telling_profile(), 1, telling(1))
    terminal.written = {("holding", 10 + i): word for i, word in enumerate([*words, *words])}
    async with TerminalServer({1: terminal}) as server:
        where = [f"tcp://127.0.0.1:{server.port}", "1", "holding 10", "--type", kind]
        code, rows, said = await hydronest(tmp_path, "bus", "read", *where, "-n", "2")
    assert code == 0, said
    assert [row["at"] for row in rows] == ["holding 10", f"holding {10 + len(words)}"]
    assert [row[order] for row in rows] == [value, value]
    assert rows[0]["words"] == words


async def test_a_register_is_watched_through_the_agent_until_ctrl_c(tmp_path: Path) -> None:
    port = tmp_path / "tty"
    async with a_line(port) as (_, terminals), an_agent(tmp_path, port):
        env = {"PATH": os.environ["PATH"], "HYDRONEST_SOCKET": str(tmp_path / "s"), "HYDRONEST_LANG": "en"}
        watch = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "agent.cli", "--json"),
            *("bus", "read", "street", "9", "holding 100", "--watch", "0.1"),
            stdout=asyncio.subprocess.PIPE, env=env,
        )  # fmt: skip
        assert watch.stdout is not None
        async with patient("readings come, fail, and come again", 30):
            first = json.loads(await watch.stdout.readline())
            terminals[9].misbehaviour = Misbehaviour.REFUSING
            told = first
            while told.get("reason", {}).get("code") != "modbus.refused":
                told = json.loads(await watch.stdout.readline())
            terminals[9].misbehaviour = None
            again = told
            while "rows" not in again:
                again = json.loads(await watch.stdout.readline())
        watch.send_signal(signal.SIGINT)
        await ended(watch)
    assert first["rows"] == [{"at": "holding 100", "word": 4711}] == again["rows"]
    assert told["exit"] == 1
    assert first["at_s"] < told["at_s"] < again["at_s"]


async def test_a_profile_tried_and_a_device_surveyed(tmp_path: Path) -> None:
    file = tmp_path / "device.toml"
    file.write_text(PROFILE)
    profile = telling_profile(holes=["holding 20-29"])
    terminal = Terminal(profile, 1, telling(1))
    terminal.written = {("holding", 3): 0, ("holding", 4): 0x4050}  # 3.25 with its words swapped
    async with TerminalServer({1: terminal}) as server:
        line = ["--line", f"tcp://127.0.0.1:{server.port}", "--unit", "1"]
        code, rows, _ = await hydronest(tmp_path, "profile", "try", str(file), *line)
        by_name = {row["point"]: row for row in rows}
        assert code == 1 or by_name["level"]["quality"] == "good"
        assert by_name["level"]["hex"] == "0000 4050"
        assert by_name["level"]["orders"]["CDAB"] == {"value": 3.25, "valid": True}
        assert by_name["alarm"]["quality"] == "good"
        code, rows, _ = await hydronest(tmp_path, "profile", "scan", *line, "--range", "0-40")
        assert [(row["first"], row["last"]) for row in rows] == [(0, 19), (30, 40)]
        assert rows[0]["words"][4] == 0x4050


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["bus", "read", "/nowhere/tty", "1", "holding 0"], "no such port"),
        (["bus", "read", "/dev/null", "1", "40021"], "notation: write 'holding 21' with first_register = 1"),
        (["bus", "write", "tcp://h:1", "1", "input 0", "3"], "only coils and holding"),
        (["bus", "scan", "tcp://h:x", "--units", "1-3"], "tcp://HOST:PORT"),
        (["bus", "scan", "/dev/null", "--units", "0-300"], "1 to 247"),
        (["bus", "stats"], "not running"),
        (["bus", "read", "tcp://h:1", "1", "coil 0", "--type", "int32"], "only registers hold wide values"),
        (["bus", "read", "tcp://h:1", "1", "input 0", "--watch", "0"], "0.05 to 3600"),
        (["profile", "try", "hydrant/opcua", "--line", "/dev/null", "--unit", "1"], "not a Modbus profile"),
    ],
)
async def test_mistakes_are_one_sentence(tmp_path: Path, args: list[str], says: str) -> None:
    code, _, said = await hydronest(tmp_path, *args)
    assert code != 0
    assert says in said


def test_survey_asks_little_and_joins_what_is_answered() -> None:
    holes, asked = {7, 8, 30}, 0
    asking = survey(0, 40, 20)
    at, count = next(asking)
    try:
        while True:
            asked += 1
            span = range(at, at + count)
            at, count = asking.send(None if holes & set(span) else list(span))
    except StopIteration as end:
        found = end.value
    assert found == [Stretch(0, list(range(7))), Stretch(9, list(range(9, 30))), Stretch(31, list(range(31, 41)))]
    assert asked < 30


@pytest.mark.parametrize(
    ("frame", "kind", "text"),
    [
        (question.read(3, "input", 5, 2).rtu, "question", "read input 5, 2 of them"),
        (question.write_registers(3, 5, [9], single=True).rtu, "either", "write holding 5 = 9"),
        (question.write_registers(3, 5, [9, 8]).rtu, "question", "write holding 5, 2 of them"),
        (b"\x03\x84\x02" + crc16(b"\x03\x84\x02"), "exception", "function 4: exception 2 (illegal address)"),
        (b"\x00\x01\x02\x03\x04", "rubbish", "5 bytes, no checksum"),
    ],
)
def test_frames_in_words(frame: bytes, kind: str, text: str) -> None:
    what = describe(frame)
    assert (what.kind, str(what.text)) == (kind, text)
