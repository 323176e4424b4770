"""S31 北斗有源终端: what stands fits one message of 78 bytes, and its time holds over within the stated error."""

import asyncio
import json
import os
import random
import subprocess
import sys
import tty
from functools import partial
from pathlib import Path

import pytest

from agent.runtime.clock.reckon import Almanac, Reckoned
from agent.runtime.clock.trust import Witness
from agent.runtime.clock.watch import ClockWatch
from agent.settings.terminals import SHIPPED_TERMINALS, read_terminal
from agent.uplinks.beidou.picture import Picture
from agent.uplinks.beidou.uplink import BeidouUplink
from agent.uplinks.forwarder import Forwarder
from agent.uplinks.retained import Documents
from hil.terminals.beidou import BeidouTerminal
from protocols.modbus.port_serial import SerialPort
from tests.beidou.test_terminal import UTC_S, alarms, asset, rate
from tests.beidou.test_time import SECOND, heard, rmc
from tests.beidou.test_time import UTC_S as FIRST_S
from tests.uplinks.memory import MemoryOutbox
from tests.waiting import scaled, until

NAMES = [f"h{at:03}" for at in range(120)]
BYTES_OF_A_DAY = 25 * 78


def decoded(messages: list[str], names: Path) -> list[dict[str, object]]:
    """What `hydronest wire decode beidou` says of them."""
    args = [sys.executable, "-m", "agent.cli", "wire", "decode", "beidou", "-", "--names", str(names)]
    said = subprocess.run(
        args, input="\n".join(messages), capture_output=True, text=True, timeout=scaled(30), check=True
    )
    return [json.loads(line) for line in said.stdout.splitlines()]


async def test_a_town_in_one_message_over_a_terminals_wire(tmp_path: Path) -> None:
    site = tmp_path / "site.json"
    site.write_text(json.dumps({"short_names": NAMES}))
    master, slave = os.openpty()
    tty.setraw(slave)
    loop = asyncio.get_running_loop()
    terminal = BeidouTerminal(3, lambda data: void(os.write(master, data)), loop.time, rest_s=1)
    loop.add_reader(master, lambda: terminal.hear(os.read(master, 4096)))
    words, _ = read_terminal(SHIPPED_TERMINALS / "rdss-3.toml")
    assert words is not None
    documents = Documents()
    picture = partial(Picture, documents, NAMES, lambda: Reckoned(UTC_S * 10**9, 20), lambda: False)
    uplink = BeidouUplink(
        "sky", lambda: SerialPort(os.ttyname(slave), 115200, "N"), words, picture, to="7", size=78, every_s=3600,
        repeats=0,
    )  # fmt: skip
    documents.begun("b1")
    known = [[topic, at, body] for at, (topic, body) in enumerate(
        [asset("h007", "not_serviceable"), alarms("h007", "pressure_collapsing", "leak"), alarms("h119", "frozen"),
         rate(117, 2, 1)], 1)]  # fmt: skip
    documents.take({"documents": known, "whole": len(known)})
    running = asyncio.create_task(Forwarder("gw1", uplink, MemoryOutbox(), lambda _event: None).run())
    try:
        await until("it is in the sky", lambda: terminal.sky, 30)
    finally:
        running.cancel()
        await asyncio.wait([running])
        loop.remove_reader(master)
        os.close(master)
        os.close(slave)
    ((_to, message),) = terminal.sky
    assert len(message) <= 2 * 77
    (told,) = await asyncio.to_thread(decoded, [message], site)
    assert (told["serviceable"], told["not_serviceable"], told["unknown"], told["names"]) == (117, 2, 1, "right")
    items = told["items"]
    assert isinstance(items, list)
    assert [(one["id"], one["kind"], one["since"]) for one in items] == [
        (name, kind, "2026-09-21T14:03:20.000Z")
        for name, kind in (("h007", "pressure_collapsing"), ("h007", "leak"), ("h119", "frozen"))
    ]
    assert 24 * len(message) // 2 <= BYTES_OF_A_DAY, "a quiet day, one an hour"


@pytest.mark.parametrize("ppm", [-50, -20, 0, 35, 50])
def test_a_gateway_without_network_keeps_the_terminals_time_within_its_error(ppm: int) -> None:
    """A week after the terminal was last heard, on a crystal as wrong as a Pi's can be."""
    almanac = Almanac()
    watch = ClockWatch(
        almanac.add, "k" * 32, almanac, wall_ns=lambda: 0, witness=Witness(Path("/nowhere"), lambda: None)
    )
    dice = random.Random(ppm)
    for moment in heard([(int((at + dice.uniform(0, 0.9)) * SECOND), rmc(at)) for at in range(3600)]):
        watch.heard(*moment)
    for after_s in (0, 3600, 86_400, 7 * 86_400):
        mono_ms = 3_600_000 + round(after_s * 1000 * (1 + ppm / 1e6))
        said = almanac.wall("k" * 32, mono_ms)
        assert said.err_ms is not None
        assert abs(said.wall_ns / 1e6 - (FIRST_S + 3600 + after_s) * 1000) <= said.err_ms <= 33_000


def void(_written: int) -> None:
    return None
