"""A Modbus line as a driver: its devices' reads on one line owner, their answers as Samples."""

from collections.abc import Callable, Iterable, Mapping

from drivers.modbus.device import Device
from drivers.modbus.overload import overloaded
from drivers.modbus.plans import DeviceSpec, Plans
from drivers.ports import Sink
from drivers.profile.model import ModbusProfile
from drivers.sample import Sample, Value
from protocols.clock import NowNs, boottime_ns
from protocols.modbus.counters import unit_counters
from protocols.modbus.line import Line
from protocols.modbus.line_rtu import RtuLine
from protocols.modbus.line_tcp import TcpLine
from protocols.modbus.load import Wire, gap_worth_reading
from protocols.modbus.port_serial import Parity, SerialPort
from protocols.modbus.port_tcp import TcpPort
from protocols.modbus.timer import FineTimer
from protocols.modbus.unit import Read, Unit
from protocols.reason import Reason

TCP_OVERHEAD = 60.0  # registers: on a network a question costs what reading on for a whole default span does
MS = 1_000_000


class ModbusDriver:
    """One line's devices. `line` also takes orders (`line.ask`); it exists before `run` and outlives reconnects."""

    def __init__(
        self,
        name: str,
        devices: Iterable[DeviceSpec],
        make_line: Callable[[list[Unit]], Line],
        *,
        overhead: Callable[[ModbusProfile], float],
        cap_ms: float,
        now_ns: NowNs = boottime_ns,
        tell_apart: bool = True,
    ) -> None:
        """ValueError when two devices have the same unit: the line could not tell them apart."""
        self.name = name
        self._now = now_ns
        self._sink: Sink | None = None
        self._plans = Plans(overhead, tell_apart=tell_apart)
        self.devices = [Device(spec, self._plans, round(cap_ms * MS), self._emit, self._put) for spec in devices]
        taken: dict[int, str] = {}
        for device in self.devices:
            if other := taken.get(device.spec.unit):
                raise ValueError(f"line {name}: {other} and {device.spec.id} both have unit {device.spec.unit}")
            taken[device.spec.unit] = device.spec.id
        self.line = make_line([device.unit for device in self.devices])

    def _put(self, read: Read) -> None:
        self.line.schedule.put(read)

    def _emit(self, sample: Sample) -> None:
        if self._sink is not None:
            self._sink.sample(sample)

    async def run(self, sink: Sink) -> None:
        """Read for ever; ends by cancellation only, with the port closed."""
        self._sink = sink
        await self.line.run(lambda up, reason: sink.line_state(self.name, up, reason))

    def counters(self) -> Mapping[str, Mapping[str, Value | Reason | tuple[Reason, ...]]]:
        """By line name and device id; `learned` is what to write into the profile."""
        found: dict[str, Mapping[str, Value | Reason | tuple[Reason, ...]]] = {self.name: self.line_counters()}
        for device in self.devices:
            learned = self._plans.learned.get(device.spec.profile.profile)
            advice = () if learned is None else tuple(learned.advice())
            counts = unit_counters(device.unit)
            counts["trouble"] = counts["trouble"] or device.unit_unknown
            found[device.spec.id] = {**counts, "learned": advice}
        return found

    def line_counters(self) -> Mapping[str, Value | Reason | tuple[Reason, ...]]:
        """The line's own; `learned` is what its far end turned out to be like, with the setting that helps."""
        now, schedule = self._now(), self.line.schedule
        return {
            **self.line.counters.as_dict(now),
            "load": round(schedule.load(now) / schedule.depth, 3),
            "trouble": overloaded(schedule, self.devices, now) or self.line.shortcoming,
            "learned": tuple(self.line.learned()),
        }

    def device(self, device_id: str) -> Device | None:
        """A device by its id."""
        return next((device for device in self.devices if device.spec.id == device_id), None)


def serial_overhead(wire: Wire) -> Callable[[ModbusProfile], float]:
    """What one more question costs on a serial line: by baud rate and by how quick the device is."""
    return lambda profile: gap_worth_reading(wire, round(profile.modbus.turnaround_ms[0] * MS))


def serial_driver(
    name: str,
    devices: Iterable[DeviceSpec],
    *,
    port: str,
    baud: int = 9600,
    parity: Parity = "E",
    stop_bits: int = 1,
    echo: bool = False,
    kernel_rs485: bool = False,
    deadline_ms: float = 300.0,
    on_rest: Callable[[int], None] | None = None,
) -> ModbusDriver:
    """Devices on one RS-485 pair. `on_rest` is told, when the line rests, how many answers came since it last did."""
    tty = SerialPort(port, baud, parity, stop_bits, kernel_rs485=kernel_rs485)

    def make(units: list[Unit]) -> Line:
        cap_ns = round(deadline_ms * MS)
        return RtuLine(name, tty, units, tty.wire, cap_ns=cap_ns, echo=echo, on_rest=on_rest, make_timer=FineTimer)

    return ModbusDriver(name, devices, make, overhead=serial_overhead(tty.wire), cap_ms=deadline_ms)


def rtu_tcp_driver(
    name: str,
    devices: Iterable[DeviceSpec],
    *,
    host: str,
    port: int,
    baud: int = 9600,
    deadline_ms: float = 800.0,
    on_rest: Callable[[int], None] | None = None,
) -> ModbusDriver:
    """Devices behind a serial-to-Ethernet converter that passes RTU frames through."""
    wire = Wire(baud)

    def make(units: list[Unit]) -> Line:
        cap_ns = round(deadline_ms * MS)
        return RtuLine(name, TcpPort(host, port), units, wire, cap_ns=cap_ns, over_tcp=True, on_rest=on_rest)

    return ModbusDriver(name, devices, make, overhead=serial_overhead(wire), cap_ms=deadline_ms)


def tcp_driver(
    name: str,
    devices: Iterable[DeviceSpec],
    *,
    host: str,
    port: int = 502,
    pipeline: int = 1,
    deadline_ms: float = 500.0,
    on_rest: Callable[[int], None] | None = None,
) -> ModbusDriver:
    """Modbus TCP devices, or a gateway's units. Pipelining only if every device on the line bears it."""
    specs = list(devices)
    depth = pipeline if all(spec.profile.modbus.pipelining for spec in specs) else 1

    def make(units: list[Unit]) -> Line:
        cap_ns = round(deadline_ms * MS)
        return TcpLine(name, TcpPort(host, port), units, pipeline=depth, cap_ns=cap_ns, on_rest=on_rest)

    return ModbusDriver(name, specs, make, overhead=lambda profile: TCP_OVERHEAD, cap_ms=deadline_ms, tell_apart=False)  # noqa: ARG005
