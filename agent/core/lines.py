"""From a line's settings to its driver. A new kind of line is one more branch here; it alone is imported."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path

from agent.runtime.jobs import SettingsMistake
from agent.settings.lines import OpcuaLine, RtuTcpLine, SerialLine, TcpLine
from agent.settings.settings import Settings
from drivers.ports import Driver
from drivers.profile.model import ModbusProfile, OpcuaProfile
from protocols.clock import NowNs
from protocols.opcua.endpoint import Endpoint, Policy


def driver(
    line: SerialLine | TcpLine | RtuTcpLine | OpcuaLine,
    settings: Settings,
    *,
    now_ns: NowNs,
    clock_trusted: Callable[[], bool],
    last_known: Mapping[tuple[str, str], int],
) -> Driver:
    """The driver of one line with the devices that hang on it. `last_known`: newest source time by (device, point)."""
    if isinstance(line, OpcuaLine):
        return _opcua(line, settings, now_ns, clock_trusted, last_known)
    from drivers.modbus import driver as modbus
    from drivers.modbus.plans import DeviceSpec

    specs = []
    for device in settings.site.devices:
        profile = settings.profiles[device.profile]
        if device.line == line.id and isinstance(profile, ModbusProfile) and isinstance(device.unit, int):
            periods = settings.poll_s_of(device.id).model_dump()
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
            )
        case RtuTcpLine():
            return modbus.rtu_tcp_driver(
                line.id, specs, host=line.host, port=line.port, baud=line.baud, deadline_ms=line.deadline_ms
            )
        case TcpLine():
            return modbus.tcp_driver(
                line.id, specs, host=line.host, port=line.port, pipeline=line.pipeline, deadline_ms=line.deadline_ms
            )


def _opcua(
    line: OpcuaLine,
    settings: Settings,
    now_ns: NowNs,
    clock_trusted: Callable[[], bool],
    last_known: Mapping[tuple[str, str], int],
) -> Driver:
    from drivers.opcua.line import OpcuaLine as OpcuaDriver  # brings asyncua along: 48 MB a site without it never pays
    from drivers.opcua.rows import OpcuaDevice

    devices = []
    for device in settings.site.devices:
        profile = settings.profiles[device.profile]
        if device.line == line.id and isinstance(profile, OpcuaProfile):
            periods = settings.poll_s_of(device.id)
            devices.append(OpcuaDevice(device.id, str(device.unit), profile, device.offsets, periods))
    endpoint = opcua_endpoint(line, settings.site.gateway.state_dir)
    return OpcuaDriver(
        line.id,
        endpoint,
        devices,
        now_ns=now_ns,
        wall_ns=time.time_ns,
        clock_trusted=clock_trusted,
        last_known=last_known,
    )


POLICIES: dict[str, Policy] = {
    "basic256sha256": "Basic256Sha256",
    "aes128_sha256_rsaoaep": "Aes128Sha256RsaOaep",
    "aes256_sha256_rsapss": "Aes256Sha256RsaPss",
}


def opcua_endpoint(line: OpcuaLine, state_dir: Path) -> Endpoint:
    """Where the server is and what it takes to believe it. Raises SettingsMistake where a secret cannot be read."""
    password = None
    if line.password_file is not None:
        try:
            password = line.password_file.read_text(encoding="utf-8").strip()
        except OSError as error:
            raise SettingsMistake(f"lines {line.id}: password_file {line.password_file}: {error.strerror}") from None
    return Endpoint(
        line.url,
        security="none" if line.security == "none" else line.mode,
        policy=POLICIES.get(line.security, "Basic256Sha256"),
        trust=line.server_certificate_file,
        own=state_dir / "opcua",
        certificate_file=line.certificate_file,
        key_file=line.key_file,
        user=line.user,
        password=password,
        allow_plain=line.allow_plain,
        timeout_s=line.deadline_ms / 1000,
    )
