"""The site file as a whole."""

from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field, model_validator

from agent.settings.devices import Device, Place
from agent.settings.flight import Aircraft, Flight, Nest
from agent.settings.lines import FilePath, Id, Line
from agent.settings.uplinks import Uplink
from agent.settings.web import Web
from drivers.profile.mistake import Fault, Wrong, shown
from drivers.profile.part import Part
from protocols.datum import Datum
from protocols.reason import Fact


def _time_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Wrong("settings.no_time_zone", "write.time_zone", value=shown(name)) from None
    return name


class Gateway(Part):
    """This box. Relative paths are taken from the site file's folder."""

    id: Id = Field(description="goes with every message; never change it once it has sent")
    name: str = Field("", description="for people")
    station: Id | None = Field(None, description="the fire station it stands in")
    district: str = ""
    language: Literal["zh", "en"] = Field("zh", description="of what the agent writes for people")
    timezone: Annotated[str, AfterValidator(_time_zone)] = Field(
        "Asia/Shanghai", description="for days and months in reports; nothing is ordered by it"
    )
    clock: Literal["ntp", "system"] = Field(
        "ntp",
        description="who vouches for the time: an NTP daemon, or the box itself, which has a clock of its own (RTC)",
    )
    datum: Datum = Field("wgs84", description="of every place, fence and area in this file: gcj02 or bd09 off a map")
    state_dir: FilePath = Field(description="everything the agent keeps, such as /var/lib/hydronest")
    socket: FilePath | None = Field(None, description="control socket; STATE_DIR/control.sock when left out")
    operator_group: str | None = Field(
        None, min_length=1, max_length=32, description="who may operate at the sockets; the agent's own group otherwise"
    )
    reader_group: str | None = Field(
        None, min_length=1, max_length=32, description="who may look at the sockets, and change nothing"
    )
    identity_key_file: FilePath | None = Field(
        None, description="the gateway's own key, Ed25519 in PEM; made as STATE_DIR/identity.key when left out"
    )
    profiles: Annotated[tuple[FilePath, ...], Field(strict=False)] = Field(
        (), description="folders of profiles of your own"
    )


class Station(Part):
    """消防救援站."""

    id: Id
    name: str
    district: str = ""
    place: Place | None = None


class Journal(Part):
    """What is kept until it is confirmed. Events keep `event_floor_mb` that telemetry cannot take."""

    path: FilePath | None = Field(None, description="STATE_DIR/journal.db when left out")
    cap_mb: float = Field(512.0, ge=8, le=1_000_000, description="most it takes on disk")
    event_floor_mb: float = Field(32.0, ge=1, le=10_000, description="of it, kept free for events")
    commit_every_s: float = Field(1.0, ge=0.05, le=60, description="telemetry; events are committed at once")
    encryption_key_file: FilePath | None = Field(None, description="32 bytes; records are encrypted at rest with it")

    @model_validator(mode="after")
    def _room(self) -> Self:
        if self.event_floor_mb > self.cap_mb / 2:
            facts: dict[str, Fact] = {"most": self.cap_mb / 2}
            fault = Fault("settings.events_too_large", "write.at_most", facts, ("event_floor_mb",))
            raise Wrong.together([fault])
        return self


class Judging(Part):
    """What is judged by."""

    rules: FilePath | None = Field(None, description="a rule file of your own; the shipped cn-2026.3 when left out")


class Relay(Part):
    """A coil of a module of its own on a Modbus line: closed while an alarm stands that nobody has seen."""

    line: Id
    unit: int = Field(ge=1, le=247, description="of the relay module; no device of the site has it")
    coil: int = Field(ge=0, le=65_535, description="as it goes over the wire, from 0")


class Sound(Part):
    """What `hydronest alarm sound` does where it is not told otherwise."""

    again_s: float = Field(60.0, ge=0, le=86_400, description="while one is left that nobody has seen; 0: once each")
    command: str = Field("", description="run instead of the terminal's bell")
    relay: Relay | None = None


class Site(Part):
    """The whole site file."""

    gateway: Gateway
    stations: Annotated[tuple[Station, ...], Field(strict=False)] = ()
    lines: Annotated[tuple[Line, ...], Field(strict=False)] = ()
    devices: Annotated[tuple[Device, ...], Field(strict=False)] = ()
    uplinks: Annotated[tuple[Uplink, ...], Field(strict=False)] = ()
    nests: Annotated[tuple[Nest, ...], Field(strict=False)] = ()
    aircraft: Annotated[tuple[Aircraft, ...], Field(strict=False)] = ()
    flight: Flight = Field(default_factory=Flight)
    journal: Journal = Field(default_factory=Journal)
    judge: Judging = Field(default_factory=Judging)
    sound: Sound = Field(default_factory=Sound)
    web: Web | None = Field(None, description="pages for a browser, at this machine alone where it says no more")
