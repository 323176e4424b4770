"""The whole agent beside an earlier version of itself, both at once on one machine: CPU per 1,000 points.

Whatever else the machine does slows both alike, so each round gives a ratio of its own; their median is the answer.

python -m tests.bench.site.compare REVISION [--rounds 5] [--seconds 20] [--units 100]
"""

import argparse
import asyncio
import contextlib
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.bench.site.spent import Spent, pss_mb, spent
from tests.bench.site.whole import Whole

ROOT = Path(__file__).parents[3]
SETTLED_S = 12.0
"""Reads of one period need up to eight periods to come together."""


async def one_round(folder: Path, trees: list[Path], units: int, seconds: float) -> list[Spent]:
    """What each cost while all ran."""
    async with contextlib.AsyncExitStack() as held:
        running = []
        for number, tree in enumerate(trees):
            place = folder / str(number)
            place.mkdir()
            environment = {"PYTHONPATH": str(tree), "PYTHONSAFEPATH": "1"}
            running.append(await held.enter_async_context(Whole(place, units, environment)))
        await asyncio.sleep(SETTLED_S)
        before = [await spent(whole.agent) for whole in running]
        await asyncio.sleep(seconds)
        after = [await spent(whole.agent) for whole in running]
        for tree, whole in zip(trees, running, strict=True):
            sys.stdout.write(f"  {tree.name}: {sum(pss_mb(whole.agent).values()):.1f} MB\n")
    return [now.since(then) for now, then in zip(after, before, strict=True)]


async def rounds(revision: str, count: int, units: int, seconds: float) -> list[float]:
    """The ratio of each round, now to then. Which begins first alternates."""
    ratios = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tree = folder / "then"
        add = ["git", "-C", str(ROOT), "worktree", "add", "--detach", "--quiet", str(tree), revision]
        await asyncio.to_thread(subprocess.run, add, check=True)
        try:
            for number in range(count):
                place = folder / f"round-{number}"
                place.mkdir()
                trees = [tree, ROOT] if number % 2 else [ROOT, tree]
                found = dict(zip(trees, await one_round(place, trees, units, seconds), strict=True))
                for one, what in ((tree, "then"), (ROOT, "now")):
                    sys.stdout.write(f"  {what:5}" + _told(found[one], seconds) + "\n")
                ratios.append(found[ROOT].ms_per_kpt / found[tree].ms_per_kpt)
                sys.stdout.write(f"round {number + 1}: {ratios[-1]:.3f}\n")
                sys.stdout.flush()
        finally:
            remove = ["git", "-C", str(ROOT), "worktree", "remove", "--force", str(tree)]
            await asyncio.to_thread(subprocess.run, remove, check=True)
    return ratios


def _told(cost: Spent, seconds: float) -> str:
    parts = "".join(
        f"  {name} {cpu_s * 1e6 / cost.points:.2f} ms, {cost.switches[name] / seconds:.0f} wake-ups/s"
        for name, cpu_s in cost.cpu_s.items()
    )
    return f"{cost.ms_per_kpt:7.2f} ms per 1,000 points:{parts}"


def main() -> None:
    """Print each round, and the median of their ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("revision")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--units", type=int, default=100)
    told = parser.parse_args()
    ratios = asyncio.run(rounds(told.revision, told.rounds, told.units, told.seconds))
    sys.stdout.write(f"median of {len(ratios)}: {statistics.median(ratios):.3f} times {told.revision}\n")


if __name__ == "__main__":
    main()
