"""Several site files held against each other: what each may say alone, and not two of them."""

from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from agent.settings.places import spot_of
from drivers.drone.geometry import Place as Spot
from drivers.profile.explain import spelled
from drivers.profile.mistake import Mistake, Where
from drivers.profile.toml import TomlText
from protocols.datum import DATUMS, Datum
from protocols.reason import Fact

SAME_M = 3.0
"""Two surveys of one hydrant agree to this; two hydrants stand further apart. Metres."""
LARGEST_BYTES = 1 << 20
"""No certificate is longer; what is, is told apart by its beginning."""
ASSETS = frozenset({"hydrant", "fill_stand", "water_point"})


class _Site(NamedTuple):
    toml: TomlText
    tables: Mapping[str, Any]

    def mistake(self, where: Where, what: str, instead: str, *, doubtful: bool = False, **facts: Fact) -> Mistake:
        name = spelled(where, dict(self.tables))
        return Mistake(self.toml.path, self.toml.line(where), name, what, instead, facts, doubtful)

    def entries(self, table: str) -> Iterator[tuple[int, dict[str, Any]]]:
        found = self.tables.get(table)
        for index, entry in enumerate(found if isinstance(found, list) else []):
            if isinstance(entry, dict):
                yield index, entry

    @property
    def gateway(self) -> dict[str, Any]:
        found = self.tables.get("gateway")
        return found if isinstance(found, dict) else {}

    @property
    def datum(self) -> Datum:
        named = self.gateway.get("datum")
        return named if named in DATUMS else "wgs84"


def together(paths: Iterable[Path]) -> list[Mistake]:
    """Every mistake that only shows between these files, at the later of the two. Works on the tables as read."""
    texts = [TomlText(path) for path in paths]
    sites = [_Site(toml, toml.tables) for toml in texts if toml.tables is not None]
    return [*_gateways(sites), *_clients(sites), *_certificates(sites), *_centres(sites), *_assets(sites)]


def _gateways(sites: Iterable[_Site]) -> Iterator[Mistake]:
    first: dict[str, _Site] = {}
    for site in sites:
        name = site.gateway.get("id")
        if isinstance(name, str):
            if name in first:
                other = str(first[name].toml.path)
                yield site.mistake(("gateway", "id"), "settings.gateway_taken", "write.own_id", id=name, other=other)
            first.setdefault(name, site)


def _clients(sites: Iterable[_Site]) -> Iterator[Mistake]:
    """One client_id at one broker: each throws the other out. What comes of one gateway id twice was said already."""
    first: dict[tuple[object, ...], _Site] = {}
    for site in sites:
        for index, uplink in site.entries("uplinks"):
            client = uplink.get("client_id")
            if uplink.get("kind") != "mqtt" or not isinstance(client, str):
                continue
            key = (uplink.get("host"), uplink.get("port", 1883), client)
            if key in first and first[key] is not site:
                where: Where = ("uplinks", index, "client_id")
                other = str(first[key].toml.path)
                yield site.mistake(where, "settings.client_taken", "write.own_client_id", id=client, other=other)
            first.setdefault(key, site)


def _certificates(sites: Iterable[_Site]) -> Iterator[Mistake]:
    """By what is in the files: each gateway's lies under the same name."""
    first: dict[str, _Site] = {}
    for site in sites:
        for table in ("uplinks", "lines"):
            for index, entry in site.entries(table):
                inner = entry.get("tls")
                of = inner if isinstance(inner, dict) else entry
                step: Where = ("tls",) if of is inner else ()
                for key in ("certificate_file", "key_file"):
                    digest = _digest(site.toml.path, of.get(key))
                    if digest is not None and first.setdefault(digest, site) is not site:
                        where: Where = (table, index, *step, key)
                        what, instead = "settings.certificate_taken", "write.own_certificate"
                        other = str(first[digest].toml.path)
                        yield site.mistake(where, what, instead, file=str(of[key]), other=other)


def _digest(site_file: Path, named: object) -> str | None:
    if not isinstance(named, str):
        return None
    try:
        with (site_file.resolve().parent / named).open("rb") as file:
            return sha256(file.read(LARGEST_BYTES)).hexdigest()
    except OSError:
        return None  # it lies on the gateway: `check` there says whether it is missing


def _centres(sites: Iterable[_Site]) -> Iterator[Mistake]:
    """One address at one fire centre: it cannot tell the gateways apart."""
    first: dict[tuple[object, ...], _Site] = {}
    for site in sites:
        for index, uplink in site.entries("uplinks"):
            address = uplink.get("address")
            if uplink.get("kind") != "gb26875" or not isinstance(address, int):
                continue
            key = (uplink.get("host"), uplink.get("port"), address)
            if key in first and first[key] is not site:
                other = str(first[key].toml.path)
                where: Where = ("uplinks", index, "address")
                yield site.mistake(where, "settings.address_taken", "write.own_address", address=address, other=other)
            first.setdefault(key, site)


def _assets(sites: Iterable[_Site]) -> Iterator[Mistake]:
    """One hydrant in two stations would be counted twice: by its id, or by where it stands."""
    named: dict[str, _Site] = {}
    cells: dict[tuple[str, int, int], list[tuple[Spot, str, _Site]]] = {}
    for site in sites:
        for index, device in site.entries("devices"):
            name, kind = device.get("id"), device.get("kind")
            if kind not in ASSETS or not isinstance(name, str):
                continue
            if named.setdefault(name, site) is not site:
                where: Where = ("devices", index, "id")
                other = str(named[name].toml.path)
                yield site.mistake(where, "settings.asset_taken", "write.own_asset", id=name, other=other)
                continue
            spot = spot_of(device, site.datum)
            if spot is None:
                continue
            cell = _cell(spot)
            near = (one for row in (-1, 0, 1) for column in (-1, 0, 1)
                    for one in cells.get((str(kind), cell[0] + row, cell[1] + column), ()))  # fmt: skip
            taken = next((one for one in near if one[2] is not site and one[0].distance(spot) <= SAME_M), None)
            if taken is not None:
                where, other = ("devices", index, "place"), str(taken[2].toml.path)
                what, instead = "settings.same_place", "write.one_asset"
                yield site.mistake(where, what, instead, doubtful=True, device=taken[1], other=other)
            cells.setdefault((str(kind), *cell), []).append((spot, name, site))


def _cell(spot: Spot) -> tuple[int, int]:
    """Squares of at least SAME_M: 0.0001° is 11 m north and, up to 70° of latitude, 3.8 m east."""
    return int(spot.lat * 10_000 // 1), int(spot.lon * 10_000 // 1)
