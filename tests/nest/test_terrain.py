"""The ground along the way, from HGT tiles: read, reckoned with, and said where nobody knows it."""

import array
import math
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.flight.orders.dispatch import Fleet
from agent.flight.orders.eligibility import eligibility
from agent.flight.orders.incident import Incident, Wanted
from agent.flight.views import ready_view
from agent.settings.flight import Flight
from drivers.drone.geometry import Place
from drivers.drone.terrain import BadTerrain, Terrain, _Window, read
from hil.flight_sim import HOME, FlightSim
from protocols.reason import Reason
from tests.nest.agent_rig import agent_rig, fire
from tests.nest.test_controller import rehearse
from tests.nest.test_dispatch import rehearse as rehearse_fleet
from tests.nest.test_dispatch import signed

SIDE = 1201
VOID = -32768


def tile(folder: Path, ground: Callable[[float, float], int], name: str = "N28E118.hgt", lat: int = 28) -> Path:
    """One degree, its height a function of latitude and longitude."""
    file = folder / name
    with file.open("wb") as out:
        for row in range(SIDE):
            heights = array.array("h", [ground(lat + 1 - row / 1200, 118 + column / 1200) for column in range(SIDE)])
            if sys.byteorder == "little":
                heights.byteswap()
            out.write(heights.tobytes())
    return file


@pytest.fixture(scope="module")
def sloping(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Rising to the north: 100 m a kilometre."""
    return tile(tmp_path_factory.mktemp("dem"), lambda lat, _lon: round((lat - 28.9) * 11_132 + 50))


def test_heights_are_those_of_the_tile_between_its_cells(sloping: Path) -> None:
    ground = read([sloping], HOME, 5000.0)
    at_home = ground.ground_m(HOME)
    for north_m, east_m in ((0.0, 0.0), (333.0, 0.0), (1000.0, -2000.0), (-4000.0, 4000.0)):
        assert ground.ground_m(HOME.moved(north_m, east_m)) - at_home == pytest.approx(north_m / 10, abs=1.0)
    assert math.isnan(ground.ground_m(HOME.moved(9000.0, 0.0)))  # nobody flies there, nobody keeps it
    assert math.isnan(ground.ground_m(Place(math.nan, 118.0)))


@given(st.floats(-0.5, 0.5), st.floats(-0.5, 0.5))
def test_no_place_is_none_of_its_cells(north: float, east: float) -> None:
    heights = [array.array("h", [10, 20, 30]), array.array("h", [40, 50, 60]), array.array("h", [70, 80, VOID])]
    ground = Terrain([_Window(29.0, 118.0, 2, 0, 0, heights)])
    found = ground.ground_m(Place(28.5 + north, 118.5 + east))
    assert math.isnan(found) or 10 <= found <= 80


@pytest.mark.parametrize("name", ["N28E118.hgt", "n28e118.HGT"])
def test_a_file_that_is_no_tile_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"\0" * 1000)
    with pytest.raises(BadTerrain, match="is no HGT tile"):
        read([tmp_path / name], HOME, 1000.0)
    with pytest.raises(OSError, match="No such file"):
        read([tmp_path / "N29E118.hgt"], HOME, 1000.0)


def test_only_the_name_of_a_tile_is_taken_for_one() -> None:
    assert Flight.model_validate({"terrain": ["dem/N28E118.hgt", "/dem/s01W072.HGT"]}).terrain[0] == "dem/N28E118.hgt"
    with pytest.raises(ValueError, match="HGT tile"):
        Flight.model_validate({"terrain": ["N28E118.tif"]})


WAYS: list[tuple[float, float, float, str]] = [
    (1000.0, 120.0, 0.0, ""),  # 20 m over the ground there
    (1100.0, 120.0, 0.0, "m; at least 15 m are needed"),
    (1000.0, 120.0, 100.0, "m; at least 15 m are needed"),  # a circle of 100 m round it reaches higher ground
    (-250.0, 90.0, 0.0, ""),
    (-400.0, 90.0, 0.0, "m above the ground; at most 120 m are allowed"),
]


@pytest.mark.parametrize(("north_m", "height_m", "orbit_m", "why"), WAYS)
def test_a_flight_is_held_to_the_ground_along_its_way(
    tmp_path: Path, sloping: Path, north_m: float, height_m: float, orbit_m: float, why: str
) -> None:
    async def story(r: FlightSim) -> None:
        r.controller.context.terrain["n1"] = read([sloping], HOME, 5100.0)
        incident = Incident("119-1", HOME.moved(north_m, 0), height_m=height_m, orbit_m=orbit_m)
        wanted = Wanted(incident, signed=True, operator="li")
        told = [str(found) for found in eligibility(r.controller.status(), wanted, r.controller.context.moment())]
        assert len(told) == bool(why), told
        assert why in " ".join(told)

    rehearse(tmp_path, story)


@pytest.mark.parametrize("known", [True, False])
def test_ground_that_is_named_and_not_known_is_not_flown_over(tmp_path: Path, sloping: Path, known: bool) -> None:
    async def story(r: FlightSim, fleet: Fleet) -> None:
        r.controller.context.terrain["n1"] = read([sloping], HOME, 100.0) if known else Reason("terrain.not_read_yet")
        answer = await fleet.submit(signed(r, "fly", **fire(600.0, 0.0)))
        assert answer["status"] == "refused"
        expected = "does not hold the whole way" if known else "not been read yet"
        assert expected in str(answer["reason"])

    rehearse_fleet(tmp_path, story)


def test_without_a_tile_it_says_so(tmp_path: Path, sloping: Path) -> None:
    async def story(r: FlightSim) -> None:
        assert "flight.no_terrain" in [doubt.code for doubt in ready_view(r.controller)["doubts"]]
        r.controller.context.terrain["n1"] = read([sloping], HOME, 100.0)
        assert "flight.no_terrain" not in [doubt.code for doubt in ready_view(r.controller)["doubts"]]

    rehearse(tmp_path, story)


async def test_the_agent_reads_the_tiles_of_its_settings(tmp_path: Path, sloping: Path) -> None:
    async with agent_rig(tmp_path, terrain=(str(sloping), str(tmp_path / "N30E118.hgt"))) as rig:
        terrain = rig.controller.context.terrain
        await rig.until(lambda: terrain.get("n1") not in {None, Reason("terrain.not_read_yet")})
        assert isinstance(why := terrain["n1"], Reason)
        assert "N30E118.hgt" in str(why)
    async with agent_rig(tmp_path, terrain=(str(sloping),)) as rig:
        await rig.until(lambda: isinstance(rig.controller.context.terrain.get("n1"), Terrain))
