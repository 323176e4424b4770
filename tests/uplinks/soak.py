"""The real agent between a town and two platforms, all broken at random: `python -m tests.uplinks.soak --for 10m`.

Killed (-9): the agent, both brokers. Restarted: the brokers. Gone or stalled: the platforms. Cut and frozen: the wires
to both brokers. Filled to the last byte: the disk the journal lies on, where we may mount one. Set up to ten years off:
the agent's wall clock, where a C compiler is at hand. Damaged: the journal's files. At the end both platforms hold what
was committed, each once and in order, but for what the journal counted as lost and told them of.
"""

import argparse
import asyncio
import json
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agent.control.client import Connection, RequestFailed
from hil.broker import Mosquitto
from hil.platform import Receiver, Store
from hil.proxy import Proxy
from hil.simulated_site import SimulatedSite
from hil.simulated_site.agent_process import AgentProcess
from tests.site.test_kills import saw_tooth
from tests.uplinks.harm_clock import TEN_YEARS_MS, WallClock
from tests.uplinks.harm_disk import filled, own_disk
from tests.uplinks.harm_journal import Book
from tests.waiting import patient, until, work_of

CAP_MB = 16
MENDED_S = 60.0
DELIVERED = 10  # records, before the first harm and after the last
HARMS = (
    "kill agent",
    "kill broker",
    "restart broker",
    "platform gone",
    "platform stalled",
    "wire cut",
    "wire frozen",
    "disk full",
    "clock jumps",
    "journal damaged",
)
POLL_S = "poll_s = { alarm = 0.5, fast = 0.5, slow = 5 }\n"


@dataclass
class Side:
    """One way out: a wire, a broker, a platform."""

    name: str
    wire: Proxy
    broker: Mosquitto
    store: Store
    receiver: Receiver | None = None

    async def start_platform(self) -> None:
        """Let the platform come (back)."""
        if self.receiver is None:
            self.receiver = Receiver(self.store, self.broker.port)
            self.receiver.start()

    async def stop_platform(self) -> None:
        """Let it vanish."""
        receiver, self.receiver = self.receiver, None
        if receiver is not None:
            await asyncio.to_thread(receiver.vanish)

    def uplink(self) -> str:
        """Its part of the site file."""
        return (
            f'[[uplinks]]\nid = "{self.name}"\nkind = "mqtt"\nhost = "127.0.0.1"\nport = {self.wire.port}\n'
            f'confirm = "platform"\nconfirm_within_s = 2.0\nclient_id = "{self.name}"\n'
        )


