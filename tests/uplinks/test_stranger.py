"""A receiver written from the contract alone draws the city, its rate and its alarms; whatever is killed or cut
meanwhile, in the end its picture is the gateway's own. HYDRONEST_HARMS=1000 does as much harm.
"""

import ast
import asyncio
import contextlib
import json
import os
import random
import signal
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from drivers.sample import Value
from hil.broker import Mosquitto
from hil.proxy import Proxy
from hil.simulated_site.agent_process import AgentProcess
from hil.simulated_site.simulated_site import SimulatedSite
from tests.asking import cli
from tests.uplinks import stranger
from tests.uplinks.stranger import Stranger
from tests.waiting import patient, until

HARMS = int(os.environ.get("HYDRONEST_HARMS", "4"))
POLL_S = "poll_s = { alarm = 0.5, fast = 0.5, slow = 5 }\n"
STATES = ("serviceable", "not_serviceable", "unknown")
GROUPS = ("all", "station", "district", "kind")

pytestmark = pytest.mark.usefixtures("mosquitto_installed")


def test_the_stranger_knows_nothing_of_us() -> None:
    tree = ast.parse(Path(stranger.__file__).read_text("utf-8"))
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.split(".")[0] for name in names} - sys.stdlib_module_names == {"paho"}


class Town:
    """The town, its agent, the wire to the broker, and the stranger, who sits at the broker."""

    def __init__(self, site: SimulatedSite, agent: AgentProcess, wire: Proxy, there: Stranger, seed: int) -> None:
        self.site = site
        self.agent = agent
        self.wire = wire
        self.stranger = there
        self.dice = random.Random(seed)
        self.told = 0

    def knock_over(self, hydrant: str, *, over: bool) -> None:
        """Its terminal says so, or no longer."""
        says = self.site.sensors.says(hydrant)

        def told(now_ns: int) -> Mapping[str, Value]:
            return {**says(now_ns), "alarms": ("knocked_over",) if over else ()}

        self.site.terminals[hydrant].says = told

    async def change(self) -> None:
        """Something becomes otherwise in the town."""
        hydrant = self.dice.choice(list(self.site.terminals))
        match self.dice.randrange(4):
            case 0:
                state = self.dice.choice(("under_repair", "in_service", "retired"))
                await self.agent.ask("asset.set", asset=hydrant, state=state)
            case 1:
                self.told += 1
                place = self.site.place(hydrant)
                fire = {"id": f"F/{self.told % 5}", "lon": place.lon, "lat": place.lat, "at_s": time.time(),
                        "state": self.dice.choice(("open", "closed"))}  # fmt: skip
                await self.agent.ask("facts.add", fact="incident", content=fire)
            case 2:
                standing = (await self.agent.ask("alarm.list"))["standing"]
                if standing:
                    await self.agent.ask("alarm.ack", subject=standing[0]["subject"], by="Wang")
            case _:
                self.knock_over(hydrant, over=self.dice.random() < 0.6)

    async def harm(self) -> None:
        """Something of it ends, and begins again."""
        broker = self.site.broker
        assert isinstance(broker, Mosquitto)
        match self.dice.randrange(6):
            case 0:
                await self.agent.kill()
                await self.agent.start()
                await self.agent.ready()
            case 1:
                await self._kill("uplinks")
            case 2:
                await self._kill("core")
            case 3:
                await broker.kill()
                broker.persistent = self.dice.random() < 0.5
                await broker.start()
            case 4:
                await broker.stop()
                await broker.start()
            case _:
                self.wire.cut()
                await asyncio.sleep(self.dice.random() / 2)
                self.wire.heal()

    async def _kill(self, child: str) -> None:
        """One of the agent's children; it is begun anew by itself."""

        def lives() -> int:
            with contextlib.suppress(KeyError):
                return self.agent.child(child)
            return 0

        def killed() -> bool:
            with contextlib.suppress(ProcessLookupError):  # it had just ended
                if pid := lives():
                    os.kill(pid, signal.SIGKILL)
                    return True
            return False

        await until("it lives and is killed", killed, 30)
        if child == "core":
            await self.agent.ready()

    async def truth(self) -> dict[str, Any]:
        """What the gateway itself answers."""
        ask = self.agent.ask
        alarms = (await ask("alarm.list"))["standing"]
        return {
            "rates": {by: {one["group"]: [one[state] for state in STATES]
                           for one in (await ask("rate", by=by))["groups"]} for by in GROUPS},
            "states": {one["id"]: (one["state"], sorted(one["reasons"])) for one in await ask("verdict.list")},
            "lives": {one["id"]: one["state"] for one in await ask("asset.list")},
            "alarms": {(one["subject"], one["kind"], one["severity"], one["acknowledged_by"] or "") for one in alarms},
            "incidents": {one["id"]: one["state"] for one in await ask("facts.list", fact="incident")},
        }  # fmt: skip

    def drawn(self) -> dict[str, Any]:
        """What the stranger has."""
        there = self.stranger
        return {"rates": there.rates(), "states": there.states(), "lives": there.lives(), "alarms": there.alarms(),
                "incidents": there.incidents()}  # fmt: skip

    async def alike(self) -> None:
        """Wait until both have the same picture."""
        true: dict[str, Any] = {}

        def differ() -> object:
            drawn = self.drawn()
            return {name: (drawn[name], true[name]) for name in true if drawn[name] != true[name]}

        async def look() -> None:
            while not true or differ():
                await asyncio.sleep(0.3)
                true.update(await self.truth())

        looking = asyncio.create_task(look())
        try:
            await until("the stranger's picture is the gateway's", looking.done, 30, progress=differ)
        finally:
            looking.cancel()
            await asyncio.wait([looking])
        assert self.stranger.own_rate() == self.stranger.rates()["all"][""], "and it can count for itself"


