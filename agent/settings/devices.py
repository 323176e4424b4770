"""Devices: the things on the lines. The head is common; each kind adds what only it has."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationInfo, model_validator

from agent.settings.lines import Id, PollOverride
from drivers.profile.mistake import Wrong, shown
from drivers.profile.part import Part
from drivers.profile.point import PointName
from protocols.datum import DATUMS, Datum, placed


def _unit(value: Any) -> Any:
    number = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 255
    if not number and not (isinstance(value, str) and 0 < len(value) <= 200):
        instead = "write.unit"
        raise Wrong("settings.no_unit", instead, value=shown(value))
    return value


def datum_of(info: ValidationInfo) -> Datum:
    """The datum of the whole file, as its `gateway` table names it."""
    found: Datum = (info.context or {}).get("datum", "wgs84")
    return found


class Place(Part):
    """Where it stands; WGS 84 once it is read."""

    lon: float = Field(ge=-180, le=180, description="degrees east")
    lat: float = Field(ge=-90, le=90, description="degrees north")
    elevation_m: float | None = Field(None, ge=-500, le=9000, description="of the outlet, above sea level")
    datum: Datum | None = Field(None, description="of these numbers; the gateway's when left out")

    @model_validator(mode="before")
    @classmethod
    def _swapped(cls, place: Any) -> Any:
        if isinstance(place, dict):
            lon, lat = place.get("lon"), place.get("lat")
            if isinstance(lon, int | float) and isinstance(lat, int | float) and abs(lon) <= 90 < abs(lat) <= 180:
                raise Wrong("settings.lon_lat_swapped", "write.lon_lat", lon=lon, lat=lat)
        return place

    @model_validator(mode="before")
    @classmethod
    def _in_wgs84(cls, place: Any, info: ValidationInfo) -> Any:
        known = isinstance(place, dict) and place.get("datum") in (None, *DATUMS)
        return placed({"datum": datum_of(info)} | _named(place)) if known else place


def _named(place: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in place.items() if name != "datum" or value is not None}


class DeviceHead(Part):
    """What every device has. `unit` is the Modbus unit id, or the text that stands for {unit} in OPC UA nodes."""

    id: Id = Field(description="goes with every reading; never change it once it has sent")
    profile: str = Field(description="name of a profile, such as hydrant/terminal-float")
    line: Id = Field(description="id of the line it hangs on")
    unit: Annotated[int | str, BeforeValidator(_unit)] = Field(
        1, description="Modbus unit id, or what stands for {unit} in OPC UA nodes"
    )
    name: str = Field("", description="for people: where it stands")
    station: Id | None = Field(None, description="the fire station it belongs to; the gateway's own when left out")
    district: str | None = Field(None, description="the station's when left out")
    place: Place | None = Field(None, description="without one it is never among the nearest")
    offsets: dict[PointName, float] = Field({}, description="calibration: added to the value, in the point's unit")
    poll_s: PollOverride = Field(default_factory=PollOverride, description="periods of its own, by poll class")


class Hydrant(DeviceHead):
    """市政消火栓."""

    kind: Literal["hydrant"]
    outlets_mm: Annotated[tuple[Annotated[int, Field(ge=25, le=200)], ...], Field(strict=False)] = Field(
        (65, 65, 100), description="inner diameters"
    )


class FillStand(DeviceHead):
    """消防水鹤: fills fire engines from above."""

    kind: Literal["fill_stand"]
    outlets_mm: Annotated[tuple[Annotated[int, Field(ge=50, le=300)], ...], Field(strict=False)] = Field(
        (100,), description="inner diameters"
    )


class WaterPoint(DeviceHead):
    """取水点: pond, tank, river intake or suction platform. Levels count upwards from the gauge's zero."""

    kind: Literal["water_point"]
    sort: Literal["pond", "tank", "intake", "platform"] = Field("pond", description="what one draws from")
    capacity_m3: float | None = Field(None, gt=0, description="when full")
    suction_floor_m: float | None = Field(None, description="level below which a pump draws air")
    lift_at_zero_m: float | None = Field(None, description="suction lift from the parking place to level 0")
    village: str | None = Field(None, description="whose supply it is; two are asked for per thousand people")


class FlowMeter(DeviceHead):
    """流量计: in a main, at a pump or at a hydrant's feed. Read and sent, not judged."""

    kind: Literal["flow_meter"]


class Weather(DeviceHead):
    """气象: a weather mast or station."""

    kind: Literal["weather"]


Device = Annotated[Hydrant | FillStand | WaterPoint | FlowMeter | Weather, Field(discriminator="kind")]
