import shutil
import subprocess
from pathlib import Path

import pytest

CONFIG = Path(__file__).parents[2] / "config"


def test_the_unit_is_confined() -> None:
    """Exposure ≤ 2.0 by systemd's own reckoning (9.6 is a bare unit); what cannot go is the network and the ttys."""
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd-analyze is not installed")
    unit = str(CONFIG / "systemd/hydronest.service")
    done = subprocess.run(
        [analyze, "security", "--offline=true", "--threshold=20", unit], capture_output=True, text=True, check=False
    )
    if "offline" in done.stderr:
        pytest.skip("this systemd cannot judge a unit offline")
    assert done.returncode == 0, done.stdout[-300:]


def test_udev_rules_sort_after_the_ones_they_read() -> None:
    (rules,) = (CONFIG / "udev").glob("*.rules")
    assert rules.name.split("-")[0] > "60"
