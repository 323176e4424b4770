"""The commands of a person, in processes of their own, against the real flying part of the agent."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from agent.cli import exits
from agent.control.request import Request
from agent.control.server import ControlServer
from agent.flight.machine.table import Phase
from agent.flight.orders.two_people import TwoPeople
from agent.flight.requests import register_flight
from agent.logbook.requests import register_ledger
from agent.settings.flight import TwoPeopleFor
from tests.nest.agent_rig import KEYS, AgentRig, agent_rig
from tests.nest.conftest import HOME
from tests.waiting import output_of


@dataclass
class Desk:
    rig: AgentRig
    folder: Path
    socket: str = "s"

    async def run(self, *args: str, lang: str = "en") -> tuple[int, str, str]:
        environment = {
            "PATH": os.environ["PATH"],
            "HYDRONEST_SOCKET": str(self.folder / self.socket),
            "HYDRONEST_LANG": lang,
        }
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "agent.cli", *args), env=environment, stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        out, err = await output_of(process)
        assert b"Traceback" not in err, err.decode()
        assert process.returncode is not None
        return process.returncode, out.decode(), err.decode()


@pytest.fixture
async def context(tmp_path: Path) -> AsyncIterator[Desk]:
    for role, key in KEYS.items():
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (tmp_path / f"k-{role}.pem").write_bytes(pem)
    async with agent_rig(tmp_path / "state", key=bytes(32)) as rig:
        await rig.ready()
        server = ControlServer(tmp_path / "s", acts=rig.fleet.acted)
        register_flight(server, rig.fleet)
        register_ledger(server, tmp_path / "state/flights")
        await server.start()
        yield Desk(rig, tmp_path)
        await server.close()


async def test_ask_order_look_export_verify(context: Desk, tmp_path: Path) -> None:
    code, out, err = await context.run("nest", "ready")
    assert code == exits.OK, out
    assert "may launch: yes" in err
    assert "emergency stop" in out
    assert "on ground, disarmed" in out
    assert "{" not in out
    assert (await context.run("nest", "list", lang="zh"))[1].splitlines()[1].split()[1] == "待命"
    place = HOME.moved(120, 60)
    what = ("dispatch", "--incident", "119-7", "--place", f"{place.lon},{place.lat}", "--height", "40", "--training")
    assert (await context.run(*what, "--dry-run", "--key", "x"))[0] == exits.OK
    code, _, err = await context.run(*what)
    assert code == exits.USAGE  # asks first, and nobody is there to say yes
    assert context.rig.controller.phase is Phase.REST
    code, out, err = await context.run(*what, "--yes", "--key", str(tmp_path / "k-emergency.pem"))
    assert (code, "may not order fly" in err) == (exits.NO_PERMISSION, True)
    code, out, err = await context.run(*what, "--yes", "--key", str(tmp_path / "k-brigade.pem"))
    assert (code, out) == (exits.OK, "n1 launches: flight n1-000001\n"), err
    assert json.loads((await context.run("drone", "list", "--json"))[1])[0]["signed"] is True
    await context.rig.until(lambda: context.rig.controller.phase is Phase.ON_SCENE)
    code, out, err = await context.run("flight", "recall", "n1", "--yes", "--key", str(tmp_path / "k-brigade.pem"))
    assert (code, out) == (exits.OK, "n1: returning\n"), err
    await context.rig.until(lambda: context.rig.controller.phase is Phase.REST)
    await context.rig.written()
    code, out, err = await context.run(*what[:5], "--dry-run", "--key", "x")
    assert (code, "incident 119-7 was or is being flown as n1-000001" in err + out) == (exits.DEGRADED, True), err
    listed = json.loads((await context.run("flight", "list", "--json"))[1])
    assert listed[0]["outcome"] == "home"
    code, out, _ = await context.run("flight", "show", "n1-000001", lang="zh")
    assert "准备 > 起飞" in out
    assert "训练" in out
    for kind in ("geojson", "kml", "csv"):
        file = tmp_path / f"track.{kind}"
        assert (await context.run("flight", "export", "n1-000001", "--format", kind, "--output", str(file)))[
            0
        ] == exits.OK
        assert file.stat().st_size > 300
    assert (await context.run("flight", "verify", "n1-000001"))[0] == exits.OK
    track = tmp_path / "state/flights/n1-000001/track.csv"
    track.write_text(track.read_text() + "9999,,rest,0,0\n")
    code, out, _ = await context.run("flight", "verify", "n1-000001")
    assert (code, "track.csv is not what it was" in out) == (exits.DEGRADED, True)
    assert (await context.run("flight", "show", "n1-000009"))[0] == exits.BAD_DATA


async def test_not_ready_says_why_and_a_new_key_is_printed_for_the_site_file(context: Desk, tmp_path: Path) -> None:
    context.rig.world.truth.weather.rain = 2
    await context.rig.until(lambda: context.rig.controller.nest.state.rain == 2)
    code, out, _ = await context.run("nest", "ready", "n1")
    assert code == exits.DEGRADED
    assert any("rain" in line and "blocks" in line for line in out.splitlines())
    assert "rain is 2.0, needed is at most 0" in (await context.run("nest", "ready", "n1"))[2]
    assert "雨量: 当前 2.0 级, 要求 至多 0 级" in (await context.run("nest", "ready", "n1", lang="zh"))[2]
    told = json.loads((await context.run("nest", "ready", "n1", "--json"))[1])
    assert (told["ready"], [reason["facts"]["interlock"]["code"] for reason in told["why_not"]]) == (False, ["rain"])
    assert (await context.run("nest", "ready", "n7"))[0] == exits.BAD_DATA
    code, out, _ = await context.run("flight", "key", str(tmp_path / "li.pem"))
    assert code == exits.OK
    assert 'id = "li"' in out
    assert (await context.run("flight", "key", str(tmp_path / "li.pem")))[0] == exits.CANNOT_WRITE


async def test_what_an_aircraft_is_set_to_is_shown_and_set_by_somebody_on_site(context: Desk, tmp_path: Path) -> None:
    code, out, err = await context.run("drone", "audit", "a1")
    assert code == exits.OK, out
    assert "ardupilot 4.7.0" in err
    vehicle = context.rig.world.vehicle
    vehicle.auto.params["RTL_ALT"] = 100.0
    vehicle.parameters.tell("RTL_ALT")
    await context.rig.until(lambda: context.rig.controller.auditor.found.first is not None)
    code, out, _ = await context.run("drone", "audit", "a1", lang="zh")
    assert code == exits.DEGRADED
    assert any("RTL_ALT" in line and "禁止起飞" in line for line in out.splitlines())
    write = ("drone", "audit", "a1", "--write", "--yes", "--key")
    assert (await context.run(*write, str(tmp_path / "k-brigade.pem")))[0] == exits.NO_PERMISSION
    code, out, err = await context.run(*write, str(tmp_path / "k-on_site.pem"), "--json")
    assert (code, json.loads(out)["good"]) == (exits.OK, True), err
    await _takes_two(context, vehicle.parameters.tell)
    assert vehicle.auto.params["RTL_ALT"] == 3000.0
    assert (await context.run("drone", "audit", "a9"))[0] == exits.BAD_DATA


async def _takes_two(context: Desk, tell: Callable[[str], None]) -> None:
    """The same once more, where the settings ask for two people."""
    takes_two: tuple[TwoPeopleFor, ...] = ("adjust", "fly")
    context.rig.fleet.two_people = TwoPeople(takes_two, context.rig.controller.context.now_ns)
    context.rig.world.vehicle.auto.params["RTL_ALT"] = 100.0
    tell("RTL_ALT")
    await context.rig.until(lambda: context.rig.controller.auditor.found.first is not None)
    first, second = (str(context.folder / f"k-{role}.pem") for role in ("on_site", "brigade"))
    code, _, err = await context.run("drone", "audit", "a1", "--write", "--yes", "--key", first)
    assert (code, "somebody else than p-on_site has to countersign" in err) == (exits.TRY_AGAIN, True)
    dry = ("dispatch", "--incident", "119-7", "--place", f"{HOME.lon},{HOME.lat}", "--dry-run", "--key", "x")
    assert "It takes two people" in (await context.run(*dry))[2]
    (held,) = json.loads((await context.run("flight", "held", "--json"))[1])
    assert (held["verb"], held["by"], held["of"][:12] in err) == ("adjust", "p-on_site", True)
    countersign = ("flight", "countersign", held["of"][:12], "--yes", "--key")
    code, _, err = await context.run(*countersign, first)
    assert (code, "p-on_site gave that order" in err) == (exits.NO_PERMISSION, True)
    assert (await context.run("flight", "countersign", "0000", "--yes", "--key", second))[0] == exits.BAD_DATA
    code, out, err = await context.run(*countersign, second, lang="zh")
    assert (code, out) == (exits.OK, "已执行: 调参 n1\n"), err
    await context.rig.until(lambda: context.rig.controller.auditor.found.first is None)


async def test_an_incident_the_agent_was_told_of_needs_no_place(context: Desk, tmp_path: Path) -> None:
    place = HOME.moved(120, 60)

    async def told(_request: Request) -> list[dict[str, object]]:
        return [{"fact": "incident", "id": "119-8", "lon": 0.0, "lat": 0.0},
                {"fact": "incident", "id": "119-8", "lon": place.lon, "lat": place.lat}]  # fmt: skip

    server = ControlServer(tmp_path / "s2")
    register_flight(server, context.rig.fleet)
    server.register("facts.list", told, "read")
    await server.start()
    try:
        there = Desk(context.rig, tmp_path, socket="s2")
        code, out, _ = await there.run("dispatch", "--incident", "119-8", "--dry-run", "--json")
        assert code == exits.OK
        assert json.loads(out)["choices"][0]["away_m"] == pytest.approx(134, abs=2)
        code, _, err = await there.run("dispatch", "--incident", "119-9", "--dry-run")
        assert (code, "nobody told the agent of incident 119-9" in err) == (exits.USAGE, True)
    finally:
        await server.close()
