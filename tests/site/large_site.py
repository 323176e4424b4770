"""Core with 5,000 devices and a year of ledgers, flight with four nests, and a probe of either's loop.

`python -m tests.site.large_site FOLDER`. The lines are real and their devices counted, but what they would read is made
up here. Besides everything that is asked of it, each of both answers `test.asks` and `test.lag`, as `Probe` does.
Reports are processes as in any agent.
"""

import asyncio
import json
import os
import random
import sys
import time
from functools import partial
from hashlib import sha256
from pathlib import Path

from agent.core.assemble import Site
from agent.core.parts import Parts
from agent.core.peers import Peers
from agent.journal.journal import Journal, JournalPlan
from agent.journal.retention import RetentionPlan
from agent.judge.service.day_index import _line, _sums_of_kept, index_file
from agent.runtime import chained
from agent.runtime.child import Child
from agent.runtime.clock.reckon import Fix
from agent.runtime.control_wire import Say
from agent.settings.load import load
from agent.settings.settings import Settings
from agent.supervisor.life import Spec
from agent.supervisor.main import report
from agent.supervisor.tree import Tree
from agent.supervisor.tree_file import TreeFile
from drivers.modbus.driver import ModbusDriver
from drivers.ports import Sink
from drivers.sample import Layout, Sample
from protocols.clock import boottime_ns
from protocols.reason import Reason
from tests.site import large_flight
from tests.site.loop_probe import Probe

LINES, PER_LINE = 25, 200
DEVICES = LINES * PER_LINE
DAYS = 365
EVERY_S = 10.0
RECORDS, READINGS = 300, 1000
AGO_S = 600
"""So long ago the journal was written."""
SHAPE = Layout(
    "hydrant/terminal-float",
    ("alarms", "pressure", "temperature", "battery", "tilt"),
    ("1", "kPa", "Cel", "V", "deg"),
)


def build(folder: Path) -> None:
    """The site file, the journal, the ledgers, the facts; a few seconds."""
    state = folder / "state"
    (state / "ledger").mkdir(parents=True)
    (folder / "site.toml").write_text(site_text(), "utf-8")
    _ledgers(state / "ledger")
    large_flight.build(folder)
    _facts(state / "facts.jsonl")
    asyncio.run(_journal(state / "journal.db"))


def site_text() -> str:
    """The settings."""
    parts = ['[gateway]\nid = "g1"\nclock = "system"\nstate_dir = "state"\n[web]\n']
    parts += [
        f'[[lines]]\nid = "line-{n:02}"\nkind = "tcp"\nhost = "127.0.0.1"\nport = {n + 1}\n' for n in range(LINES)
    ]
    for n in range(DEVICES):
        place = f"{{ lon = {118.8 + n % 71 * 0.0015:.4f}, lat = {28.9 + n // 71 * 0.0013:.4f} }}"
        parts.append(
            f'[[devices]]\nid = "H{n:04}"\nname = "衢江路{n}号"\nkind = "hydrant"\nprofile = "hydrant/terminal-float"\n'
            f'line = "line-{n // PER_LINE:02}"\nunit = {n % PER_LINE + 1}\n'
            f"place = {place}\n"
        )
    return "\n".join([*parts, large_flight.site_text()])


def _ledgers(folder: Path) -> None:
    """The same day 365 times, sealed but for the newest two: only those are ever written."""
    minutes = {f"H{n:04}": [1400 - n % 7, n % 7, 40, {"below_140_supply": n % 3}] for n in range(DEVICES)}
    text = json.dumps(minutes, separators=(",", ":"))
    first = folder / "first"
    first.write_text(text, "utf-8")
    now = time.time()
    days = [time.strftime("%Y-%m-%d", time.gmtime(now + 8 * 3600 - ago * 86_400)) for ago in reversed(range(DAYS))]
    for day in days:
        os.link(first, folder / f"{day}.json")
    first.unlink()
    sums = _sums_of_kept(minutes, 1440)
    seal, before = sha256(text.encode()).hexdigest(), chained.FIRST
    for day in days[:-2]:
        line, before = chained.chained(before, [_line(day, sums, seal)])
        with index_file(folder.parent, day[:7]).open("ab") as index:
            index.write(line)


