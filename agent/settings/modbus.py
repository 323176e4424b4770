"""From a Modbus line's settings to its driver: for whichever process owns that line."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from agent.settings.lines import RtuTcpLine, SerialLine, TcpLine
from agent.settings.settings import Settings
from drivers.profile.model import ModbusProfile
from drivers.profile.plain import plain

if TYPE_CHECKING:
    from drivers.modbus.driver import ModbusDriver


def modbus_driver(
    line: SerialLine | TcpLine | RtuTcpLine, settings: Settings, on_rest: Callable[[int], None] | None = None
) -> "ModbusDriver":
    """The driver of one line with the devices that hang on it. `on_rest`: as a line's."""
    from drivers.modbus import driver as modbus
    from drivers.modbus.plans import DeviceSpec

    specs = []
    for device in settings.site.devices:
        profile = settings.profiles[device.profile]
        if device.line == line.id and isinstance(profile, ModbusProfile) and isinstance(device.unit, int):
            periods = plain(settings.poll_s_of(device.id))
            specs.append(DeviceSpec(device.id, profile, device.unit, device.offsets, periods))
    match line:
        case SerialLine():
            return modbus.serial_driver(
                line.id,
                specs,
                port=line.port,
                baud=line.baud,
                parity=line.parity,
                stop_bits=line.stop_bits,
                echo=line.echo,
                kernel_rs485=line.rs485 == "kernel",
                deadline_ms=line.deadline_ms,
                on_rest=on_rest,
            )
        case RtuTcpLine():
            return modbus.rtu_tcp_driver(
                line.id,
                specs,
                host=line.host,
                port=line.port,
                baud=line.baud,
                deadline_ms=line.deadline_ms,
                on_rest=on_rest,
            )
        case TcpLine():
            return modbus.tcp_driver(
                line.id,
                specs,
                host=line.host,
                port=line.port,
                pipeline=line.pipeline,
                deadline_ms=line.deadline_ms,
                on_rest=on_rest,
            )
