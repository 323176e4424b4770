"""A bench of one device on one line, made of what the command line says."""

from pathlib import Path

from agent.settings.lines import RtuTcpLine, SerialLine, TcpLine
from drivers.modbus.bare import Address
from drivers.profile.load import SHIPPED, load, names
from drivers.profile.model import ModbusProfile
from hil.bench.load import Bench
from hil.bench.model import About, AnyLine, BenchFile, Device
from protocols.errors import Reasoned


class NoProfile(Reasoned):
    """What was named is no Modbus profile."""


def bench_on(address: Address, named: str, unit: int) -> Bench:
    """The device `device` on the line `line`. Raises NoProfile, SettingsError for mistakes in the profile."""
    path = Path(named)
    file = path if path.exists() else names([SHIPPED]).get(named)
    if file is None:
        raise NoProfile("settings.no_profile", name=named)
    profile = load(file)
    if not isinstance(profile, ModbusProfile):
        raise NoProfile("bench.no_modbus", name=named)
    device = Device(id="device", line="line", unit=unit, profile=profile.profile)
    made = BenchFile(bench=About(id="line"), lines=(_line(address),), devices=(device,))
    return Bench(file, made, {profile.profile: profile}, "")


def _line(at: Address) -> AnyLine:
    most = {"id": "line", "deadline_ms": at.deadline_ms}
    if not at.host:
        told = {"port": at.port, "baud": at.baud, "parity": at.parity, "stop_bits": at.stop_bits, "echo": at.echo}
        return SerialLine.model_validate({"kind": "serial", **most, **told})
    there = {"host": at.host, "port": at.tcp_port}
    if at.rtu:
        return RtuTcpLine.model_validate({"kind": "rtu_tcp", **most, **there, "baud": at.baud})
    return TcpLine.model_validate({"kind": "tcp", **most, **there})