def _facts(path: Path) -> None:
    at = time.time() - 40 * 86_400
    with path.open("w", encoding="utf-8") as file:
        for n in range(DEVICES):
            test = {
                "asset": f"H{n:04}",
                "at_s": at,
                "static_kpa": 350,
                "residual_kpa": 250,
                "flow_l_s": 30.5,
                "by": "王",
            }
            file.write(json.dumps({"fact": "flow_test", "told_s": at, **test}, ensure_ascii=False) + "\n")
            seen = {"asset": f"H{n:04}", "at_s": at, "passed": True, "by": "王", "note": "良好"}
            file.write(json.dumps({"fact": "inspection", "told_s": at, **seen}, ensure_ascii=False) + "\n")


async def _journal(path: Path) -> None:
    chance = random.Random(5)
    now_ns, utc_ms = boottime_ns() - AGO_S * 10**9, round((time.time() - AGO_S) * 1e3)
    journal = await Journal.open(JournalPlan(path, RetentionPlan(cap_bytes=256 << 20)), {}, now_ns=lambda: now_ns)
    journal.note_clock(Fix(journal._ledger.kernel_boot, now_ns // 10**6, utc_ms, 50, "test"))
    keeping = asyncio.create_task(journal.run())
    for record in range(RECORDS):
        for n in range(READINGS // len(SHAPE.points)):
            device = f"H{(record * 7 + n) % DEVICES:04}"
            values = ((), 300 + chance.random() * 20, 12.5, 3.6, 1.0)
            journal.offer_sample(Sample(device, SHAPE, now_ns, values, SHAPE.good))
        await journal.flush()
    keeping.cancel()
    await asyncio.wait([keeping])
    await journal.close()


class LargeSite(Site):
    """Keeps its parts at hand."""

    parts: Parts

    async def _made(self, journal: Journal) -> Parts:
        self.parts = await super()._made(journal)
        return self.parts


async def made_up(self: ModbusDriver, sink: Sink) -> None:
    """Stands for `ModbusDriver.run`: every device every ten seconds, evenly; a tenth lie, a fiftieth are silent."""
    sink.line_state(self.name, True, Reason("wire.closed"))
    chance = random.Random(self.name)
    while True:
        for device in self.devices:
            n = int(device.spec.id[1:])
            alarms = ("knocked_over",) if n % 10 == 3 else ()
            if n % 50 != 7:
                values = (alarms, 300 + chance.random() * 20, 12.5, 3.6, 1.0)
                sink.sample(Sample(device.spec.id, SHAPE, boottime_ns(), values, SHAPE.good))
            await asyncio.sleep(EVERY_S / PER_LINE)


def main(folder: Path) -> None:
    """An agent as `hydronest run` makes it, of a core that is watched and what it asks for."""
    settings = load(folder / "site.toml")
    children = [
        Spec("core", partial(core, settings), stop_s=15.0),
        Spec("flight", partial(large_flight.flight, settings), ("core",), silence_s=10.0, beat_s=0.5, outlives=True),
    ]
    Tree(children, TreeFile(settings.tree_path), report).run()


def core(settings: Settings, child: Child) -> None:
    """As `agent.core.process.main`, with a probe."""
    ModbusDriver.run = made_up  # type: ignore[method-assign]
    peers = Peers(partial(child.say, Say.CHANNEL_ENDED))
    site, probe = LargeSite(settings, peers, hand_over=child.hand_over), Probe()

    def ready() -> None:
        probe.register(site.parts.server)
        child.ready()

    async def work() -> None:
        probing = asyncio.create_task(probe.run())
        await site.run(child.draining, ready=ready)
        probing.cancel()
        await asyncio.wait([probing])

    child.run(work, on_channel=peers.attach, heard=site.from_supervisor, on_beat=site.beat)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
