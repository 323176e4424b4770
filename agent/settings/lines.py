"""Lines: the wires devices hang on."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from drivers.profile.point import Part

Id = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$")]
Host = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._:-]+$", max_length=253)]
Port = Annotated[int, Field(ge=1, le=65_535)]
FilePath = Annotated[Path, Field(strict=False)]


class PollOverride(Part):
    """Seconds per poll class, instead of the profile's. Device before line before profile."""

    alarm: float | None = Field(None, ge=0.1, le=86_400)
    fast: float | None = Field(None, ge=0.1, le=86_400)
    slow: float | None = Field(None, ge=0.1, le=86_400)


class LineHead(Part):
    """What every line has."""

    id: Id
    name: str = ""
    poll_s: PollOverride = PollOverride()


class SerialLine(LineHead):
    """One RS-485 pair, Modbus RTU. Name the port by /dev/serial/by-id or a udev name: ttyUSB0 moves."""

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
    url: Annotated[str, StringConstraints(pattern=r"^opc\.tcp://[^\s/]+(/\S*)?$")]
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
        if (self.user is None) != (self.password_file is None):
            raise ValueError("user and password_file go together: write both or neither")
        if (self.certificate_file is None) != (self.key_file is None):
            raise ValueError("certificate_file and key_file go together: write both or neither")
        encrypted = self.security != "none" and self.mode == "sign_and_encrypt"
        if self.user is not None and not encrypted and not self.allow_plain:
            raise ValueError(
                'the password would go in clear: set security and mode = "sign_and_encrypt", or allow_plain = true'
            )
        if self.security != "none" and self.server_certificate_file is None:
            raise ValueError("server_certificate_file is missing: fetch it once with 'hydronest opcua trust'")
        return self


Line = Annotated[SerialLine | TcpLine | RtuTcpLine | OpcuaLine, Field(discriminator="kind")]
MODBUS_LINES = (SerialLine, TcpLine, RtuTcpLine)
