"""A bench in use: its lines opened when they are first wanted, its simulated ones begun, all of it closed at the end.

For plain functions, not for coroutines: each question is asked and answered before its call returns.
"""

import asyncio
from collections.abc import Coroutine
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path
from typing import Any, Self, TypeVar

from agent.cli.bus_access import address_of
from drivers.modbus.bare import MS, Address, bare_line
from drivers.modbus.orders import Written, read_now, write_now
from drivers.modbus.reads import fences_of
from drivers.modbus.trial import reads_for_trial
from drivers.outcome import Outcome
from hil.bench import abilities
from hil.bench.load import Bench
from hil.bench.model import AnyLine, Device, Relay, SimulatedLine
from hil.bench.simulated import SimulatedDevice, SimulatedPair
from hil.bench.switches import RelaySwitch, Switch
from protocols.errors import NoAnswer, Reasoned, WireError
from protocols.modbus.deadline import Deadline
from protocols.modbus.line import Line
from protocols.modbus.question import Question
from protocols.modbus.unit import Unit
from protocols.reason import Reason

T = TypeVar("T")
WITHIN_DEADLINES = 4
"""So many deadlines of its line a question may take in all: a unit that missed one is first left in peace."""


class NotAllowed(Reasoned):
    """It is not to be done here and now."""


class WholeDeadline(Deadline):
    """A device on trial has all of its line's deadline for each answer, however quick it was before."""

    __slots__ = ()

    def wait_ns(self, failures: int = 0) -> int:  # noqa: ARG002
        """The cap."""
        return self.cap_ns


def _unit(bench: Bench, device: Device, line: AnyLine) -> Unit:
    """How its profile wants to be asked, and by which questions it shows to be in step again after a silence."""
    profile = bench.profiles[device.profile]
    part = profile.modbus
    return Unit(
        device.unit,
        WholeDeadline(round(line.deadline_ms * MS)),
        turnaround_ns=round(part.turnaround_ms[1] * MS),
        pause_ns=round(part.pause_ms * MS),
        pause_after_write_ns=round(part.pause_after_write_ms * MS),
        fences=fences_of(reads_for_trial(profile), device.unit),
        any_unit=part.unit_id_in_answer == "any",
    )


class OpenLine:
    """A line of the bench, to read from. `wire` cuts it, None where nothing can."""

    def __init__(self, bench: "OpenBench", settings: AnyLine, line: Line, wire: Switch | None) -> None:
        self.id = settings.id
        self.can = abilities.of_line(bench.bench, settings)
        self.deadline_s = settings.deadline_ms / 1000
        self.wire = wire
        self.within_s = max(1.0, WITHIN_DEADLINES * self.deadline_s)
        self._line = line
        self._bench = bench

    def read(self, unit: int, table: str, number: int, count: int = 1) -> list[int]:
        """Registers, or bits as 0 and 1, asked for once. `number` as on the wire, from 0. Raises WireError."""
        return self._bench.run(read_now(self._line, unit, table, number, count, within_s=self.within_s))

    def ask(self, question: Question) -> bytes:
        """The data of its answer. Raises WireError, NotAllowed for a question that writes: a terminal does that."""
        if question.write:
            raise NotAllowed("bench.no_motion")
        return self._bench.run(self._line.ask(question, self.within_s))


