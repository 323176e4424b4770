"""The company's network from a file to an answer: import, what was learned, near and supply, with and without the
agent; held against the referee."""

import json
import zlib
from base64 import b64encode
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import pytest_asyncio

from agent.control.client import RequestFailed
from agent.control.server import ControlServer
from agent.core.network_keeper import NetworkKeeper
from agent.core.report_broker import ReportBroker
from agent.core.requests.network import NetworkRequests, register_network
from agent.judge.asset import Asset
from agent.judge.facts import fact_from
from agent.judge.service.requests import register_judge
from agent.judge.service.service import AssessmentService
from agent.judge.verdict import State, Verdict
from agent.judge.water_record import WaterRecord
from agent.reports.network.kept import kept_in
from agent.water.belief import Doubt
from agent.water.headloss import KPA_M
from drivers.event import Event
from drivers.sample import Layout, Sample
from tests.asking import ask, cli
from tests.judge.stand import S, rules
from tests.judge.test_service import made_fresh
from tests.reports_here import reports_here
from tests.water import known
from tests.water.networks import LAT, LON, METRE, TOWNS, Town
from tests.water.referee import referee

UTC0 = 1_763_600_400  # 2025-11-20 09:00 in Shanghai
NOW_NS = 5000 * S
SHAPE = Layout("t", ("pressure",), ("kPa",))
ALIKE = ("wanted_l_s", "enough", "hydrants_together", "flow_l_s", "missing_l_s", "by", "hour", "made_s", "levels")


class Site(NamedTuple):
    """A gateway in a town: its socket, its state, and what is in the ground."""

    socket: Path
    assessments: AssessmentService
    truth: Town
    file: Path
    keeper: NetworkKeeper
    broker: ReportBroker


def place_of(town: Town, hydrant: str) -> tuple[float, float]:
    _, _, x, y = town.nodes[hydrant]
    return LON + x * METRE / 0.8751, LAT + y * METRE


@pytest_asyncio.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    """Every hydrant of the town works; terminals have shown every hour of a day, and six were tested."""
    truth = known.ground(TOWNS["branched"], 5)
    with referee(truth.text(), tmp_path) as judge:
        told = known.of(truth, judge, 5, tests=6)
    names = list(truth.hydrants)
    assets = [
        Asset(f"gw-{name}", "hydrant", lon=lon, lat=lat) for name in names for lon, lat in [place_of(truth, name)]
    ]
    events: list[Event] = []
    assessments = AssessmentService(
        assets, rules(), events.append, tmp_path / "state", gateway="gw", now_ns=lambda: NOW_NS,
        utc_ns=lambda: UTC0 * S,
    )  # fmt: skip
    assessments.judge.settle(NOW_NS)
    for asset in assets:
        assessments.judge.verdicts[asset.id] = Verdict(asset.id, State.SERVICEABLE, (), NOW_NS, "r", UTC0 * S)
        kpa = told.hours[9][asset.id.removeprefix("gw-")]
        assessments.judge.sample(Sample(asset.id, SHAPE, NOW_NS, (kpa,), SHAPE.good))
        record = assessments.judge.seen[asset.id] = WaterRecord()
        for hour, pressures in enumerate(told.hours):
            for _ in range(6):
                record.stood(hour, pressures[asset.id.removeprefix("gw-")])
    for test in told.tests:
        fact = {"asset": f"gw-{test.hydrant}", "at_s": UTC0 + (known.TESTED_AT - 9) * 3600.0 - 86_400}
        assessments.judge.fact(
            fact_from("flow_test", {**fact, "static_kpa": test.static, "residual_kpa": test.residual,
                                    "flow_l_s": test.flow})
        )  # fmt: skip
    file = tmp_path / "drawing.inp"
    file.write_text(told.drawing.text(), "utf-8")
    socket = tmp_path / "control.sock"
    async with reports_here({}) as broker:
        server = ControlServer(socket)
        register_judge(server, assessments)
        asks = NetworkRequests(assessments)
        register_network(server, broker, asks)
        keeper = NetworkKeeper(broker, assessments, asks)
        await server.start()
        yield Site(socket, assessments, truth, file, keeper, broker)
        await server.close()
    await assessments.close()


async def test_from_the_companys_file_to_an_answer_that_stands_alone(site: Site, tmp_path: Path) -> None:
    _, out, _ = await cli(site.socket, "network", "import", str(site.file), "--datum", "wgs84", "--json")
    told = json.loads(out)
    assert (told["tied"], told["complete"], told["title"]) == (len(site.truth.hydrants), True, "a branched valley")
    assert told["readings"] == 80
    before = sum(abs(one["before_kpa"]) for one in told["residuals"])
    assert sum(abs(one["after_kpa"]) for one in told["residuals"]) < 0.5 * before
    shown = await ask(site.socket, "network.show")
    assert {name: shown[name] for name in ("closed", "readings", "tied")} == {
        name: told[name] for name in ("closed", "readings", "tied")
    }
    where = ",".join(f"{degrees:.6f}" for degrees in place_of(site.truth, "Hm5"))
    with referee(site.truth.text(), tmp_path) as judge:
        judge.at(18)
        await check_supply(site, where, judge)
        _, out, _ = await cli(site.socket, "near", where, "--json")
        rows = json.loads(out)
        assert {row["flow_by"] for row in rows} == {"model"}
        judge.at(9)
        inside = [
            row["flow_low_l_s"] <= judge.gives([name])[name] <= row["flow_high_l_s"]
            for row in rows
            for name in [row["id"].removeprefix("gw-")]
        ]
        assert sum(inside) >= 0.88 * len(inside)
    await check_keeping(site)
    assert await cli(site.socket, "network", "forget", "--lang", "en") == (0, "forgotten\n", "")
    _, out, _ = await cli(site.socket, "supply", where, "--flow", "160", "--json")
    assert json.loads(out)["by"] == "tests"
    assert (await cli(site.socket, "network", "show"))[0] != 0


