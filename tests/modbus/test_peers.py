"""Programs written by others, read by settings alone; and one of them reading our simulated terminals."""

import asyncio
import contextlib
import json
import os
import shutil
import struct
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from drivers.modbus.bare import Address, bare_line
from drivers.modbus.driver import ModbusDriver, serial_driver, tcp_driver
from drivers.modbus.orders import read_now
from drivers.modbus.plans import DeviceSpec
from drivers.sample import Value
from hil.ports import free_port
from hil.terminals.tcp import TerminalServer
from hil.terminals.terminal import Terminal
from hil.wire.null_modem import NullModem
from hil.wire.pty_wire import PtyWire
from protocols.errors import Refused
from protocols.modbus import question
from tests.asking import cli
from tests.modbus.rig import Sink, profile
from tests.waiting import patient, work_of

pytestmark = pytest.mark.peer
PEERS = Path(__file__).parents[1] / "peers" / "modbus"
PROFILE = profile(
    {
        "whole": {"at": "holding 3", "type": "uint16", "poll": "fast"},
        "signed": {"at": "holding 150", "type": "int16", "poll": "fast"},
        "real": {"at": "holding 20", "type": "float32", "poll": "fast"},
        "swapped": {"at": "holding 22", "type": "float32", "word_order": "little", "poll": "fast"},
        "long": {"at": "input 40", "type": "uint64", "poll": "fast"},
        "bit": {"at": "input 7.2", "poll": "fast"},
        "coil": {"at": "coil 33", "poll": "fast"},
        "coil_off": {"at": "coil 34", "poll": "fast"},
        "contact": {"at": "discrete 65", "poll": "fast"},
        "beyond": {"at": "holding 5000", "type": "uint16", "poll": "fast"},
    },
    poll_s={"fast": 0.1},
    modbus={"max_registers": 60},
    identity=[{"at": "holding 0", "type": "uint16", "is": 1}],
)


def holding(first: int, count: int) -> bytes:
    return struct.pack(f">{count}H", *((257 * i + 1) & 0xFFFF for i in range(first, first + count)))


def told(first: int, count: int) -> bytes:
    return struct.pack(f">{count}H", *((73 * i + 5) & 0xFFFF for i in range(first, first + count)))


WANTED: dict[str, Value] = {
    "whole": 3 * 257 + 1,
    "signed": struct.unpack(">h", holding(150, 1))[0],
    "real": struct.unpack(">f", holding(20, 2))[0],
    "swapped": struct.unpack(">f", holding(23, 1) + holding(22, 1))[0],
    "long": struct.unpack(">Q", told(40, 4))[0],
    "bit": bool((73 * 7 + 5) >> 2 & 1),
    "coil": True,
    "coil_off": False,
    "contact": True,
}


@contextlib.asynccontextmanager
async def program(*args: str) -> AsyncIterator[None]:
    """A peer, ready to be asked."""
    env = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")}
    running = await asyncio.create_subprocess_exec(
        *args, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL, env=env
    )
    assert running.stdout is not None
    try:
        async with patient(f"{args[0]} is ready", 20, lambda: work_of(running.pid)):
            assert await running.stdout.readline() == b"ready\n"
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            running.kill()
        await running.communicate()


async def reads_all(driver: ModbusDriver) -> None:
    sink = Sink()
    task = asyncio.create_task(driver.run(sink))
    found: dict[str, Value] = {}
    try:
        while not WANTED.keys() <= found.keys():
            sample = await sink.wait(lambda s: True)
            found |= {
                point: value
                for point, value, quality in zip(sample.layout.points, sample.values, sample.quality, strict=True)
                if quality == 0
            }
        async with patient("a refusal"):
            with pytest.raises(Refused):
                await driver.line.ask(question.read(1, "holding", 5000, 1), 2)
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
    assert found == pytest.approx(WANTED)
    assert driver.line.counters.bad_answers == 0


