"""The collector's looks stay short however much there comes to be."""

import subprocess
import sys

GROWS = """
import gc
from agent.runtime import collector

collector.LONG_S = 0.0
looks = []

def look(phase, info):
    if phase == "start" and info["generation"] == 2:
        looks.append(len(gc.get_objects(2)))

gc.callbacks.append(look)
{settled}
del looks[:]
kept = [[n] for n in range(400_000)]
print(max(looks))
"""


def _largest_look(settled: str) -> int:
    program = GROWS.format(settled=settled)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return int(done.stdout)


def test_no_full_look_goes_through_all_that_lives() -> None:
    """Half a million objects that all stay: without it, the last looks go through most of them."""
    assert _largest_look("") > 200_000
    assert _largest_look("collector.settle_down()") < 120_000