async def as_shown(site: SimulatedSite, *words: str) -> Any:
    """What `hydronest WORDS --json` prints."""
    _code, out, _err = await cli(site.state_dir / "control.sock", *words, "--json")
    return json.loads(out)


async def shown_alike(site: SimulatedSite, there: Stranger) -> None:
    """Wait until the command shows what the stranger has: between two looks a reading may have grown old."""
    looks: list[object] = []
    async with patient("the command shows the stranger's picture", 30, lambda: looks[-2:]):
        while not looks or looks[-2] != looks[-1]:
            rate, alarms = [await as_shown(site, *words) for words in (("rate",), ("alarm", "list"))]
            looks.append(
                ([rate["groups"][0][state] for state in STATES], {one["subject"] for one in alarms["standing"]})
            )
            looks.append((there.rates()["all"][""], {one[0] for one in there.alarms()}))


@pytest.mark.timeout(240 + 2 * HARMS)
async def test_whatever_is_cut_or_killed_its_picture_is_the_gateways_in_the_end(tmp_path: Path) -> None:
    async with (
        SimulatedSite(tmp_path / "town", opcua=False, quick_verdicts=True, poll_s=POLL_S) as site,
        Proxy(site.broker.port) as wire,
    ):
        text = site.site_file.read_text("utf-8").replace(f"port = {site.broker.port}\n", f"port = {wire.port}\n")
        site.site_file.write_text(text, "utf-8")
        there = Stranger(site.broker.port, "quzhou-demo")
        there.start()
        try:
            async with AgentProcess(site.site_file, site.state_dir / "control.sock", tmp_path / "log") as agent:
                town = Town(site, agent, wire, there, 7)
                await agent.start()
                await agent.ready()
                town.knock_over("H03", over=True)
                await until("it is told", lambda: ("H03", "knocked_over", "alarm", "") in there.alarms(), 30)
                asked = there.tell("incident", {"id": "claimed", "lon": 118.9, "lat": 28.9, "at_s": time.time()})
                await until("it is answered", lambda: there.answers.get(asked) == "claim")
                for number in range(HARMS):
                    for _ in range(town.dice.randrange(1, 4)):
                        await town.change()
                    await town.harm()
                    if number % 10 == 9:
                        await town.alike()
                await town.alike()
                ended = {asset for asset, life in there.lives().items() if life in ("retired", "replaced")}
                drawn = {feature["properties"]["id"] for feature in there.city()["features"]}
                assert drawn == set(site.terminals) - ended
                await shown_alike(site, there)
                assert there.trouble == []
        finally:
            await asyncio.to_thread(there.stop)
