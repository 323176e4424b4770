"""CPU, throughput and freshness of Modbus lines, against pymodbus's own client: `python -m tests.bench.modbus.measure`.

CPU is user and system time of this process; the far end runs in another.
"""

import asyncio
import resource
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import uvloop
from pymodbus.client import AsyncModbusSerialClient, AsyncModbusTcpClient

from drivers.modbus.driver import ModbusDriver, serial_driver, tcp_driver
from drivers.modbus.plans import DeviceSpec
from drivers.profile.model import ModbusProfile
from drivers.sample import Sample
from protocols.modbus.load import serial_wire, transaction_ns
from protocols.reason import Reason
from tests.bench.modbus.far_end import Tty, tcp_units
from tests.modbus.rig import profile

REGISTERS = 10
TURNAROUND_S = 0.005
TTY_UNITS = 12


@dataclass
class Figures:
    """Per second of wall time and per transaction; `fresh` is the share of expected readings that came good."""

    per_second: float
    cpu_us: float
    points_per_second: float = 0.0
    cpu_s_per_kpt: float = 0.0
    missed_periods: int = 0
    rss_mb: float = 0.0
    rss_growth_mb: float = 0.0
    fresh: float = 0.0


class Count:
    """Counts what arrives at the subscriber."""

    def __init__(self) -> None:
        self.samples = self.points = 0

    def sample(self, sample: Sample) -> None:
        if sample.quality is sample.layout.good:
            self.samples += 1
            self.points += len(sample.values)

    def line_state(self, line: str, up: bool, reason: Reason) -> None:
        pass


def made(period_s: float, registers: int = REGISTERS) -> ModbusProfile:
    """Ten registers with a scale and a validity each: what a real device costs to decode."""
    point = {"type": "uint16", "scale": 0.1, "unit": "kPa", "valid": [0, 7000], "poll": "fast"}
    points = {f"p{i}": {"at": f"holding {i}", **point} for i in range(registers)}
    return profile(points, poll_s={"fast": period_s})


async def _run(drivers: list[ModbusDriver], seconds: float, settle_s: float, expected_per_s: float = 0.0) -> Figures:
    count = Count()
    tasks = [asyncio.create_task(driver.run(count)) for driver in drivers]
    await asyncio.sleep(settle_s)
    late = _late(drivers)
    rss, samples, points, cpu, began = _rss_mb(), count.samples, count.points, time.process_time(), time.monotonic()
    await asyncio.sleep(seconds)
    cpu, took = time.process_time() - cpu, time.monotonic() - began
    samples, points = count.samples - samples, count.points - points
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return Figures(
        samples / took,
        cpu / samples * 1e6,
        points / took,
        cpu / points * 1e3,
        _late(drivers) - late,
        _rss_mb(),
        _rss_mb() - rss,
        samples / (expected_per_s * took) if expected_per_s else 0.0,
    )


def _late(drivers: list[ModbusDriver]) -> int:
    return sum(group.read.late for driver in drivers for device in driver.devices for group in device.groups)


def _rss_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


def thousand_units(seconds: float, pipeline: int = 1) -> Figures:
    """1,000 units over five connections, ten registers each once a second."""
    with tcp_units(200) as port:
        drivers = [
            tcp_driver(
                f"l{i}",
                [DeviceSpec(f"d{i}-{u}", made(1.0), u) for u in range(1, 201)],
                host="127.0.0.1",
                port=port,
                pipeline=pipeline,
            )
            for i in range(5)
        ]
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(_run(drivers, seconds, 3.0, 1000.0))


def one_dead_of_a_hundred(seconds: float) -> Figures:
    """100 units on one connection once a second, one of them silent; `fresh` counts the 99."""
    with tcp_units(100, frozenset({50})) as port:
        devices = [DeviceSpec(f"d{u}", made(1.0), u) for u in range(1, 101)]
        driver = tcp_driver("net", devices, host="127.0.0.1", port=port)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(_run([driver], seconds, 3.0, 99.0))


def flat_out(seconds: float) -> tuple[Figures, Figures]:
    """One connection, one question outstanding, as fast as it goes: ours to the Sample, and a bare pymodbus call."""
    with tcp_units(20) as port, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        devices = [DeviceSpec(f"d{u}", made(0.1), u) for u in range(1, 21)]
        for device in devices:
            device.profile.poll_s.__dict__["fast"] = 0.0001  # below what settings allow: never idle
        driver = tcp_driver("net", devices, host="127.0.0.1", port=port)
        return runner.run(_run([driver], seconds, 1.0)), runner.run(_bare_tcp(port, seconds))


async def _bare_tcp(port: int, seconds: float) -> Figures:
    client = AsyncModbusTcpClient("127.0.0.1", port=port, timeout=1, retries=0)
    await client.connect()
    try:
        return await _bare(client, seconds, 20)
    finally:
        client.close()


async def _bare(client: AsyncModbusTcpClient | AsyncModbusSerialClient, seconds: float, units: int) -> Figures:
    calls, cpu, began = 0, time.process_time(), time.monotonic()
    while time.monotonic() - began < seconds:
        await client.read_holding_registers(0, count=REGISTERS, device_id=calls % units + 1)
        calls += 1
    took = time.monotonic() - began
    return Figures(calls / took, (time.process_time() - cpu) / calls * 1e6)


async def _bare_tty(path: str, baud: int, seconds: float) -> Figures:
    client = AsyncModbusSerialClient(path, baudrate=baud, parity="N", timeout=0.3, retries=0)
    await client.connect()
    try:
        return await _bare(client, seconds, TTY_UNITS)
    finally:
        client.close()


@dataclass
class OnTheWire:
    """Ours and pymodbus on a paced pair, the physical limit, and how many silences each left too short."""

    limit_per_s: float
    ours: Figures
    bare: Figures
    ours_gaps: tuple[int, int]
    bare_gaps: tuple[int, int]


def saturated(baud: int, seconds: float, fifo: int = 8) -> OnTheWire:
    """Twelve devices asked as fast as the wire goes."""
    limit = 1e9 / transaction_ns(serial_wire(baud, "E", 1), 8, 5 + 2 * REGISTERS, round(TURNAROUND_S * 1e9))
    with tempfile.TemporaryDirectory() as folder, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        tty = Tty(Path(folder) / "ours", TTY_UNITS, baud, fifo, TURNAROUND_S)
        devices = [DeviceSpec(f"d{u}", made(0.1), u) for u in range(1, TTY_UNITS + 1)]
        ours = runner.run(_run([serial_driver("tty", devices, port=tty.path, baud=baud)], seconds, 1.5))
        ours_gaps = tty.gaps()
        tty = Tty(Path(folder) / "bare", TTY_UNITS, baud, fifo, TURNAROUND_S)
        bare = runner.run(_bare_tty(tty.path, baud, seconds))
        return OnTheWire(limit, ours, bare, ours_gaps, tty.gaps())


def main(seconds: float) -> None:
    """Print every figure."""
    for pipeline in (1, 8):
        print(f"1,000 units, 5 connections, pipeline {pipeline}: {thousand_units(seconds, pipeline)}")
    print(f"one dead of 100: {one_dead_of_a_hundred(seconds)}")
    ours, bare = flat_out(min(seconds, 5))
    print(f"flat out on TCP: ours {ours}\n                 bare pymodbus {bare}")
    for baud in (9600, 19_200, 115_200):
        for fifo in (1, 8):
            print(f"{baud} baud, {fifo} bytes at a time: {saturated(baud, min(seconds, 8), fifo)}")


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 20.0)
