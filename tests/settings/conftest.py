"""Site files as a person would write them, in a folder of their own."""

from collections.abc import Callable
from pathlib import Path

import pytest

from agent.settings.load import check
from drivers.profile.mistake import Mistake

SITE = """
[gateway]
id = "g1"
state_dir = "state"
profiles = ["profiles"]

[[stations]]
id = "S1"
name = "城关站"

[[lines]]
id = "street"
kind = "serial"
port = "/dev/serial/by-id/usb-1"
baud = 19200

[[devices]]
id = "H001"
kind = "hydrant"
profile = "hydrant/terminal-float"
line = "street"
unit = 1
place = { lon = 118.87, lat = 28.97 }

[[uplinks]]
id = "province"
kind = "mqtt"
host = "localhost"
"""

PROFILE = """
profile = "hydrant/own"
protocol = "modbus"

[points.pressure]
at = "input 0"
type = "float32"
unit = "kPa"
valid = [0, 2500]
poll = "fast"
"""

Checked = Callable[..., list[Mistake]]


@pytest.fixture
def checked(tmp_path: Path) -> Checked:
    """Write a site file and profiles of one's own; every mistake found in them."""

    def run(site: str = SITE, **profiles: str) -> list[Mistake]:
        (tmp_path / "profiles" / "hydrant").mkdir(parents=True, exist_ok=True)
        for name, text in profiles.items():
            (tmp_path / "profiles" / "hydrant" / f"{name}.toml").write_text(text, encoding="utf-8")
        file = tmp_path / "site.toml"
        file.write_text(site, encoding="utf-8")
        mistakes = check(file)[1]
        assert [one.text() for one in mistakes if one.what in one.text()] == [], "its facts do not fill its sentence"
        return mistakes

    return run
