"""The whole town, running: everything a gateway is wired to, and the hands that break it."""

import asyncio
import re
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Self

from agent.settings.settings import SHIPPED_RULES
from drivers.drone import geometry as drone
from drivers.profile.load import SHIPPED, read
from drivers.profile.model import ModbusProfile
from hil.broker.embedded import EmbeddedBroker
from hil.broker.mosquitto import Mosquitto, mosquitto_path
from hil.centre import Centre
from hil.flying import FlyingWorld
from hil.opcua.hydrant import WATER_NAMESPACE, hydrants_nodes
from hil.opcua.server import HydrantServer
from hil.opcua.truth import Shown
from hil.platform import Receiver, Store
from hil.ports import free_port, free_udp_port
from hil.simulated_site.layout import NEST_LAT, NEST_LON, Place, places
from hil.simulated_site.sensors import Sensors
from hil.simulated_site.site_file import site_text
from hil.terminals.tcp import TerminalServer
from hil.terminals.terminal import Terminal
from hil.water.network import town
from hil.water.water import Water
from hil.wire.pty_wire import PtyWire
from protocols.clock import boottime_ns

PROFILE = "hydrant/terminal-float"


def quick(rules: str) -> str:
    """The shipped rules with windows of one minute, under a name of their own: for a demo, never for a brigade."""
    rules = re.sub(r"(?m)^window_min = \d+", "window_min = 1", rules)
    rules = re.sub(r"(?m)^least_values = \d+", "least_values = 1", rules)
    return re.sub(r'(?m)^version = "(.*)"', r'version = "\1-demo"', rules)