@pytest.fixture(scope="module")
def libmodbus(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The C server, compiled against Debian's libmodbus."""
    if shutil.which("gcc") is None or not Path("/usr/include/modbus/modbus.h").exists():
        pytest.skip("gcc or libmodbus-dev is not installed")
    import subprocess

    binary = tmp_path_factory.mktemp("libmodbus") / "server"
    source = PEERS / "libmodbus_server.c"
    subprocess.run(["gcc", "-O1", "-o", binary, source, "-I/usr/include/modbus", "-lmodbus"], check=True)
    return str(binary)


async def test_libmodbus_over_tcp(libmodbus: str) -> None:
    port = free_port()
    async with program(libmodbus, "tcp", str(port)):
        await reads_all(tcp_driver("peer", [DeviceSpec("p", PROFILE, 1)], host="127.0.0.1", port=port))


async def test_libmodbus_over_rtu(libmodbus: str) -> None:
    with NullModem() as modem:
        async with program(libmodbus, "rtu", modem.ends[1], "115200", "1"):
            devices = [DeviceSpec("p", PROFILE, 1)]
            await reads_all(serial_driver("peer", devices, port=modem.ends[0], baud=115_200, parity="N"))


async def test_libmodbus_behind_an_address_that_is_silent_is_found_by_whoever_is_patient(libmodbus: str) -> None:
    """It takes the question to it for the answer of the other, and is out of step until the line rests."""
    with NullModem() as modem:
        async with program(libmodbus, "rtu", modem.ends[1], "115200", "7"):
            scan = ["bus", "scan", modem.ends[0], "--units", "5-8", "--bauds", "115200", "--parities", "N", "--patient"]
            code, out, err = await cli(Path(modem.ends[0]).with_name("no.sock"), "--json", *scan)
    assert (code, [row["unit"] for row in json.loads(out)]) == (0, [7]), err


async def test_pymodbus_3_0() -> None:
    python = Path("/usr/bin/python3")
    probe = await asyncio.create_subprocess_exec(
        python, "-c", "import pymodbus", stderr=asyncio.subprocess.DEVNULL, env={"PATH": os.environ["PATH"]}
    )
    if await probe.wait():
        pytest.skip("python3-pymodbus is not installed")
    port = free_port()
    async with program(str(python), str(PEERS / "pymodbus3_server.py"), "tcp", str(port)):
        await reads_all(tcp_driver("peer", [DeviceSpec("p", PROFILE, 1)], host="127.0.0.1", port=port))


async def test_modbus_serial_of_npm() -> None:
    node = shutil.which("node")
    if node is None or not (PEERS / "node_modules").exists():
        pytest.skip("node or tests/peers/modbus/node_modules is missing: run npm ci there")
    port = free_port()
    async with program(node, str(PEERS / "modbus_serial_server.js"), "tcp", str(port)):
        await reads_all(tcp_driver("peer", [DeviceSpec("p", PROFILE, 1)], host="127.0.0.1", port=port))


async def test_mbpoll_reads_our_terminals() -> None:
    if shutil.which("mbpoll") is None:
        pytest.skip("mbpoll is not installed")
    terminal = Terminal(PROFILE, 7, lambda at: {"whole": 772, "real": 3.25, "signed": -2})
    async with TerminalServer({7: terminal}) as server:
        where = ["-m", "tcp", "-p", str(server.port), "-a", "7", "-0", "-1", "127.0.0.1"]
        asks = {"772": ["-r", "3"], "3.25": ["-r", "20", "-t", "4:float", "-B"], "-2": ["-r", "150"]}
        for wanted, more in asks.items():
            asked = await asyncio.create_subprocess_exec(
                "mbpoll", *more, *where, stdout=asyncio.subprocess.PIPE, env={"PATH": os.environ["PATH"]}
            )
            said, _ = await asked.communicate()
            assert asked.returncode == 0
            assert wanted in said.decode()


async def test_one_read_on_a_port_of_its_own_takes_no_longer_than_mbpoll_three_times(tmp_path: Path) -> None:
    """From the port's opening to the answer; a Python program's start comes on top of it, once."""
    if shutil.which("mbpoll") is None:
        pytest.skip("mbpoll is not installed")
    port = tmp_path / "tty"
    where = ["-m", "rtu", "-b", "19200", "-P", "even", "-a", "7", "-r", "3", "-0", "-1", str(port)]
    took: dict[str, list[float]] = {"mbpoll": [], "ours": []}
    with PtyWire(port, {7: Terminal(PROFILE, 7, lambda at: {"whole": 772})}, baud=19_200):
        for _ in range(3):
            begun = time.perf_counter()
            asked = await asyncio.create_subprocess_exec("mbpoll", *where, stdout=asyncio.subprocess.PIPE)
            said, _ = await asked.communicate()
            took["mbpoll"].append(time.perf_counter() - begun)
            assert "772" in said.decode()
            begun = time.perf_counter()
            async with bare_line(Address(port=str(port), baud=19_200)) as line:
                assert await read_now(line, 7, "holding", 3, 1) == [772]
                took["ours"].append(time.perf_counter() - begun)
    assert min(took["ours"]) <= 3 * min(took["mbpoll"]), took
