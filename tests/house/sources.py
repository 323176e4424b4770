"""Every module of the rooms as a tree, for the tests that look for what no module may do."""

import ast
import gc
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROOMS = ("protocols", "drivers", "agent", "hil")


@cache
def sources() -> dict[str, ast.Module]:
    """Trees by path below the root, but for the sentences. `conftest.py` lets go of them after each file of tests."""
    parsed = {
        path.relative_to(ROOT).as_posix(): ast.parse(path.read_text(encoding="utf-8"))
        for room in ROOMS
        for path in sorted((ROOT / room).rglob("*.py"))
        if path.parent.name != "lang"
    }
    gc.freeze()  # half a million objects: or each test's look for leaks goes through all of them
    return parsed