class SimulatedSite:
    """`async with SimulatedSite(folder) as town:` then run an agent on `town.site_file`. Everything lies in `folder`.

    Eight hydrants on one 19200-baud line, two on Modbus TCP, two on OPC UA unless `opcua` is False (its server costs
    a second and 100 MB). The platform's store survives `stop_platform`; the broker is mosquitto where it is installed.
    With `centre` a fire centre is connected too; `quick_verdicts` judges after one minute instead of fifteen;
    `nest_speedup` over 0 adds a nest with its aircraft, whose time runs that much faster.
    """

    def __init__(
        self,
        folder: Path,
        *,
        count: int = 12,
        opcua: bool = True,
        start_of_day_s: float = 15 * 3600.0,
        confirm: str = "broker",
        poll_s: str = "",
        commit_every_s: float = 1.0,
        centre: bool = False,
        quick_verdicts: bool = False,
        nest_speedup: float = 0.0,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.places = [place for place in places(count) if opcua or place.line != "water-company"]
        self.water = Water(town([place.id for place in self.places]), start_of_day_s)
        self.started_ns = boottime_ns()
        self.sensors = Sensors(self.water, self.started_ns)
        self.terminals = self._terminals()
        self.state_dir = folder / "state"
        self.site_file = folder / "hydronest.toml"
        self.store = Store(folder / "platform.db")
        self.broker: Mosquitto | EmbeddedBroker
        self.broker = Mosquitto(folder / "broker", persistent=True) if mosquitto_path() else EmbeddedBroker()
        self.wire = PtyWire(folder / "street-rs485", self._on("street"), baud=19_200)
        self.market = TerminalServer(self._on("market"))
        self.company = self._company() if opcua else None
        self.platform: Receiver | None = None
        self.centre = Centre() if centre else None
        self._held = AsyncExitStack()
        self._nest_ports = (free_port(), free_udp_port()) if nest_speedup else None
        self.nest = self._nest(nest_speedup)
        self._rules = folder / "quick-rules.toml" if quick_verdicts else None
        self._confirm = confirm
        self._poll_s = poll_s
        self._commit_every_s = commit_every_s

    def _terminals(self) -> dict[str, Terminal]:
        profile, mistakes = read(SHIPPED / f"{PROFILE}.toml", PROFILE)
        if not isinstance(profile, ModbusProfile):
            raise ValueError(f"the shipped profile {PROFILE} is unusable: {mistakes}")
        return {
            place.id: Terminal(profile, place.unit, self.sensors.says(place.id))
            for place in self.places
            if isinstance(place.unit, int)
        }

    def _on(self, line: str) -> dict[int, Terminal]:
        found = [self.terminals[place.id] for place in self.places if place.line == line]
        return {terminal.unit: terminal for terminal in found}

    def _company(self) -> HydrantServer:
        there = {str(place.unit): place for place in self.places if place.line == "water-company"}
        says = {unit: self.sensors.says(place.id) for unit, place in there.items()}

        def values() -> Mapping[str, Shown]:
            now = boottime_ns()
            shown: dict[str, Shown] = {}
            for unit, say in says.items():
                told = say(now)
                for node, point in (("Pressure", "pressure"), ("Temperature", "temperature"), ("Flow", "flow")):
                    value = told[point]
                    shown[f"{unit}.{node}"] = float(value) if isinstance(value, int | float) else None
                shown[f"{unit}.Alarms"] = 16 if told["alarms"] else 0
            return shown

        return HydrantServer(hydrants_nodes(there), values=values, namespace=WATER_NAMESPACE)

    def _nest(self, speedup: float) -> FlyingWorld | None:
        if self._nest_ports is None:
            return None
        plc_port, udp_port = self._nest_ports
        home = drone.Place(NEST_LAT, NEST_LON)
        return FlyingWorld(home, udp_port=udp_port, plc_port=plc_port, speedup=speedup, ekf_s=5.0 * speedup)

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as held:
            held.callback(self.store.close)
            held.push_async_callback(self.broker.stop)
            await self.broker.start()
            held.push_async_callback(self.stop_platform)
            await self.start_platform()
            held.enter_context(self.wire)
            held.push_async_callback(self.market.stop)
            await self.market.start()
            if self.company is not None:
                held.push_async_callback(self.company.stop)
                await self.company.start()
            if self.centre is not None:
                held.push_async_callback(self.centre.stop)
                await self.centre.start()
            if self.nest is not None:
                await held.enter_async_context(self.nest.alive())
            if self._rules is not None:
                self._rules.write_text(quick(SHIPPED_RULES.read_text(encoding="utf-8")), encoding="utf-8")
            self.write_site()
            self._held = held.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._held.aclose()

    def write_site(self) -> None:
        """Write the site file an agent here is to use."""
        text = site_text(
            self.places,
            state_dir=self.state_dir,
            street=self.wire.path,
            market_port=self.market.port,
            opcua_port=self.company.port if self.company else None,
            mqtt_port=self.broker.port,
            protocol=self.broker.protocol,
            confirm=self._confirm,
            commit_every_s=self._commit_every_s,
            poll_s=self._poll_s,
            centre_port=self.centre.port if self.centre else None,
            rules=self._rules,
            nest=(*self._nest_ports, self.nest.nest_profile(self.folder)) if self.nest and self._nest_ports else None,
        )
        self.site_file.write_text(text, encoding="utf-8")

    async def start_platform(self) -> None:
        """Let the platform come (back); returns when the broker knows it."""
        if self.platform is None:
            self.platform = Receiver(self.store, self.broker.port, protocol=self.broker.protocol)
            self.platform.start()
            if not await asyncio.to_thread(self.platform.subscribed):
                raise RuntimeError("the platform stand-in could not subscribe at the broker")

    async def stop_platform(self) -> None:
        """Let the platform vanish. The broker stays, and keeps for it what it confirms."""
        platform, self.platform = self.platform, None
        if platform is not None:
            await asyncio.to_thread(platform.stop)

    def cut(self) -> None:
        """Cut the street's RS-485 pair: nobody hears anybody."""
        self.wire.pair.cut = True

    def mend(self) -> None:
        """Join it again."""
        self.wire.pair.cut = False

    def place(self, hydrant: str) -> Place:
        """One hydrant's card; KeyError for a stranger."""
        return {place.id: place for place in self.places}[hydrant]
