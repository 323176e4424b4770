"""The far end of a measurement, in a process of its own: units behind TCP, or a paced RS-485 pair behind a tty."""

import contextlib
import multiprocessing
import multiprocessing.connection
import struct
from collections.abc import Iterator
from pathlib import Path

from hil.wire.pty_wire import PtyWire
from protocols.clock import boottime_ns


class Register:
    """A unit that answers every read of registers at once with changing words, as cheaply as can be."""

    def __init__(self, unit: int, turnaround_s: float = 0.0, dead: bool = False) -> None:
        self.unit = unit
        self.turnaround_s = turnaround_s
        self.dead = dead
        self.asked = 0

    def answer(self, pdu: bytes, at_ns: int) -> tuple[int, bytes] | None:
        """The first two words are the time in milliseconds, so that a reading tells when it was said."""
        self.asked += 1
        if self.dead:
            return None
        count = pdu[4]
        if count == 1:
            return self.unit, bytes((pdu[0], 2)) + (at_ns // 1_000_000 & 0xFFFF).to_bytes(2, "big")
        stamp = struct.pack(">I", at_ns // 1_000_000 & 0xFFFFFFFF)
        return self.unit, bytes((pdu[0], 2 * count)) + stamp + bytes(2 * count - 4)


def _tcp(pipe: multiprocessing.connection.Connection, units: int, dead: set[int]) -> None:
    import asyncio

    import uvloop

    from hil.terminals.tcp import TerminalServer

    async def serve() -> None:
        slaves = {n: Register(n, dead=n in dead) for n in range(1, units + 1)}
        async with TerminalServer(slaves) as server:
            ended = asyncio.Event()
            asyncio.get_running_loop().add_reader(pipe.fileno(), ended.set)
            pipe.send(server.port)
            await ended.wait()

    uvloop.run(serve())


def _tty(
    pipe: multiprocessing.connection.Connection, path: Path, units: int, baud: int, fifo: int, turnaround_s: float
) -> None:
    slaves = {n: Register(n, turnaround_s) for n in range(1, units + 1)}
    with PtyWire(path, slaves, baud=baud, fifo=fifo) as wire:
        pipe.send(str(path))
        pipe.recv()
        gaps = wire.pair.record.gaps_ns
        pipe.send((len(gaps), sum(gap < wire.wire.silence_ns for gap in gaps), boottime_ns()))


@contextlib.contextmanager
def tcp_units(units: int, dead: frozenset[int] = frozenset()) -> Iterator[int]:
    """A port with `units` units behind it."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_tcp, args=(there, units, dead))
    process.start()
    try:
        yield here.recv()
    finally:
        here.send("end")
        process.join(10)


class Tty:
    """A paced pair; `gaps()` ends it and tells how many silences the master left and how many were too short."""

    def __init__(self, path: Path, units: int, baud: int, fifo: int, turnaround_s: float) -> None:
        self._here, there = multiprocessing.Pipe()
        args = (there, path, units, baud, fifo, turnaround_s)
        self._process = multiprocessing.get_context("spawn").Process(target=_tty, args=args)
        self._process.start()
        self.path: str = self._here.recv()

    def gaps(self) -> tuple[int, int]:
        """(all, shorter than 3.5 characters)."""
        self._here.send("end")
        count, short, _ = self._here.recv()
        self._process.join(10)
        return count, short