@dataclass
class Soak:
    """The agent and what is around it."""

    agent: AgentProcess
    sides: list[Side]
    disk: Path | None
    clock: WallClock | None
    book: Book
    dice: random.Random
    impossible: dict[str, str]  # harms that cannot be done here, and why
    done: Counter[str] = field(default_factory=Counter)
    harmed: set[str] = field(default_factory=set)

    async def harm(self, what: str, side: Side) -> None:
        """Do one bad thing, and end it after a while. What is being harmed already is left alone."""
        harms: dict[str, tuple[str, Callable[[Side, float], Awaitable[None]]]] = {
            "kill agent": ("agent", self._kill_agent),
            "kill broker": (f"broker {side.name}", self._kill_broker),
            "restart broker": (f"broker {side.name}", self._restart_broker),
            "platform gone": (f"platform {side.name}", self._platform_gone),
            "platform stalled": (f"platform {side.name}", self._platform_stalled),
            "wire cut": (f"wire {side.name}", self._wire_cut),
            "wire frozen": (f"wire {side.name}", self._wire_frozen),
            "disk full": ("disk", self._disk_full),
            "clock jumps": ("clock", self._clock_jumps),
            "journal damaged": ("agent", self._journal_damaged),
        }
        thing, do = harms[what]
        if thing in self.harmed:
            return
        self.done[what] += 1
        self.harmed.add(thing)
        await do(side, self.dice.uniform(0.0, 2.0))
        self.harmed.discard(thing)

    async def harms(self, for_s: float, least: int) -> None:
        """Many bad things, several at once, and all of them ended; every kind once before any comes again."""
        loop = asyncio.get_running_loop()
        end = loop.time() + for_s
        deck: list[str] = []
        async with asyncio.TaskGroup() as group:
            while self.done.total() < least or loop.time() < end:
                deck = deck or [what for what in self.dice.sample(HARMS, len(HARMS)) if what not in self.impossible]
                group.create_task(self.harm(deck.pop(), self.dice.choice(self.sides)))
                await asyncio.sleep(self.dice.uniform(0.1, 1.0))

    async def delivered(self, more: int = DELIVERED) -> None:
        """Wait until both platforms have so many more records."""
        wanted = [kept + more for kept in self._kept()]
        await until(
            f"{more} more records arrive",
            lambda: all(kept >= most for kept, most in zip(self._kept(), wanted, strict=True)),
            30,
            lambda: (self._kept(), work_of(self.agent.pid)),
            every_s=0.1,
        )

    def _kept(self) -> list[int]:
        return [side.store.account().messages for side in self.sides]

    async def drained(self) -> None:
        """Everything works again, the clock too, after one more jump of it: wait until nothing is left to send."""
        if self.clock is not None:
            self.clock.put(TEN_YEARS_MS)
            await self.delivered()
            self.clock.put(0)
        await self._calm()
        await self.delivered()
        await self._calm()

    async def _calm(self) -> None:
        """Wait until the clock is trusted and nothing waits."""
        waits: list[int] = []
        async with patient("nothing is left to send", 60, lambda: (waits, self._kept())):
            while True:
                status = await self.agent.ask("status")
                waits = [uplink["backlog"] for uplink in status["uplinks"]]
                if not any(waits) and (self.clock is None or status["clock"]["trusted"]):
                    return
                await asyncio.sleep(0.1)

    def account(self) -> dict[str, Any]:
        """What was done and what came of it; AssertionError says what broke the promise."""
        stores = {side.name: side.store for side in self.sides}
        told = {"starts": self.agent.starts, "harm": dict(self.done), **self.book.account(stores)}
        if self.clock is not None:
            told["clock"] = self.clock.account(self.book.fixes, stores)
        return told | ({"not possible here": self.impossible} if self.impossible else {})

    async def _kill_agent(self, _side: Side, away_s: float) -> None:
        await self.agent.kill()
        await asyncio.sleep(away_s / 4)
        await self.agent.start()
        await self.agent.ready()

    async def _kill_broker(self, side: Side, away_s: float) -> None:
        await side.broker.kill()
        await asyncio.sleep(away_s)
        await side.broker.start()

    async def _restart_broker(self, side: Side, away_s: float) -> None:
        await side.broker.stop()
        side.broker.persistent = self.dice.random() < 0.5
        await asyncio.sleep(away_s)
        await side.broker.start()

    async def _platform_gone(self, side: Side, away_s: float) -> None:
        await side.stop_platform()
        await asyncio.sleep(away_s)
        await side.start_platform()

    async def _platform_stalled(self, side: Side, away_s: float) -> None:
        if side.receiver is not None:
            side.receiver.stall()
            await asyncio.sleep(away_s)
            await asyncio.to_thread(side.receiver.go_on)

    async def _wire_cut(self, side: Side, away_s: float) -> None:
        side.wire.cut()
        await asyncio.sleep(away_s)
        side.wire.heal()

    async def _wire_frozen(self, side: Side, away_s: float) -> None:
        side.wire.freeze()
        await asyncio.sleep(away_s)
        side.wire.heal()

    async def _disk_full(self, _side: Side, away_s: float) -> None:
        assert self.disk is not None
        with filled(self.disk):
            await asyncio.sleep(away_s)

    async def _clock_jumps(self, _side: Side, away_s: float) -> None:
        assert self.clock is not None
        await self.clock.jump(self.dice, away_s)

    async def _journal_damaged(self, _side: Side, away_s: float) -> None:
        await self.agent.kill()
        self.book.hurt(self.dice)
        if "disk" not in self.harmed:  # what is saved with no room beside it is in memory only for a moment
            self.harmed.add("disk")
            for _ in range(self.dice.choice((0, 0, 1, 2))):
                await self.agent.start()
                await asyncio.sleep(away_s / 2)
                await self.agent.kill()
            self.harmed.discard("disk")
        await self.agent.start()
        await self.agent.ready()
        async with patient("the journal is mended", MENDED_S, lambda: work_of(self.agent.pid)):
            while not await asyncio.to_thread(self._mended):  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.1)

    def _mended(self) -> bool:
        """Whether the agent finds every row of its journal whole, and its account right."""
        try:
            with Connection(str(self.agent.socket), 10.0) as connection:
                *_, verdict = connection.stream("journal.verify")
        except RequestFailed:  # the look itself met the damage
            return False
        return bool(verdict["ok"])


