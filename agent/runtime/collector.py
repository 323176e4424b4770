"""Python's collector, kept to short looks: it stops the loop for as long as it looks at everything that lives."""

import gc
import time
from typing import Any

LONG_S = 0.005
"""A look as long as this leaves what it found for good: a tenth of what a loop may stand still."""

_began_s = 0.0


def settle_down() -> None:
    """What is there by now is there for good, and so is, later, what makes a look long.

    A full look comes when a quarter of what the last one found is new: with half a million objects one of 0.14 s
    (5,000 hydrants in their first minute). So the last one finds nothing here, and each long one sets aside what it
    found alive. What is set aside is freed as ever when nobody has it any more; only a ring of objects, each held by
    the next, would stay.
    """
    gc.collect()
    gc.freeze()
    gc.collect()
    if _keep_short not in gc.callbacks:
        gc.callbacks.append(_keep_short)


def _keep_short(phase: str, info: dict[str, Any]) -> None:
    global _began_s  # the collector is the process's
    if info["generation"] < 2:
        return
    if phase == "start":
        _began_s = time.perf_counter()
    elif time.perf_counter() - _began_s > LONG_S:
        gc.freeze()
