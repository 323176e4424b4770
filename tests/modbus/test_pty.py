"""The same stack on a real tty, the simulated pair behind it on a thread of its own."""

import asyncio
import contextlib
from pathlib import Path

import pytest
import uvloop

from drivers.modbus.driver import serial_driver
from drivers.modbus.plans import DeviceSpec
from drivers.quality import Quality
from drivers.sample import Sample
from hil.terminals.terminal import Terminal
from hil.wire.faults import Fault
from hil.wire.pty_wire import PtyWire
from protocols.errors import NotConnected
from protocols.modbus.port_serial import open_serial
from tests import waiting
from tests.modbus.rig import MS, Sink, telling, telling_profile

FAST = {"alarm": 0.2, "fast": 0.4, "slow": 1.0}


def good(sink: Sink) -> list[Sample]:
    return [s for s in sink.samples if s.quality is s.layout.good]


async def on_a_tty(path: Path) -> None:
    made = telling_profile()
    terminals = {n: Terminal(made, n, telling(n)) for n in (1, 2, 3)}
    with PtyWire(path, terminals, baud=19_200, fifo=3) as wire:
        specs = [DeviceSpec(f"h{n}", made, n, poll_s=FAST) for n in terminals]
        driver = serial_driver("tty", specs, port=str(path), baud=19_200)
        sink = Sink()
        task = asyncio.create_task(driver.run(sink))
        try:
            await sink.wait(lambda s: s.device == "h3" and "when" in s.layout.points)
            wire.pair.faults += [
                Fault(before=b"\x00"),
                Fault(corrupt=2),
                Fault(delay_s=0.3),
                Fault(drop=1),
                Fault(silent=True),
            ]
            await waiting.until("every fault was met", lambda: not wire.pair.faults, progress=lambda: len(sink.samples))
            wire.unplug()
            await sink.wait(lambda s: s.quality[0] == Quality.LINK_DOWN)
            wire.replug()
            await sink.wait(lambda s: s.device == "h3" and s.quality is s.layout.good and "when" in s.layout.points)
            await waiting.until("enough is read", lambda: len(good(sink)) > 20, progress=lambda: len(sink.samples))
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
    window_ns = round(waiting.scaled(150) * MS)
    for sample in good(sink):
        for point, value in zip(sample.layout.points, sample.values, strict=True):
            shown = terminals[int(sample.device[1:])].showed(point, sample.read_ns - window_ns, sample.read_ns)
            assert value in shown
    if not wire.pair.record.collisions:
        assert min(wire.pair.record.gaps_ns) >= wire.wire.silence_ns


async def test_a_tty_on_asyncio(tmp_path: Path) -> None:
    await on_a_tty(tmp_path / "tty")


def test_a_tty_on_uvloop(tmp_path: Path) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(on_a_tty(tmp_path / "tty"))


def test_what_to_do_about_a_port_that_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(NotConnected, match="no such port: is the adapter plugged in"):
        open_serial(str(tmp_path / "none"), 9600, "E", 1)
    with PtyWire(tmp_path / "tty", {}) as wire:
        with (
            open_serial(str(wire.path), 9600, "E", 1),
            pytest.raises(NotConnected, match="another program has it open"),
        ):
            open_serial(str(wire.path), 9600, "E", 1)
        with pytest.raises(NotConnected, match='set rs485 = "adapter"'):
            open_serial(str(wire.path), 9600, "E", 1, kernel_rs485=True)
