"""The whole agent beside an earlier version of itself, in turns on one machine: CPU per 1,000 points, memory.

python -m tests.bench.site.compare REVISION [--rounds 3] [--seconds 20] [--units 100]
"""

import argparse
import asyncio
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.bench.site.test_whole_agent import measured

ROOT = Path(__file__).parents[3]


async def rounds(revision: str, count: int, units: int, seconds: float) -> dict[str, list[dict[str, float]]]:
    """Figures of both, by `then` and `now`; they take turns, so that both see the machine's moods."""
    found: dict[str, list[dict[str, float]]] = {"then": [], "now": []}
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "then"
        add = ["git", "-C", str(ROOT), "worktree", "add", "--detach", "--quiet", str(tree), revision]
        await asyncio.to_thread(subprocess.run, add, check=True)
        try:
            for number in range(count):
                for name, where in (("then", tree), ("now", ROOT)):
                    place = Path(folder) / f"{name}-{number}"
                    place.mkdir()
                    path = {"PYTHONPATH": str(where), "PYTHONSAFEPATH": "1"}
                    found[name].append(await measured(place, units, seconds, path))
        finally:
            remove = ["git", "-C", str(ROOT), "worktree", "remove", "--force", str(tree)]
            await asyncio.to_thread(subprocess.run, remove, check=True)
    return found


def main() -> None:
    """Print each figure's median then and now, and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("revision")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--units", type=int, default=100)
    told = parser.parse_args()
    found = asyncio.run(rounds(told.revision, told.rounds, told.units, told.seconds))
    for name in found["now"][0]:
        then, now = (statistics.median(one[name] for one in found[when]) for when in ("then", "now"))
        sys.stdout.write(f"{name:20} then {then:10.4g}  now {now:10.4g}  ratio {now / then if then else 0:.3f}\n")


if __name__ == "__main__":
    main()
