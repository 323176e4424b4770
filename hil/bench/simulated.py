"""Simulated devices in the place of real ones: a profile turned round, with a power supply and faults to order."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from drivers.profile.model import ModbusProfile
from drivers.profile.point import ModbusPoint
from drivers.sample import Value
from hil.bench.model import Device, SimulatedLine
from hil.bench.switches import SimulatedWire, Switch
from hil.terminals.terminal import Misbehaviour, Terminal
from hil.wire.faults import Fault
from hil.wire.pty_wire import PtyWire


def at_rest(profile: ModbusProfile) -> dict[str, Value]:
    """A value for every point that its profile believes: the middle of what is valid, the first of its names."""
    return {name: _value(point) for name, point in profile.points.items()}


def _value(point: ModbusPoint) -> Value:
    if point.bits is not None:
        return ()
    if point.enum is not None:
        return next(iter(point.enum.values()))
    if point.type.name == "bool":
        return False
    if not point.type.number:
        return "2026-01-01T00:00:00" if point.type.name.startswith("datetime") else "A"
    return sum(point.valid) / 2 if point.valid is not None else point.offset + point.scale


class SimulatedDevice(Switch):
    """One device on a pair: silent while its power is off."""

    def __init__(self, profile: ModbusProfile, unit: int) -> None:
        super().__init__()
        self.shown: dict[str, Value] = at_rest(profile)
        self.terminal = Terminal(profile, unit, lambda _now: self.shown)
        self.unit = unit
        self.turnaround_s = self.terminal.turnaround_s
        self.spoils: Fault | None = None
        """Done to each of its answers."""

    def answer(self, pdu: bytes, at_ns: int) -> tuple[int, bytes] | None:
        """As its profile says; nothing without power."""
        return None if self.cut else self.terminal.answer(pdu, at_ns)

    def misbehave(self, how: Misbehaviour | str | None) -> None:
        """Go wrong from now on, `dead` or `lying` or another of `Misbehaviour`; None: be well again."""
        self.terminal.misbehaviour = None if how is None else Misbehaviour(how)

    def at_ease(self) -> None:
        """As it was at first."""
        self.shown = at_rest(self.terminal.profile)
        self.spoils = None
        self.misbehave(None)
        self.terminal.written.clear()
        self.on()

    def _turn(self, on: bool) -> None:
        """Its own `cut` is all there is to it."""


class SimulatedPair:
    """A simulated line with the devices on it; `with` it. `wire` cuts it."""

    def __init__(
        self, path: Path, line: SimulatedLine, devices: Sequence[Device], profiles: Mapping[str, ModbusProfile]
    ) -> None:
        self.devices = {one.id: SimulatedDevice(profiles[one.profile], one.unit) for one in devices}
        slaves = {one.unit: one for one in self.devices.values()}

        def spoil(unit: int, _frame: bytes) -> Fault | None:
            return slaves[unit].spoils if unit in slaves else None

        self.pty = PtyWire(path, slaves, baud=line.baud, parity=line.parity, stop_bits=line.stop_bits, spoil=spoil)
        self.wire = SimulatedWire(self.pty)
