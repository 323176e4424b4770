"""Devices: the things on the lines. The head is common; each kind adds what only it has."""

from typing import Annotated, Literal

from pydantic import Field

from agent.settings.lines import Id, PollOverride
from drivers.profile.point import Part, PointName


class Place(Part):
    """Where it stands, WGS 84."""

    lon: float = Field(ge=-180, le=180, description="degrees east")
    lat: float = Field(ge=-90, le=90, description="degrees north")
    elevation_m: float | None = Field(None, ge=-500, le=9000, description="of the outlet, above sea level")


class DeviceHead(Part):
    """What every device has. `unit` is the Modbus unit id, or the text that stands for {unit} in OPC UA nodes."""

    id: Id
    profile: str = Field(description="name of a profile, such as hydrant/terminal-float")
    line: Id
    unit: Annotated[int, Field(ge=0, le=255)] | Annotated[str, Field(min_length=1, max_length=200)] = 1
    name: str = ""
    station: Id | None = Field(None, description="the fire station it belongs to; the gateway's own when left out")
    district: str | None = None
    place: Place | None = None
    offsets: dict[PointName, float] = Field({}, description="calibration: added to the value, in the point's unit")
    poll_s: PollOverride = PollOverride()


class Hydrant(DeviceHead):
    """市政消火栓."""

    kind: Literal["hydrant"]
    outlets_mm: Annotated[tuple[Annotated[int, Field(ge=25, le=200)], ...], Field(strict=False)] = (65, 65, 100)
    pipe_mm: int | None = Field(None, ge=50, le=2000, description="diameter of the main it stands on")


class FillStand(DeviceHead):
    """消防水鹤: fills fire engines from above."""

    kind: Literal["fill_stand"]
    outlets_mm: Annotated[tuple[Annotated[int, Field(ge=50, le=300)], ...], Field(strict=False)] = (100,)
    pipe_mm: int | None = Field(None, ge=50, le=2000, description="diameter of the main it stands on")


class WaterPoint(DeviceHead):
    """取水点: pond, tank, river intake or suction platform. Levels count upwards from `bottom`."""

    kind: Literal["water_point"]
    sort: Literal["pond", "tank", "intake", "platform"] = "pond"
    capacity_m3: float | None = Field(None, gt=0, description="when full")
    full_level_m: float | None = Field(None, gt=0, description="level when full")
    suction_floor_m: float | None = Field(None, description="level below which a pump draws air")
    lift_at_zero_m: float | None = Field(None, description="suction lift from the parking place to level 0")
    village: str | None = None


class Weather(DeviceHead):
    """气象: a weather mast or station."""

    kind: Literal["weather"]


Device = Annotated[Hydrant | FillStand | WaterPoint | Weather, Field(discriminator="kind")]
