"""Bench files for tests, and what hangs on them."""

from pathlib import Path

from tests.waiting import scaled

SIMULATED = """
[bench]
id = "made-up"
lock_file = "lock"

[[lines]]
id = "pair"
kind = "simulated"
baud = 115200
deadline_ms = DEADLINE

[[devices]]
id = "transmitter"
line = "pair"
unit = 3
profile = "mine.toml"
can = ["pressure-source"]
"""

PROFILE = """
profile = "test/mine"
protocol = "modbus"

[[identity]]
at = "holding 100"
type = "uint16"
is = 4711

[points.pressure]
at = "input 0"
type = "float32"
unit = "kPa"
valid = [0, 1600]

[points.level]
at = "holding 3"
type = "uint16"
scale = 0.1
valid = [0, 50]
write = true

[points.open]
at = "discrete 2"
"""


def written(folder: Path, bench: str = SIMULATED, profile: str = PROFILE) -> Path:
    """The bench file in a folder, the profile beside it."""
    (folder / "mine.toml").write_text(profile)
    path = folder / "bench.toml"
    deadline_ms = min(scaled(300), 1000)  # the pair's thread may wait for a core
    path.write_text(bench.replace("DEADLINE", str(deadline_ms)))
    return path