async def soak(folder: Path, seed: int, *, for_s: float = 0.0, harms: int = 0) -> dict[str, Any]:
    """Run until `for_s` seconds are over and `harms` are done; the account. AssertionError: what broke the promise."""
    (folder / "town").mkdir()
    with own_disk(folder / "disk") as disk:
        async with SimulatedSite(
            folder / "town", opcua=False, confirm="platform", commit_every_s=0.1, poll_s=POLL_S
        ) as town:
            for hydrant in town.terminals:
                saw_tooth(town, hydrant)
            if disk is not None:
                town.state_dir = disk / "state"
            sides = await _sides(folder, town)
            town.write_site()
            text = town.site_file.read_text(encoding="utf-8")
            head, rest = text.split("[[uplinks]]", 1)
            text = head + "\n".join(side.uplink() for side in sides) + "\n[journal]" + rest.split("[journal]", 1)[1]
            text = text.replace("cap_mb = 64", f"cap_mb = {CAP_MB}").replace('clock = "system"', 'clock = "ntp"')
            town.site_file.write_text(text, encoding="utf-8")
            impossible = {} if disk else {"disk full": "no file system may be mounted here"}
            clock: WallClock | None = None
            try:
                clock = WallClock(folder / "clock")
            except OSError as trouble:
                impossible["clock jumps"] = str(trouble)
            environment = clock.environment if clock else {}
            agent = AgentProcess(town.site_file, town.state_dir / "control.sock", folder / "agent.log", environment)
            book = Book(town.state_dir / "journal.db", folder / "scratch")
            parts = Soak(agent, sides, disk, clock, book, random.Random(seed), impossible)
            try:
                await agent.start()
                await agent.ready()
                await parts.delivered()
                await parts.harms(for_s, harms)
                await parts.drained()
                assert await agent.stop() == 0, agent.last_words()
                return parts.account()
            finally:
                await agent.kill()
                for side in sides:
                    await side.stop_platform()
                    await side.wire.stop()
                    side.store.close()
                await sides[1].broker.stop()


async def _sides(folder: Path, town: SimulatedSite) -> list[Side]:
    """The town's own broker, and a second."""
    assert isinstance(town.broker, Mosquitto)
    await town.stop_platform()
    sides = []
    for name, broker in (("province", town.broker), ("city", Mosquitto(folder / "city"))):
        if not broker.running:
            await broker.start()
        wire = Proxy(broker.port)
        await wire.start()
        side = Side(name, wire, broker, Store(folder / f"{name}.db"))
        await side.start_platform()
        sides.append(side)
    return sides


def main() -> None:
    """Run as long as told and print the account."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--for", dest="for_s", type=seconds, default=60.0, metavar="600|10m|2h")
    parser.add_argument("--seed", type=int, default=1)
    told = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        account = asyncio.run(soak(Path(folder), told.seed, for_s=told.for_s))
        sys.stdout.write(json.dumps(account) + "\n")


def seconds(text: str) -> float:
    """`90`, `90s`, `10m`, `2h`."""
    unit = {"s": 1, "m": 60, "h": 3600}.get(text[-1:])
    return float(text) if unit is None else float(text[:-1]) * unit


if __name__ == "__main__":
    main()