class OpenBench:
    """`with` it. `folder` takes the ttys of simulated lines; `broken` says why nothing more may run on it.

    Raises NotConnected for a line that cannot be opened, when it is first wanted.
    """

    def __init__(self, bench: Bench, folder: Path, *, allow_motion: bool = False) -> None:
        self.bench = bench
        self.allow_motion = allow_motion
        self.broken: Reason | None = None
        self.held = AsyncExitStack()
        self._runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)  # leaves others' loops alone
        self._wires = ExitStack()
        self._lines: dict[str, OpenLine] = {}
        self._modbus: dict[str, Line] = {}
        self._pairs: dict[str, SimulatedPair] = {}
        self._folder = folder

    def __enter__(self) -> Self:
        for line in self.bench.file.lines:
            if isinstance(line, SimulatedLine):
                here = [one for one in self.bench.file.devices if one.line == line.id]
                pair = SimulatedPair(self._folder / line.id, line, here, self.bench.profiles)
                self._wires.enter_context(pair.pty)
                self._pairs[line.id] = pair
        return self

    def __exit__(self, *exc: object) -> None:
        try:
            self.run(self.held.aclose())
        finally:
            self._runner.close()
            self._wires.close()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Do it to its end."""
        return self._runner.run(work)

    def line(self, name: str) -> OpenLine:
        """A line of the bench, open. Raises NotConnected."""
        if name not in self._lines:
            settings = next(one for one in self.bench.file.lines if one.id == name)
            if isinstance(settings, SimulatedLine):
                pair = self._pairs[name]
                address = Address(
                    str(pair.pty.path), settings.baud, settings.parity, settings.stop_bits,
                    deadline_ms=settings.deadline_ms,
                )  # fmt: skip
                self._lines[name] = self._opened(settings, address, pair.wire)
            else:
                found = address_of(settings)
                assert found is not None, "a bench has Modbus lines only"
                self._lines[name] = self._opened(settings, found, self.switch(name))
        return self._lines[name]

    def _opened(self, settings: AnyLine, address: Address, wire: Switch | None) -> OpenLine:
        units = [_unit(self.bench, one, settings) for one in self.bench.file.devices if one.line == settings.id]
        line = self.run(self.held.enter_async_context(bare_line(address, units)))
        self._modbus[settings.id] = line
        return OpenLine(self, settings, line, wire)

    def write(self, name: str, unit: int, table: str, number: int, values: list[int]) -> Written:
        """Written once on the line `name`, and read back; whether it may be is for the caller to know."""
        within_s = self.line(name).within_s
        return self.run(write_now(self._modbus[name], unit, table, number, values, within_s=within_s))

    def pair(self, name: str) -> SimulatedPair:
        """The simulation behind a line. Raises KeyError for a real one."""
        return self._pairs[name]

    def simulated(self, device: Device) -> SimulatedDevice | None:
        """The simulation behind a device; None for a real one."""
        pair = self._pairs.get(device.line)
        return None if pair is None else pair.devices[device.id]

    def switch(self, name: str) -> Switch | None:
        """The relay that cuts this device or line; None where there is none."""
        relay = next((one for one in self.bench.file.relays if one.cuts == name), None)
        return None if relay is None else RelaySwitch(lambda on: self._turn(relay, on))

    def _turn(self, relay: Relay, on: bool) -> None:
        """Move the coil and read it back. Where that cannot be made sure of, the bench is broken. Raises WireError."""
        wanted = relay.closed if on else 1 - relay.closed
        try:
            done = self.write(relay.line, relay.unit, "coil", relay.coil, [wanted])
            if done.outcome is not Outcome.DONE:
                raise NoAnswer("bench.relay_stuck", relay=relay.id, why=done.reason)
        except WireError as error:
            self.broken = error.reason
            raise

    def check_leave(self, device: Device) -> None:
        """Whether something of this device may be moved now. Raises NotAllowed; what is not known is no leave."""
        if "write" in device.never:
            raise NotAllowed("bench.never_written", device=device.id)
        if not self.allow_motion:
            raise NotAllowed("bench.no_motion")
        if device.line in self._pairs:
            return
        lock = self.bench.file.interlock
        if lock is None:
            raise NotAllowed("bench.no_interlock")
        try:
            word = self.line(lock.line).read(lock.unit, lock.at.table.value, lock.at.number)[0]
        except WireError as error:
            raise NotAllowed("bench.interlock_silent", why=error.reason) from None
        if (word >> (lock.at.bit or 0) & 1) != lock.equals:
            raise NotAllowed("bench.interlock_open", at=str(lock.at))
