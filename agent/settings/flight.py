"""What a person writes about nests, aircraft and who may order them. Included by the site file's model."""

import json
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, ValidationInfo, model_validator

from agent.settings.devices import Place, datum_of
from agent.settings.lines import FilePath, Id
from agent.settings.public_key import PublicKey
from drivers.drone.abilities import Ability
from drivers.drone.geometry import Place as Spot
from drivers.drone.geometry import square
from drivers.drone.limits import EnergyModel, Limits
from drivers.drone.pack import Pack
from drivers.drone.terrain import NAME
from drivers.profile.mistake import Wrong, shown
from drivers.profile.part import Part
from drivers.profile.plain import plain
from protocols.datum import to_wgs84
from protocols.mavlink.address import is_url

Role = Literal["emergency", "on_site", "brigade", "platform"]
TwoPeopleFor = Literal["fly", "override", "clear", "adjust", "standing_orders"]
"""Classes of act: a flight that is ordered; one from a nest that rests, and the end of its rest; trouble dealt with; an
aircraft's parameters; which standing orders and permits hold."""


def _in_wgs84(corner: tuple[float, float], info: ValidationInfo) -> tuple[float, float]:
    return to_wgs84(*corner, datum_of(info))


Corner = Annotated[tuple[Annotated[float, Field(ge=-180, le=180)], Annotated[float, Field(ge=-90, le=90)]],
                   AfterValidator(_in_wgs84), Field(strict=False, description="[lon, lat]")]  # fmt: skip


def _address(url: str) -> str:
    if not is_url(url):
        instead = "write.aircraft_address"
        raise Wrong("settings.no_aircraft_address", instead, value=shown(url))
    return url


def _make(name: str, info: ValidationInfo) -> str:
    """A relative path is taken from the site file's folder."""
    folder = (info.context or {}).get("folder")
    return name if folder is None or not name.endswith(".toml") else str(Path(folder, name))


def _tile(name: str, info: ValidationInfo) -> str:
    """A relative path is taken from the site file's folder."""
    if not NAME.fullmatch(Path(name).name):
        raise Wrong("settings.no_terrain_tile", "write.terrain_tile", value=shown(name))
    folder = (info.context or {}).get("folder")
    return name if folder is None else str(Path(folder, name))


def _minutes(text: str) -> str:
    hours, _, minutes = text.partition(":")
    if not (hours.isdigit() and minutes.isdigit() and int(hours) <= 24 and int(minutes) < 60):
        raise Wrong("settings.no_time_of_day", "write.time_of_day", value=shown(text))
    return text


class Service(Part):
    """Maintenance by hours in the air, as its maker asks for it. Nobody is grounded by it: a person decides."""

    every_h: float = Field(ge=0.1, le=10_000, description="hours in the air between two services")
    last_at_h: float = Field(0.0, ge=0, le=100_000, description="what it had flown in all at the last one")
    before_h: float = Field(0.0, ge=0, le=100_000, description="what it had flown before this gateway counted")


class Aircraft(Part):
    """One aircraft. `url` and `system_id` are all that changes between makes and between simulated and real."""

    id: Id
    name: str = ""
    url: Annotated[str, AfterValidator(_address)]
    system_id: int = Field(1, ge=1, le=254)
    component_id: int = Field(1, ge=1, le=255, description="the autopilot's own; nothing else aboard is believed")
    signing_key_file: FilePath | None = Field(
        None, description="MAVLink 2 signing: 64 hexadecimal digits, as set in the autopilot; all aircraft or none"
    )
    simulated: bool = Field(False, description="a simulator: may move without --allow-motion")
    remote_id_needed: bool = Field(True, description="no take-off without a healthy identification module")
    arm_authoriser: bool = Field(False, description="PX4 with COM_ARM_AUTH_REQ: the agent answers it")
    precision_landing: bool = Field(False, description="it lands by a target in its nest: its autopilot must be set to")
    cruise_ms: float = Field(10.0, ge=1, le=30)
    airspeed_limit_ms: float = Field(15.0, ge=2, le=40)
    percent_per_minute: float = Field(2.7, ge=0.2, le=20, description="battery use at cruise")
    reserve_percent: float = Field(15.0, ge=5, le=60)
    cells: int | None = Field(
        None, ge=1, le=24, description="of a pack, in series: its volts and limits are held to it"
    )
    chemistry: Literal["lipo", "lihv", "liion"] = Field("lipo", description="of its cells")
    capacity_mah: float | None = Field(None, ge=100, le=200_000, description="of one pack")
    service: Service | None = Field(None, description="when it is due for maintenance")
    abilities: Annotated[tuple[Ability, ...], Field(strict=False)] = Field(
        (), description="what it carries the means for; an order that needs another is not given to it"
    )
    packs: Annotated[tuple[Annotated[int, Field(ge=0, le=15)], ...], Field(strict=False)] = Field(
        (), description="ids of the batteries that fly it; none: all that do not say they are for something else"
    )

    @property
    def pack(self) -> Pack | None:
        """What flies it; None where nobody has named its cells."""
        return None if self.cells is None else Pack(self.cells, self.chemistry, self.capacity_mah)

    def energy(self) -> EnergyModel:
        """The sums made of these."""
        return EnergyModel(
            percent_per_s=self.percent_per_minute / 60, cruise_ms=self.cruise_ms,
            airspeed_limit_ms=self.airspeed_limit_ms, reserve_percent=self.reserve_percent,
        )  # fmt: skip


