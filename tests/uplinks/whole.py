"""Everything between the journal and the platform's disk, while each part is killed, restarted and cut off at random.

`python -m tests.uplinks.whole --for 600 --seed 7` runs it as long as wanted; the suite runs a short form.
"""

import argparse
import asyncio
import json
import random
import signal
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from hil.broker import Mosquitto
from hil.platform import Store
from hil.proxy import Proxy
from tests.uplinks.sender import GATEWAY, newest
from tests.waiting import patient, scaled, until, work_of

READ_AT_THE_END = 100


@dataclass
class Whole:
    """The parts, each a process of its own but the wire."""

    folder: Path
    seed: int
    broker: Mosquitto
    wire: Proxy
    sender: asyncio.subprocess.Process | None = None
    platform: asyncio.subprocess.Process | None = None
    done: Counter[str] = field(default_factory=Counter)

    async def start_sender(self) -> None:
        """Start or restart the gateway."""
        command = (sys.executable, "-m", "tests.uplinks.sender", str(self.folder), str(self.wire.port), "platform")
        self.sender = await asyncio.create_subprocess_exec(*command)

    async def start_platform(self) -> None:
        """Start or restart the platform."""
        self.platform = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "hil.platform", "--port", str(self.broker.port)),
            *("--store", str(self.folder / "received.db")),
            stdout=asyncio.subprocess.DEVNULL,
        )

    async def harm(self, dice: random.Random) -> None:
        """Do one bad thing, and end it after a while."""
        what = dice.choice(
            ["kill sender", "kill broker", "restart broker", "kill platform", "stop platform", "cut", "freeze"]
        )
        self.done[what] += 1
        away_s = dice.uniform(0.0, 0.6)
        if what == "kill sender":
            await end(self.sender, signal.SIGKILL)
            await asyncio.sleep(away_s)
            await self.start_sender()
        elif what in ("kill broker", "restart broker"):
            await (self.broker.kill() if what == "kill broker" else self.broker.stop())
            await asyncio.sleep(away_s)
            self.broker.persistent = dice.random() < 0.5
            await self.broker.start()
        elif what == "kill platform":
            await end(self.platform, signal.SIGKILL)
            await asyncio.sleep(away_s)
            await self.start_platform()
        elif what == "stop platform":
            assert self.platform is not None
            self.platform.send_signal(signal.SIGSTOP)
            await asyncio.sleep(away_s)
            self.platform.send_signal(signal.SIGCONT)
        else:
            (self.wire.cut if what == "cut" else self.wire.freeze)()
            await asyncio.sleep(away_s)
            self.wire.heal()

    async def commits(self, more: int) -> None:
        """Wait until so many more readings are committed."""
        wanted = newest(self.folder / "durable") + more
        await until(
            f"{more} more are committed",
            lambda: newest(self.folder / "durable") >= wanted,
            progress=lambda: (newest(self.folder / "offered"), self._work()),
        )

    async def finish(self) -> None:
        """Let everything work again, wait until all that was read is delivered, and stop."""
        assert self.sender is not None
        await self.commits(READ_AT_THE_END)
        self.sender.send_signal(signal.SIGUSR1)
        async with patient("all is delivered", 30, self._work):
            assert await self.sender.wait() == 0
        await end(self.platform, signal.SIGTERM)

    def _work(self) -> int:
        return work_of(*(process.pid for process in (self.sender, self.platform) if process is not None))


async def end(process: asyncio.subprocess.Process | None, number: signal.Signals) -> None:
    """Signal a process and wait for its end."""
    if process is not None and process.returncode is None:
        process.send_signal(number)
        await process.wait()


async def whole(folder: Path, seed: int, *, for_s: float = 0.0, harms: int = 0) -> Whole:
    """Run until `for_s` seconds are over and `harms` are done; what was sent and received is in `folder` afterwards.

    Something is committed before the first harm: a slow machine starts no less than a quick one.
    """
    dice = random.Random(seed)
    broker = Mosquitto(folder / "broker")
    await broker.start()
    wire = Proxy(broker.port)
    await wire.start()
    parts = Whole(folder, seed, broker, wire)
    try:
        await parts.start_platform()
        await parts.start_sender()
        await parts.commits(1)
        begun_s = asyncio.get_running_loop().time()
        while parts.done.total() < harms or asyncio.get_running_loop().time() < begun_s + for_s:
            await asyncio.sleep(dice.uniform(0.05, 0.8))
            await parts.harm(dice)
        await parts.finish()
    finally:
        await end(parts.sender, signal.SIGKILL)
        await end(parts.platform, signal.SIGKILL)
        await wire.stop()
        await broker.stop()
    return parts


def account(folder: Path) -> dict[str, int]:
    """Compare the logs with what the platform keeps; AssertionError says what broke the promise."""
    store = Store(folder / "received.db")
    try:
        counts: list[int] = []
        events: list[int] = []
        for message in store.messages():
            for frame in message.get("frames", ()):
                for count, twice in zip(*frame["values"], strict=True):
                    assert twice == 2 * count, f"{count} came with {twice}"
                    counts.append(count)
            events += [event["evidence"]["value"] for event in message.get("events", ())]
        offered, durable = newest(folder / "offered"), newest(folder / "durable")
        assert counts == sorted(set(counts)), "by seq: in the order they were read, each once"
        assert events == sorted(set(events))
        missing = set(range(1, durable + 1)) - set(counts) - lost_before_commit(folder)
        assert not missing, f"committed and never delivered: {sorted(missing)[:10]}"
        assert set(counts) <= set(range(1, offered + 1)), "nobody read that"
        assert store.gaps(GATEWAY) == [], "no hole in seq"
        return {
            "offered": offered,
            "kept": len(counts),
            "events": len(events),
            "messages": store.account().messages,
            "repeats": store.account().repeats,
        }
    finally:
        store.close()


def lost_before_commit(folder: Path) -> set[int]:
    """Numbers offered after the last commit before a kill: a later start's commit says nothing about them."""
    commits = [int(line) for line in (folder / "durable").read_text().split("\n")[:-1]]
    starts = [int(line) for line in (folder / "starts").read_text().split()] if (folder / "starts").exists() else []
    lost: set[int] = set()
    for start in starts:
        before = max((commit for commit in commits if commit < start), default=0)
        assert start - before < scaled(400), "more than two seconds of readings were not committed when it was killed"
        lost |= set(range(before + 1, start))
    return lost


def main() -> None:
    """Run as long as told and print the account."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--for", dest="for_s", type=float, default=60.0, metavar="S")
    parser.add_argument("--seed", type=int, default=1)
    told = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        parts = asyncio.run(whole(Path(folder), told.seed, for_s=told.for_s))
        sys.stdout.write(json.dumps({**account(Path(folder)), "harm": parts.done}) + "\n")


if __name__ == "__main__":
    main()