async def check_supply(site: Site, where: str, judge: Any) -> None:
    """Each level against the referee, and the same answer with everything down."""
    await site.assessments._write(1e9)
    made_fresh(site.assessments.state_dir)
    for level in (160, 330):
        asked = ("supply", where, "--flow", str(level), "--hour", "18", "--json")
        code, out, _ = await cli(site.socket, *asked)
        said = json.loads(out)
        assert said["by"] == "model"
        assert (code == 0) == said["enough"]
        given = sum(judge.gives(row["id"].removeprefix("gw-") for row in said["hydrants"]).values())
        assert said["flow_l_s"] <= 1.1 * given
        assert said["enough"] in (True, False)
        assert not said["enough"] or given >= level / 1.1
        alone = ("--state", str(site.assessments.state_dir))
        again, out, err = await cli(site.socket.with_name("nobody"), *asked, *alone)
        assert (again, "the agent does not answer" in err) == (code, True)
        left = json.loads(out)
        assert {name: left[name] for name in ALIKE} == {name: said[name] for name in ALIKE}
    _, out, _ = await cli(site.socket, "supply", where, "--flow", "160", "--geojson")
    collection = json.loads(out)
    assert collection["supply"]["wanted_l_s"] == 160
    assert len(collection["features"]) == collection["supply"]["hydrants_together"]


async def check_keeping(site: Site) -> None:
    """It is worked out anew once a flow test says more, and not before."""
    made = site.broker.made
    assert await site.keeper.look() is False
    known_before = (await ask(site.socket, "network.show"))["readings"]
    tested = site.assessments.store.facts.flow_tests
    untested = next(f"gw-{name}" for name in site.truth.hydrants if f"gw-{name}" not in tested)
    test = {"asset": untested, "at_s": float(UTC0), "static_kpa": 335.0, "residual_kpa": 300.0, "flow_l_s": 40.0}
    assert site.assessments.judge.fact(fact_from("flow_test", test))
    assert await site.keeper.look() is True
    assert site.broker.made == made + 1
    assert await site.keeper.look() is False
    assert (await ask(site.socket, "network.show"))["readings"] == known_before + 2
    (site.assessments.state_dir / "water/supply.lines").write_bytes(b"spoilt")
    assert await site.keeper._due(site.keeper._newest_test()) is True


async def test_without_a_network_there_is_nothing_to_keep(site: Site) -> None:
    assert await site.keeper.look() is False
    assert site.broker.made == 0


async def test_what_is_no_network_is_refused_and_the_one_before_stays(site: Site, tmp_path: Path) -> None:
    assert (await cli(site.socket, "network", "show"))[0] != 0
    bad = tmp_path / "bad.inp"
    bad.write_text("[JUNCTIONS]\nA 1\n[PIPES]\nP A A 1 1 1", "utf-8")
    code, _, err = await cli(site.socket, "network", "import", str(bad), "--lang", "en")
    assert (code, "begins and ends at the same node" in err) == (65, True)
    assert (await cli(site.socket, "network", "import", str(tmp_path / "none.inp")))[0] == 65
    metres = tmp_path / "metres.inp"
    metres.write_text(site.file.read_text("utf-8").replace("118.", "118000."), "utf-8")
    code, _, err = await cli(site.socket, "network", "import", str(metres), "--lang", "en")
    assert (code, "--meridian" in err) == (65, True)
    code, _, err = await cli(site.socket, "network", "work", "--lang", "en")
    assert "there is no network" in err
    bomb = b64encode(zlib.compress(bytes(40 << 20))).decode()
    pieces = [bomb[at : at + 40_000] for at in range(0, len(bomb), 40_000)]
    at = 0
    for piece in pieces:
        at = (await ask(site.socket, "network.put", at=at, data=piece))["at"]
    for asked in ({"datum": "wgs84"}, {"datum": "mars"}):
        with pytest.raises(RequestFailed):
            await ask(site.socket, "network.import", **asked)
    with pytest.raises(RequestFailed, match="data"):
        await ask(site.socket, "network.put", at=0, data="no base64!")
    with pytest.raises(RequestFailed, match="larger"):
        await ask(site.socket, "network.put", at=8 << 20, data="AAAA")
    assert kept_in(tmp_path / "state/water") is None
    assert Doubt().elevation_m / KPA_M == pytest.approx(5.9, abs=0.1), "an elevation's doubt is a gauge's"