class WeatherLimits(Part):
    """Above or outside these nothing is launched, and what flies comes home."""

    wind_ms: float = Field(8.0, ge=1, le=25)
    gust_ms: float = Field(12.0, ge=1, le=30)
    rain: int = Field(0, ge=0, le=3, description="the most that is flown in; 0 none, 3 heavy")
    coldest_c: float = Field(-20.0, ge=-60, le=20)
    hottest_c: float = Field(45.0, ge=0, le=60)


class AlternateSite(Part):
    """Where an aircraft lands when its nest cannot receive it."""

    name: str
    place: Place


class Duty(Part):
    """Who answers for flights of this nest, and at what hours of the gateway's time zone."""

    operator: Id
    start: Annotated[str, AfterValidator(_minutes)] = "00:00"
    until: Annotated[str, AfterValidator(_minutes)] = "24:00"


class Nest(Part):
    """One nest and the aircraft in it."""

    id: Id
    name: str = ""
    brigade: str = Field("", max_length=80, description="whose it is (大队): readiness is summed up by it")
    line: Id
    unit: int = Field(1, ge=0, le=255)
    profile: Annotated[str, AfterValidator(_make)] = Field(
        description="name of a file in config/nests, or a path ending in .toml"
    )
    aircraft: Id
    simulated: bool = Field(False, description="a simulator: may move without --allow-motion")
    place: Place
    pad_altitude_m: float | None = Field(None, ge=-500, le=9000, description="of the pad, as surveyed")
    pad_datum: Literal["msl", "wgs84"] = Field(
        "msl", description="what that altitude is above: mean sea level, or the ellipsoid of WGS 84"
    )
    fence: Annotated[tuple[Corner, ...], Field(strict=False)] = ()
    fence_m: float = Field(2000.0, ge=50, le=20_000, description="half the side of a square fence where none is drawn")
    max_height_m: float = Field(120.0, ge=10, le=500)
    max_distance_m: float = Field(5000.0, ge=50, le=20_000)
    launch_height_m: float = Field(30.0, ge=10, le=120)
    battery_percent: float = Field(50.0, ge=20, le=100, description="least to launch with")
    on_scene_s: float = Field(900.0, ge=1, le=7200)
    hops: int = Field(
        0, ge=0, le=5, description="so often in a live flight what came down beside the nest hops in by itself"
    )
    weather: WeatherLimits = Field(default_factory=WeatherLimits)
    daylight_only: bool = False
    permit_needed: bool = True
    alternates: Annotated[tuple[AlternateSite, ...], Field(strict=False)] = ()
    duty: Annotated[tuple[Duty, ...], Field(strict=False)] = ()

    @property
    def spot(self) -> Spot:
        """Where it stands."""
        return Spot(self.place.lat, self.place.lon)

    def ring(self) -> tuple[Spot, ...]:
        """The fence's corners."""
        return tuple(Spot(lat, lon) for lon, lat in self.fence) or square(self.spot, self.fence_m)

    def limits(self) -> Limits:
        """The bounds every order is held to before it is sent."""
        return Limits(
            self.spot, self.ring(), max_height_m=self.max_height_m, max_distance_m=self.max_distance_m,
            min_height_m=min(15.0, self.launch_height_m),
        )  # fmt: skip

    @model_validator(mode="after")
    def _closed(self) -> Self:
        if 0 < len(self.fence) < 3:
            raise Wrong("settings.no_fence", "write.three_corners", ("fence",), n=len(self.fence))
        return self


class Key(Part):
    """Whose orders are believed, and in which role."""

    id: Id
    person: Id
    role: Role
    public_key: PublicKey


class Permit(Part):
    """An airspace permit. `area` empty: the nest's own fence is what was applied for."""

    id: Id
    nest: Id
    area: Annotated[tuple[Corner, ...], Field(strict=False)] = ()
    max_height_m: float = Field(120.0, ge=10, le=1000)
    start: date
    until: date


class StandingOrder(Part):
    """Lets the nest launch on an incident with nobody to ask, within this scope and until it expires."""

    id: Id
    nest: Id
    operator: Id
    kinds: Annotated[tuple[str, ...], Field(strict=False)] = ("fire",)
    within_m: float = Field(3000.0, ge=50, le=20_000)
    height_m: float = Field(60.0, ge=15, le=120)
    until: date


class Flight(Part):
    """Everything about flying that is not one nest or one aircraft."""

    keys: Annotated[tuple[Key, ...], Field(strict=False)] = ()
    permits: Annotated[tuple[Permit, ...], Field(strict=False)] = ()
    standing_orders: Annotated[tuple[StandingOrder, ...], Field(strict=False)] = ()
    terrain: Annotated[tuple[Annotated[str, AfterValidator(_tile)], ...], Field(strict=False)] = Field(
        (), description="HGT tiles of the ground, such as N28E118.hgt"
    )
    order_fresh_s: float = Field(30.0, ge=5, le=30)
    launches_per_hour: int = Field(6, ge=1, le=60, description="of one key, and of all standing orders together")
    rest_after_recall_s: float = Field(
        600.0, ge=0, le=86_400, description="a nest whose flight was recalled or stopped launches for nobody off site"
    )
    two_people: Annotated[tuple[TwoPeopleFor, ...], Field(strict=False)] = Field(
        (), description="classes of act that take two different people; recall and stop never do"
    )

    def in_force(self) -> str:
        """The SHA-256, in hex, of standing orders and permits as they stand here."""
        held = [[plain(one) for one in many] for many in (self.standing_orders, self.permits)]
        return sha256(json.dumps(held, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
