"""From an OPC UA line's settings to its driver."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from agent.runtime.jobs import SettingsMistake
from agent.settings.lines import OpcuaLine
from agent.settings.settings import Settings
from drivers.profile.model import OpcuaProfile
from protocols.clock import NowNs
from protocols.opcua.endpoint import Endpoint, Policy
from protocols.system import file_reason

if TYPE_CHECKING:
    from drivers.opcua.gaps import Kept
    from drivers.opcua.line import OpcuaLine as OpcuaDriver

POLICIES: dict[str, Policy] = {
    "basic256sha256": "Basic256Sha256",
    "aes128_sha256_rsaoaep": "Aes128Sha256RsaOaep",
    "aes256_sha256_rsapss": "Aes256Sha256RsaPss",
}


def opcua_lines(settings: Settings) -> list[OpcuaLine]:
    """Those of this site."""
    return [line for line in settings.site.lines if isinstance(line, OpcuaLine)]


def driver(
    line: OpcuaLine,
    settings: Settings,
    *,
    wall_ns: NowNs,
    clock_trusted: Callable[[], bool],
    last_known: "Mapping[tuple[str, str], int]",
    missing: "Mapping[tuple[str, str], Kept]",
) -> "OpcuaDriver":
    """The driver of one line with the devices behind it, going on from what is kept.

    Raises SettingsMistake where a secret cannot be read.
    """
    from drivers.opcua.line import OpcuaLine as OpcuaDriver  # brings asyncua along: 48 MB the command never pays
    from drivers.opcua.rows import OpcuaDevice

    devices = []
    for device in settings.site.devices:
        profile = settings.profiles[device.profile]
        if device.line == line.id and isinstance(profile, OpcuaProfile):
            periods = settings.poll_s_of(device.id)
            devices.append(OpcuaDevice(device.id, str(device.unit), profile, device.offsets, periods))
    return OpcuaDriver(
        line.id,
        opcua_endpoint(line, settings.site.gateway.state_dir),
        devices,
        wall_ns=wall_ns,
        clock_trusted=clock_trusted,
        last_known=last_known,
        missing=missing,
    )


def opcua_endpoint(line: OpcuaLine, state_dir: Path) -> Endpoint:
    """Where the server is and what it takes to believe it. Raises SettingsMistake where a secret cannot be read."""
    password = None
    if line.password_file is not None:
        try:
            password = line.password_file.read_text(encoding="utf-8").strip()
        except OSError as error:
            raise SettingsMistake(file_reason(line.password_file, error)) from None
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
