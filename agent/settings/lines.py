"""Lines: the wires devices hang on."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, model_validator

from drivers.profile.mistake import Fault, Wrong, shown
from drivers.profile.part import Part, pattern_hint, shaped

_ID = r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}"
_HOST = r"[A-Za-z0-9._:%-]{1,253}"
_URL = r"opc\.tcp://[^\s/]+(?:/\S*)?"


def _file(path: Path, info: ValidationInfo) -> Path:
    """Relative paths are taken from the site file's folder."""
    folder = (info.context or {}).get("folder")
    return path if folder is None else Path(folder, path)


def _text_path(path: object) -> object:
    if not isinstance(path, str | Path):
        raise Wrong("settings.not_a_path", "write.quoted_path", value=shown(path))
    return path


Id = Annotated[str, shaped(_ID, "write.id_letters"), pattern_hint(_ID)]
Host = Annotated[str, shaped(_HOST, "write.host"), pattern_hint(_HOST)]
Port = Annotated[int, Field(ge=1, le=65_535)]
FilePath = Annotated[
    Path, Field(strict=False), BeforeValidator(_text_path, json_schema_input_type=str), AfterValidator(_file)
]


def pair(one: str, first: object, other: str, second: object) -> Iterator[Fault]:
    """Two keys that only make sense together."""
    if (first is None) != (second is None):
        have, lack = (other, one) if first is None else (one, other)
        yield Fault("settings.half_a_pair", "write.both_or_neither", {"have": have, "lack": lack})


class PollOverride(Part):
    """Seconds per poll class, instead of the profile's. Device before line before profile."""

    alarm: float | None = Field(None, ge=0.1, le=86_400, description="alarm words")
    fast: float | None = Field(None, ge=0.1, le=86_400, description="what is watched live")
    slow: float | None = Field(None, ge=0.1, le=86_400, description="all else")


class LineHead(Part):
    """What every line has."""

    id: Id = Field(description="what devices and events call it")
    name: str = Field("", description="for people")
    poll_s: PollOverride = Field(default_factory=PollOverride, description="periods for all its devices, by poll class")


class SerialLine(LineHead):
    """One RS-485 pair, Modbus RTU. Name the port as `hydronest bus ports` says: ttyUSB0 moves."""

    kind: Literal["serial"]
    port: str = Field(min_length=1, description="such as /dev/serial/by-id/…")
    baud: Literal[1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200] = 9600
    parity: Literal["N", "E", "O"] = "E"
    stop_bits: Literal[1, 2] = 1
    echo: bool = Field(False, description="the adapter hears its own questions")
    rs485: Literal["adapter", "kernel"] = Field("adapter", description="who switches direction")
    deadline_ms: float = Field(300.0, ge=20, le=10_000, description="longest wait for an answer")


class TcpLine(LineHead):
    """Modbus TCP to one host: a device or a gateway."""

    kind: Literal["tcp"]
    host: Host
    port: Port = 502
    pipeline: int = Field(1, ge=1, le=64, description="questions on their way at once; 1 unless the far end bears more")
    deadline_ms: float = Field(500.0, ge=20, le=30_000, description="longest wait for an answer")


class RtuTcpLine(LineHead):
    """RTU frames through a TCP socket: a serial-to-Ethernet converter in transparent mode."""

    kind: Literal["rtu_tcp"]
    host: Host
    port: Port = 4001
    baud: Literal[1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200] = 9600
    deadline_ms: float = Field(800.0, ge=20, le=30_000, description="longest wait for an answer")


class OpcuaLine(LineHead):
    """One OPC UA server. A user and password need a security other than none, or `allow_plain`."""

    kind: Literal["opcua"]
    url: Annotated[str, shaped(_URL, "write.opcua_url"), pattern_hint(_URL)]
    security: Literal["none", "basic256sha256", "aes128_sha256_rsaoaep", "aes256_sha256_rsapss"] = "none"
    mode: Literal["sign", "sign_and_encrypt"] = "sign_and_encrypt"
    server_certificate_file: FilePath | None = Field(
        None, description="the one certificate accepted: see 'opcua trust'"
    )
    certificate_file: FilePath | None = Field(None, description="our own; made on first use when left out")
    key_file: FilePath | None = None
    user: str | None = None
    password_file: FilePath | None = None
    allow_plain: bool = Field(False, description="send the password although the channel is not encrypted")
    deadline_ms: float = Field(3000.0, ge=100, le=60_000, description="longest wait for an answer")

    @model_validator(mode="after")
    def _secrets(self) -> Self:
        faults = [*pair("user", self.user, "password_file", self.password_file)]
        faults += pair("certificate_file", self.certificate_file, "key_file", self.key_file)
        encrypted = self.security != "none" and self.mode == "sign_and_encrypt"
        if self.user is not None and not encrypted and not self.allow_plain:
            instead = "write.security_or_plain"
            faults.append(Fault("settings.password_in_clear", instead, {}, ("user",)))
        if self.security != "none" and self.server_certificate_file is None:
            instead = "write.server_certificate"
            faults.append(Fault("settings.missing", instead, {"key": "server_certificate_file"}))
        if faults:
            raise Wrong.together(faults)
        return self


Line = Annotated[SerialLine | TcpLine | RtuTcpLine | OpcuaLine, Field(discriminator="kind")]
MODBUS_LINES = (SerialLine, TcpLine, RtuTcpLine)
