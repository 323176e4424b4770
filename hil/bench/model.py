"""The bench file: what hangs where, what each thing can do, and what it must never do."""

from typing import Annotated, Literal

from pydantic import Field

from agent.settings.lines import FilePath, Id, LineHead, RtuTcpLine, SerialLine, TcpLine
from drivers.profile.part import Part, pattern_hint, shaped
from drivers.profile.point import At

_ABILITY = r"[a-z][a-z0-9-]{0,39}"
Ability = Annotated[str, shaped(_ABILITY, "write.ability"), pattern_hint(_ABILITY)]
Act = Literal["write", "power", "unplug"]
"""What is done to a thing: its registers written, its power cut, its wire cut."""


class About(Part):
    """The bench itself."""

    id: Id = Field(description="goes into every result")
    name: str = Field("", description="for people")
    lock_file: FilePath | None = Field(
        None, description="whoever holds it has the bench; /run/lock/hydronest-bench-ID.lock when left out"
    )


class SimulatedLine(LineHead):
    """A pair at wire speed with simulated devices, behind a tty of its own."""

    kind: Literal["simulated"]
    baud: Literal[1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200] = 19200
    parity: Literal["N", "E", "O"] = "E"
    stop_bits: Literal[1, 2] = 1
    deadline_ms: float = Field(300.0, ge=20, le=10_000, description="longest wait for an answer")


class Device(Part):
    """A device under test."""

    id: Id
    name: str = Field("", description="for people")
    line: Id = Field(description="id of the line it hangs on")
    unit: int = Field(1, ge=0, le=255, description="its address")
    profile: str = Field(description="name of a shipped profile, or a file of your own: transmitter.toml")
    can: Annotated[tuple[Ability, ...], Field(strict=False)] = Field(
        (), description="what the stand around it can do, in your own words: pressure-source"
    )
    never: Annotated[tuple[Act, ...], Field(strict=False)] = Field((), description="what is never done to it")


class Relay(Part):
    """A coil of a relay module that cuts the power of a device, or the wire of a line."""

    id: Id
    line: Id = Field(description="id of the line the module hangs on: another one than it cuts")
    unit: int = Field(ge=1, le=247, description="the module's address")
    coil: int = Field(ge=0, le=65_535, description="as it goes over the wire, from 0")
    cuts: Id = Field(description="id of the device whose power, or of the line whose wire it cuts")
    closed: Literal[0, 1] = Field(1, description="what the coil is while nothing is cut")


class Interlock(Part):
    """A contact by which the bench itself gives leave: nothing that is not simulated is written to without it."""

    line: Id = Field(description="id of the line the contact's module hangs on")
    unit: int = Field(ge=1, le=247, description="the module's address")
    at: At = Field(description="as it goes over the wire, from 0: discrete 3, holding 20.1")
    equals: Literal[0, 1] = Field(1, alias="is", description="what it reads while things may move")


AnyLine = Annotated[SerialLine | TcpLine | RtuTcpLine | SimulatedLine, Field(discriminator="kind")]


class BenchFile(Part):
    """The whole bench file."""

    bench: About
    lines: Annotated[tuple[AnyLine, ...], Field(strict=False, min_length=1)]
    devices: Annotated[tuple[Device, ...], Field(strict=False)] = ()
    relays: Annotated[tuple[Relay, ...], Field(strict=False)] = ()
    interlock: Interlock | None = None
